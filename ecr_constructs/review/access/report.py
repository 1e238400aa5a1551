"""Report differences between the grants of both sides as changes, in words."""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from ecr_constructs.cloudformation.iam_policy import POLICY_PROPERTIES
from ecr_constructs.cloudformation.intrinsics import as_written
from ecr_constructs.cloudformation.resource_types import REGISTRY_POLICY
from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.review.access.capabilities import named_actions
from ecr_constructs.review.access.constraints import implies, texts_of
from ecr_constructs.review.access.difference import Gain, Side, gains
from ecr_constructs.review.access.grants import (
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
    covers,
)
from ecr_constructs.review.phrases import join_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ecr_constructs.cloudformation.graph import Resource
    from ecr_constructs.review.access.capabilities import Action
    from ecr_constructs.review.access.constraints import Constraint
    from ecr_constructs.review.access.grants import Grant, Uncertainty
    from ecr_constructs.review.change import Change, Kind
    from ecr_constructs.review.comparison import Pair

# The properties that decide access.
_PROPERTIES = (
    *dict.fromkeys(name for _, name in POLICY_PROPERTIES.values()),
    *("Roles", "Users", "Groups", "RoleName", "UserName", "GroupName"),
    *("Policies", "ManagedPolicyArns", "PermissionsBoundary"),
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
        self, *, widens: bool, severity: Severity, summary: str, origin: Resource | None = None
    ) -> Change:
        """Return a change, reported for the resource that it originates from."""
        pair = self.pairs.get(origin, self.pair) if origin is not None else self.pair
        changed = tuple(name for name in self.properties if operator.ne(*pair.values(name)))
        kind: Kind = "access-widened" if widens else "access-narrowed"
        # A new resource is reported as a whole.
        properties = () if pair.before is None else changed or self.properties[:1]
        severity = severity if widens else Severity.NOTE
        return pair.change(kind, severity, summary, properties=properties)


def compare_grants(
    subject: Subject, before: Iterable[Grant], after: Iterable[Grant], uncertainty: Uncertainty
) -> Iterator[Change]:
    """Yield what is widened, then what is narrowed; one change per principal set."""
    left, right = Side(before), Side(after)
    changes: list[Change] = []
    if not uncertainty.hides_statements:
        changes += _direction(subject, left, right, widens=True)
        changes += _direction(subject, right, left, widens=False)
    yield from changes
    if uncertainty.differs and not changes:
        why = "its policy is known only at deploy time"
        yield from (_undecided(subject, "policy", why, widens=widens) for widens in (True, False))


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
    who, done = describe_principals(principals), _describe_gains(gained, widens=widens)
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
    if widens and principals.wildcard and not principals.parts:
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


def _possibly_allowed_before(
    principals: PrincipalSet, gained: Sequence[Gain], left: Side
) -> Iterator[PrincipalSet]:
    """Yield the organizations that had the access before; their members are unknown."""
    for (who, _), actions in left.allowed.actions.items():
        rest = frozenset(part for part in who.parts if part[0] != ORGANIZATION)
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
        phrases = [_describe_gain(gain) for gain in gained if gain.is_undenied == is_undenied]
        if phrases:
            parts.append(f"{verb} {join_names(dict.fromkeys(phrases))}")
    return " and ".join(parts)


def _describe_gain(gain: Gain) -> str:
    own = _is_own(gain.principals, gain.origin)
    return _describe_actions(gain.operations, gain.what, gain.origin, own=own)


def _codes(gained: Iterable[Gain]) -> Iterator[str]:
    """Yield the permissions gained: ``allow push payments/*``; ``deny`` for denials lost."""
    for gain in gained:
        effect = "deny" if gain.is_undenied else "allow"
        for action in gain.operations:
            is_named = action.on and not _is_own(gain.principals, gain.origin)
            where = _describe_resources(gain.what, gain.origin, action.noun) if is_named else ""
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
            if actions & gain.actions and covers(principals, who) and implies(what, gain.what):
                resources = _describe_resources(what, gain.origin, "repository")
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
                done = _describe_actions(operations, what, origin, own=_is_own(principals, origin))
                sentences.add(f"{describe_principals(principals)} {verb} {done}")
    return sorted(sentences)


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
_MOST = 9
# The keys that name principals, the most specific first.
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
    value = join_names([_plain(value) for value in values])
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
        return _plain(text)
    if match["kind"] is None:
        return _account(match["account"])
    name = (
        f"every {match['kind']}"
        if match["name"] == "*"
        else f"{match['kind']} {_plain(match['name'])}"
    )
    return f"{name} of {_account(match['account'])}"


def _account(account: str) -> str:
    if is_unresolved(account):
        return "its own account"
    return f"account{'s' if '*' in account or '?' in account else ''} {account}"


def _if(key: str, constraint: Constraint) -> str:
    values = join_names([_plain(value) for value in texts_of(constraint)])
    if key == UNRESOLVED:
        return "its effect, known only at deploy time, allows it"
    # The sentence already names the issuer of a token's claim; an issuer has dots, a service none.
    issuer, _, claim = _plain(constraint.key or key).rpartition(":")
    name = claim if "." in issuer else _plain(constraint.key or key)
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
        return f"every {noun}" if text == "*" else _plain(text)
    name = "every repository" if match["name"] == "*" else _plain(match["name"])
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


def _plain(text: str) -> str:
    """Replace values that are known only at deploy time by names."""
    if not is_unresolved(text):
        return text
    return _FILLED_IN.sub(r"\1", as_written(_REFERENCE.sub(r"\1", text)))


def _describe_actions(
    actions: Sequence[Action], what: Constraint, origin: Resource, *, own: bool
) -> str:
    """Return operations in words: ``push to payments/* and log in``."""
    if own:
        return join_names(dict.fromkeys(action.verb for action in actions), _MOST)
    phrases = []
    for noun in dict.fromkeys(action.noun for action in actions):
        on = dict.fromkeys(
            action.on for action in actions if action.noun == noun and action.on is not None
        )
        if on:
            phrases.append(f"{join_names(on, _MOST)} {_describe_resources(what, origin, noun)}")
    alone = [action.verb for action in actions if action.on is None]
    return join_names(dict.fromkeys([*phrases, *alone]), _MOST)


def _describe_resources(what: Constraint, origin: Resource, noun: str) -> str:
    """Return resources in words: ``payments/*``."""
    names = join_names([_resource(text, origin, noun) for text in texts_of(what)])
    return names if what.how == "is" else f"every {noun} except {names}"
