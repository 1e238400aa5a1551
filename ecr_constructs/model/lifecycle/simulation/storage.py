"""Estimate the storage that some images use exclusively; shared layers make it a range."""

from collections.abc import Sequence
from typing import NamedTuple

from ecr_constructs.model.lifecycle.image import Image
from ecr_constructs.model.lifecycle.simulation import bits


class Bytes(NamedTuple):
    """A range of bytes.

    Attributes:
        at_least: The size of the layers that are certainly not shared with a remaining image.
        at_most: The size if all layers that may be shared are not shared.
    """

    at_least: int
    at_most: int


def in_units(size: int) -> str:
    """Format a number of bytes: ``3.4 GB``."""
    value, unit = float(size), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 1000:  # noqa: PLR2004
            break
        value, unit = value / 1000, larger
    return f"{value:.1f} {unit}" if unit != "B" else f"{size} B"


def bytes_of(images: Sequence[Image], ranks: int) -> Bytes:
    """Return the storage that only the images with these ranks use.

    Without manifests it is at most the sum of their sizes. With the manifests of all images it is
    exact.

    Args:
        images: All images of the repository, by rank.
        ranks: The images to measure.
    """
    sizes: dict[str, int] = {}
    unknown_size = 0
    for rank in bits.members(ranks):
        image = images[rank]
        if image.blobs is not None:
            sizes.update((blob.digest, blob.size_bytes) for blob in image.blobs)
        elif not image.is_index:
            # An index has no layers; the size that ECR reports is that of its largest child.
            unknown_size += image.size_bytes
    remaining = [images[rank].blobs for rank in bits.members(bits.below(len(images)) & ~ranks)]
    shared = {blob.digest for blobs in remaining for blob in blobs or ()}
    freed = sum(size for digest, size in sizes.items() if digest not in shared)
    return Bytes(0 if None in remaining else freed, freed + unknown_size)
