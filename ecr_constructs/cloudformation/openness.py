"""Judge how far a statement is open: to everyone, to strangers, to limited principals, to nobody.

A condition limits access only if strangers cannot satisfy it: ``StringLike`` with ``vpce-*``, or a
comparison of the caller with itself, is satisfied by every AWS account.
https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html
"""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from enum import Enum, auto
from functools import partial
from ipaddress import IPv4Network, IPv6Network, collapse_addresses, ip_network
from typing import NamedTuple

from ecr_constructs.cloudformation.conditions import (
    ACCOUNTS,
    ARNS,
    OPERATORS,
    ORGANIZATION_PATHS,
    ORGANIZATIONS,
    WHO,
    bare,
    misspelt,
)
from ecr_constructs.cloudformation.iam_policy import DOLLAR, Condition, Statement
from ecr_constructs.model.principals import ACCOUNT_ID, ORGANIZATION_ID
from ecr_constructs.model.tokens import is_unresolved

_ANY_VALUE = ("stringequals", "stringequalsignorecase", "stringlike", "arnequals", "arnlike")
_WILD = ("stringlike", "arnequals", "arnlike")
# In each signed request, so that a condition with IfExists or ForAllValues requires them.
_ALWAYS_PRESENT = ("aws:principalaccount", "aws:principalarn", "kms:calleraccount")
# Whoever knows the secret, or whose confirmed endpoint it is.
_SHARED = ("sns:endpoint", "sts:externalid")
# Comparing them with the caller admits the own account or organization.
_OWN = ("aws:resourceaccount", "aws:resourceorgid", "aws:resourceorgpaths")
_VARIABLE = re.compile(r"\$\{([^}?*$]+)\}")
_WILDCARDS = re.compile(r"[*?]+")
_ACCOUNT_PART = 4
_ACCOUNT_DIGITS = 12
_NETWORK_IDS = {"aws:sourcevpc": "vpc-", "aws:sourcevpce": "vpce-"}
# A unique id of a principal is followed by the session's name, which the caller chooses.
_UNIQUE_ID = re.compile(r"A[A-Z0-9]{15,}|[0-9]{12}")
# Broader ranges count as public.
# https://docs.aws.amazon.com/AmazonS3/latest/userguide/access-control-block-public-access.html
_BROADEST = {4: 8, 6: 32}


class Limit(Enum):
    """Who satisfies a condition, or a value of it."""

    NOBODY = auto()
    LIMITED = auto()
    UNKNOWN = auto()
    STRANGERS = auto()
    EVERYONE = auto()


class Openness(NamedTuple):
    """Who may use a statement.

    Attributes:
        limit: Who satisfies all conditions.
        cause: The condition that was meant to limit access and does not (`Limit.STRANGERS`), or
            that nobody satisfies (`Limit.NOBODY`).
    """

    limit: Limit
    cause: Condition | None = None

    @property
    def is_open(self) -> bool:
        """Whether principals that nobody named have access."""
        return is_open(self.limit)


def is_open(limit: Limit) -> bool:
    """Tell whether principals that nobody named are included."""
    return limit in (Limit.STRANGERS, Limit.EVERYONE)


def openness(statement: Statement) -> Openness:
    """Judge who may use a statement that allows something.

    Principals other than everyone are `Limit.LIMITED`. ``NotPrincipal`` with Allow is everyone
    but those it names.
    """
    if "NotPrincipal" not in statement.body and not statement.is_for_anyone:
        return Openness(Limit.LIMITED)
    return openness_of(statement.conditions)


def judge_together(statements: Iterable[Statement]) -> Iterator[tuple[Statement, Openness]]:
    """Judge each of several statements, which together may be open although none is.

    Statements that differ in ranges of addresses only allow their union.
    """
    statements = tuple(statements)
    together: dict[object, list[Condition]] = defaultdict(list)
    for statement in statements:
        for condition in filter(_is_range, statement.conditions):
            together[_without(statement, condition)].append(condition)
    for statement in statements:
        result = openness(statement)
        for condition in () if result.is_open else filter(_is_range, statement.conditions):
            union = together[_without(statement, condition)]
            values = tuple(value for part in union for value in part.values)
            others = [other for other in statement.conditions if other is not condition]
            wider = openness(
                replace(statement, conditions=(*others, replace(condition, values=values)))
            )
            result = wider if wider.is_open else result
        yield statement, result


def _is_range(condition: Condition) -> bool:
    return condition.key.lower() == "aws:sourceip" and bare(condition.operator) == "ipaddress"


def _without(statement: Statement, condition: Condition) -> object:
    """Return all of a statement but a condition, to compare."""
    others = frozenset(other for other in statement.conditions if other is not condition)
    excluded = repr(statement.body.get("NotPrincipal")), statement.excluded_actions
    resources = statement.resources, statement.excluded_resources
    return statement.principals, statement.actions, resources, excluded, others


