"""Dependencies between images: an index protects its children, a referrer follows its subject.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
"""

from collections import defaultdict
from functools import cached_property
from typing import NamedTuple

from ecr_constructs.model.lifecycle.simulation import bits
from ecr_constructs.model.lifecycle.simulation.ranking import Ranking

EXPIRE, ARCHIVE = 1, 2


class Resolution(NamedTuple):
    """The images that are deleted or archived, as sets of ranks."""

    expired: int
    archived: int


class Relations:
    """The indexes and referrers of an inventory, by rank.

    `lists` has the children of each index, `listed_by` the reverse; `subjects` has the subject of
    each referrer, `referrers` the reverse.
    """

    def __init__(self, ranking: Ranking) -> None:
        """Look up the references; an image's references to itself are ignored."""
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
        """Return the children of the indexes that are not gone."""
        indexes = frozenset(self.lists) - frozenset(bits.members(gone))
        listed = (rank for index in indexes for rank in self.lists[index])
        return bits.from_members(listed, len(self._ranking.images))

    @cached_property
    def referring(self) -> int:
        """The images with a subject, whether or not it is in the repository."""
        return bits.from_flags(bool(image.subject) for image in reversed(self._ranking.images))

    def resolve(
        self, expire: int, archive: int, *, archived: int, gone: int, archived_index_releases: bool
    ) -> Resolution:
        """Return the images that are deleted or archived after their dependencies are respected.

        Images that are `gone` protect nothing. An archived index may release its children.
        """
        if not self.listed_by and not self.subjects:
            return Resolution(expire, archive & ~expire)
        size = len(self._ranking.images)
        actions = bytearray(size)
        for action, acted in ((EXPIRE, expire), (ARCHIVE, archive)):
            for rank in bits.members(acted):
                actions[rank] |= action
        _Resolver(self, actions, archived, gone, releases=archived_index_releases).run()
        actions.reverse()
        expired = bits.from_flags(action & EXPIRE for action in actions)
        return Resolution(expired, bits.from_flags(action >> 1 for action in actions) & ~expired)


class _Resolver:
    """Propagate actions to referrers, then retract forbidden ones until nothing changes.

    Indexes may list indexes and referrers may have referrers, and the two relations may form
    cycles. Starting from the largest set of actions and only retracting from it terminates, and
    it removes a cycle of images that all may go.
    """

    def __init__(
        self, relations: Relations, actions: bytearray, archived: int, gone: int, *, releases: bool
    ) -> None:
        self._actions = actions
        self._rule_actions = bytes(actions)
        self._relations = relations
        self._archived = frozenset(bits.members(archived))
        self._gone = frozenset(bits.members(gone))
        self._releases = releases

    def run(self) -> None:
        """Change the actions in place."""
        self._propagate()
        self._retract()

    def _propagate(self) -> None:
        referrers, actions = self._relations.referrers, self._actions
        pending = [rank for rank in referrers if actions[rank]]
        while pending:
            subject = pending.pop()
            for referrer in referrers[subject]:
                extended = actions[referrer] | self._inherited(referrer, subject)
                if extended != actions[referrer]:
                    actions[referrer] = extended
                    if referrer in referrers:
                        pending.append(referrer)

    def _inherited(self, referrer: int, subject: int) -> int:
        """Return the actions on a subject that its referrer follows."""
        if referrer in self._gone:
            return 0
        return self._actions[subject] & (EXPIRE if referrer in self._archived else EXPIRE | ARCHIVE)

    def _retract(self) -> None:
        relations = self._relations
        pending = [rank for rank in relations.listed_by if self._actions[rank]]
        while pending:
            rank = pending.pop()
            allowed = self._allowed(rank)
            if allowed != self._actions[rank]:
                self._actions[rank] = allowed
                # The retracted action may have been what allowed those of its dependents.
                pending += relations.lists.get(rank, ())
                if rank in relations.referrers:
                    pending += relations.referrers[rank]

    def _allowed(self, rank: int) -> int:
        justified = self._rule_actions[rank]
        if rank in self._relations.subjects:
            justified |= self._inherited(rank, self._relations.subjects[rank])
        allowed = self._actions[rank] & justified
        for index in self._relations.listed_by.get(rank, ()):
            if index in self._gone:
                continue
            action = self._actions[index]
            archived = action & ARCHIVE or index in self._archived
            if not (action & EXPIRE or (archived and self._releases)):
                allowed &= ~EXPIRE
            if not (action or archived):
                allowed &= ~ARCHIVE
        return allowed
