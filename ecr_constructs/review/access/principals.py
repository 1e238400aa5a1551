"""Read the principals and conditions of statements as sets of requests."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from functools import lru_cache
from itertools import product
from math import prod
from typing import TYPE_CHECKING

from ecr_constructs.cloudformation.conditions import misspelt
from ecr_constructs.cloudformation.openness import Limit, is_open, openness_of
from ecr_constructs.cloudformation.resource_types import ROLE
from ecr_constructs.cloudformation.token_trust import token_limit
from ecr_constructs.review.access.constraints import (
    Constraint,
    any_holds,
    condition_of,
    constraints_of,
    contradict,
    excluding,
    implies,
    matching,
    texts_of,
)
from ecr_constructs.review.access.values import Pattern, pattern

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ecr_constructs.cloudformation.graph import Resource, TemplateSet
    from ecr_constructs.cloudformation.iam_policy import Condition, Statement

ACCOUNT, ORGANIZATION = "aws:principalaccount", "aws:principalorgid"
ORGANIZATION_PATHS, ARN = "aws:principalorgpaths", "aws:principalarn"
# Pseudo keys: a real condition key cannot contain parentheses.
SERVICE, FEDERATED, NAMED, IDENTITY = "(service)", "(federated)", "(principal)", "(identity)"
UNRESOLVED = "(effect)"
# The pseudo parameter AWS::AccountId of a stack whose account is unknown.
OWN_ACCOUNT = "${Token[AWS.AccountId]}"

# What the paths of an organization's accounts imply of the organization: each begins with its id.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/access_policies_last-accessed-view-data-orgs.html#access_policies_last-accessed-viewing-orgs-entity-path
_ORGANIZATION_OF = {
    f"aws:{whose}orgpaths": f"aws:{whose}orgid"
    for whose in ("principal", "resource", "source", "vpce")
}
# An id is ``o-`` and ten or more letters or digits; every pattern that covers this matches all.
_EVERY_ORGANIZATION = matching(pattern("o-??????????*"))
_SOME_ORGANIZATION = matching(pattern("o-*"))
# Keys of the resource, and the variables that tie them to the principal's own.
OWN = {
    f"aws:resource{whose}": f"${{aws:principal{whose}}}"
    for whose in ("account", "orgid", "orgpaths")
}
_MOST = 1_000
_ALIASES = {"kms:calleraccount": ACCOUNT}
_IAM_ARN = re.compile(r"arn:[^:]*:(?:iam|sts)::(?P<account>[^:]*):(?P<rest>.+)", re.DOTALL)
# A policy variable in place of the account is that of the caller, whoever it is.
_ACCOUNT_OF = re.compile(
    r"arn:[^:]*:(?:iam|sts)::(?P<account>[^:*?$]+|\$\{Token\[[^\[\]]*\]\}):.*", re.DOTALL
)
USER = "AWS::IAM::User"
# In words, and the property that names them.
IDENTITY_NAMES = {
    ROLE: ("role", "RoleName"),
    USER: ("user", "UserName"),
    "AWS::IAM::Group": ("group", "GroupName"),
}

Part = tuple[str, Constraint]


@dataclass(frozen=True, slots=True)
class PrincipalSet:
    """The requests that meet all of some constraints.

    Attributes:
        parts: The keys and their constraints. None: everyone.
        wildcard: The pattern of the organization as written, if every organization matches.
    """

    parts: frozenset[Part] = frozenset()
    wildcard: str = field(default="", compare=False)

    def get(self, key: str) -> Constraint | None:
        """Return the constraint on a key."""
        return next(
            (constraint for name, constraint in sorted(self.parts, key=repr) if name == key), None
        )

    def __str__(self) -> str:
        """Return the constraints, independent of wording; an asterisk for everyone."""
        texts = (f"{key} {how.how} {','.join(texts_of(how))}".strip() for key, how in self.parts)
        return " & ".join(sorted(texts)) or "*"

    @property
    def limit(self) -> Limit:
        """Who meets the constraints, as the checks judge the statement."""
        return _limit_of(self.parts)

    @property
    def is_open(self) -> bool:
        """Whether it includes unidentified principals: any account, any owner of a token."""
        return is_open(self.limit)


@lru_cache(maxsize=4096)
def _limit_of(parts: frozenset[Part]) -> Limit:
    provider = next((how for key, how in parts if key == FEDERATED), None)
    conditions = [
        condition_of(_key_of(key, how), how) for key, how in parts if not key.startswith("(")
    ]
    if provider is not None:
        return token_limit(texts_of(provider)[0], conditions)
    if any(key in (SERVICE, NAMED, IDENTITY) and how.how == "is" for key, how in parts):
        return Limit.LIMITED
    return openness_of(conditions).limit


def _key_of(key: str, constraint: Constraint) -> str:
    """Return a key as it is written, since a deploy-time part has upper case."""
    return key if key in OWN else constraint.key or key


def covers(wide: PrincipalSet, narrow: PrincipalSet) -> bool | None:
    """Tell whether one principal set contains the other; None if that is unknown."""
    if wide == narrow:
        return True
    answer: bool | None = True
    for key, theirs in wide.parts:
        met = any_holds([implies(ours, theirs) for name, ours in narrow.parts if name == key])
        if met is not True and _is_elsewhere(narrow, key, theirs):
            continue
        if met is False:
            return False
        answer = answer and met
    return answer


def _is_elsewhere(narrow: PrincipalSet, key: str, excluded: Constraint) -> bool:
    """Tell whether excluded roles or units are definitely of other accounts or organizations."""
    about = {ARN: ACCOUNT, ORGANIZATION_PATHS: ORGANIZATION}.get(key)
    own = narrow.get(about) if about and excluded.how == "is not" else None
    return own is not None and all(
        any(name == about and contradict(own, how) for name, how in _implied(key, matching(value)))
        for value in excluded.comparable
    )


def principal_sets(
    assembly: TemplateSet, statement: Statement, identity: Part | None = None
) -> Iterator[PrincipalSet]:
    """Yield the principal sets of a statement, which applies to their union.

    A policy that is attached to an identity applies to that identity.
    """
    attached = [frozenset({identity})] if identity else None
    principals = attached or list(_principals(assembly, statement))
    for parts in _conditions(assembly, statement, len(principals)):
        for principal in principals:
            yield from principal_set_of(principal | parts)


def principal_set_of(parts: frozenset[Part]) -> Iterator[PrincipalSet]:
    """Yield the requests that meet all of some constraints, unless they contradict each other."""
    every = [part for part in parts if _is_every_organization(*part)]
    wildcard = next((text for _, constraint in every for text in texts_of(constraint)), "")
    kept = parts.difference(every)
    if every:
        kept |= {(ORGANIZATION, replace(_SOME_ORGANIZATION, key=every[0][1].key))}
    if not _is_of_nobody(kept):
        yield PrincipalSet(kept, wildcard)


def _is_every_organization(key: str, constraint: Constraint) -> bool:
    is_of_them = key in (ORGANIZATION, ORGANIZATION_PATHS) and constraint.value is not None
    return is_of_them and implies(_EVERY_ORGANIZATION, constraint) is True


def _is_of_nobody(parts: frozenset[Part]) -> bool:
    """Tell whether no request definitely meets all constraints."""
    listed = [part for part in parts if not _is_session(*part)]
    return any(
        _is_of_callers(key, constraint, parts)
        or any(name == key and contradict(constraint, other) for name, other in listed)
        for key, constraint in listed
    )


def _is_session(key: str, constraint: Constraint) -> bool:
    """Tell whether a principal is a session; ``aws:PrincipalArn`` is that of its role."""
    return key == ARN and any(":sts:" in text for text in texts_of(constraint))


def _is_of_callers(key: str, constraint: Constraint, parts: frozenset[Part]) -> bool:
    """Tell whether a statement for a service requires an account, which services do not have."""
    is_required = constraint.how == "is" and key in (ACCOUNT, ORGANIZATION, ORGANIZATION_PATHS, ARN)
    is_global = constraint.key.lower().startswith("aws:")
    return is_required and is_global and any(name == SERVICE for name, _ in parts)


def _principals(assembly: TemplateSet, statement: Statement) -> Iterator[frozenset[Part]]:
    if "NotPrincipal" in statement.body:
        named = [str(value) for value in _flat(statement.body["NotPrincipal"])]
        yield frozenset({(NAMED, excluding(map(pattern, named)))})
    for kind, value in statement.principals:
        read = _provider if kind == "Federated" else expanded
        yield frozenset(_principal(kind, read(assembly, value)))


def parts_of(key: str, constraint: Constraint) -> frozenset[Part]:
    """Return the parts of a constraint; those of a principal if it is one by name."""
    if key == NAMED and isinstance(constraint.value, Pattern):
        return frozenset(_principal("AWS", constraint.value.text))
    return frozenset(_implied(key, constraint))


def _flat(value: object) -> Iterator[object]:
    """Yield the texts in a principal."""
    if isinstance(value, dict):
        value = list(value.values())
    if not isinstance(value, list):
        yield value
        return
    for item in value:
        yield from _flat(item)


def _principal(kind: str, value: str) -> Iterator[Part]:
    if kind in ("*", "AWS") and value == "*":
        return
    if kind == "Service":
        yield SERVICE, matching(pattern(value))
    elif kind == "Federated":
        yield FEDERATED, matching(pattern(value, wild=False))
    elif kind != "AWS":
        yield NAMED, matching(pattern(f"{kind} {value}"))
    elif value.isdecimal() or value == OWN_ACCOUNT:
        yield ACCOUNT, matching(Pattern(value))
    elif match := _IAM_ARN.fullmatch(value):
        yield ACCOUNT, matching(Pattern(match["account"]))
        if match["rest"] != "root":
            yield ARN, matching(pattern(value))
    else:
        yield NAMED, matching(pattern(value))


def _conditions(
    assembly: TemplateSet, statement: Statement, times: int
) -> Iterator[frozenset[Part]]:
    choices = [_choices(assembly, condition) for condition in statement.conditions]
    if times * prod(map(len, choices)) > _MOST:
        # Too many combinations: compare the conditions as a whole, equal or unknown.
        choices = [[_uncompared(condition)] for condition in statement.conditions]
    if statement.body.get("Effect") not in ("Allow", "Deny"):
        choices.append([frozenset({(UNRESOLVED, Constraint("?"))})])
    for chosen in product(*choices):
        yield frozenset[Part]().union(*chosen)


def _uncompared(condition: Condition) -> frozenset[Part]:
    constraint = Constraint(condition.operator, frozenset(condition.values), condition.key)
    return frozenset({(condition.key.lower(), constraint)})


def _choices(assembly: TemplateSet, condition: Condition) -> list[frozenset[Part]]:
    key = condition.key.lower()
    key = _ALIASES.get(key, key)
    values = [expanded(assembly, value) for value in condition.values]
    return [
        frozenset(_implied(*_own(key, replace(constraint, key=condition.key))))
        for constraint in constraints_of(condition, values)
        if not _is_nobody(key, constraint)
    ]


def _is_nobody(key: str, constraint: Constraint) -> bool:
    """Tell whether a required value is one that no request has, such as half an account ID."""
    # A key that is probably misspelt may be a new one.
    if constraint.how != "is" or misspelt(key):
        return False
    condition = condition_of(_key_of(key, constraint), constraint)
    return openness_of([condition]).limit is Limit.NOBODY


def _own(key: str, constraint: Constraint) -> Part:
    """Return a constraint; one that ties the principal to the resource in its usual form."""
    if isinstance(constraint.value, Pattern):
        text = constraint.value.text.lower()
        for name, variable in OWN.items():
            turned = name.replace("resource", "principal")
            if (key, text) in ((name, variable), (turned, f"${{{name}}}")):
                return name, replace(constraint, values=frozenset({Pattern(variable)}))
    return key, constraint


def _implied(key: str, constraint: Constraint) -> Iterator[Part]:
    """Yield a constraint and the constraints that it implies."""
    value = constraint.value
    if not isinstance(value, Pattern):
        yield key, constraint
        return
    if key == ARN and (match := _ACCOUNT_OF.fullmatch(value.text)):
        yield ACCOUNT, matching(Pattern(match["account"]))
    if key in _ORGANIZATION_OF and not value.text.startswith("$"):
        organization, slash, rest = value.stem.partition("/")
        whole = Pattern(organization) if slash else pattern(f"{organization}*")
        yield _ORGANIZATION_OF[key], replace(matching(whole), key=constraint.key)
        if slash and not rest and value.text == f"{organization}/*":
            # Every account of an organization has such a path.
            return
    yield key, constraint


def expanded(assembly: TemplateSet, value: str) -> str:
    """Return the future ARN of a referenced role or user, as far as it is known."""
    resource = assembly.referred_to(value)
    if resource is None or resource.type not in (ROLE, USER) or not value.endswith(".Arn]}"):
        return value
    return arn_of(resource)


def arn_of(identity: Resource) -> str:
    """Return the ARN of a role or user, as far as it is known."""
    kind, property_ = IDENTITY_NAMES[identity.type]
    name = identity.text(property_) or identity.stack.attribute(identity.id, "Arn")
    return f"arn:aws:iam::{_account_of(identity)}:{kind}{identity.text('Path') or '/'}{name}"


def _provider(assembly: TemplateSet, value: str) -> str:
    """Return the future ARN of a referenced identity provider."""
    resource = assembly.referred_to(value)
    url = resource.text("Url") if resource is not None else None
    if resource is None or url is None:
        return value
    return f"arn:aws:iam::{_account_of(resource)}:oidc-provider/{url.removeprefix('https://')}"


def _account_of(resource: Resource) -> str:
    return resource.stack.account or OWN_ACCOUNT
