"""What is said of access that is not what it was."""

from __future__ import annotations

import operator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ecr_constructs.review.access.capabilities import deeds
from ecr_constructs.review.access.constraints import implies
from ecr_constructs.review.access.difference import Gain, Side, gains
from ecr_constructs.review.access.phrases import audience_told, deeds_told, resource_told
from ecr_constructs.review.access.principal_set import IDENTITY, ORGANIZATION, Audience, covers
from ecr_constructs.review.change import Change, Kind, Severity
from ecr_constructs.review.phrases import join_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ecr_constructs.cloudformation.graph import Resource
    from ecr_constructs.review.access.grants import Grant
    from ecr_constructs.review.access.unresolved import Doubt
    from ecr_constructs.review.comparison import Pair


# Of which properties it is said who may do something.
_PROPERTIES = (
    "RepositoryPolicyText",
    "RepositoryPolicy",
    "PolicyText",
    "KeyPolicy",
    "PolicyDocument",
    "Roles",
    "Users",
    "Groups",
    "RoleName",
    "UserName",
    "GroupName",
    "Policies",
    "ManagedPolicyArns",
    "PermissionsBoundary",
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """What the access is to, or whose it is.

    Attributes:
        called: How a sentence begins.
        pair: The resource that it is said of.
        pairs: Where it is said of a resource in particular. Default: nowhere.
        properties: The properties that may say it. Default: those that hold policies.
        names_itself: Whether the audience is what is spoken of: ``role Ci may push``.
        details: What else is to be said of what is widened.
    """

    called: str
    pair: Pair
    pairs: Mapping[Resource, Pair] = field(default_factory=dict)
    properties: tuple[str, ...] = _PROPERTIES
    names_itself: bool = False
    details: tuple[str, ...] = ()

    def change(
        self, kind: Kind, severity: Severity, summary: str, origin: Resource | None = None
    ) -> Change:
        """Return a change of it, said of the resource that it comes from."""
        pair = self.pairs.get(origin, self.pair) if origin is not None else self.pair
        changed = tuple(each for each in self.properties if operator.ne(*pair.values(each)))
        return Change(
            kind=kind,
            severity=severity,
            stack=pair.stack,
            resource=pair.resource.id,
            repository=pair.name,
            summary=summary,
            # Of a resource that is new, this is all there is to say.
            properties=() if pair.before is None else changed or self.properties[:1],
        )


def compared(
    subject: Subject, before: Iterable[Grant], after: Iterable[Grant], doubt: Doubt
) -> Iterator[Change]:
    """Yield what is widened, then what is narrowed; a change for each audience.

    Args:
        subject: What the grants are about.
        before: What was granted.
        after: What will be.
        doubt: What nobody knows of that.
    """
    left, right = Side(before), Side(after)
    found: list[Change] = []
    if not doubt.hides_statements:
        found += _direction(subject, left, right, widens=True)
        found += _direction(subject, right, left, widens=False)
    yield from found
    if doubt.is_another and not found:
        why = "its policy is known only at the deployment"
        yield from (_undecided(subject, why, widens=each) for each in (True, False))


def openings(subject: Subject, after: Iterable[Grant]) -> Iterator[Change]:
    """Yield what lets in those whom nobody knows to something that was not there."""
    right = Side(after)
    for audience, gained in _by_audience(gains(Side([]), right)):
        if audience.is_open and gained[0].is_sure:
            yield _change(subject, audience, gained, (Side([]), right), widens=True)


def all_done(grants: Iterable[Grant]) -> str:
    """Return all that grants allow: ``may push to payments/* and log in``."""
    gained = [each for each in gains(Side([]), Side(grants)) if not each.is_undenied]
    return _done(gained, widens=True)


def _undecided(subject: Subject, why: str, *, widens: bool) -> Change:
    """Return that nobody can tell whether access is widened, or narrowed."""
    kind: Kind = "access-widened" if widens else "access-narrowed"
    summary = f"{subject.called} may {'widen' if widens else 'narrow'} access: {why}; read it"
    return subject.change(kind, "warning" if widens else "note", summary)


def _direction(subject: Subject, left: Side, right: Side, *, widens: bool) -> Iterator[Change]:
    gained = gains(left, right)
    for audience, sure in _by_audience([each for each in gained if each.is_sure]):
        yield _change(subject, audience, sure, (left, right), widens=widens)
    if doubtful := [each for each in gained if not each.is_sure]:
        who = join_names(sorted({audience_told(each.audience) for each in doubtful}))
        yield _undecided(subject, f"what {who} may do cannot be compared", widens=widens)


def _by_audience(gained: Sequence[Gain]) -> list[tuple[Audience, list[Gain]]]:
    found: dict[Audience, list[Gain]] = {}
    for each in gained:
        found.setdefault(each.audience, []).append(each)
    return list(found.items())


def _change(
    subject: Subject,
    audience: Audience,
    gained: Sequence[Gain],
    sides: tuple[Side, Side],
    *,
    widens: bool,
) -> Change:
    left, right = sides
    who, done = audience_told(audience), _done(gained, widens=widens)
    others = _others(audience, gained, left)
    instead = f" ({'was' if widens else 'now'}: {join_names(others)})" if others else ""
    sentence = f"{who} {done}{instead}"
    summary = sentence if subject.names_itself else f"{subject.called}: {sentence}"
    details = (*subject.details, *_perhaps_already(audience, gained, left)) if widens else ()
    if widens and audience.wildcard and not audience.parts:
        details = (f"{sentence[0].upper()}{sentence[1:]}.", *details)
        why = f"{audience.wildcard} is everyone's organization"
        summary = f"{subject.called} is open to every AWS account: {why}"
    change = subject.change(
        "access-widened" if widens else "access-narrowed",
        _severity(audience, gained, right) if widens else "note",
        summary,
        gained[0].origin,
    )
    before, after = (left, right) if widens else (right, left)
    return replace(
        change, before=_related(before, gained), after=_related(after, gained), details=details
    )


def _perhaps_already(audience: Audience, gained: Sequence[Gain], left: Side) -> Iterator[str]:
    """Yield which organizations could do it already: nobody knows who is of them."""
    for (who, _), actions in left.allowed.actions.items():
        others = frozenset(part for part in who.parts if part[0] != ORGANIZATION)
        is_of_some = others != who.parts and audience.get(ORGANIZATION) is None
        same = any(actions & each.actions for each in gained)
        if is_of_some and audience.parts and same and covers(Audience(others), audience):
            yield f"If it is of {audience_told(who)}, it could before."


def _severity(audience: Audience, gained: Sequence[Gain], right: Side) -> Severity:
    """Return how bad it is: to let in those whom nobody knows is worst."""
    is_open = audience.is_open and any(
        not each.is_undenied or _lets_in(right, each) for each in gained
    )
    return "error" if is_open else "warning"


def _lets_in(side: Side, gain: Gain) -> bool:
    """Tell whether those whom nobody knows are allowed what is no longer denied."""
    return any(
        audience.is_open and actions & gain.actions
        for (audience, _), actions in side.allowed.actions.items()
    )


def _done(gained: Sequence[Gain], *, widens: bool) -> str:
    said = {
        False: "may" if widens else "may no longer",
        True: "is no longer forbidden to" if widens else "is forbidden to",
    }
    parts = []
    for is_undenied, verb in said.items():
        told = [_told(each) for each in gained if each.is_undenied == is_undenied]
        if told:
            parts.append(f"{verb} {join_names(dict.fromkeys(told))}")
    return " and ".join(parts)


def _told(gain: Gain) -> str:
    found = deeds(gain.actions, gain.had, gain.has, denied=gain.is_undenied)
    own = _is_own(gain.audience, gain.origin)
    return deeds_told(found, gain.what, gain.origin, own=own)


def _is_own(audience: Audience, origin: Resource) -> bool:
    return audience.get(IDENTITY) is None and origin.type != "AWS::ECR::RegistryPolicy"


def _others(audience: Audience, gained: Sequence[Gain], left: Side) -> list[str]:
    """Return who could do less of the same: a part of the audience, or with fewer resources."""
    found: dict[str, None] = {}
    for (who, what), actions in left.allowed.actions.items():
        for each in gained:
            if actions & each.actions and covers(audience, who) and implies(what, each.what):
                told = resource_told(what, each.origin, "repository")
                found[told if who == audience else audience_told(who)] = None
    return [each for each in sorted(found) if each != audience_told(audience)]


def _related(side: Side, gained: Sequence[Gain]) -> list[str]:
    """Return what is allowed and denied of the same to those of an audience, or to more."""
    told: set[str] = set()
    for said, verb in ((side.allowed, "may"), (side.denied, "is forbidden to")):
        for (audience, what), every in said.actions.items():
            some = frozenset().union(*(every & each.actions for each in gained))
            who = gained[0].audience
            if some and (covers(audience, who) or covers(who, audience)):
                origin = said.origins[audience, what]
                found = deeds(some, frozenset(), every, denied=said is side.denied)
                done = deeds_told(found, what, origin, own=_is_own(audience, origin))
                told.add(f"{audience_told(audience)} {verb} {done}")
    return sorted(told)
