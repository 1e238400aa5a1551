"""Report differences between the grants of both sides as changes, in words."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

from ecr_constructs.cloudformation.iam_policy import POLICY_PROPERTIES
from ecr_constructs.cloudformation.resource_types import REGISTRY_POLICY
from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.review.access.capabilities import (
    ASSUMPTIONS,
    DO_ANYTHING,
    named_actions,
)
from ecr_constructs.review.access.difference import Gain, Permissions, Place, Side, gains, parts_in
from ecr_constructs.review.access.grants import is_about
from ecr_constructs.review.access.principals import (
    IDENTITY,
    ORGANIZATION,
    ORGANIZATION_PATHS,
    Part,
    PrincipalSet,
    covers,
)
from ecr_constructs.review.access.set_index import SetIndex
from ecr_constructs.review.access.wording import (
    describe_actions,
    describe_principals,
    describe_resources,
)
from ecr_constructs.review.phrases import join_names
from ecr_constructs.review.spelling import is_same_spelling

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ecr_constructs.cloudformation.graph import Resource
    from ecr_constructs.review.access.capabilities import Action
    from ecr_constructs.review.access.grants import Grant, Uncertainty
    from ecr_constructs.review.change import Change, Kind
    from ecr_constructs.review.comparison import Pair

# The properties that decide access.
_PROPERTIES = (
    *dict.fromkeys(name for _, name in POLICY_PROPERTIES.values()),
    *("Roles", "Users", "Groups", "RoleName", "UserName", "GroupName"),
    *("Policies", "ManagedPolicyArns", "PermissionsBoundary"),
)
_IN_SENTENCE = 5


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
        role_grants: For the trust policy of a role, what the role may do. Default: nothing.
        is_new: Whether it is compared with nothing.
        only_limits: Whether the policy allows nothing by itself, as that of an endpoint.
    """

    label: str
    pair: Pair
    pairs: Mapping[Resource, Pair] = field(default_factory=dict)
    properties: tuple[str, ...] = _PROPERTIES
    names_itself: bool = False
    details: tuple[str, ...] = ()
    role_grants: Sequence[Grant] = ()
    is_new: bool = False
    only_limits: bool = False
    _changed: dict[int, tuple[str, ...]] = field(default_factory=dict, init=False, repr=False)

    def changed(self, pair: Pair) -> tuple[str, ...]:
        """Return the properties of a resource that decide access and differ."""
        # Each change of a policy asks. The subject holds its pairs, so their ids are unique.
        if id(pair) not in self._changed:
            self._changed[id(pair)] = tuple(
                name
                for name in self.properties
                if not is_same_spelling(pair.type, name, *pair.values(name))
            )
        return self._changed[id(pair)]

    def change(
        self, *, widens: bool, severity: Severity, summary: str, origin: Resource | None = None
    ) -> Change:
        """Return a change, reported for the resource that it originates from."""
        pair = self.pairs.get(origin, self.pair) if origin is not None else self.pair
        changed = self.changed(pair)
        kind: Kind = "access-widened" if widens else "access-narrowed"
        # A new resource is reported as a whole.
        properties = () if pair.before is None else changed or self.properties[:1]
        # Access that is taken away is an outage.
        severity = severity if widens and not self.only_limits else Severity.WARNING
        return pair.change(kind, severity, summary, properties=properties)


def compare_grants(
    subject: Subject, before: Iterable[Grant], after: Iterable[Grant], uncertainty: Uncertainty
) -> Iterator[Change]:
    """Yield what is widened, then what is narrowed; one change per principal set."""
    left, right = Side(before), Side(after)
    changes: list[Change] = []
    if not uncertainty.hides_before:
        changes += _direction(subject, left, right, widens=True)
    if not uncertainty.hides_after and not subject.is_new:
        changes += _direction(subject, right, left, widens=False)
    yield from changes
    if uncertainty.hides_before or uncertainty.hides_after or (uncertainty.differs and not changes):
        why = "its policy is known only at deploy time"
        yield _undecided(subject, "policy", why, widens=True)
        if not subject.is_new:
            yield _undecided(subject, "policy", why, widens=False)


