"""Sort an inventory, newest image first, and index the properties that rules select by.

The rank of an image is its position: 0 is the newest. Sets of ranks are integers (`bits`).
"""

from bisect import bisect_left, bisect_right
from datetime import UTC, datetime, timedelta
from functools import cached_property

from ecr_constructs.model.lifecycle.inventory import Inventory
from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.lifecycle.selection import Tags
from ecr_constructs.model.lifecycle.simulation import bits

_NEVER = -float("inf")


class Ranking:
    """The images of an inventory in the order in which a lifecycle policy counts them.

    The image with the latest push clock has rank 0. `all`, `archive` and `standard` are sets of
    ranks.
    """

    def __init__(self, inventory: Inventory, now: datetime, *, later_is_newer: bool) -> None:
        """Sort the images, those with one timestamp by their position or by digest."""
        self.now = now
        clocks = [image.pushed_clock(now).timestamp() for image in inventory]
        indexes = list(range(len(clocks)))
        if later_is_newer:
            indexes.reverse()
        elif len(set(clocks)) < len(clocks):
            indexes.sort(key=[image.digest for image in inventory].__getitem__)
        # The sort is stable, so images with one timestamp stay in the order of their ties.
        indexes.sort(key=clocks.__getitem__, reverse=True)
        self._indexes = indexes
        self._inventory = inventory
        self.images = [inventory.images[index] for index in indexes]
        # Negated, because bisect needs ascending values.
        self._ages = [-clocks[index] for index in indexes]
        self.all = bits.below(len(indexes))
        self.archive = bits.from_flags(image.archived for image in reversed(self.images))
        self.standard = self.all & ~self.archive

    @cached_property
    def ranks(self) -> dict[str, int]:
        """The rank of each digest."""
        return {image.digest: rank for rank, image in enumerate(self.images)}

    @cached_property
    def ranks_as_listed(self) -> list[int]:
        """The rank of each image in the order of the inventory."""
        ranks = [0] * len(self._indexes)
        for rank, index in enumerate(self._indexes):
            ranks[index] = rank
        return ranks

    @cached_property
    def tags(self) -> Tags:
        """The tags, each with the rank of its image."""
        ranks = self.ranks_as_listed
        holders = {tag: ranks[index] for tag, index in self._inventory.holders.items()}
        return Tags(holders, len(self.images))

    @cached_property
    def tagged(self) -> int:
        """The ranks of the tagged images."""
        return bits.from_flags(bool(image.tags) for image in reversed(self.images))

    def selected(self, rule: LifecycleRule) -> int:
        """Return the ranks that a rule's tag selection matches, in either storage class."""
        if rule.tag_status == "any":
            return self.all
        if rule.tag_status == "untagged":
            return self.all & ~self.tagged
        selected = self.all
        for pattern in rule.tag_pattern_list:
            selected &= bits.from_members(self.tags.images_with_pattern(pattern), self.tags.size)
        for prefix in rule.tag_prefix_list:
            selected &= bits.from_members(self.tags.images_with_prefix(prefix), self.tags.size)
        return selected

    def older(self, count_type: str, days: float, at: datetime) -> int:
        """Return the ranks whose clock is strictly more than days of 24 hours before an instant."""
        limit = _before(at, days)
        if count_type == "sinceImagePushed":
            return self.all & ~bits.below(bisect_right(self._ages, -limit))
        clock = self._pulled if count_type == "sinceImagePulled" else self._transitioned
        return clock.older(limit, days)

    def oldest(self, count_type: str, ranks: int) -> int:
        """Return the rank with the earliest clock."""
        if count_type == "sinceImagePushed":
            return ranks.bit_length() - 1
        clock = self._pulled if count_type == "sinceImagePulled" else self._transitioned
        return min(bits.members(ranks), key=clock.instants.__getitem__)

    @cached_property
    def _pulled(self) -> "_Clock":
        return _Clock([image.pulled_clock(self.now).timestamp() for image in self.images])

    @cached_property
    def _transitioned(self) -> "_Clock":
        # An image that was never archived never reaches an age in the archive.
        return _Clock(
            [
                image.last_archived_at.timestamp() if image.last_archived_at else -_NEVER
                for image in self.images
            ]
        )

    def of_one_age(self, rank: int) -> int:
        """Return the ranks with the same push clock as this one."""
        age = self._ages[rank]
        return bits.below(bisect_right(self._ages, age)) & ~bits.below(bisect_left(self._ages, age))


class _Clock:
    """An instant for each rank, in an order other than that of the ranks."""

    def __init__(self, instants: list[float]) -> None:
        """Sort the ranks by their instants."""
        self.instants = instants
        self._ranks = sorted(range(len(instants)), key=instants.__getitem__)
        self._sorted = [instants[rank] for rank in self._ranks]
        self._cache: dict[float, tuple[int, int]] = {}

    def older(self, limit: float, days: float) -> int:
        """Return the ranks of the instants before a limit.

        The days are the key of a cache: a forecast asks for the same days with ever later limits,
        so that only the ranks since the previous limit are added.
        """
        end = bisect_left(self._sorted, limit)
        start, older = self._cache.get(days, (0, 0))
        if start > end:
            start, older = 0, 0
        if end > start:
            older |= bits.from_members(self._ranks[start:end], len(self._ranks))
        self._cache[days] = end, older
        return older


def _before(now: datetime, days: float) -> float:
    try:
        return (now - timedelta(days=days)).astimezone(UTC).timestamp()
    except OverflowError:
        return _NEVER
