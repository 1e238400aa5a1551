"""Report differences between the grants of both sides as changes."""

from __future__ import annotations

import operator
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.review.access.capabilities import named_actions
from ecr_constructs.review.access.constraints import implies
from ecr_constructs.review.access.difference import Gain, Side, gains
from ecr_constructs.review.access.phrases import (
    describe_actions,
    describe_principals,
    describe_resources,
)
from ecr_constructs.review.access.principal_set import IDENTITY, ORGANIZATION, PrincipalSet, covers
from ecr_constructs.review.change import Change, Kind
from ecr_constructs.review.phrases import join_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ecr_constructs.cloudformation.graph import Resource
    from ecr_constructs.review.access.grants import Grant, Uncertainty
    from ecr_constructs.review.comparison import Pair


# The properties that decide access.
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
    """The resource, or the identity, whose access is compared.

    Attributes:
        label: The subject of the sentences.
        pair: The resource that changes are reported for.
        pairs: Other resources that changes are reported for, by origin. Default: none.
        properties: The properties that decide access. Default: all that hold policies.
        names_itself: Whether the label is that of the principals: ``role Ci may push``.
        details: Further details of each widening.
    """

    label: str
    pair: Pair
    pairs: Mapping[Resource, Pair] = field(default_factory=dict)
    properties: tuple[str, ...] = _PROPERTIES
    names_itself: bool = False
    details: tuple[str, ...] = ()

    def change(
        self, kind: Kind, severity: Severity, summary: str, origin: Resource | None = None
    ) -> Change:
        """Return a change, reported for the resource that it originates from."""
        pair = self.pairs.get(origin, self.pair) if origin is not None else self.pair
        changed = tuple(name for name in self.properties if operator.ne(*pair.values(name)))
        return Change(
            kind=kind,
            severity=severity,
            stack=pair.stack,
            resource=pair.resource.id,
            repository=pair.name,
            summary=summary,
            # A new resource is reported as a whole.
            properties=() if pair.before is None else changed or self.properties[:1],
        )


def compare_grants(
    subject: Subject, before: Iterable[Grant], after: Iterable[Grant], uncertainty: Uncertainty
) -> Iterator[Change]:
    """Yield what is widened, then what is narrowed; one change per principal set.

    Args:
        subject: The resource or identity.
        before: The grants of base.
        after: The grants of head.
        uncertainty: What is unknown about both.
    """
    left, right = Side(before), Side(after)
    changes: list[Change] = []
    if not uncertainty.hides_statements:
        changes += _direction(subject, left, right, widens=True)
        changes += _direction(subject, right, left, widens=False)
    yield from changes
    if uncertainty.differs and not changes:
        why = "its policy is known only at deploy time"
        yield from (_undecided(subject, why, widens=widens) for widens in (True, False))


def openings(subject: Subject, after: Iterable[Grant]) -> Iterator[Change]:
    """Yield access for unidentified principals to a new resource."""
    right = Side(after)
    for principals, gained in _by_principals(gains(Side([]), right)):
        if principals.is_open and gained[0].is_sure:
            yield _change(subject, principals, gained, (Side([]), right), widens=True)


def describe_grants(grants: Iterable[Grant]) -> str:
    """Return everything that grants allow: ``may push to payments/* and log in``."""
    gained = [gain for gain in gains(Side([]), Side(grants)) if not gain.is_undenied]
    return _describe_gains(gained, widens=True)


def _undecided(subject: Subject, why: str, *, widens: bool) -> Change:
    """Return a change for access that cannot be compared."""
    kind: Kind = "access-widened" if widens else "access-narrowed"
    summary = f"{subject.label} may {'widen' if widens else 'narrow'} access: {why}; review it"
    return subject.change(kind, Severity.WARNING if widens else Severity.NOTE, summary)


def _direction(subject: Subject, left: Side, right: Side, *, widens: bool) -> Iterator[Change]:
    gained = gains(left, right)
    for principals, sure in _by_principals([gain for gain in gained if gain.is_sure]):
        yield _change(subject, principals, sure, (left, right), widens=widens)
    if uncertain := [gain for gain in gained if not gain.is_sure]:
        who = join_names(sorted({describe_principals(gain.principals) for gain in uncertain}))
        yield _undecided(subject, f"what {who} may do cannot be compared", widens=widens)


def _by_principals(gained: Sequence[Gain]) -> list[tuple[PrincipalSet, list[Gain]]]:
    by_principals: dict[PrincipalSet, list[Gain]] = {}
    for gain in gained:
        by_principals.setdefault(gain.principals, []).append(gain)
    return list(by_principals.items())