def describe_grants(grants: Iterable[Grant]) -> str:
    """Return everything that grants allow: ``push to payments/* and log in``."""
    gained = [gain for gain in gains(Side([]), Side(grants)) if not gain.is_undenied]
    return join_names(_phrases(gained), _IN_SENTENCE)


def unread_policy(subject: Subject, arn: str, label: str, *, widens: bool) -> Change:
    """Return a change for a policy that is attached or detached, and was not read."""
    how, what = ("widen", "attached") if widens else ("narrow", "detached")
    summary = f"{subject.label} may {how} access: {label} is {what}; it was not read"
    change = subject.change(widens=widens, severity=Severity.WARNING, summary=summary)
    detail = "The review does not know what it allows: read it before you merge."
    return replace(change, details=(detail,), codes=("policy-not-read", arn))


def _undecided(subject: Subject, what: str, why: str, *, widens: bool) -> Change:
    """Return a change for access that cannot be compared."""
    summary = f"{subject.label} may {'widen' if widens else 'narrow'} access: {why}; review it"
    change = subject.change(widens=widens, severity=Severity.WARNING, summary=summary)
    return replace(change, codes=(f"unknown {what}",))


def _direction(subject: Subject, left: Side, right: Side, *, widens: bool) -> Iterator[Change]:
    gained = gains(left, right)
    context = _Context(subject, left, right, [gain for gain in gained if gain.is_sure])
    for principals in context.gained:
        yield _change(principals, context, widens=widens)
    if uncertain := [gain for gain in gained if not gain.is_sure]:
        who = join_names(sorted({describe_principals(gain.principals) for gain in uncertain}))
        why = f"what {who} may do cannot be compared"
        yield _undecided(subject, "difference", why, widens=widens)


# Principals of an organization, their other constraints, and where they are allowed something.
_OfOrganization = tuple["PrincipalSet", "frozenset[Part]", "Place"]


class _Context:
    """Both sides, and what they allow and deny to the principals who gain something.

    All principals are compared with each side at once: a policy may name thousands.
    """

    def __init__(self, subject: Subject, left: Side, right: Side, gained: Sequence[Gain]) -> None:
        """Group the gains by principals."""
        self.subject, self.left, self.right = subject, left, right
        self.gained: dict[PrincipalSet, list[Gain]] = {}
        for gain in gained:
            self.gained.setdefault(gain.principals, []).append(gain)

    @cached_property
    def related(self) -> Mapping[PrincipalSet, tuple[Sequence[str], Sequence[str]]]:
        """The permissions of overlapping principals for the gained actions, on both sides."""
        left, right = (_related(side, self.gained) for side in (self.left, self.right))
        return {principals: (left[principals], right[principals]) for principals in self.gained}

    @cached_property
    def replaced(self) -> Mapping[PrincipalSet, Mapping[str, str]]:
        """The narrower permissions that the gains replace, in words, with their codes."""
        return _replaced_permissions(self.gained, self.left.allowed)

    @cached_property
    def _organizations(
        self,
    ) -> tuple[Sequence[_OfOrganization], SetIndex]:
        places = [
            (who, rest, (who, what))
            for who, what in self.left.allowed.actions
            if (rest := frozenset(part for part in who.parts if part[0] not in _ORGANIZATIONS))
            != who.parts
        ]
        return places, SetIndex(rest for _, rest, _ in places)

    def possibly_allowed_before(self, principals: PrincipalSet) -> Iterator[PrincipalSet]:
        """Yield the organizations that had the access before; their members are unknown."""
        if principals.get(ORGANIZATION) is not None or not principals.parts:
            return
        places, index = self._organizations
        actions = _actions(self.gained[principals])
        for position in index.around(principals.parts):
            who, rest, place = places[position]
            if self.left.allowed.actions[place] & actions and covers(
                PrincipalSet(rest), principals
            ):
                yield who

    @cached_property
    def role_codes(self) -> Sequence[str]:
        """The permissions of the role, for its trust policy."""
        gained = gains(Side([]), Side(self.subject.role_grants))
        return [f"role may {code}" for code in dict.fromkeys(_codes(gained))]

    @cached_property
    def role_permissions(self) -> str:
        """The permissions of the role in words, for its trust policy."""
        return describe_grants(self.subject.role_grants)


