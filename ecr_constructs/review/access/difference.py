"""Compare permissions: what is allowed on one side and not on the other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING, TypeVar

from ecr_constructs.cloudformation.conditions import WHO
from ecr_constructs.cloudformation.resource_types import ROLE
from ecr_constructs.review.access.capabilities import Action, named_actions
from ecr_constructs.review.access.constraints import (
    Constraint,
    all_hold,
    contradict,
    matching,
    negated,
)
from ecr_constructs.review.access.grants import EVERYTHING, is_about
from ecr_constructs.review.access.principals import (
    ACCOUNT,
    ARN,
    IDENTITY,
    NAMED,
    Part,
    PrincipalSet,
    covers,
    parts_of,
    principal_set_of,
)
from ecr_constructs.review.access.set_index import SetIndex
from ecr_constructs.review.access.values import Pattern, Range, Value, unions, within

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ecr_constructs.cloudformation.graph import Resource
    from ecr_constructs.review.access.grants import Grant

_MOST_FENCED, _MOST_PIECES = 50, 1_000
Place = tuple[PrincipalSet, Constraint]
# The pseudo key of the resources.
_RESOURCE = "(resource)"
_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Gain:
    """Permissions gained by a principal set.

    Attributes:
        had: The actions definitely allowed before.
        has: The actions definitely allowed now.
        is_undenied: Whether they were denied before, rather than not allowed.
        is_sure: Whether they were definitely not allowed before.
        origin: The resource whose policy allows them, or denied them.
    """

    principals: PrincipalSet
    what: Constraint
    actions: frozenset[str]
    had: frozenset[str]
    has: frozenset[str]
    is_undenied: bool
    is_sure: bool
    origin: Resource

    @property
    def place(self) -> Place:
        """The principals and the resources."""
        return self.principals, self.what

    @property
    def operations(self) -> tuple[Action, ...]:
        """The operations that they enable."""
        return named_actions(self.actions, self.had, self.has, denied=self.is_undenied)


class Permissions:
    """The actions that are allowed, or denied, for each principal set and resource."""

    def __init__(self, grants: Iterable[Grant]) -> None:
        """Join the grants of the same principals and resources."""
        self.actions: dict[Place, frozenset[str]] = {}
        self.origins: dict[Place, Resource] = {}
        for grant in grants:
            place = grant.principals, grant.what
            self.actions[place] = grant.actions | self.actions.get(place, frozenset())
            self.origins.setdefault(place, grant.origin)
        self._add_unions()

    def _add_unions(self) -> None:
        """Add what statements for a part each, such as both halves of the internet, allow."""
        groups: dict[tuple[frozenset[Part], str, Constraint], dict[Value, Place]] = {}
        for place in self.actions:
            for key, constraint in place[0].parts:
                if isinstance(value := constraint.value, IPv4Network | IPv6Network | Range):
                    rest = place[0].parts - {(key, constraint)}
                    groups.setdefault((rest, key, place[1]), {})[value] = place
        for (rest, key, what), places in groups.items():
            for union in unions(places):
                members = [place for value, place in places.items() if within(value, union)]
                written = next(how for name, how in members[0][0].parts if name == key)
                whole = replace(matching(union), key=written.key)
                place = PrincipalSet(rest | {(key, whole)}), what
                actions = [self.actions[member] for member in members]
                self.actions[place] = frozenset.intersection(*actions)
                self.origins[place] = self.origins[members[0]]

    def of(self, place: Place) -> tuple[frozenset[str], frozenset[str]]:
        """Return the actions that cover a place definitely, and those that may cover it."""
        sure: frozenset[str] = frozenset()
        perhaps: frozenset[str] = frozenset()
        places, index = self._index
        for position in index.around(parts_in(place)):
            there = places[position]
            answer = _is_around(there, place)
            sure |= self.actions[there] if answer else frozenset()
            perhaps |= self.actions[there] if answer is None else frozenset()
        return sure, perhaps - sure

    @cached_property
    def _index(self) -> tuple[Sequence[Place], SetIndex]:
        places = list(self.actions)
        return places, SetIndex(map(parts_in, places))

    @cached_property
    def actions_of_anyone(self) -> frozenset[str]:
        """The actions of unidentified principals."""
        every = (actions for (who, _), actions in self.actions.items() if who.is_open)
        return frozenset().union(*every)

    def meeting(self, principals: PrincipalSet) -> Iterator[Place]:
        """Yield the places with principals that may also be in a set, and some others."""
        account, arn = _name_of(principals, ACCOUNT), _name_of(principals, ARN)
        for arns in _possible(self._by_name, account):
            for places in _possible(arns, arn):
                yield from places

    @cached_property
    def _by_name(self) -> Mapping[str, Mapping[str, Sequence[Place]]]:
        """The places by account, and by ARN in it; an empty text if they are not definite."""
        by_name: dict[str, dict[str, list[Place]]] = {}
        for place in self.actions:
            account, arn = (_name_of(place[0], key) for key in (ACCOUNT, ARN))
            by_name.setdefault(account, {}).setdefault(arn, []).append(place)
        return by_name

    def overlaps(self, principals: Sequence[PrincipalSet]) -> Sequence[Sequence[Place]]:
        """Return the places whose principals contain each of some sets, or are contained in it.

        They are in their own order, once for each set.
        """
        places = list(self.actions)
        containing = SetIndex(who.parts for who, _ in places)
        candidates = [set(containing.around(one.parts)) for one in principals]
        contained = SetIndex(one.parts for one in principals)
        for position, (who, _) in enumerate(places):
            for number in contained.around(who.parts):
                candidates[number].add(position)
        return [
            [
                places[position]
                for position in sorted(positions)
                if covers(places[position][0], one) or covers(one, places[position][0])
            ]
            for one, positions in zip(principals, candidates, strict=True)
        ]

    def beyond(self, other: Permissions, *, is_undenied: bool) -> Iterator[Gain]:
        """Yield the permissions that the other side lacks."""
        for place, actions in self.actions.items():
            if actions <= other.actions.get(place, frozenset()):
                continue
            had, perhaps = other.of(place)
            for new, is_sure in ((actions - had - perhaps, True), (actions & perhaps, False)):
                if new:
                    origin, has = self.origins[place], self.of(place)[0]
                    yield Gain(*place, new, had, has, is_undenied, is_sure, origin)


class Side:
    """What is allowed and denied on one side of a pull request."""

    def __init__(self, grants: Iterable[Grant]) -> None:
        """Subtract the denied actions from the allowed ones."""
        every = list(grants)
        allowed = [grant for grant in every if grant.allows]
        denied = [grant for grant in every if not grant.allows]
        for fence in filter(_is_fence, denied):
            pieces = list(_behind(allowed, fence))
            # What is denied within many exceptions is left allowed: the review reports more then.
            allowed = pieces if len(pieces) <= _MOST_PIECES else allowed
        self.denied = Permissions(denied)
        self.allowed = Permissions(left for grant in allowed if (left := self._left(grant)).actions)

    def _left(self, grant: Grant) -> Grant:
        denied, _ = self.denied.of((grant.principals, grant.what))
        return replace(grant, actions=grant.actions - denied)


def _is_fence(grant: Grant) -> bool:
    """Tell whether a Deny applies to everyone except some principals."""
    return any(
        (key in WHO or key == NAMED)
        and constraint.how == "is not"
        and len(constraint.values) <= _MOST_FENCED
        for key, constraint in grant.principals.parts
    )


def _behind(allowed: Sequence[Grant], fence: Grant) -> Iterator[Grant]:
    """Yield what remains of permissions behind a Deny with exceptions."""
    exceptions = _outside(fence.principals)
    for grant in allowed:
        denied = grant.actions & fence.actions
        if exceptions is None or not denied or not is_about(grant.what, fence.what):
            yield grant
            continue
        yield replace(grant, actions=grant.actions - denied)
        for parts in exceptions:
            for principals in principal_set_of(grant.principals.parts | parts):
                yield replace(grant, actions=denied, principals=principals)


def _outside(principals: PrincipalSet) -> list[frozenset[Part]] | None:
    """Return the constraints of which all others meet one; None if they are unknown."""
    outside: list[frozenset[Part]] = []
    for key, constraint in principals.parts:
        alternatives = negated(constraint)
        if alternatives is None:
            return None
        outside += [parts_of(key, alternative) for alternative in alternatives]
    return outside


def gains(before: Side, after: Side) -> Sequence[Gain]:
    """Return the permissions of one side that the other lacks.

    A gain within another one, as a role is within its account, is left out.
    """
    allowed = _widest(list(after.allowed.beyond(before.allowed, is_undenied=False)))
    undenied = _widest(list(before.denied.beyond(after.denied, is_undenied=True)))
    index = SetIndex(parts_in(gain.place) for gain in allowed)
    rest = [
        gain
        for gain in undenied
        if not any(
            _makes_redundant(allowed[position], gain)
            for position in index.around(parts_in(gain.place))
        )
        and not _is_without_effect(gain, after.allowed)
    ]
    return [*allowed, *rest]


def _widest(gained: Sequence[Gain]) -> list[Gain]:
    index = SetIndex(parts_in(gain.place) for gain in gained)
    return [
        gain
        for number, gain in enumerate(gained)
        if not any(
            _contains(wider := gained[position], gain)
            and (position < number or not _contains(gain, wider))
            for position in index.around(parts_in(gain.place))
            if position != number
        )
    ]


def _contains(wide: Gain, narrow: Gain) -> bool:
    is_as_sure = wide.is_sure or not narrow.is_sure
    return (
        narrow.actions <= wide.actions and is_as_sure and bool(_is_around(wide.place, narrow.place))
    )


def _makes_redundant(allowed: Gain, undenied: Gain) -> bool:
    """Tell whether a newly allowed action makes a dropped denial redundant."""
    return bool(allowed.actions & undenied.actions and _is_around(allowed.place, undenied.place))


def _is_without_effect(undenied: Gain, allowed: Permissions) -> bool:
    """Tell whether a dropped denial is about principals that are allowed nothing.

    Own policies allow a principal something in its own account only; nothing assumes a role that
    its trust policy does not allow.
    """
    principals, own = undenied.principals, undenied.origin.stack.account
    account = principals.get(ACCOUNT)
    is_foreign = bool(account and own and contradict(account, matching(Pattern(own))))
    if principals.get(IDENTITY) is not None or not (is_foreign or undenied.origin.type == ROLE):
        return False
    return not any(
        allowed.actions[place] & undenied.actions
        and any(principal_set_of(place[0].parts | principals.parts))
        for place in allowed.meeting(principals)
    )


def _name_of(principals: PrincipalSet, key: str) -> str:
    """Return the one value that requests of a principal set have of a key; empty if not definite.

    The ARN of a session is not definite: it is that of its role elsewhere.
    """
    constraint = principals.get(key)
    value = constraint.value if constraint is not None and not constraint.any_of else None
    if not isinstance(value, Pattern) or value.is_glob or "${" in value.text:
        return ""
    return "" if ":sts:" in value.text else value.text.casefold()


def _possible(by_name: Mapping[str, _T], name: str) -> Iterable[_T]:
    """Return what is listed under a name and without one; everything for no name."""
    if not name:
        return by_name.values()
    return [by_name[key] for key in (name, "") if key in by_name]


def parts_in(place: Place) -> frozenset[Part]:
    """Return the constraints of principals and resources together."""
    principals, what = place
    return principals.parts if what == EVERYTHING else principals.parts | {(_RESOURCE, what)}


def _is_around(wide: Place, narrow: Place) -> bool | None:
    about = is_about(narrow[1], wide[1])
    return False if about is False else all_hold((covers(wide[0], narrow[0]), about))
