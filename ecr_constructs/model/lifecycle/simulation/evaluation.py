"""Apply a policy to an inventory at one instant, and what the result assumes.

AWS's documentation leaves questions open. docs/guides/lifecycle.md describes them, and
docs/decisions/0008 the reasons for the defaults.
https://docs.aws.amazon.com/AmazonECR/latest/userguide/LifecyclePolicies.html
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import Enum
from functools import cached_property
from typing import NamedTuple

from ecr_constructs.model.diagnostics import pluralize
from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.lifecycle.simulation import bits
from ecr_constructs.model.lifecycle.simulation.ranking import Ranking
from ecr_constructs.model.lifecycle.simulation.relations import (
    ARCHIVE,
    EXPIRE,
    Relations,
    Resolution,
)
from ecr_constructs.model.lifecycle.simulation.waiting import Wait, immediate, waits


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


@dataclass(frozen=True, slots=True)
class RuleResult:
    """The images that one rule concerns, as sets of ranks.

    Attributes:
        rule: The rule.
        identified: The images of its storage class that its tag selection matches.
        locked: The images that an earlier rule identified, on which this one cannot act.
        counted: The identified images that count; all of them for a rule by age.
        marked: The identified images that are surplus or too old.
        tied: Images with one timestamp, of which some are marked and some are not.
    """

    rule: LifecycleRule
    identified: int
    locked: int
    counted: int
    marked: int
    tied: int = 0

    @property
    def acted(self) -> int:
        """The images that the rule acts on, unless an index protects them."""
        return self.marked & ~self.locked

    @property
    def own(self) -> int:
        """The images that no earlier rule identified."""
        return self.identified & ~self.locked

    @property
    def decided_by_tie(self) -> bool:
        """Whether another order of images with one timestamp could change the result."""
        return bool(self.tied & ~self.locked)


class Stage(NamedTuple):
    """The images of each storage class at an instant.

    `archived_at` has the times of images that were archived after the inventory was read.
    """

    at: datetime
    standard: int
    archive: int
    archived_at: Mapping[int, datetime]


class Evaluation:
    """The results of a policy's rules, and the images that are deleted or archived."""

    def __init__(
        self, rules: Sequence[LifecycleRule], ranking: Ranking, options: EvaluationOptions
    ) -> None:
        """Match the tag selections, and evaluate."""
        self._rules = rules
        self.options = options
        self.ranking = ranking
        self.relations = Relations(ranking)
        self._selected = [ranking.selected(rule) for rule in rules]
        self._evaluate(Stage(ranking.now, ranking.standard, ranking.archive, {}))

    def with_options(self, **changes: bool) -> "Evaluation":
        """Return the same evaluation under other options; the order of ties stays."""
        return self._derived(self.stage, replace(self.options, **changes))  # type: ignore[arg-type]

    def at_stage(self, stage: Stage) -> "Evaluation":
        """Return an evaluation of the remaining images at another instant."""
        return self._derived(stage, self.options)

    def _derived(self, stage: Stage, options: EvaluationOptions) -> "Evaluation":
        derived = object.__new__(Evaluation)
        # The tag matches and the relations are the same for every stage and all options; the
        # cached properties are not, so the object is not copied.
        for name in ("_rules", "ranking", "relations", "_selected"):
            setattr(derived, name, getattr(self, name))
        derived.options = options
        derived._evaluate(stage)
        return derived

    def _evaluate(self, stage: Stage) -> None:
        self.stage = stage
        gone = self.ranking.all & ~stage.standard & ~stage.archive
        uncounted = self._uncounted(gone)
        self.results: list[RuleResult] = []
        locked = 0
        for rule, selected in zip(self._rules, self._selected, strict=True):
            identified = selected & (stage.archive if rule.storage_class else stage.standard)
            if rule.count_type == "imageCountMoreThan":
                result = self._count(rule, identified, locked, uncounted)
            else:
                marked = identified & self._older(rule.count_type, rule.count_number)
                result = RuleResult(rule, identified, locked, identified, marked)
            self.results.append(result)
            locked |= identified
        expire, archive = self.acted()
        self.resolution = self.relations.resolve(
            expire,
            archive,
            archived=stage.archive,
            gone=gone,
            archived_index_releases=self.options.archived_index_releases_children,
        )

    def _uncounted(self, gone: int) -> int:
        """Return the images that do not count, and that a count does not mark."""
        uncounted = 0
        if not self.options.children_take_places:
            uncounted |= self.relations.children(gone)
        if not self.options.referrers_take_places:
            uncounted |= self.relations.referring
        return uncounted

    def _count(
        self, rule: LifecycleRule, identified: int, locked: int, uncounted: int
    ) -> RuleResult:
        """Return the result of a rule that keeps a number of the newest images."""
        counted, places = identified & ~uncounted, int(rule.count_number)
        kept = bits.lowest(counted, places)
        marked = counted & ~kept
        if not marked:
            return RuleResult(rule, identified, locked, counted, marked)
        last_kept = kept.bit_length() - 1
        tied = counted & self.ranking.of_one_age(last_kept)
        if not tied & marked:
            return RuleResult(rule, identified, locked, counted, marked)
        if self.options.ties is TieOrder.MOST_DELETIONS:
            # Locked images take the last places, so that the rule can act on the others.
            younger = kept & ~tied
            places -= younger.bit_count()
            kept_locked = bits.lowest(tied & locked, places)
            places -= kept_locked.bit_count()
            kept = younger | kept_locked | bits.lowest(tied & ~locked, places)
        return RuleResult(rule, identified, locked, counted, counted & ~kept, tied)

    def _older(self, count_type: str, days: float) -> int:
        stage = self.stage
        older = self.ranking.older(count_type, days, stage.at)
        if count_type == "sinceImageTransitioned" and stage.archived_at:
            size = len(self.ranking.images)
            limit = timedelta(days=days)
            late = [rank for rank, at in stage.archived_at.items() if stage.at - at > limit]
            older &= ~bits.from_members(stage.archived_at, size)
            older |= bits.from_members(late, size)
        return older

    def acted(self) -> tuple[int, int]:
        """Return the images that rules delete and those that they archive."""
        expire = archive = 0
        for result in self.results:
            if result.rule.action == "expire":
                expire |= result.acted
            else:
                archive |= result.acted
        return expire, archive

    @cached_property
    def immediate(self) -> Resolution:
        """The images that a rule acts on and that nothing protects at this instant."""
        return immediate(self.relations, *self.acted(), self._harmless)

    @cached_property
    def waits(self) -> dict[int, Wait]:
        """For each rank that is deleted or archived after other images: what it waits for."""
        (expired, archived), now = self.resolution, self.immediate
        later = (expired & ~now.expired) | (archived & ~now.archived)
        actions = {rank: self.actions[rank] for rank in bits.members(later)}
        following = {rank for rank in actions if self.root_image(rank) != rank}
        return waits(self.relations, actions, following, self._harmless)

    @property
    def _harmless(self) -> dict[int, int]:
        """For each action the images that, as indexes, do not protect their children from it."""
        gone = self.ranking.all & ~self.stage.standard & ~self.stage.archive
        inert = gone | self.stage.archive
        releases = self.options.archived_index_releases_children
        return {EXPIRE: inert if releases else gone, ARCHIVE: inert}

    # --- by rank: computed only when a report asks for single images --------------------------

    @cached_property
    def actions(self) -> bytes:
        """For each rank EXPIRE, ARCHIVE, or 0 for an image that stays."""
        resolution = self.resolution
        return self._by_rank([(EXPIRE, resolution.expired), (ARCHIVE, resolution.archived)])

    @cached_property
    def rule_actions(self) -> bytes:
        """For each rank the action of a rule, without regard to relations between images."""
        return self._by_rank(zip((EXPIRE, ARCHIVE), self.acted(), strict=True))

    @cached_property
    def acting_results(self) -> dict[int, RuleResult]:
        """For each rank that a rule acts on the result of that rule."""
        return {rank: result for result in self.results for rank in bits.members(result.acted)}

    @cached_property
    def _deciding_rules(self) -> bytes:
        return self._by_rank((number, result.own) for number, result in enumerate(self.results, 1))

    @cached_property
    def _shadowed_rules(self) -> bytes:
        marked = [
            (number, result.marked & result.locked) for number, result in enumerate(self.results, 1)
        ]
        return self._by_rank(reversed(marked))

    def deciding_result(self, rank: int) -> RuleResult | None:
        """Return the result of the rule that identified an image first, or None."""
        number = self._deciding_rules[rank]
        return self.results[number - 1] if number else None

    def shadowed_result(self, rank: int) -> RuleResult | None:
        """Return the result of the first rule that marks a locked image, or None."""
        number = self._shadowed_rules[rank]
        return self.results[number - 1] if number else None

    def root_image(self, rank: int) -> int:
        """Return the image whose rule decides: a referrer may follow its subject."""
        while self.actions[rank] and self.actions[rank] != self.rule_actions[rank]:
            rank = self.relations.subjects[rank]
        return rank

    def position(self, result: RuleResult, rank: int) -> int:
        """Return the position of an image among those that a rule counts, 1 for the newest."""
        newer = bits.below(rank + 1)
        if self.options.ties is TieOrder.LISTED or not result.tied >> rank & 1:
            return (result.counted & newer).bit_count()
        younger, locked = result.counted & ~result.tied & newer, result.tied & result.locked
        return (younger | locked | (result.tied & newer)).bit_count()

    def _by_rank(self, sets: Iterable[tuple[int, int]]) -> bytes:
        values = bytearray(len(self.ranking.images))
        for value, ranks in sets:
            for rank in bits.members(ranks):
                values[rank] = value
        return bytes(values)


class Assumption(NamedTuple):
    """An assumption, its effect in words, and the number of images whose outcome depends on it."""

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
            effect = f"It decides {pluralize(images, 'image')}."
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
