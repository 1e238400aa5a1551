"""Which images are deleted or archived now, and which only after an index or a subject.

ECR evaluates a policy about once a day. At one instant, and in its own preview, it acts on images
that a rule marks and that no manifest list in the repository references. Children of an index and
referrers follow in a later evaluation: within 48 hours for those of an image that goes now.
https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, Literal, NamedTuple

from ecr_constructs.model.lifecycle.simulation import bits
from ecr_constructs.model.lifecycle.simulation.relations import ARCHIVE, EXPIRE, Resolution

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ecr_constructs.model.lifecycle.simulation.evaluation import Evaluation

Reason = Literal["INDEX_GONE", "SUBJECT_GONE"]
HOURS_PER_EVALUATION = 24


class Wait(NamedTuple):
    """What an image waits for.

    `after` is the rank of the index or subject; `evaluations` is the number of evaluations until
    ECR acts on the image itself: 2 if that index or subject goes at the first one.
    """

    after: int
    because: Reason
    evaluations: int


def immediate(evaluation: Evaluation) -> Resolution:
    """Return the images that a rule acts on and that no index in the repository protects."""
    expire, archive = evaluation.acted()
    from_expiry, from_archiving = (
        evaluation.relations.children(_harmless(evaluation, action)) for action in (EXPIRE, ARCHIVE)
    )
    return Resolution(expire & ~from_expiry, archive & ~from_archiving)


def waits(evaluation: Evaluation) -> dict[int, Wait]:
    """Return what each image waits for that goes, but not now."""
    (expired, archived), now = evaluation.resolution, evaluation.immediate
    later = (expired & ~now.expired) | (archived & ~now.archived)
    harmless = {
        action: frozenset(bits.members(_harmless(evaluation, action)))
        for action in (EXPIRE, ARCHIVE)
    }
    required = {
        rank: list(_required(evaluation, rank, harmless[evaluation.actions[rank]]))
        for rank in bits.members(later)
    }
    numbers = _evaluations(required)
    result = {}
    for rank, ranks in required.items():
        follows = evaluation.root_image(rank) != rank
        after = ranks[-1] if follows else max(ranks, key=lambda item: numbers.get(item, 1))
        because: Reason = "SUBJECT_GONE" if follows else "INDEX_GONE"
        result[rank] = Wait(after, because, numbers[rank])
    return result


def _harmless(evaluation: Evaluation, action: int) -> int:
    """Return the images that, as indexes, protect nothing from an action."""
    stage = evaluation.stage
    gone = evaluation.ranking.all & ~stage.standard & ~stage.archive
    releases = action == ARCHIVE or evaluation.options.archived_index_releases_children
    return gone | stage.archive if releases else gone


def _required(evaluation: Evaluation, rank: int, harmless: frozenset[int]) -> Iterator[int]:
    """Yield the images that go before an image: the indexes that protect it, then its subject."""
    for index in evaluation.relations.listed_by.get(rank, ()):
        if index not in harmless:
            yield index
    if evaluation.root_image(rank) != rank:
        yield evaluation.relations.subjects[rank]


def _evaluations(required: Mapping[int, list[int]]) -> dict[int, int]:
    """Return the evaluation in which each image goes; those that need none of these go in the 1st.

    Images that wait for each other, which digests rule out, go in the second.
    """
    dependents: defaultdict[int, list[int]] = defaultdict(list)
    missing = {}
    for rank, ranks in required.items():
        waiting = [item for item in ranks if item in required]
        missing[rank] = len(waiting)
        for item in waiting:
            dependents[item].append(rank)
    numbers: dict[int, int] = {}
    ready = [rank for rank, count in missing.items() if not count]
    while ready:
        rank = ready.pop()
        numbers[rank] = 1 + max(numbers.get(item, 1) for item in required[rank])
        ready += _released(dependents[rank], missing)
    return {rank: numbers.get(rank, 2) for rank in required}


def _released(dependents: list[int], missing: dict[int, int]) -> Iterator[int]:
    for rank in dependents:
        missing[rank] -= 1
        if not missing[rank]:
            yield rank
