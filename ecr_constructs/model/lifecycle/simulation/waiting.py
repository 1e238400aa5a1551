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
from ecr_constructs.model.lifecycle.simulation.relations import (
    ARCHIVE,
    EXPIRE,
    Relations,
    Resolution,
)

if TYPE_CHECKING:
    from collections.abc import Container, Iterator, Mapping

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


def immediate(
    relations: Relations, expire: int, archive: int, harmless: Mapping[int, int]
) -> Resolution:
    """Return the images that a rule acts on and that no index in the repository protects.

    `harmless` has, by action, the images that as indexes protect nothing from it.
    """
    from_expiry, from_archiving = map(relations.children, (harmless[EXPIRE], harmless[ARCHIVE]))
    return Resolution(expire & ~from_expiry, archive & ~from_archiving)


def waits(
    relations: Relations,
    actions: Mapping[int, int],
    following: Container[int],
    harmless: Mapping[int, int],
) -> dict[int, Wait]:
    """Return what each image waits for.

    Args:
        relations: The indexes and the subjects.
        actions: The action of each image that goes, but not now.
        following: Those that go because their subject does.
        harmless: As for `immediate`.
    """
    protecting_nothing = {
        action: frozenset(bits.members(ranks)) for action, ranks in harmless.items()
    }
    required = {
        rank: [
            index
            for index in relations.listed_by.get(rank, ())
            if index not in protecting_nothing[action]
        ]
        + ([relations.subjects[rank]] if rank in following else [])
        for rank, action in actions.items()
    }
    numbers = _evaluations(required)
    result = {}
    for rank, ranks in required.items():
        follows = rank in following
        after = ranks[-1] if follows else max(ranks, key=lambda item: numbers.get(item, 1))
        because: Reason = "SUBJECT_GONE" if follows else "INDEX_GONE"
        result[rank] = Wait(after, because, numbers[rank])
    return result


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
