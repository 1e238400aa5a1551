"""A policy applied to an inventory at one instant, under one reading of what is undocumented."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import cached_property
from typing import NamedTuple

from ecr_constructs.model.lifecycle.rule import LifecycleRule
from ecr_constructs.model.lifecycle.simulation import bits
from ecr_constructs.model.lifecycle.simulation.marks import Marks, mark_all
from ecr_constructs.model.lifecycle.simulation.options import Readings
from ecr_constructs.model.lifecycle.simulation.ranking import Ranking
from ecr_constructs.model.lifecycle.simulation.relations import ARCHIVE, EXPIRE, Relations


class Stage(NamedTuple):
    """Which images are where at an instant.

    Attributes:
        at: The instant.
        standard: Those of the standard storage class.
        archive: Those of the archive.
        archived_at: When images were archived that were not when the inventory was taken.
    """

    at: datetime
    standard: int
    archive: int
    archived_at: Mapping[int, datetime]


class Evaluation:
    """What the rules of a policy mark and what goes of it.

    Attributes:
        readings: The answers to the open questions.
        ranking: The images, newest first.
        relations: Which of them depend on each other.
        marks: What each rule does, in ascending priority.
        settled: What goes.
        stage: The images that are there, and the instant.
    """

    def __init__(
        self, rules: Sequence[LifecycleRule], ranking: Ranking, readings: Readings
    ) -> None:
        """Look up what each rule selects, and evaluate."""
        self._rules = rules
        self.readings = readings
        self.ranking = ranking
        self.relations = Relations(ranking)
        self._selected = [ranking.selected(rule) for rule in rules]
        self._evaluate(Stage(ranking.now, ranking.standard, ranking.archive, {}))

    def with_readings(self, **answers: bool) -> "Evaluation":
        """Return the same evaluation under other readings; the order of ties stays."""
        return self._another(self.stage, replace(self.readings, **answers))  # type: ignore[arg-type]

    def at_stage(self, stage: "Stage") -> "Evaluation":
        """Return an evaluation of what is left of the images, at another instant."""
        return self._another(stage, self.readings)

    def _another(self, stage: "Stage", readings: Readings) -> "Evaluation":
        other = object.__new__(Evaluation)
        # What was looked up holds for every stage and reading; what was derived does not.
        for name in ("_rules", "ranking", "relations", "_selected"):
            setattr(other, name, getattr(self, name))
        other.readings = readings
        other._evaluate(stage)
        return other

    def _evaluate(self, stage: "Stage") -> None:
        self.stage = stage
        gone = self.ranking.all & ~stage.standard & ~stage.archive
        self.marks = mark_all(
            self._rules,
            self._selected,
            self.ranking,
            ties=self.readings.ties,
            placeless=self._placeless(gone),
            standard=stage.standard,
            archive=stage.archive,
            older=self._older,
        )
        expire, archive = self.acted(self.marks)
        self.settled = self.relations.settle(
            expire,
            archive,
            archived=stage.archive,
            gone=gone,
            archived_index_releases=self.readings.archived_index_releases_children,
        )

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

    def _placeless(self, gone: int) -> int:
        """Return the images that take no place of a count."""
        found = 0
        if not self.readings.children_take_places:
            found |= self.relations.children(gone)
        if not self.readings.referrers_take_places:
            found |= self.relations.referring
        return found

    @staticmethod
    def acted(marks: Sequence[Marks]) -> tuple[int, int]:
        """Return which images rules delete and which they archive."""
        expire = archive = 0
        for each in marks:
            if each.rule.action == "expire":
                expire |= each.acted
            elif each.rule.storage_class is None:
                archive |= each.acted
        return expire, archive

    @cached_property
    def owners(self) -> bytes:
        """For each rank the number of the rule that identified it first, from 1; 0 for none."""
        return self._by_rank((number, marks.own) for number, marks in enumerate(self.marks, 1))

    @cached_property
    def actors(self) -> dict[int, Marks]:
        """What the rule does that acts on an image, for each rank that one acts on."""
        return {rank: each for each in self.marks for rank in bits.members(each.acted)}

    @cached_property
    def late_markers(self) -> bytes:
        """For each rank the number of the first rule that marks it in vain, from 1, or 0."""
        late = [(number, each.marked & each.seen) for number, each in enumerate(self.marks, 1)]
        return self._by_rank(reversed(late))

    @cached_property
    def deeds(self) -> bytes:
        """For each rank EXPIRE, ARCHIVE, or 0 for an image that stays."""
        settled = self.settled
        return self._by_rank([(EXPIRE, settled.expired), (ARCHIVE, settled.archived)])

    @cached_property
    def acted_on(self) -> bytes:
        """For each rank what a rule would do to it, whatever depends on it."""
        return self._by_rank(zip((EXPIRE, ARCHIVE), self.acted(self.marks), strict=True))

    def _by_rank(self, sets: Iterable[tuple[int, int]]) -> bytes:
        values = bytearray(len(self.ranking.images))
        for value, ranks in sets:
            for rank in bits.members(ranks):
                values[rank] = value
        return bytes(values)

    def owner(self, rank: int) -> Marks | None:
        """Return what the rule does that identified an image first, or None if none did."""
        number = self.owners[rank]
        return self.marks[number - 1] if number else None

    def leader(self, rank: int) -> int:
        """Return the image whose rule decides: itself, unless it goes with one it refers to."""
        while self.deeds[rank] and self.deeds[rank] != self.acted_on[rank]:
            rank = self.relations.subjects[rank]
        return rank
