"""Audiences, resources and deeds in sentences."""

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
    UNREAD,
    Audience,
)
from ecr_constructs.review.phrases import join_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ecr_constructs.cloudformation.graph import Resource
    from ecr_constructs.review.access.capabilities import Deed
    from ecr_constructs.review.access.constraints import Demand

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
# Who it is, the one who is most closely named first; with what is then said already.
_MOST = 9
_WHO = (IDENTITY, SERVICE, FEDERATED, NAMED, ARN, ACCOUNT, ORGANIZATION, ORGANIZATION_PATHS)


def audience_told(audience: Audience) -> str:
    """Return whom a statement speaks of: ``organization o-a1b2c3d4e5``."""
    parts = sorted(audience.parts, key=lambda part: (part[0], repr(part[1].how), texts_of(part[1])))
    who = next((part for key in _WHO for part in parts if _tells(key, part)), None)
    # The account of a role stands in its ARN.
    said = {ACCOUNT} if who is not None and who[0] == ARN else set()
    rest = [part for part in parts if part != who and part[0] not in said]
    told = _who(*who) if who else "every AWS account"
    return " ".join(
        [told, *(["if"] if rest else []), " and ".join(_if(*each) for each in rest)]
    ).strip()


def _tells(key: str, part: tuple[str, Demand]) -> bool:
    how = part[1].how
    return part[0] == key and (how == "is" or (how == "is not" and key in (NAMED, ORGANIZATION)))


def _who(key: str, demand: Demand) -> str:
    values = texts_of(demand)
    value = join_names([plain(each) for each in values])
    if demand.how == "is not":
        outside = f"everyone outside organization {value}"
        return outside if key == ORGANIZATION else f"everyone but {join_names(map(_named, values))}"
    said = {
        ACCOUNT: _account(values[0]),
        ARN: _named(values[0]),
        ORGANIZATION: f"organization {value}",
        ORGANIZATION_PATHS: f"organization {value}",
        SERVICE: f"the service {value}",
        FEDERATED: f"whoever comes from {value.rpartition('-provider/')[2]}",
    }
    return said.get(key, value)


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


def _if(key: str, demand: Demand) -> str:
    values = join_names([plain(each) for each in texts_of(demand)])
    if key == UNREAD:
        return "an effect holds that is known only at the deployment"
    # Of a token's claims the issuer is told already; its name has dots, a service's has none.
    issuer, _, claim = plain(demand.key or key).rpartition(":")
    name = claim if "." in issuer else plain(demand.key or key)
    if demand.how == "absent":
        return f"{name} is absent"
    if demand.how in ("is", "is not"):
        return f"{name} {demand.how} {values}" if values != "*" else f"there is {name}"
    return f"{name} {demand.how} {values}"


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
    """Yield the Region and account of a repository that is not beside the policy."""
    for preposition, noun, here in own:
        there = match[noun.lower()]
        if there == "*":
            yield f"{preposition} every {noun}"
        elif there and there != here and not is_unresolved(there):
            yield f"{preposition} {noun} {there}"


def plain(text: str) -> str:
    """Return a text with what is known only at the deployment as a name."""
    if not is_unresolved(text):
        return text
    text = _REFERENCE.sub(r"\1", text.replace(UNKNOWN, "(not known yet)"))
    return _FILLED_IN.sub(r"\1", text)


def deeds_told(deeds: Sequence[Deed], what: Demand, origin: Resource, *, own: bool) -> str:
    """Return what can be done: ``push to payments/* and log in``.

    Args:
        deeds: What can be done.
        what: On which resources.
        origin: Where it is said.
        own: Whether it is said by what it is done to, so that this has no name.
    """
    if own:
        return join_names(dict.fromkeys(each.verb for each in deeds), _MOST)
    said = []
    for noun in dict.fromkeys(each.noun for each in deeds):
        on = dict.fromkeys(each.on for each in deeds if each.noun == noun and each.on is not None)
        if on:
            said.append(f"{join_names(on, _MOST)} {resource_told(what, origin, noun)}")
    alone = [each.verb for each in deeds if each.on is None]
    return join_names(dict.fromkeys([*said, *alone]), _MOST)


def resource_told(what: Demand, origin: Resource, noun: str) -> str:
    """Return what a statement is about: ``payments/*``."""
    told = join_names([_resource(each, origin, noun) for each in texts_of(what)])
    return told if what.how == "is" else f"every {noun} but {told}"
