"""What a simulation rests on, if another assumption would give another result."""

from collections.abc import Iterator
from typing import NamedTuple

from ecr_constructs.model.lifecycle.simulation.evaluation import Evaluation


class Assumption(NamedTuple):
    """Something that is not known, and that the result depends on.

    Attributes:
        id: The name of the reading, or of what the inventory does not tell.
        sentence: What is assumed, and how to learn more.
        images: How many images it decides.
    """

    id: str
    sentence: str
    images: int


_INDEX_PLACES = (
    "Images that an index lists are taken to use up places of a count, as if they were images of "
    "their own; AWS does not document it."
)
_REFERRER_PLACES = (
    "Signatures, SBOMs and the like are taken to use up places of a count; AWS does not document "
    "it."
)
_RELEASE = (
    "The images of an archived index are taken to be no longer kept by it; AWS does not document "
    "it."
)
# The field of `Readings`, its public name, and what its default says.
_OPEN = (
    ("children_take_places", "childrenTakePlaces", _INDEX_PLACES),
    ("referrers_take_places", "referrersTakePlaces", _REFERRER_PLACES),
    ("archived_index_releases_children", "archivedIndexReleasesChildren", _RELEASE),
)


def assumptions_of(evaluation: Evaluation) -> Iterator[Assumption]:
    """Yield what the result depends on; each other reading is tried."""
    yield from _ties(evaluation)
    for name, public_name, sentence in _OPEN:
        other = evaluation.with_readings(**{name: not getattr(evaluation.readings, name)})
        if images := _differing(evaluation, other):
            yield Assumption(public_name, f"{sentence} {_decided(images)}.", images)
    yield from _unknown_children(evaluation)
    yield from _unlisted_archive(evaluation)


def _ties(evaluation: Evaluation) -> Iterator[Assumption]:
    decided = [marks for marks in evaluation.marks if marks.decided_by_tie]
    if decided:
        rules = " and ".join(f"rule {marks.rule.rule_priority}" for marks in decided)
        images = sum(marks.tied.bit_count() for marks in decided)
        sentence = (
            f"{images} images on both sides of the count of {rules} have the same timestamp; "
            "which of them counts as the newer AWS does not document."
        )
        yield Assumption("ties", sentence, images)


def _differing(one: Evaluation, other: Evaluation) -> int:
    expired = one.settled.expired ^ other.settled.expired
    archived = one.settled.archived ^ other.settled.archived
    return (expired | archived).bit_count()


def _decided(images: int) -> str:
    return f"It decides {images:,} image{'' if images == 1 else 's'}"


def _unknown_children(evaluation: Evaluation) -> Iterator[Assumption]:
    unknown = sum(
        image.is_index and image.references is None for image in evaluation.ranking.images
    )
    ranking, settled = evaluation.ranking, evaluation.settled
    untagged = (settled.expired | settled.archived) & ~ranking.tagged
    if unknown and untagged:
        images = untagged.bit_count()
        yield Assumption(
            "manifestsUnknown",
            f"What {unknown:,} {'index lists' if unknown == 1 else 'indexes list'} is not known. "
            f"Of the {images:,} untagged images that are said to go, those that an index lists "
            "stay as long as it does; give the manifests to know.",
            images,
        )


def _unlisted_archive(evaluation: Evaluation) -> Iterator[Assumption]:
    looks_at_archive = any(marks.rule.storage_class for marks in evaluation.marks)
    if looks_at_archive and evaluation.ranking.images and not evaluation.ranking.archive:
        yield Assumption(
            "archiveUnlisted",
            "The inventory lists no archived image. If it was read without "
            "`--filter imageStatus=ANY`, archived images were left out.",
            0,
        )
