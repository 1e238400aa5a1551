"""What each rule identifies, marks and acts on.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.lifecycle.simulation import bits
from ecr_constructs.model.lifecycle.simulation.options import TieOrder
from ecr_constructs.model.lifecycle.simulation.ranking import Ranking


@dataclass(frozen=True, slots=True)
class Marks:
    """What one rule does, as sets of ranks.

    Attributes:
        rule: The rule.
        identified: The images of its storage class that its tag selection matches.
        seen: The images that an earlier rule identified, which are out of its reach.
        counted: Those of the identified that take a place; all of them for a rule of age.
        marked: The identified images that are too many or too old.
        tied: Images with one timestamp, of which some are marked and some are not.
    """

    rule: LifecycleRule
    identified: int
    seen: int
    counted: int
    marked: int
    tied: int = 0

    @property
    def acted(self) -> int:
        """The images that the rule acts on, unless an index keeps them."""
        return self.marked & ~self.seen

    @property
    def own(self) -> int:
        """The images that no earlier rule identified."""
        return self.identified & ~self.seen

    @property
    def decided_by_tie(self) -> bool:
        """Whether another order of images with one timestamp could change what goes."""
        return bool(self.tied & ~self.seen)


def mark_all(
    rules: Sequence[LifecycleRule],
    selected: Sequence[int],
    ranking: Ranking,
    *,
    ties: TieOrder,
    placeless: int,
    standard: int,
    archive: int,
    older: Callable[[str, float], int],
) -> list[Marks]:
    """Evaluate every rule, in ascending priority.

    Args:
        rules: The rules, lowest priority number first.
        selected: What the tag selection of each matches.
        ranking: The images.
        ties: Which of two images with one timestamp counts as the newer.
        placeless: The images that take no place of a count and are not marked by one.
        standard: The images of the standard storage class.
        archive: The archived images.
        older: Returns the images that are older than some days by a rule's clock.
    """
    found, seen = [], 0
    for rule, matching in zip(rules, selected, strict=True):
        identified = matching & (archive if rule.storage_class else standard)
        if rule.count_type == "imageCountMoreThan":
            marks = _too_many(
                rule, identified, seen=seen, ranking=ranking, ties=ties, placeless=placeless
            )
        else:
            marked = identified & older(rule.count_type, rule.count_number)
            marks = Marks(rule, identified, seen, identified, marked)
        found.append(marks)
        seen |= identified
    return found


def _too_many(
    rule: LifecycleRule,
    identified: int,
    *,
    seen: int,
    ranking: Ranking,
    ties: TieOrder,
    placeless: int,
) -> Marks:
    counted, places = identified & ~placeless, int(rule.count_number)
    kept = bits.lowest(counted, places)
    marked = counted & ~kept
    if not marked:
        return Marks(rule, identified, seen, counted, marked)
    last_kept = kept.bit_length() - 1
    tied = counted & ranking.of_one_age(last_kept)
    if not tied & marked:
        return Marks(rule, identified, seen, counted, marked)
    if ties is TieOrder.MOST_DELETIONS:
        younger = kept & ~tied
        left = places - younger.bit_count()
        locked = bits.lowest(tied & seen, left)
        kept = younger | locked | bits.lowest(tied & ~seen, left - locked.bit_count())
    return Marks(rule, identified, seen, counted, counted & ~kept, tied)


def place_of(marks: Marks, rank: int, ties: TieOrder) -> int:
    """Return which image of those that a rule counts this one of its own is, 1 for the newest."""
    upto = bits.below(rank + 1)
    if ties is TieOrder.LISTED or not marks.tied >> rank & 1:
        return (marks.counted & upto).bit_count()
    younger, locked = marks.counted & ~marks.tied & upto, marks.tied & marks.seen
    return (younger | locked | (marks.tied & upto)).bit_count()