def _actions(gained: Iterable[Gain]) -> frozenset[str]:
    return frozenset().union(*(gain.actions for gain in gained))


def _change(principals: PrincipalSet, context: _Context, *, widens: bool) -> Change:
    subject, gained = context.subject, context.gained[principals]
    who, done = describe_principals(principals), _done(context, gained, widens=widens)
    narrower = context.replaced[principals]
    instead = f" ({'was' if widens else 'now'}: {join_names(sorted(narrower))})" if narrower else ""
    sentence = f"{who} {done}{instead}"
    summary = sentence if subject.names_itself else f"{subject.label}: {sentence}"
    before = list(context.possibly_allowed_before(principals)) if widens else []
    details = [*subject.details] if widens else []
    details += [
        f"If it belongs to {describe_principals(who)}, it had this access before." for who in before
    ]
    codes = [str(principals), *dict.fromkeys(_codes(gained)), *sorted(narrower.values())]
    codes += [f"perhaps {who}" for who in before]
    if subject.role_grants and widens:
        codes += context.role_codes
    if widens and principals.wildcard and len(principals.parts) == 1:
        details = [f"{sentence[0].upper()}{sentence[1:]}.", *details]
        why = f"{principals.wildcard} matches every organization"
        summary = f"{subject.label} is open to every AWS account: {why}"
        codes.append(f"wildcard {principals.wildcard}")
    severity = _severity(principals, gained, context.right)
    left, right = context.related[principals]
    return replace(
        subject.change(widens=widens, severity=severity, summary=summary, origin=gained[0].origin),
        before=left if widens else right,
        after=right if widens else left,
        details=tuple(details),
        codes=tuple(codes),
    )


def _done(context: _Context, gained: Sequence[Gain], *, widens: bool) -> str:
    """Return what is gained or lost; for a trust policy, what the role may do."""
    assumes = any(gain.actions & ASSUMPTIONS and not gain.is_undenied for gain in gained)
    if not context.subject.role_grants or not assumes:
        return _describe_gains(gained, widens=widens)
    verb = "may" if widens else "may no longer"
    return f"{verb} assume it and {context.role_permissions}"


_ORGANIZATIONS = (ORGANIZATION, ORGANIZATION_PATHS)


def _severity(principals: PrincipalSet, gained: Sequence[Gain], right: Side) -> Severity:
    """Return the severity; access for unidentified principals is an error.

    What is no longer denied is only theirs if they are allowed it.
    """
    is_open = principals.is_open and any(
        not gain.is_undenied or gain.actions & right.allowed.actions_of_anyone for gain in gained
    )
    return Severity.ERROR if is_open else Severity.WARNING


def _describe_gains(gained: Sequence[Gain], *, widens: bool) -> str:
    verbs = {
        False: "may" if widens else "may no longer",
        True: "is no longer forbidden to" if widens else "is forbidden to",
    }
    parts = []
    for is_undenied, verb in verbs.items():
        some = [gain for gain in gained if gain.is_undenied == is_undenied]
        if some:
            kept = _still_denied(some) if is_undenied and widens else []
            exception = f" except {join_names(kept, _IN_SENTENCE)}" if kept else ""
            parts.append(f"{verb} {join_names(_phrases(some), _IN_SENTENCE)}{exception}")
    return " and ".join(parts)


