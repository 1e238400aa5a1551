"""What AWS does not document about lifecycle policies, each question with the answers it may have.

docs/guides/lifecycle.md tells what is known of each; docs/decisions/0008 why the defaults are these.
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
class Readings:
    """Answers to the open questions. Each default is the answer that predicts more deletions.

    Attributes:
        ties: Which of two images with the same timestamp counts as the newer.
        children_take_places: Whether an image that an index lists takes one of the places of
            ``imageCountMoreThan``. If not, such a rule neither counts nor marks it.
        referrers_take_places: The same for signatures, SBOMs and whatever else has a subject.
        archived_index_releases_children: Whether the images that an index lists may be deleted
            once the index is archived. If not, only its deletion releases them.
    """

    ties: TieOrder = TieOrder.MOST_DELETIONS
    children_take_places: bool = True
    referrers_take_places: bool = True
    archived_index_releases_children: bool = True


DEFAULT = Readings()
