"""Who may do something that they could not do before."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from ecr_constructs.cloudformation.conditions import WHO
from ecr_constructs.review.access.constraints import Demand, all_of, being, implies
from ecr_constructs.review.access.principal_set import Audience, audience_of, covers

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ecr_constructs.cloudformation.graph import Resource
    from ecr_constructs.review.access.grants import Grant

_MOST_FENCED = 50
_Place = tuple[Audience, Demand]


@dataclass(frozen=True, slots=True)
class Gain:
    """What somebody may do now.

    Attributes:
        audience: Who.
        what: On which resources.
        actions: What.
        had: What they surely could do before.
        has: What they surely can do now.
        is_undenied: Whether it was denied before, rather than not allowed.
        is_sure: Whether it surely was not possible before.
        origin: The resource whose policy allows it, or denied it.
    """

    audience: Audience
    what: Demand
    actions: frozenset[str]
    had: frozenset[str]
    has: frozenset[str]
    is_undenied: bool
    is_sure: bool
    origin: Resource

    @property
    def place(self) -> _Place:
        """Who, on which resources."""
        return self.audience, self.what


class Said:
    """What is allowed, or denied, by whom it is about and which resources."""

    def __init__(self, grants: Iterable[Grant]) -> None:
        """Put together what is said of the same audience and resources."""
        self.actions: dict[_Place, frozenset[str]] = {}
        self.origins: dict[_Place, Resource] = {}
        for each in grants:
            place = each.audience, each.what
            self.actions[place] = each.actions | self.actions.get(place, frozenset())
            self.origins.setdefault(place, each.origin)

    def of(self, place: _Place) -> tuple[frozenset[str], frozenset[str]]:
        """Return the actions that surely, and those that perhaps, are said of an audience."""
        sure: frozenset[str] = frozenset()
        perhaps: frozenset[str] = frozenset()
        for there, actions in self.actions.items():
            answer = _is_around(there, place)
            sure |= actions if answer else frozenset()
            perhaps |= actions if answer is None else frozenset()
        return sure, perhaps - sure

    def beyond(self, other: Said, *, is_undenied: bool) -> Iterator[Gain]:
        """Yield what is said here and not there."""
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
        """Take what is denied away from what is allowed."""
        every = list(grants)
        allowed = [each for each in every if each.allows]
        denied = [each for each in every if not each.allows]
        for each in filter(_is_fence, denied):
            allowed = [part for one in allowed for part in _fenced(one, each)]
        self.denied = Said(denied)
        self.allowed = Said(left for each in allowed if (left := self._left(each)).actions)

    def _left(self, grant: Grant) -> Grant:
        denied, _ = self.denied.of((grant.audience, grant.what))
        return replace(grant, actions=grant.actions - denied)


def _is_fence(grant: Grant) -> bool:
    """Tell whether a Deny is for whoever is none of some."""
    parts = list(grant.audience.parts)
    return len(parts) == 1 and _is_of_who(*parts[0])


def _is_of_who(key: str, demand: Demand) -> bool:
    return key in WHO and demand.how == "is not" and len(demand.values) <= _MOST_FENCED


def _fenced(grant: Grant, fence: Grant) -> Iterator[Grant]:
    """Yield what is left of a permission that a fence is around."""
    denied = grant.actions & fence.actions
    if not denied or not implies(grant.what, fence.what):
        yield grant
        return
    yield replace(grant, actions=grant.actions - denied)
    ((key, demand),) = fence.audience.parts
    for value in demand.known:
        audience = audience_of(grant.audience.parts | {(key, being(value))})
        yield replace(grant, actions=denied, audience=audience)


def gains(before: Side, after: Side) -> Sequence[Gain]:
    """Return what can be done on one side that could not on the other.

    What another gain holds, as an account holds its roles, is left out.
    """
    allowed = _widest(list(after.allowed.beyond(before.allowed, is_undenied=False)))
    undenied = _widest(list(before.denied.beyond(after.denied, is_undenied=True)))
    told = [each for each in undenied if not any(_tells(one, each) for one in allowed)]
    return [*allowed, *told]


def _widest(gained: Sequence[Gain]) -> list[Gain]:
    return [
        each
        for number, each in enumerate(gained)
        if not any(
            _holds(other, each) and (place < number or not _holds(each, other))
            for place, other in enumerate(gained)
            if place != number
        )
    ]


def _holds(one: Gain, other: Gain) -> bool:
    is_as_sure = one.is_sure or not other.is_sure
    return other.actions <= one.actions and is_as_sure and bool(_is_around(one.place, other.place))


def _tells(one: Gain, other: Gain) -> bool:
    """Tell whether what is allowed to some says enough of what is no longer denied to others."""
    return bool(one.actions & other.actions and _is_around(one.place, other.place))


def _is_around(wide: _Place, narrow: _Place) -> bool | None:
    about = implies(narrow[1], wide[1])
    return False if about is False else all_of((covers(wide[0], narrow[0]), about))