def _still_denied(undenied: Sequence[Gain]) -> list[str]:
    """Return what stays denied of the services of which all other actions no longer are."""
    return _phrases(
        replace(gain, actions=gain.had, had=frozenset(), has=gain.had)
        for gain in undenied
        if gain.had and any(action.verb == DO_ANYTHING for action in gain.operations)
    )


def _phrases(gained: Iterable[Gain]) -> list[str]:
    """Return what is gained in words; the resources of equal operations are one list."""
    together: dict[tuple[tuple[Action, ...], bool], list[Gain]] = {}
    for gain in gained:
        own = _is_own(gain.principals, gain.origin)
        together.setdefault((gain.operations, own), []).append(gain)
    phrases = [
        describe_actions(operations, [gain.what for gain in equal], equal[0].origin, own=own)
        for (operations, own), equal in together.items()
    ]
    return list(dict.fromkeys(phrases))


def _codes(gained: Iterable[Gain]) -> Iterator[str]:
    """Yield the permissions gained: ``allow push payments/*``; ``deny`` for denials lost."""
    for gain in gained:
        effect = "deny" if gain.is_undenied else "allow"
        for action in gain.operations:
            is_named = action.on and not _is_own(gain.principals, gain.origin)
            where = describe_resources(gain.what, gain.origin, action.noun) if is_named else ""
            yield f"{effect} {action.verb} {where}".rstrip()


def _is_own(principals: PrincipalSet, origin: Resource) -> bool:
    """Tell whether a policy is that of the resource itself, which is then not named."""
    return principals.get(IDENTITY) is None and origin.type != REGISTRY_POLICY


def _replaced_permissions(
    gained: Mapping[PrincipalSet, Sequence[Gain]], allowed: Permissions
) -> Mapping[PrincipalSet, Mapping[str, str]]:
    replaced: dict[PrincipalSet, dict[str, str]] = {principals: {} for principals in gained}
    every = [gain for gains_of_one in gained.values() for gain in gains_of_one]
    index = SetIndex(parts_in(gain.place) for gain in every)
    for (who, what), actions in allowed.actions.items():
        for position in index.around(parts_in((who, what))):
            gain = every[position]
            if (
                actions & gain.actions
                and covers(gain.principals, who)
                and is_about(what, gain.what)
            ):
                resources = describe_resources(what, gain.origin, gain.operations[0].noun)
                label, code = resources, resources
                if who != gain.principals:
                    label, code = describe_principals(who), str(who)
                replaced[gain.principals][label] = f"replaces {code}"
    for principals, labels in replaced.items():
        labels.pop(describe_principals(principals), None)
    return replaced


def _related(
    side: Side, gained: Mapping[PrincipalSet, Sequence[Gain]]
) -> Mapping[PrincipalSet, list[str]]:
    """Return the permissions and denials of overlapping principals for the gained actions."""
    sentences: dict[PrincipalSet, set[str]] = {principals: set() for principals in gained}
    for permissions, verb in ((side.allowed, "may"), (side.denied, "is forbidden to")):
        overlaps = permissions.overlaps([*gained])
        for (principals, mine), places in zip(gained.items(), overlaps, strict=True):
            actions = _actions(mine)
            for place in places:
                if some := permissions.actions[place] & actions:
                    done = _describe_place(
                        permissions, place, some, denied=permissions is side.denied
                    )
                    sentences[principals].add(f"{describe_principals(place[0])} {verb} {done}")
    return {principals: sorted(lines) for principals, lines in sentences.items()}


def _describe_place(
    permissions: Permissions, place: Place, some: frozenset[str], *, denied: bool
) -> str:
    """Return some of the actions that are allowed, or denied, for a place."""
    origin = permissions.origins[place]
    operations = named_actions(some, frozenset(), permissions.actions[place], denied=denied)
    own = _is_own(place[0], origin)
    return describe_actions(operations, [place[1]], origin, own=own)
