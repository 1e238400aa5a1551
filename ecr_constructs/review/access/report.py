"""Report differences between the grants of both sides as changes, in words."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ecr_constructs.cloudformation.iam_policy import POLICY_PROPERTIES
from ecr_constructs.cloudformation.resource_types import REGISTRY_POLICY
from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.review.access.capabilities import (
    ASSUMPTIONS,
    DO_ANYTHING,
    named_actions,
)
from ecr_constructs.review.access.difference import Gain, Side, gains
from ecr_constructs.review.access.grants import is_about
from ecr_constructs.review.access.principals import (
    IDENTITY,
    ORGANIZATION,
    ORGANIZATION_PATHS,
    PrincipalSet,
    covers,
)
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

    def changed(self, pair: Pair) -> tuple[str, ...]:
        """Return the properties of a resource that decide access and differ."""
        return tuple(
            name
            for name in self.properties
            if not is_same_spelling(pair.type, name, *pair.values(name))
        )

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
    for principals, sure in _by_principals([gain for gain in gained if gain.is_sure]):
        yield _change(subject, principals, sure, (left, right), widens=widens)
    if uncertain := [gain for gain in gained if not gain.is_sure]:
        who = join_names(sorted({describe_principals(gain.principals) for gain in uncertain}))
        why = f"what {who} may do cannot be compared"
        yield _undecided(subject, "difference", why, widens=widens)


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
    who, done = describe_principals(principals), _done(subject, gained, widens=widens)
    narrower = _replaced_permissions(principals, gained, left)
    instead = f" ({'was' if widens else 'now'}: {join_names(sorted(narrower))})" if narrower else ""
    sentence = f"{who} {done}{instead}"
    summary = sentence if subject.names_itself else f"{subject.label}: {sentence}"
    before = list(_possibly_allowed_before(principals, gained, left)) if widens else []
    details = [*subject.details] if widens else []
    details += [
        f"If it belongs to {describe_principals(who)}, it had this access before." for who in before
    ]
    codes = [str(principals), *dict.fromkeys(_codes(gained)), *sorted(narrower.values())]
    codes += [f"perhaps {who}" for who in before]
    if subject.role_grants and widens:
        gained_by_role = gains(Side([]), Side(subject.role_grants))
        codes += [f"role may {code}" for code in dict.fromkeys(_codes(gained_by_role))]
    if widens and principals.wildcard and len(principals.parts) == 1:
        details = [f"{sentence[0].upper()}{sentence[1:]}.", *details]
        why = f"{principals.wildcard} matches every organization"
        summary = f"{subject.label} is open to every AWS account: {why}"
        codes.append(f"wildcard {principals.wildcard}")
    severity = _severity(principals, gained, right)
    return replace(
        subject.change(widens=widens, severity=severity, summary=summary, origin=gained[0].origin),
        before=_related(left if widens else right, gained),
        after=_related(right if widens else left, gained),
        details=tuple(details),
        codes=tuple(codes),
    )


def _done(subject: Subject, gained: Sequence[Gain], *, widens: bool) -> str:
    """Return what is gained or lost; for a trust policy, what the role may do."""
    assumes = any(gain.actions & ASSUMPTIONS and not gain.is_undenied for gain in gained)
    if not subject.role_grants or not assumes:
        return _describe_gains(gained, widens=widens)
    verb = "may" if widens else "may no longer"
    return f"{verb} assume it and {describe_grants(subject.role_grants)}"


_ORGANIZATIONS = (ORGANIZATION, ORGANIZATION_PATHS)


def _possibly_allowed_before(
    principals: PrincipalSet, gained: Sequence[Gain], left: Side
) -> Iterator[PrincipalSet]:
    """Yield the organizations that had the access before; their members are unknown."""
    for (who, _), actions in left.allowed.actions.items():
        rest = frozenset(part for part in who.parts if part[0] not in _ORGANIZATIONS)
        is_of_some = rest != who.parts and principals.get(ORGANIZATION) is None
        same = any(actions & gain.actions for gain in gained)
        if is_of_some and principals.parts and same and covers(PrincipalSet(rest), principals):
            yield who


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
    principals: PrincipalSet, gained: Sequence[Gain], left: Side
) -> dict[str, str]:
    """Return the narrower permissions that a gain replaces, in words, with their codes."""
    replaced: dict[str, str] = {}
    for (who, what), actions in left.allowed.actions.items():
        for gain in gained:
            if actions & gain.actions and covers(principals, who) and is_about(what, gain.what):
                resources = describe_resources(what, gain.origin, gain.operations[0].noun)
                label, code = resources, resources
                if who != principals:
                    label, code = describe_principals(who), str(who)
                replaced[label] = f"replaces {code}"
    replaced.pop(describe_principals(principals), None)
    return replaced


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
                done = describe_actions(operations, [what], origin, own=_is_own(principals, origin))
                sentences.add(f"{describe_principals(principals)} {verb} {done}")
    return sorted(sentences)
