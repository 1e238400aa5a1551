"""The assumptions that the result of a simulation depends on."""

from collections.abc import Iterator
from typing import NamedTuple

from ecr_constructs.model.lifecycle.simulation.evaluation import Evaluation


class Assumption(NamedTuple):
    """An assumption that the result of a simulation depends on.

    Attributes:
        id: The name of the option, or of the data that the inventory lacks.
        sentence: The assumption and its effect.
        images: The number of images whose outcome depends on it.
    """

    id: str
    sentence: str
    images: int


# A field of `EvaluationOptions`, its public name, and its default in words.
_TOGGLES = (
    (
        "children_take_places",
        "childrenTakePlaces",
        "Children of an index are assumed to take places of a count; AWS does not document it.",
    ),
    (
        "referrers_take_places",
        "referrersTakePlaces",
        "Signatures and SBOMs are assumed to take places of a count; AWS does not document it.",
    ),
    (
        "archived_index_releases_children",
        "archivedIndexReleasesChildren",
        "An archived index is assumed not to protect its children; AWS does not document it.",
    ),
)


def assumptions_of(evaluation: Evaluation) -> Iterator[Assumption]:
    """Yield the assumptions that change the result, by evaluating each alternative."""
    yield from _ties(evaluation)
    for name, public_name, sentence in _TOGGLES:
        toggled = {name: not getattr(evaluation.options, name)}
        alternative = evaluation.with_options(**toggled).resolution
        expired = evaluation.resolution.expired ^ alternative.expired
        archived = evaluation.resolution.archived ^ alternative.archived
        if images := (expired | archived).bit_count():
            effect = f"It decides {images:,} image{'' if images == 1 else 's'}."
            yield Assumption(public_name, f"{sentence} {effect}", images)
    yield from _unknown_children(evaluation)
    yield from _unlisted_archive(evaluation)


def _ties(evaluation: Evaluation) -> Iterator[Assumption]:
    results = [result for result in evaluation.results if result.decided_by_tie]
    if results:
        rules = " and ".join(f"rule {result.rule.rule_priority}" for result in results)
        images = sum(result.tied.bit_count() for result in results)
        sentence = (
            f"{images} images on both sides of the count of {rules} have the same timestamp; "
            "AWS does not document which of them counts as the newer."
        )
        yield Assumption("ties", sentence, images)


def _unknown_children(evaluation: Evaluation) -> Iterator[Assumption]:
    ranking, resolution = evaluation.ranking, evaluation.resolution
    unknown = sum(image.is_index and image.references is None for image in ranking.images)
    untagged = (resolution.expired | resolution.archived) & ~ranking.tagged
    if unknown and untagged:
        images = untagged.bit_count()
        yield Assumption(
            "manifestsUnknown",
            f"The images that {unknown:,} {'index lists' if unknown == 1 else 'indexes list'} are "
            f"unknown. Those among the {images:,} untagged images that are deleted or archived "
            "stay as long as the index does; pass the manifests to resolve it.",
            images,
        )


def _unlisted_archive(evaluation: Evaluation) -> Iterator[Assumption]:
    selects_archive = any(result.rule.storage_class for result in evaluation.results)
    if selects_archive and evaluation.ranking.images and not evaluation.ranking.archive:
        yield Assumption(
            "archiveUnlisted",
            "The inventory lists no archived image. If it was read without "
            "`--filter imageStatus=ANY`, archived images were left out.",
            0,
        )
