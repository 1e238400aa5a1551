"""The images that are in a repository now, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecr_constructs.review.phrases import pluralize

if TYPE_CHECKING:
    from ecr_constructs.cloudformation.graph import Resource
    from ecr_constructs.review.comparison import Comparison


def images_of(comparison: Comparison, repository: Resource) -> str:
    """Return ``its images``, with their number if it is known."""
    inventory = comparison.inventories.of(repository)
    return "its images" if inventory is None else f"its {pluralize(len(inventory), 'image')}"
