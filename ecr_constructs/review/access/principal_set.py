"""Who a statement speaks of: its principal and its conditions, as one set of requests."""

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
    Demand,
    any_of,
    being,
    but,
    demands,
    implies,
    texts_of,
)
from ecr_constructs.review.access.values import Pattern, pattern

ACCOUNT, ORGANIZATION = "aws:principalaccount", "aws:principalorgid"
ORGANIZATION_PATHS, ARN = "aws:principalorgpaths", "aws:principalarn"
# What is no condition key: they cannot hold these characters.
SERVICE, FEDERATED, NAMED, IDENTITY = "(service)", "(federated)", "(principal)", "(identity)"
UNREAD = "(effect)"

_EVERY_ORGANIZATION = pattern("o-*")
_MOST = 1_000
_ALIASES = {"kms:calleraccount": ACCOUNT}
_IAM_ARN = re.compile(r"arn:[^:]*:(?:iam|sts)::(?P<account>[^:]*):(?P<rest>.+)", re.DOTALL)
_ACCOUNT_OF = re.compile(r"arn:[^:]*:(?:iam|sts)::(?P<account>[^:*?]+):.*", re.DOTALL)
# Named by their subject tokens come from one owner: repo:acme/api:*, project_path:acme/api:*.
_ONE_OWNER = re.compile(r"[^:]+:[^/:]+[/:].*", re.DOTALL)
_ARN_PARTS = 5
_USER = "AWS::IAM::User"
_NAMES = {ROLE: ("role", "RoleName"), _USER: ("user", "UserName")}

Part = tuple[str, Demand]


@dataclass(frozen=True, slots=True)
class Audience:
    """Those who meet all of some demands.

    Attributes:
        parts: What is demanded of which key. None: it is everyone.
        wildcard: What stands for the organization, if one is demanded and any will do.
    """

    parts: frozenset[Part] = frozenset()
    wildcard: str = field(default="", compare=False)

    def get(self, key: str) -> Demand | None:
        """Return what is demanded of a key."""
        return next((demand for name, demand in sorted(self.parts, key=repr) if name == key), None)

    @property
    def is_open(self) -> bool:
        """Whether those are among them whom nobody knows: any account, any owner of a token."""
        if self.get(FEDERATED) is not None:
            return not any(_is_one_owner(key, demand) for key, demand in self.parts)
        return not any(_names(key, demand) for key, demand in self.parts)


def covers(wide: Audience, narrow: Audience) -> bool | None:
    """Tell whether all of one audience are of the other; None if nobody knows."""
    if wide == narrow:
        return True
    answer: bool | None = True
    for key, theirs in wide.parts:
        met = any_of([implies(ours, theirs) for name, ours in narrow.parts if name == key])
        if met is False:
            return False
        answer = answer and met
    return answer


def audiences(assembly: TemplateSet, statement: Statement) -> Iterator[Audience]:
    """Yield whom a statement speaks of; all of them together are its audience."""
    whom = list(_principals(assembly, statement))
    for parts in _conditions(assembly, statement, len(whom)):
        for each in whom:
            yield audience_of(each | parts)


def conditioned(assembly: TemplateSet, statement: Statement, *parts: Part) -> Iterator[Audience]:
    """Yield whom a statement of an identity's own policy speaks of.

    Args:
        assembly: Where its values come from.
        statement: The statement.
        parts: Who the identity is.
    """
    for each in _conditions(assembly, statement):
        yield audience_of(frozenset(parts) | each)


def audience_of(parts: frozenset[Part]) -> Audience:
    """Return the audience that meets all of some demands."""
    # Every account may have an organization, whoever's it is.
    every = [each for each in parts if _is_every_organization(*each)]
    wildcard = next((each for _, demand in every for each in texts_of(demand)), "")
    return Audience(parts.difference(every), wildcard)


def _is_every_organization(key: str, demand: Demand) -> bool:
    is_of_them = key in (ORGANIZATION, ORGANIZATION_PATHS) and demand.value is not None
    return is_of_them and implies(being(_EVERY_ORGANIZATION), demand) is True


def _principals(assembly: TemplateSet, statement: Statement) -> Iterator[frozenset[Part]]:
    if "NotPrincipal" in statement.body:
        named = [str(each) for each in _flat(statement.body["NotPrincipal"])]
        yield frozenset({(NAMED, but(map(pattern, named)))})
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
    for each in value:
        yield from _flat(each)


