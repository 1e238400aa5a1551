"""The questions that AWS's documentation of lifecycle policies leaves open, and their answers.

docs/guides/lifecycle.md describes the questions; docs/decisions/0008 the reasons for the defaults.
"""

from dataclasses import dataclass
from enum import Enum


class TieOrder(Enum):
    """Which of two images with the same timestamp counts as the newer."""

    MOST_DELETIONS = "mostDeletions"
    """The one that an earlier rule identifies, so that a rule's own images are the older ones;
    then the one with the lower digest. It does not depend on the order of the inventory, and it
    gives the result that AWS publishes."""

    LISTED = "listed"
    """The one that is listed later, as in AWS's published example."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EvaluationOptions:
    """Assumptions about behaviour that AWS does not document.

    Each default is the assumption that predicts more deletions.

    Attributes:
        ties: Which of two images with the same timestamp counts as the newer.
        children_take_places: Whether an image that an index lists counts for
            ``imageCountMoreThan``. If not, such a rule does not mark it either.
        referrers_take_places: The same for signatures, SBOMs and other images with a subject.
        archived_index_releases_children: Whether the images that an index lists may be deleted
            once the index is archived. If not, only its deletion releases them.

    Example:
        >>> from ecr_constructs.model.lifecycle import LifecyclePolicy
        >>> options = EvaluationOptions(children_take_places=False)
        >>> LifecyclePolicy().simulate([], options=options).assumptions
        ()
    """

    ties: TieOrder = TieOrder.MOST_DELETIONS
    children_take_places: bool = True
    referrers_take_places: bool = True
    archived_index_releases_children: bool = True


DEFAULT = EvaluationOptions()
