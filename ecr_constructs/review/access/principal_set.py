"""The principals and conditions of a statement, as one set of requests."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import product
from math import prod

from ecr_constructs.cloudformation.conditions import WHO
from ecr_constructs.cloudformation.graph import Resource, TemplateSet
from ecr_constructs.cloudformation.iam_policy import Condition, Statement
from ecr_constructs.cloudformation.resource_types import ROLE
from ecr_constructs.review.access.constraints import (
    Constraint,
    Pattern,
    any_holds,
    constraints_of,
    excluding,
    implies,
    matching,
    pattern,
    texts_of,
)

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
_NAMES = {ROLE: ("role", "RoleName"), _USER: ("user", "UserName")}

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


def principal_sets(assembly: TemplateSet, statement: Statement) -> Iterator[PrincipalSet]:
    """Yield the principal sets of a statement, which applies to their union."""
    principals = list(_principals(assembly, statement))
    for parts in _conditions(assembly, statement, len(principals)):
        for principal in principals:
            yield principal_set_of(principal | parts)


def conditioned(
    assembly: TemplateSet, statement: Statement, *parts: Part
) -> Iterator[PrincipalSet]:
    """Yield the principal sets of a statement in a policy of an identity.

    Args:
        assembly: The templates that its references resolve in.
        statement: The statement.
        parts: The constraints that identify the identity.
    """
    for choice in _conditions(assembly, statement):
        yield principal_set_of(frozenset(parts) | choice)


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
    assembly: TemplateSet, statement: Statement, times: int = 1
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
    if resource is None or resource.type not in _NAMES or not value.endswith(".Arn]}"):
        return value
    kind, property_ = _NAMES[resource.type]
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
