"""Find the few sets of requests that may contain another one, without comparing each pair.

A set that requires a value contains only sets that require the same value or a part of it. So each
set is listed under one value that it requires, and is found by the values of the other set. What
has no such value, as everyone or all but some, is always found.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from ipaddress import IPv4Network, IPv6Network
from typing import TYPE_CHECKING, NamedTuple

from ecr_constructs.review.access.values import MOST_STEPS, Pattern

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from ecr_constructs.review.access.constraints import Constraint
    from ecr_constructs.review.access.principals import Part

# Two patterns up to this length are always compared; the result for longer ones may be unknown.
_LONGEST = int(MOST_STEPS**0.5)
# A value of one of these kinds is within none that the other set requires.
_NEVER_WITHIN = ("is not", "absent", "only")


class _Family(NamedTuple):
    """The values of a key between which containment is definite, and shows in their texts.

    Attributes:
        kind: ``text``, ``glob`` or an IP version.
        placeholders: The deploy-time parts of the texts; the relation of different ones is unknown.
    """

    key: str
    kind: str
    placeholders: frozenset[str] = frozenset()


class _Label(NamedTuple):
    """Where a set is listed: under a text, the beginning of a glob, or a network."""

    family: _Family
    value: object


class SetIndex:
    """Sets of requests, each a set of constraints, that are looked up by the sets they contain."""

    def __init__(self, sets: Iterable[frozenset[Part]]) -> None:
        """List each set under the value that the fewest other sets require."""
        labels = [[*filter(None, (_label(*part) for part in parts))] for parts in sets]
        self._size = len(labels)
        counts = Counter(label for listed in labels for label in listed)
        self._always: list[int] = []
        self._families: dict[str, dict[_Family, dict[object, list[int]]]] = defaultdict(dict)
        for position, listed in enumerate(labels):
            if not listed:
                self._always.append(position)
                continue
            family, value = min(listed, key=counts.__getitem__)
            members = self._families[family.key].setdefault(family, {})
            members.setdefault(value, []).append(position)
        self._lengths = {
            family: sorted({_length(value) for value in members})
            for families in self._families.values()
            for family, members in families.items()
        }

    def __len__(self) -> int:
        """Return the number of sets."""
        return self._size

    def around(self, narrow: frozenset[Part]) -> list[int]:
        """Return the positions of all sets that contain a set or may contain it, in their order.

        Some others are among them.
        """
        positions = set(self._always)
        for key, constraint in narrow:
            if key not in self._families or constraint.how in _NEVER_WITHIN:
                continue
            for family, members in self._families[key].items():
                values = self._values(family, constraint)
                for value in members if values is None else values:
                    positions.update(members.get(value, ()))
        return sorted(positions)

    def _values(self, family: _Family, constraint: Constraint) -> Iterable[object] | None:
        """Return the values of a family that a constraint may be within; None if it may be any."""
        value = constraint.value
        if isinstance(value, IPv4Network | IPv6Network):
            own = family.kind == str(value.version)
            return self._supernets(family, value) if own else None
        if not isinstance(value, Pattern) or len(value.text) > _LONGEST:
            return None
        if value.placeholders != family.placeholders or family.kind not in ("text", "glob"):
            return None
        text = value.text.casefold()
        if family.kind == "text":
            return (text,)
        return (text[:length] for length in self._lengths[family])

    def _supernets(
        self, family: _Family, network: IPv4Network | IPv6Network
    ) -> Iterator[IPv4Network | IPv6Network]:
        for length in self._lengths[family]:
            if length <= network.prefixlen:
                yield network.supernet(new_prefix=length)


def _label(key: str, constraint: Constraint) -> _Label | None:
    value = constraint.value
    if isinstance(value, IPv4Network | IPv6Network):
        return _Label(_Family(key, str(value.version)), value)
    if isinstance(value, Pattern) and len(value.text) <= _LONGEST:
        kind = "glob" if value.is_glob else "text"
        return _Label(_Family(key, kind, value.placeholders), value.stem.casefold())
    return None


def _length(value: object) -> int:
    return value.prefixlen if isinstance(value, IPv4Network | IPv6Network) else len(str(value))