def openness_of(conditions: Iterable[Condition]) -> Openness:
    """Judge who satisfies all conditions, if the principal is everyone."""
    conditions = tuple(conditions)
    present = {condition.key.lower() for condition in conditions if _requires_key(condition)}
    limits = [(_limit_of(condition, present), condition) for condition in conditions]
    for limit in (Limit.NOBODY, Limit.LIMITED, Limit.UNKNOWN, Limit.STRANGERS):
        for satisfied_by, condition in limits:
            if satisfied_by is limit:
                is_cause = limit in (Limit.NOBODY, Limit.STRANGERS)
                return Openness(limit, condition if is_cause else None)
    return Openness(Limit.EVERYONE)


def is_optional(condition: Condition) -> bool:
    """Tell whether a condition is true if its key is absent."""
    operator = condition.operator.lower()
    return operator.startswith("forallvalues:") or operator.endswith("ifexists")


def _requires_key(condition: Condition) -> bool:
    if bare(condition.operator) == "null":
        return {value.lower() for value in condition.values} == {"false"}
    return bare(condition.operator) in _ANY_VALUE and not is_optional(condition)


def _limit_of(condition: Condition, present: set[str]) -> Limit:
    key, operator = condition.key.lower(), bare(condition.operator)
    if operator not in OPERATORS or is_unresolved(condition.operator):
        # IAM rejects the policy.
        return Limit.UNKNOWN
    if is_unresolved(condition.key):
        return Limit.UNKNOWN
    is_required = not is_optional(condition) or key in _ALWAYS_PRESENT or key in present
    if misspelt(condition.key) and (operator in _ANY_VALUE or operator == "ipaddress"):
        return Limit.EVERYONE if is_optional(condition) else Limit.NOBODY
    if key == "aws:principalisawsservice" and operator in ("bool", *_ANY_VALUE):
        limit = _of_booleans(condition.values)
    elif operator in _ANY_VALUE:
        is_caseless = operator == "stringequalsignorecase"
        values = _lower(condition.values) if is_caseless else condition.values
        limit = _compared(key, values, is_wild=operator in _WILD)
    elif operator == "ipaddress":
        limit = _addressed(key, condition.values)
    elif operator == "null" and key in _ALWAYS_PRESENT:
        # Only AWS services have no account.
        return _of_booleans(condition.values)
    else:
        limit = Limit.EVERYONE
    return limit if is_required else Limit.EVERYONE


def _lower(values: tuple[str, ...]) -> tuple[str, ...]:
    """Return values in lower case, except the names of deploy-time values."""
    return tuple(value if is_unresolved(value) else value.lower() for value in values)


def _of_booleans(values: tuple[str, ...]) -> Limit:
    if any(map(is_unresolved, values)):
        return Limit.UNKNOWN
    return Limit.LIMITED if {value.lower() for value in values} == {"true"} else Limit.EVERYONE


def _compared(key: str, values: tuple[str, ...], *, is_wild: bool) -> Limit:
    """Judge a comparison of texts: one of the values must match."""
    judge = _JUDGES.get(key)
    if judge is None:
        return _other_key(key, values)
    return widest(_value(key, judge, value, is_wild=is_wild) for value in values)


def widest(limits: Iterable[Limit]) -> Limit:
    """Return the widest of alternatives; nobody satisfies an empty list."""
    return max(limits, key=lambda limit: limit.value, default=Limit.NOBODY)


def _other_key(key: str, values: tuple[str, ...]) -> Limit:
    if key in _SHARED:
        wide = any(not _WILDCARDS.sub("", value) for value in values)
        return Limit.STRANGERS if wide else Limit.LIMITED
    if key in _OWN:
        return widest(map(_resource_value, values))
    return Limit.EVERYONE


def _resource_value(value: str) -> Limit:
    """Judge a value of a key of the resource, which only a variable ties to the caller."""
    if DOLLAR in value:
        return Limit.NOBODY
    return Limit.LIMITED if "${aws:principal" in value.lower() else Limit.EVERYONE


_Judge = Callable[[str, bool], Limit]


def _value(key: str, judge: _Judge, value: str, *, is_wild: bool) -> Limit:
    if is_unresolved(_deciding_part(key, value)):
        return Limit.UNKNOWN
    if DOLLAR in value:
        # No id, path or ARN contains a dollar sign.
        return Limit.NOBODY
    names = [name.partition(",")[0].strip().lower() for name in _VARIABLE.findall(value)]
    if any(name in _OWN for name in names):
        return Limit.LIMITED
    # The caller is always equal to itself, and decides about its tags and its session's name.
    pattern = _VARIABLE.sub("*", value)
    has_wildcard = _WILDCARDS.search(value) is not None
    if has_wildcard and not is_wild:
        # Literal text, which no id, path or ARN contains.
        return Limit.NOBODY
    return judge(pattern, has_wildcard or bool(names))


