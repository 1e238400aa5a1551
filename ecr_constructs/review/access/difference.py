"""Compare permissions: what is allowed on one side and not on the other."""

from __future__ import annotations

from dataclasses import dataclass, replace
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING

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
from ecr_constructs.review.access.grants import is_about
from ecr_constructs.review.access.principals import (
    ACCOUNT,
    IDENTITY,
    NAMED,
    Part,
    PrincipalSet,
    covers,
    parts_of,
    principal_set_of,
)
from ecr_constructs.review.access.values import Pattern, Range, Value, unions, within

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ecr_constructs.cloudformation.graph import Resource
    from ecr_constructs.review.access.grants import Grant

_MOST_FENCED, _MOST_PIECES = 50, 1_000
_Place = tuple[PrincipalSet, Constraint]


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
    def place(self) -> _Place:
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
        self.actions: dict[_Place, frozenset[str]] = {}
        self.origins: dict[_Place, Resource] = {}
        for grant in grants:
            place = grant.principals, grant.what
            self.actions[place] = grant.actions | self.actions.get(place, frozenset())
            self.origins.setdefault(place, grant.origin)
        self._add_unions()

    def _add_unions(self) -> None:
        """Add what statements for a part each, such as both halves of the internet, allow."""
        groups: dict[tuple[frozenset[Part], str, Constraint], dict[Value, _Place]] = {}
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

    def of(self, place: _Place) -> tuple[frozenset[str], frozenset[str]]:
        """Return the actions that cover a place definitely, and those that may cover it."""
        sure: frozenset[str] = frozenset()
        perhaps: frozenset[str] = frozenset()
        for there, actions in self.actions.items():
            answer = _is_around(there, place)
            sure |= actions if answer else frozenset()
            perhaps |= actions if answer is None else frozenset()
        return sure, perhaps - sure

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
    rest = [
        gain
        for gain in undenied
        if not any(_makes_redundant(permission, gain) for permission in allowed)
        and not _is_without_effect(gain, after.allowed)
    ]
    return [*allowed, *rest]


def _widest(gained: Sequence[Gain]) -> list[Gain]:
    return [
        gain
        for number, gain in enumerate(gained)
        if not any(
            _contains(wider, gain) and (place < number or not _contains(gain, wider))
            for place, wider in enumerate(gained)
            if place != number
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
        actions & undenied.actions and any(principal_set_of(who.parts | principals.parts))
        for (who, _), actions in allowed.actions.items()
    )


def _is_around(wide: _Place, narrow: _Place) -> bool | None:
    about = is_about(narrow[1], wide[1])
    return False if about is False else all_hold((covers(wide[0], narrow[0]), about))
