"""How much storage some images take by themselves. Images share layers, so it is a range."""

from collections.abc import Sequence
from typing import NamedTuple

from ecr_constructs.model.lifecycle.image import Image
from ecr_constructs.model.lifecycle.simulation import bits


class Bytes(NamedTuple):
    """A range of bytes.

    Attributes:
        at_least: What they do not share with any image that stays.
        at_most: What they would take if they shared nothing that is not known to be shared.
    """

    at_least: int
    at_most: int


def in_units(size: int) -> str:
    """Say how much some bytes are: ``3.4 GB``."""
    value, unit = float(size), "B"
    for larger in ("kB", "MB", "GB", "TB"):
        if value < 1000:  # noqa: PLR2004
            break
        value, unit = value / 1000, larger
    return f"{value:.1f} {unit}" if unit != "B" else f"{size} B"


def bytes_of(images: Sequence[Image], ranks: int) -> Bytes:
    """Return what the images with these ranks take, and no other image.

    Without manifests, all that is known is that it is not more than the sum of their sizes. With
    the manifests of all images it is exact.

    Args:
        images: All images of the repository, by rank.
        ranks: Those in question.
    """
    going = [images[rank] for rank in bits.members(ranks)]
    staying = (1 << len(images)) - 1 & ~ranks
    sure: dict[str, int] = {}
    shared: set[str] = set()
    unknown = 0
    for image in going:
        if image.blobs is None:
            # An index holds nothing but the list; its size is that of its largest child.
            unknown += 0 if image.is_index else image.size_bytes
        else:
            sure.update((blob.digest, blob.size_bytes) for blob in image.blobs)
    all_known = True
    for rank in bits.members(staying):
        blobs = images[rank].blobs
        all_known = all_known and blobs is not None
        shared.update(blob.digest for blob in blobs or ())
    freed = sum(size for digest, size in sure.items() if digest not in shared)
    return Bytes(freed if all_known else 0, freed + unknown)
