"""Read policies as grants: which principals may do which actions on which resources.

Principals and conditions of a statement are one set of requests.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from ecr_constructs.cloudformation.conditions import WHO
from ecr_constructs.cloudformation.iam_policy import policies_of
from ecr_constructs.cloudformation.intrinsics import marks_in
from ecr_constructs.cloudformation.resource_types import PUBLIC_REPOSITORY, REPOSITORY, ROLE
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.review.access.capabilities import actions_in
from ecr_constructs.review.access.constraints import (
    ANYTHING,
    Constraint,
    Pattern,
    any_holds,
    constraints_of,
    excluding,
    implies,
    matching,
    pattern,
    texts_of,
    within,
)

if TYPE_CHECKING:
    from ecr_constructs.cloudformation.graph import Resource, TemplateSet
    from ecr_constructs.cloudformation.iam_policy import Condition, Statement
    from ecr_constructs.review.comparison import Pair

ACCOUNT, ORGANIZATION = "aws:principalaccount", "aws:principalorgid"
ORGANIZATION_PATHS, ARN = "aws:principalorgpaths", "aws:principalarn"
# Pseudo keys: a real condition key cannot contain parentheses.
SERVICE, FEDERATED, NAMED, IDENTITY = "(service)", "(federated)", "(principal)", "(identity)"
UNRESOLVED = "(effect)"

_EVERY_ORGANIZATION = pattern("o-*")
_MOST = 1_000
_ALIASES = {"kms:calleraccount": ACCOUNT}
_IAM_ARN = re.compile(r"arn:[^:]*:(?:iam|sts)::(?P<account>[^:]*):(?P<rest>.+)", re.DOTALL)
_ACCOUNT_OF = re.compile(r"arn:[^:]*:(?:iam|sts)::(?P<account>[^:*?]+):.*", re.DOTALL)
# Subjects of tokens that belong to one owner: repo:acme/api:*, project_path:acme/api:*.
_ONE_OWNER = re.compile(r"[^:]+:[^/:]+[/:].*", re.DOTALL)
_ARN_PARTS = 5
_USER = "AWS::IAM::User"
# In words, and the property that names them.
IDENTITY_NAMES = {
    ROLE: ("role", "RoleName"),
    _USER: ("user", "UserName"),
    "AWS::IAM::Group": ("group", "GroupName"),
}

Part = tuple[str, Constraint]


@dataclass(frozen=True, slots=True)
class PrincipalSet:
    """The requests that meet all of some constraints.

    Attributes:
        parts: The keys and their constraints. None: everyone.
        wildcard: The pattern of the organization, if it matches every organization.
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
    def is_open(self) -> bool:
        """Whether it includes unidentified principals: any account, any owner of a token."""
        if self.get(FEDERATED) is not None:
            return not any(_is_one_owner(key, constraint) for key, constraint in self.parts)
        return not any(_names(key, constraint) for key, constraint in self.parts)


def covers(wide: PrincipalSet, narrow: PrincipalSet) -> bool | None:
    """Tell whether one principal set contains the other; None if that is unknown."""
    if wide == narrow:
        return True
    answer: bool | None = True
    for key, theirs in wide.parts:
        met = any_holds([implies(ours, theirs) for name, ours in narrow.parts if name == key])
        if met is False:
            return False
        answer = answer and met
    return answer


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
            yield principal_set_of(principal | parts)


def principal_set_of(parts: frozenset[Part]) -> PrincipalSet:
    """Return the requests that meet all of some constraints."""
    # A constraint that every organization meets does not restrict anything.
    every = [part for part in parts if _is_every_organization(*part)]
    wildcard = next((text for _, constraint in every for text in texts_of(constraint)), "")
    return PrincipalSet(parts.difference(every), wildcard)


def _is_every_organization(key: str, constraint: Constraint) -> bool:
    is_of_them = key in (ORGANIZATION, ORGANIZATION_PATHS) and constraint.value is not None
    return is_of_them and implies(matching(_EVERY_ORGANIZATION), constraint) is True


