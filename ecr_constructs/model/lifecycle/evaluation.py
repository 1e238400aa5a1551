"""A policy applied to an inventory at one instant, under one reading of what is undocumented."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from functools import cached_property
from typing import Self

from ecr_constructs.model.lifecycle import bits
from ecr_constructs.model.lifecycle.inventory import Inventory
from ecr_constructs.model.lifecycle.marks import Marks, mark_all
from ecr_constructs.model.lifecycle.ranking import Ranking
from ecr_constructs.model.lifecycle.readings import Readings
from ecr_constructs.model.lifecycle.relations import ARCHIVE, EXPIRE, Relations, Settled
from ecr_constructs.model.lifecycle.rule import LifecycleRule


class Evaluation:
    """What the rules of a policy mark and what goes of it.

    Attributes:
        readings: The answers to the open questions.
        ranking: The images, newest first.
        relations: Which of them depend on each other.
        marks: What each rule does, in ascending priority.
        settled: What goes.
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
        self._evaluate()

    @classmethod
    def of(
        cls,
        rules: Sequence[LifecycleRule],
        inventory: Inventory,
        now: datetime,
        readings: Readings,
    ) -> Self:
        """Rank an inventory and evaluate it."""
        return cls(rules, Ranking(inventory, now, readings.ties), readings)

    def with_readings(self, **answers: bool) -> "Evaluation":
        """Return the same evaluation under other readings; the order of ties stays."""
        other = object.__new__(Evaluation)
        # What was looked up holds for every reading; what was derived does not.
        for name in ("_rules", "ranking", "relations", "_selected"):
            setattr(other, name, getattr(self, name))
        other.readings = replace(self.readings, **answers)  # type: ignore[arg-type]
        other._evaluate()
        return other

    def _evaluate(self) -> None:
        self.marks = self.mark(self.ranking.standard, self.ranking.archive)
        expire, archive = self.acted(self.marks)
        self.settled = self.settle(expire, archive, self.ranking.archive)

    def mark(self, standard: int, archive: int) -> list[Marks]:
        """Return what each rule marks of these images.

        Args:
            standard: Those in the standard storage class.
            archive: Those in the archive storage class.
        """
        return mark_all(
            self._rules,
            self._selected,
            self.ranking,
            ties=self.readings.ties,
            placeless=self.placeless,
            standard=standard,
            archive=archive,
        )

    @property
    def placeless(self) -> int:
        """The images that take no place of a count."""
        found = 0
        if not self.readings.children_take_places:
            found |= self.relations.children
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

    def settle(self, expire: int, archive: int, archived: int) -> Settled:
        """Return what goes, after what an index keeps and what follows its subject."""
        return self.relations.settle(
            expire,
            archive,
            archived=archived,
            archived_index_releases=self.readings.archived_index_releases_children,
        )

    @cached_property
    def owners(self) -> bytes:
        """For each rank the number of the rule that identified it first, from 1; 0 for none."""
        return self._by_rank((number, marks.own) for number, marks in enumerate(self.marks, 1))

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