def _change(
    subject: Subject,
    principals: PrincipalSet,
    gained: Sequence[Gain],
    sides: tuple[Side, Side],
    *,
    widens: bool,
) -> Change:
    left, right = sides
    who, done = describe_principals(principals), _describe_gains(gained, widens=widens)
    narrower = _replaced_permissions(principals, gained, left)
    instead = f" ({'was' if widens else 'now'}: {join_names(narrower)})" if narrower else ""
    sentence = f"{who} {done}{instead}"
    summary = sentence if subject.names_itself else f"{subject.label}: {sentence}"
    details = (
        (*subject.details, *_possibly_allowed_before(principals, gained, left)) if widens else ()
    )
    if widens and principals.wildcard and not principals.parts:
        details = (f"{sentence[0].upper()}{sentence[1:]}.", *details)
        why = f"{principals.wildcard} matches every organization"
        summary = f"{subject.label} is open to every AWS account: {why}"
    change = subject.change(
        "access-widened" if widens else "access-narrowed",
        _severity(principals, gained, right) if widens else Severity.NOTE,
        summary,
        gained[0].origin,
    )
    before, after = (left, right) if widens else (right, left)
    return replace(
        change, before=_related(before, gained), after=_related(after, gained), details=details
    )


def _possibly_allowed_before(
    principals: PrincipalSet, gained: Sequence[Gain], left: Side
) -> Iterator[str]:
    """Yield the organizations that had the access before; their members are unknown."""
    for (who, _), actions in left.allowed.actions.items():
        rest = frozenset(part for part in who.parts if part[0] != ORGANIZATION)
        is_of_some = rest != who.parts and principals.get(ORGANIZATION) is None
        same = any(actions & gain.actions for gain in gained)
        if is_of_some and principals.parts and same and covers(PrincipalSet(rest), principals):
            yield f"If it belongs to {describe_principals(who)}, it had this access before."


def _severity(principals: PrincipalSet, gained: Sequence[Gain], right: Side) -> Severity:
    """Return the severity; access for unidentified principals is an error."""
    is_open = principals.is_open and any(
        not gain.is_undenied or _allows_unidentified(right, gain) for gain in gained
    )
    return Severity.ERROR if is_open else Severity.WARNING


def _allows_unidentified(side: Side, gain: Gain) -> bool:
    """Tell whether unidentified principals are allowed what is no longer denied."""
    return any(
        principals.is_open and actions & gain.actions
        for (principals, _), actions in side.allowed.actions.items()
    )


def _describe_gains(gained: Sequence[Gain], *, widens: bool) -> str:
    verbs = {
        False: "may" if widens else "may no longer",
        True: "is no longer forbidden to" if widens else "is forbidden to",
    }
    parts = []
    for is_undenied, verb in verbs.items():
        phrases = [_describe_gain(gain) for gain in gained if gain.is_undenied == is_undenied]
        if phrases:
            parts.append(f"{verb} {join_names(dict.fromkeys(phrases))}")
    return " and ".join(parts)


def _describe_gain(gain: Gain) -> str:
    operations = named_actions(gain.actions, gain.had, gain.has, denied=gain.is_undenied)
    own = _is_own(gain.principals, gain.origin)
    return describe_actions(operations, gain.what, gain.origin, own=own)


def _is_own(principals: PrincipalSet, origin: Resource) -> bool:
    return principals.get(IDENTITY) is None and origin.type != "AWS::ECR::RegistryPolicy"


def _replaced_permissions(
    principals: PrincipalSet, gained: Sequence[Gain], left: Side
) -> list[str]:
    """Return the narrower permissions that a gain replaces: fewer principals or resources."""
    labels: set[str] = set()
    for (who, what), actions in left.allowed.actions.items():
        for gain in gained:
            if actions & gain.actions and covers(principals, who) and implies(what, gain.what):
                resources = describe_resources(what, gain.origin, "repository")
                labels.add(resources if who == principals else describe_principals(who))
    return [label for label in sorted(labels) if label != describe_principals(principals)]


def _related(side: Side, gained: Sequence[Gain]) -> list[str]:
    """Return the permissions and denials of overlapping principals for the gained actions."""
    sentences: set[str] = set()
    for permissions, verb in ((side.allowed, "may"), (side.denied, "is forbidden to")):
        for (principals, what), every in permissions.actions.items():
            some = frozenset().union(*(every & gain.actions for gain in gained))
            who = gained[0].principals
            if some and (covers(principals, who) or covers(who, principals)):
                origin = permissions.origins[principals, what]
                operations = named_actions(
                    some, frozenset(), every, denied=permissions is side.denied
                )
                done = describe_actions(operations, what, origin, own=_is_own(principals, origin))
                sentences.add(f"{describe_principals(principals)} {verb} {done}")
    return sorted(sentences)