def _principals(assembly: TemplateSet, statement: Statement) -> Iterator[frozenset[Part]]:
    if "NotPrincipal" in statement.body:
        named = [str(value) for value in _flat(statement.body["NotPrincipal"])]
        yield frozenset({(NAMED, excluding(map(pattern, named)))})
    for kind, value in statement.principals:
        read = _provider if kind == "Federated" else _expanded
        yield frozenset(_principal(kind, read(assembly, value)))


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
    elif value.isdecimal():
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
    values = [_expanded(assembly, value) for value in condition.values]
    return [
        frozenset(_implied(key, replace(constraint, key=condition.key)))
        for constraint in constraints_of(condition, values)
        if not _is_nobody(key, constraint)
    ]


def _is_nobody(key: str, constraint: Constraint) -> bool:
    """Tell whether the required ID is one that no account or organization has."""
    value = constraint.value
    exact = key in (ACCOUNT, ORGANIZATION) and isinstance(value, Pattern) and not value.is_glob
    return exact and isinstance(value, Pattern) and re.search(r"[*?]", value.text) is not None


def _implied(key: str, constraint: Constraint) -> Iterator[Part]:
    """Yield a constraint and the constraints that it implies."""
    value = constraint.value
    yield key, constraint
    if key == ARN and isinstance(value, Pattern) and (match := _ACCOUNT_OF.fullmatch(value.text)):
        yield ACCOUNT, matching(Pattern(match["account"]))


def _expanded(assembly: TemplateSet, value: str) -> str:
    """Return the future ARN of a referenced role or user, as far as it is known."""
    resource = assembly.referred_to(value)
    if resource is None or resource.type not in (ROLE, _USER) or not value.endswith(".Arn]}"):
        return value
    kind, property_ = IDENTITY_NAMES[resource.type]
    name = resource.text(property_) or value
    return f"arn:aws:iam::{_account_of(resource)}:{kind}{resource.text('Path') or '/'}{name}"


def _provider(assembly: TemplateSet, value: str) -> str:
    """Return the future ARN of a referenced identity provider."""
    resource = assembly.referred_to(value)
    url = resource.text("Url") if resource is not None else None
    if resource is None or url is None:
        return value
    return f"arn:aws:iam::{_account_of(resource)}:oidc-provider/{url.removeprefix('https://')}"


def _account_of(resource: Resource) -> str:
    return resource.stack.account or "${Token[AWS.AccountId]}"


def _is_one_owner(key: str, constraint: Constraint) -> bool:
    value = constraint.value
    if key == FEDERATED:
        # A SAML provider belongs to one company; a public OIDC provider has users of all.
        return isinstance(value, Pattern) and ":saml-provider/" in value.text
    if ":" not in key or key.endswith(":aud") or not isinstance(value, Pattern):
        return False
    return not value.is_glob or _ONE_OWNER.fullmatch(value.stem) is not None


def _names(key: str, constraint: Constraint) -> bool:
    """Tell whether a constraint names particular principals."""
    value = constraint.value
    if key in (SERVICE, NAMED, IDENTITY):
        return constraint.how == "is"
    if key not in WHO or value is None:
        return False
    if not isinstance(value, Pattern):
        return value.prefixlen > 0
    return not value.is_glob or _is_of_some(key, value.stem)


def _is_of_some(key: str, stem: str) -> bool:
    """Tell whether the part before the first wildcard identifies an owner."""
    if key in (ACCOUNT, ORGANIZATION, "aws:sourceaccount", "aws:sourceorgid"):
        return False
    if key in (ORGANIZATION_PATHS, "aws:sourceorgpaths"):
        return "/" in stem
    return stem.count(":") >= _ARN_PARTS if key.endswith("arn") else bool(stem)


_SERVICES = {
    "repository": ("ecr",),
    "public repository": ("ecr-public",),
    "registry": ("ecr",),
    "key": ("kms",),
    "trust": ("sts",),
    "identity": ("ecr", "ecr-public", "kms"),
}
# Nested stacks and custom resources may give the ARN of anything.
_REPOSITORIES_OR_ANYTHING = (REPOSITORY, PUBLIC_REPOSITORY, "AWS::CloudFormation::", "Custom::")
_SERVICE_PART = 2
EVERYTHING = matching(ANYTHING)