def _principal(kind: str, value: str) -> Iterator[Part]:
    if kind in ("*", "AWS") and value == "*":
        return
    if kind == "Service":
        yield SERVICE, being(pattern(value))
    elif kind == "Federated":
        yield FEDERATED, being(pattern(value, wild=False))
    elif kind != "AWS":
        yield NAMED, being(pattern(f"{kind} {value}"))
    elif value.isdecimal():
        yield ACCOUNT, being(Pattern(value))
    elif match := _IAM_ARN.fullmatch(value):
        yield ACCOUNT, being(Pattern(match["account"]))
        if match["rest"] != "root":
            yield ARN, being(pattern(value))
    else:
        yield NAMED, being(pattern(value))


def _conditions(
    assembly: TemplateSet, statement: Statement, times: int = 1
) -> Iterator[frozenset[Part]]:
    choices = [_choices(assembly, each) for each in statement.conditions]
    if times * prod(map(len, choices)) > _MOST:
        # Too many to look at one by one: they are the same, or nobody knows.
        choices = [[_unread(each)] for each in statement.conditions]
    if statement.body.get("Effect") not in ("Allow", "Deny"):
        choices.append([frozenset({(UNREAD, Demand("?"))})])
    for chosen in product(*choices):
        yield frozenset[Part]().union(*chosen)


def _unread(condition: Condition) -> frozenset[Part]:
    demand = Demand(condition.operator, frozenset(condition.values), condition.key)
    return frozenset({(condition.key.lower(), demand)})


def _choices(assembly: TemplateSet, condition: Condition) -> list[frozenset[Part]]:
    key = condition.key.lower()
    key = _ALIASES.get(key, key)
    values = [_expanded(assembly, each) for each in condition.values]
    return [
        frozenset(_implied(key, replace(demand, key=condition.key)))
        for demand in demands(condition, values)
        if not _is_nobody(key, demand)
    ]


def _is_nobody(key: str, demand: Demand) -> bool:
    """Tell whether an id is demanded that no account and no organization has."""
    value = demand.value
    exact = key in (ACCOUNT, ORGANIZATION) and isinstance(value, Pattern) and not value.is_glob
    return exact and isinstance(value, Pattern) and re.search(r"[*?]", value.text) is not None


def _implied(key: str, demand: Demand) -> Iterator[Part]:
    """Yield a demand with those that follow from it."""
    value = demand.value
    yield key, demand
    if key == ARN and isinstance(value, Pattern) and (match := _ACCOUNT_OF.fullmatch(value.text)):
        yield ACCOUNT, being(Pattern(match["account"]))


def _expanded(assembly: TemplateSet, value: str) -> str:
    """Return a reference to a role or user as the ARN that it will have, as far as it is known."""
    resource = assembly.referred_to(value)
    if resource is None or resource.type not in _NAMES or not value.endswith(".Arn]}"):
        return value
    kind, property_ = _NAMES[resource.type]
    name = resource.text(property_) or value
    return f"arn:aws:iam::{_account_of(resource)}:{kind}{resource.text('Path') or '/'}{name}"


def _provider(assembly: TemplateSet, value: str) -> str:
    """Return a reference to a provider of tokens as the ARN that it will have."""
    resource = assembly.referred_to(value)
    url = resource.text("Url") if resource is not None else None
    if resource is None or url is None:
        return value
    return f"arn:aws:iam::{_account_of(resource)}:oidc-provider/{url.removeprefix('https://')}"


def _account_of(resource: Resource) -> str:
    return resource.stack.account or "${Token[AWS.AccountId]}"


def _is_one_owner(key: str, demand: Demand) -> bool:
    value = demand.value
    if key == FEDERATED:
        # A company's own provider, unlike one for all the world, has users of its own only.
        return isinstance(value, Pattern) and ":saml-provider/" in value.text
    if ":" not in key or key.endswith(":aud") or not isinstance(value, Pattern):
        return False
    return not value.is_glob or _ONE_OWNER.fullmatch(value.stem) is not None


def _names(key: str, demand: Demand) -> bool:
    """Tell whether a demand is met by those only whom somebody chose."""
    value = demand.value
    if key in (SERVICE, NAMED, IDENTITY):
        return demand.how == "is"
    if key not in WHO or value is None:
        return False
    if not isinstance(value, Pattern):
        return value.prefixlen > 0
    return not value.is_glob or _is_of_some(key, value.stem)


def _is_of_some(key: str, stem: str) -> bool:
    """Tell whether a wildcard comes late enough for the key to be of somebody in particular."""
    if key in (ACCOUNT, ORGANIZATION, "aws:sourceaccount", "aws:sourceorgid"):
        return False
    if key in (ORGANIZATION_PATHS, "aws:sourceorgpaths"):
        return "/" in stem
    return stem.count(":") >= _ARN_PARTS if key.endswith("arn") else bool(stem)
