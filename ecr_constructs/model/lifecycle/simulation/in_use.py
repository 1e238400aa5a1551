"""Which images are in use, as far as the recorded pulls show it.

`lastRecordedPullTime` stays when a tag moves to another image. The last pull of an untagged image
may have been by a tag that it had then; it was by digest only if it came after the tag moved.
https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageDetail.html
"""

from bisect import bisect_right
from datetime import datetime, timedelta

from ecr_constructs.model.lifecycle.simulation import bits
from ecr_constructs.model.lifecycle.simulation.ranking import Ranking
from ecr_constructs.model.lifecycle.simulation.relations import Relations

PULLED_WITHIN_DAYS = 7
"""How many days an image counts as in use after its last pull, by default.

ECR refreshes the time of a pull at least once every 24 hours; a week covers weekly jobs.
"""


def pulled_since(ranking: Ranking, days: float) -> int:
    """Return the ranks with a recorded pull in the last days before the instant."""
    limit = timedelta(days=days)
    return bits.from_flags(
        image.last_recorded_pull_time is not None
        and ranking.now - image.last_recorded_pull_time <= limit
        for image in reversed(ranking.images)
    )


def pulled_by_tag_only(ranking: Ranking, relations: Relations) -> int:
    """Return the untagged ranks whose last pull may have been by a tag that has moved since."""
    moves = _TagMoves(ranking, relations)
    return bits.from_members(
        (
            rank
            for rank, image in enumerate(ranking.images)
            if image.last_recorded_pull_time
            and moves.may_explain(rank, image.last_recorded_pull_time)
        ),
        len(ranking.images),
    )


class _TagMoves:
    """When the tag of an untagged image may have moved to a later image.

    Only the push of a later image moves a tag. Which of them did is unknown; if `count` tagged
    images were pushed later, it can be the push of any of the next `count` images: with one moving
    tag, such as `latest`, the next one.
    """

    def __init__(self, ranking: Ranking, relations: Relations) -> None:
        self._ranking, self._relations = ranking, relations
        roots = [rank for rank in range(len(ranking.images)) if self._root(rank) == rank]
        images = [ranking.images[rank] for rank in roots]
        self._pushes = sorted(image.pushed_at for image in images)
        self._tagged = sorted(image.pushed_at for image in images if image.tags)

    def _root(self, rank: int) -> int:
        """Return the index that lists an image, or the image that it refers to, if any."""
        seen = set()
        while rank not in seen:
            seen.add(rank)
            subject = self._relations.subjects.get(rank, rank)
            rank = min(self._relations.listed_by.get(rank, ()), default=subject)
        return rank

    def may_explain(self, rank: int, pulled: datetime) -> bool:
        """Return whether an untagged image may have had a tag at its last pull."""
        image = self._ranking.images[self._root(rank)]
        if image.tags:
            return False
        earlier = bisect_right(self._pushes, image.pushed_at)
        if earlier == len(self._pushes):
            return False
        tagged_later = len(self._tagged) - bisect_right(self._tagged, image.pushed_at)
        last_move = min(earlier + max(1, tagged_later), len(self._pushes)) - 1
        return pulled <= self._pushes[last_move]