def _deciding_part(key: str, value: str) -> str:
    """Return the account of an ARN or the organization of a path, which decide; or the value."""
    parts = value.split(":", _ACCOUNT_PART + 1)
    if key in ARNS and len(parts) > _ACCOUNT_PART + 1 and parts[0] == "arn":
        return parts[_ACCOUNT_PART]
    organization, slash, _ = value.partition("/")
    return organization if key in ORGANIZATION_PATHS and slash else value


def _identifier(form: re.Pattern[str], part: re.Pattern[str], value: str, wild: bool) -> Limit:
    """Judge an id: the whole id limits, a pattern that ids of strangers match does not."""
    if not wild:
        return Limit.LIMITED if form.fullmatch(value) else Limit.NOBODY
    literal = _WILDCARDS.sub("", value)
    return Limit.STRANGERS if part.fullmatch(literal) else Limit.NOBODY


def _account(value: str, wild: bool) -> Limit:
    limit = _identifier(ACCOUNT_ID, re.compile("[0-9]*"), value, wild)
    is_short = wild and "*" not in value and len(value) != _ACCOUNT_DIGITS
    return Limit.NOBODY if is_short else limit


_organization = partial(_identifier, ORGANIZATION_ID, re.compile("[a-z0-9-]*"))


def _path(value: str, wild: bool) -> Limit:
    organization, slash, _ = value.partition("/")
    if not slash and not wild:
        return Limit.NOBODY
    wild = wild and (not slash or _WILDCARDS.search(organization) is not None)
    limit = _organization(organization, wild)
    # A longer id can begin with this text.
    return Limit.STRANGERS if limit is Limit.LIMITED and not slash else limit


def _arn(value: str, wild: bool) -> Limit:
    parts = value.split(":")
    if not wild and not value.startswith("arn:"):
        return Limit.NOBODY
    if len(parts) <= _ACCOUNT_PART:
        return Limit.STRANGERS if wild else Limit.NOBODY
    # ARNs of S3 have no account, but are globally unique.
    account = parts[_ACCOUNT_PART]
    if not account:
        return Limit.LIMITED
    if ACCOUNT_ID.fullmatch(account.rstrip("*")):
        return Limit.LIMITED
    limit = _account(account, wild and _WILDCARDS.search(account) is not None)
    # A wildcard before the account, or in it, can match colons.
    is_shifted = wild and _WILDCARDS.search(":".join(parts[: _ACCOUNT_PART + 1])) is not None
    return Limit.STRANGERS if is_shifted and limit is Limit.NOBODY else limit


def _network(prefix: str, value: str, wild: bool) -> Limit:
    stem = _WILDCARDS.split(value)[0] if wild else value
    if not (stem.startswith(prefix) or (wild and prefix.startswith(stem))):
        return Limit.NOBODY
    return Limit.STRANGERS if wild else Limit.LIMITED


def _user_id(value: str, wild: bool) -> Limit:
    unique_id = value.partition(":")[0]
    return Limit.STRANGERS if wild and not _UNIQUE_ID.fullmatch(unique_id) else Limit.LIMITED


def _service(value: str, wild: bool) -> Limit:
    return Limit.STRANGERS if wild and not _WILDCARDS.split(value)[0] else Limit.LIMITED


_JUDGES: dict[str, _Judge] = {
    **dict.fromkeys(WHO, _service),
    **dict.fromkeys(ACCOUNTS, _account),
    **dict.fromkeys(ORGANIZATIONS, _organization),
    **dict.fromkeys(ORGANIZATION_PATHS, _path),
    **dict.fromkeys(ARNS, _arn),
    **{key: partial(_network, prefix) for key, prefix in _NETWORK_IDS.items()},
    "aws:userid": _user_id,
}


def _addressed(key: str, values: tuple[str, ...]) -> Limit:
    """Judge a comparison with ranges of addresses, which can cover everything together."""
    if key == "aws:vpcsourceip":
        # The private addresses of any VPC.
        return Limit.STRANGERS
    if key != "aws:sourceip":
        return Limit.EVERYONE
    if any(map(is_unresolved, values)):
        return Limit.UNKNOWN
    networks = list(_networks(values))
    if not networks:
        return Limit.NOBODY
    return Limit.STRANGERS if any(map(_is_public, _collapsed(networks))) else Limit.LIMITED


def _networks(values: tuple[str, ...]) -> Iterator[IPv4Network | IPv6Network]:
    for value in values:
        try:
            yield ip_network(value, strict=False)
        except ValueError:
            continue


def _collapsed(
    networks: list[IPv4Network | IPv6Network],
) -> Iterator[IPv4Network | IPv6Network]:
    yield from collapse_addresses(item for item in networks if isinstance(item, IPv4Network))
    yield from collapse_addresses(item for item in networks if isinstance(item, IPv6Network))


def _is_public(network: IPv4Network | IPv6Network) -> bool:
    return network.prefixlen < _BROADEST[network.version] and not network.is_private
