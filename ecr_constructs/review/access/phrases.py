"""Principals, resources and actions in sentences."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ecr_constructs.cloudformation.intrinsics import UNKNOWN
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.review.access.constraints import texts_of
from ecr_constructs.review.access.principal_set import (
    ACCOUNT,
    ARN,
    FEDERATED,
    IDENTITY,
    NAMED,
    ORGANIZATION,
    ORGANIZATION_PATHS,
    SERVICE,
    UNRESOLVED,
    PrincipalSet,
)
from ecr_constructs.review.phrases import join_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ecr_constructs.cloudformation.graph import Resource
    from ecr_constructs.review.access.capabilities import Action
    from ecr_constructs.review.access.constraints import Constraint

_REFERENCE = re.compile(r"\$\{Token\[\d+\.(\w+)\.[\w.]+\]\}", re.ASCII)
_FILLED_IN = re.compile(r"\$\{Token\[([^\]]*)\]\}")
_NAMED_ARN = re.compile(
    r"arn:[^:]*:(?:iam|sts)::(?P<account>[^:]*):"
    r"(?:root|(?P<kind>role|user|assumed-role)/(?:.*/)?(?P<name>[^/]+))",
    re.DOTALL,
)
_REPOSITORY_ARN = re.compile(
    r"arn:[^:]*:ecr(?:-public)?:(?P<region>[^:]*):(?P<account>[^:]*):repository/(?P<name>.+)",
    re.DOTALL,
)
# The keys that name principals, the most specific first.
_MOST = 9
_WHO = (IDENTITY, SERVICE, FEDERATED, NAMED, ARN, ACCOUNT, ORGANIZATION, ORGANIZATION_PATHS)


def describe_principals(principals: PrincipalSet) -> str:
    """Return a principal set in words: ``organization o-a1b2c3d4e5``."""
    parts = sorted(
        principals.parts, key=lambda part: (part[0], repr(part[1].how), texts_of(part[1]))
    )
    who = next((part for key in _WHO for part in parts if _tells(key, part)), None)
    # The ARN of a role contains its account.
    implied = {ACCOUNT} if who is not None and who[0] == ARN else set()
    rest = [part for part in parts if part != who and part[0] not in implied]
    name = _who(*who) if who else "every AWS account"
    return " ".join(
        [name, *(["if"] if rest else []), " and ".join(_if(*part) for part in rest)]
    ).strip()


def _tells(key: str, part: tuple[str, Constraint]) -> bool:
    how = part[1].how
    return part[0] == key and (how == "is" or (how == "is not" and key in (NAMED, ORGANIZATION)))


def _who(key: str, constraint: Constraint) -> str:
    values = texts_of(constraint)
    value = join_names([plain(value) for value in values])
    if constraint.how == "is not":
        outside = f"everyone outside organization {value}"
        return (
            outside if key == ORGANIZATION else f"everyone except {join_names(map(_named, values))}"
        )
    names = {
        ACCOUNT: _account(values[0]),
        ARN: _named(values[0]),
        ORGANIZATION: f"organization {value}",
        ORGANIZATION_PATHS: f"organization {value}",
        SERVICE: f"the service {value}",
        FEDERATED: f"identities of {value.rpartition('-provider/')[2]}",
    }
    return names.get(key, value)


def _named(text: str) -> str:
    """Return a principal: ``role ci of account 444455556666``."""
    match = _NAMED_ARN.fullmatch(text)
    if match is None:
        return plain(text)
    if match["kind"] is None:
        return _account(match["account"])
    name = (
        f"every {match['kind']}"
        if match["name"] == "*"
        else f"{match['kind']} {plain(match['name'])}"
    )
    return f"{name} of {_account(match['account'])}"


def _account(account: str) -> str:
    if is_unresolved(account):
        return "its own account"
    return f"account{'s' if '*' in account or '?' in account else ''} {account}"


def _if(key: str, constraint: Constraint) -> str:
    values = join_names([plain(value) for value in texts_of(constraint)])
    if key == UNRESOLVED:
        return "its effect, known only at deploy time, allows it"
    # The sentence already names the issuer of a token's claim; an issuer has dots, a service none.
    issuer, _, claim = plain(constraint.key or key).rpartition(":")
    name = claim if "." in issuer else plain(constraint.key or key)
    if constraint.how == "absent":
        return f"{name} is absent"
    if constraint.how in ("is", "is not"):
        return f"{name} {constraint.how} {values}" if values != "*" else f"there is {name}"
    return f"{name} {constraint.how} {values}"


def _resource(text: str, origin: Resource, noun: str) -> str:
    referred = origin.assembly.referred_to(text)
    if referred is not None:
        return referred.text("RepositoryName") or referred.id
    match = _REPOSITORY_ARN.fullmatch(text)
    if match is None:
        return f"every {noun}" if text == "*" else plain(text)
    name = "every repository" if match["name"] == "*" else plain(match["name"])
    stack = origin.stack
    own = (("in", "Region", stack.region), ("of", "account", stack.account))
    return " ".join([name, *_elsewhere(match, own)])


def _elsewhere(match: re.Match[str], own: Iterable[tuple[str, str, str | None]]) -> Iterator[str]:
    """Yield the Region and account of a repository that differ from those of the policy."""
    for preposition, noun, here in own:
        there = match[noun.lower()]
        if there == "*":
            yield f"{preposition} every {noun}"
        elif there and there != here and not is_unresolved(there):
            yield f"{preposition} {noun} {there}"


def plain(text: str) -> str:
    """Replace values that are known only at deploy time by names."""
    if not is_unresolved(text):
        return text
    text = _REFERENCE.sub(r"\1", text.replace(UNKNOWN, "(not known yet)"))
    return _FILLED_IN.sub(r"\1", text)


def describe_actions(
    actions: Sequence[Action], what: Constraint, origin: Resource, *, own: bool
) -> str:
    """Return operations in words: ``push to payments/* and log in``.

    Args:
        actions: The operations.
        what: The resources.
        origin: The resource that holds the policy.
        own: Whether the policy is that of the resource itself, which is then not named.
    """
    if own:
        return join_names(dict.fromkeys(action.verb for action in actions), _MOST)
    phrases = []
    for noun in dict.fromkeys(action.noun for action in actions):
        on = dict.fromkeys(
            action.on for action in actions if action.noun == noun and action.on is not None
        )
        if on:
            phrases.append(f"{join_names(on, _MOST)} {describe_resources(what, origin, noun)}")
    alone = [action.verb for action in actions if action.on is None]
    return join_names(dict.fromkeys([*phrases, *alone]), _MOST)


def describe_resources(what: Constraint, origin: Resource, noun: str) -> str:
    """Return resources in words: ``payments/*``."""
    names = join_names([_resource(text, origin, noun) for text in texts_of(what)])
    return names if what.how == "is" else f"every {noun} except {names}"
