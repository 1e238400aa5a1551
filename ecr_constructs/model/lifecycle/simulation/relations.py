"""What images owe to each other: an index keeps what it lists, a referrer follows its subject.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
"""

from collections import defaultdict
from functools import cached_property
from typing import NamedTuple

from ecr_constructs.model.lifecycle.simulation import bits
from ecr_constructs.model.lifecycle.simulation.ranking import Ranking

EXPIRE, ARCHIVE = 1, 2


class Settled(NamedTuple):
    """What goes, as sets of ranks."""

    expired: int
    archived: int


class Relations:
    """Who lists and who refers to whom, by rank.

    Attributes:
        lists: For each index the images that it lists and the repository has.
        listed_by: For each listed image its indexes.
        subjects: For each referrer the image that it refers to.
        referrers: For each subject what refers to it.
    """

    def __init__(self, ranking: Ranking) -> None:
        """Find them; an image that lists or refers to itself does neither."""
        self._ranking = ranking
        self.lists: dict[int, list[int]] = {}
        self.listed_by: dict[int, list[int]] = defaultdict(list)
        self.subjects: dict[int, int] = {}
        self.referrers: dict[int, list[int]] = defaultdict(list)
        for rank, image in enumerate(ranking.images):
            if image.references:
                self.lists[rank] = [
                    child
                    for digest in dict.fromkeys(image.references)
                    if (child := ranking.ranks.get(digest, rank)) != rank
                ]
                for child in self.lists[rank]:
                    self.listed_by[child].append(rank)
            if image.subject:
                subject = ranking.ranks.get(image.subject, rank)
                if subject != rank:
                    self.subjects[rank] = subject
                    self.referrers[subject].append(rank)

    def children(self, gone: int) -> int:
        """Return the images that an index lists which is not gone."""
        indexes = frozenset(self.lists) - frozenset(bits.members(gone))
        listed = (rank for index in indexes for rank in self.lists[index])
        return bits.from_members(listed, len(self._ranking.images))

    @cached_property
    def referring(self) -> int:
        """The images that refer to another one, be it here or not."""
        return bits.from_flags(bool(each.subject) for each in reversed(self._ranking.images))

    def settle(
        self,
        expire: int,
        archive: int,
        *,
        archived: int,
        gone: int,
        archived_index_releases: bool,
    ) -> Settled:
        """Return what goes of the images that rules act on, and what follows them.

        Args:
            expire: The images that rules delete.
            archive: The images that rules archive.
            archived: The images that are archived already.
            gone: The images that are deleted already, and keep nothing.
            archived_index_releases: Whether an archived index lets go of what it lists.
        """
        if not self.listed_by and not self.subjects:
            return Settled(expire, archive & ~expire)
        size = len(self._ranking.images)
        settling = _Settling(self, size, archived, gone, releases=archived_index_releases)
        for deed, acted in ((EXPIRE, expire), (ARCHIVE, archive)):
            for rank in bits.members(acted):
                settling.deeds[rank] |= deed
        settling.run()
        deeds = settling.deeds
        deeds.reverse()
        gone = bits.from_flags(deed & EXPIRE for deed in deeds)
        return Settled(gone, bits.from_flags(deed >> 1 for deed in deeds) & ~gone)


class _Settling:
    """Starts from all that could go, and takes back what may not until nothing changes."""

    def __init__(
        self, relations: Relations, size: int, archived: int, gone: int, *, releases: bool
    ) -> None:
        self.deeds = bytearray(size)
        self._own = bytes(size)
        self._relations = relations
        self._archived = frozenset(bits.members(archived))
        self._gone = frozenset(bits.members(gone))
        self._releases = releases

    def run(self) -> None:
        """Settle `deeds`."""
        self._own = bytes(self.deeds)
        self._let_follow()
        self._take_back()

    def _let_follow(self) -> None:
        waiting = [rank for rank in self._relations.referrers if self.deeds[rank]]
        while waiting:
            subject = waiting.pop()
            for referrer in self._relations.referrers[subject]:
                follows = self.deeds[referrer] | self._followed(referrer, subject)
                if follows != self.deeds[referrer]:
                    self.deeds[referrer] = follows
                    if referrer in self._relations.referrers:
                        waiting.append(referrer)

    def _followed(self, referrer: int, subject: int) -> int:
        if referrer in self._gone:
            return 0
        return self.deeds[subject] & (EXPIRE if referrer in self._archived else EXPIRE | ARCHIVE)

    def _take_back(self) -> None:
        relations = self._relations
        waiting = [rank for rank in relations.listed_by if self.deeds[rank]]
        while waiting:
            rank = waiting.pop()
            allowed = self._allowed(rank)
            if allowed != self.deeds[rank]:
                self.deeds[rank] = allowed
                waiting += relations.lists.get(rank, ())
                if rank in relations.referrers:
                    waiting += relations.referrers[rank]

    def _allowed(self, rank: int) -> int:
        reasons = self._own[rank]
        if rank in self._relations.subjects:
            reasons |= self._followed(rank, self._relations.subjects[rank])
        allowed = self.deeds[rank] & reasons
        for index in self._relations.listed_by.get(rank, ()):
            if index in self._gone:
                continue
            deed = self.deeds[index]
            archived = deed & ARCHIVE or index in self._archived
            if not (deed & EXPIRE or (archived and self._releases)):
                allowed &= ~EXPIRE
            if not (deed or archived):
                allowed &= ~ARCHIVE
        return allowed