@dataclass(frozen=True, slots=True)
class Grant:
    """Actions that the policy of `origin` allows or denies.

    Attributes:
        what: The resources; `EVERYTHING` for the policy of a single resource.
    """

    allows: bool
    principals: PrincipalSet
    what: Constraint
    actions: frozenset[str]
    origin: Resource = field(compare=False)


def grants_of(resource: Resource, kind: str, identity: Part | None = None) -> Iterator[Grant]:
    """Yield the grants in the policies of a resource.

    Args:
        resource: A repository, a template, a registry policy, a key, a role or its policy.
        kind: The kind of policy to read: `Policy.kind` of `cloudformation.iam_policy`.
        identity: The identity that policies of the kind ``identity`` are attached to.
    """
    for policy in policies_of(resource):
        for statement in policy.statements if policy.kind == kind else ():
            # An unknown effect is a constraint of the principal set.
            allows = statement.body.get("Effect") != "Deny"
            for service in _SERVICES[kind]:
                if actions := actions_in(statement, service):
                    resources = _resources(resource.assembly, statement, kind, service)
                    for principals in principal_sets(resource.assembly, statement, identity):
                        for what in resources:
                            yield Grant(allows, principals, what, actions, resource)


def _resources(
    assembly: TemplateSet, statement: Statement, kind: str, service: str
) -> list[Constraint]:
    if kind not in ("registry", "identity"):
        return [EVERYTHING]
    resources = [matching(pattern(text)) for text in statement.resources]
    if "NotResource" in statement.body:
        excluded = statement.body["NotResource"]
        listed = excluded if isinstance(excluded, list) else [excluded]
        resources = [excluding(pattern(text) for text in listed if isinstance(text, str))]
    return [what for what in resources if kind == "registry" or _is_about(assembly, what, service)]


def _is_about(assembly: TemplateSet, what: Constraint, service: str) -> bool:
    """Tell whether resources may be repositories, or keys that encrypt repositories."""
    if service == "kms":
        return any(implies(matching(key), what) for key in _keys_in(assembly))
    if not isinstance(what.value, Pattern):
        return True
    if (referred := assembly.referred_to(what.value.text)) is not None:
        return referred.type.startswith(_REPOSITORIES_OR_ANYTHING)
    parts = what.value.text.split(":")
    named = parts[_SERVICE_PART] if len(parts) > _SERVICE_PART else "*"
    return within(Pattern(service), pattern(named)) is not False


def _keys_in(assembly: TemplateSet) -> frozenset[Pattern]:
    """Return the ARNs of the keys that encrypt repositories."""
    if "ecr keys" not in assembly.memo:
        keys = (
            repository.get("EncryptionConfiguration", "KmsKey")
            for repository in assembly.of_type(REPOSITORY)
        )
        arns = frozenset(pattern(key, wild=False) for key in keys if isinstance(key, str))
        assembly.memo["ecr keys"] = arns
    ecr_keys: frozenset[Pattern] = assembly.memo["ecr keys"]
    return ecr_keys


class Uncertainty(NamedTuple):
    """Whether unknown parts of policies differ, and whether they hide whole statements."""

    differs: bool
    hides_statements: bool


def uncertainty_of(pair: Pair, name: str) -> Uncertainty:
    """Return what is unknown about a property that holds policies."""
    gaps = [frozenset(_gaps(value)) for value in pair.values(name)]
    parts = [marks_in(value) for value in pair.values(name)]
    differs = gaps[0] != gaps[1] or parts[0] != parts[1]
    return Uncertainty(differs, differs and any(gaps))


def _gaps(value: Any) -> Iterator[str]:
    """Yield the unknown values in place of a policy or a statement."""
    if isinstance(value, str) and is_unresolved(value):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            yield value
    if isinstance(value, list):
        for item in value:
            yield from _gaps(item)
    elif isinstance(value, Mapping):
        for key in ("PolicyDocument", "Statement"):
            yield from _gaps(value.get(key))
