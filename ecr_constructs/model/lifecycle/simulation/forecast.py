"""Forecast when images are deleted or archived if nothing is pushed, pulled or restored."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING

from ecr_constructs.model.lifecycle.simulation import bits
from ecr_constructs.model.lifecycle.simulation.engine import Fate, Simulation
from ecr_constructs.model.lifecycle.simulation.evaluation import Stage
from ecr_constructs.model.lifecycle.simulation.relations import ARCHIVE, EXPIRE
from ecr_constructs.model.validation import reject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ecr_constructs.model.lifecycle.image import Image
    from ecr_constructs.model.lifecycle.simulation.evaluation import Evaluation, RuleResult

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Event:
    """The instant from which a rule deletes or archives an image; ECR acts within 24 hours."""

    at: datetime
    image: Image
    fate: Fate
    rule_priority: int


@dataclass(frozen=True)
class Forecast:
    """The deletions and archivings until an instant.

    Attributes:
        simulation: The immediate outcome.
        until: The end of the forecast.
        events: The immediate and the later events, in the order of time; an image that is
            archived and then deleted has two.
    """

    simulation: Simulation
    until: datetime
    events: tuple[Event, ...]

    @cached_property
    def days(self) -> dict[date, Counter[Fate]]:
        """The number of images of each fate on each day, in UTC, without empty days."""
        days: dict[date, Counter[Fate]] = {}
        for event in self.events:
            days.setdefault(event.at.date(), Counter())[event.fate] += 1
        return days

    @property
    def left(self) -> int:
        """The number of remaining images at the end, archived or not."""
        gone = sum(event.fate is Fate.EXPIRED for event in self.events)
        return len(self.simulation.inventory) - gone


def forecast(
    simulation: Simulation, days: int, advance: Callable[[int], None] = lambda _: None
) -> Forecast:
    """Look ahead; see `LifecyclePolicy.forecast`.

    `advance` receives the number of days processed since its last call.
    """
    try:
        until = simulation.now + days * _DAY
    except OverflowError:
        until = simulation.now
    if until <= simulation.now:
        message = f"must be at least 1 and end before the year 10000, got {days}"
        reject("forecast", days, "days-out-of-range", message, path="days")
    timeline = _Timeline(simulation.evaluation, advance)
    events = sorted(timeline.events(until), key=lambda event: event.at)
    return Forecast(simulation, until, tuple(events))


class _Timeline:
    """The daily evaluations of the remaining images.

    ECR evaluates a policy about once a day. Days on which no image reaches a rule's age are
    skipped: a count marks more images only when one arrives in the archive, and an index
    releases its children only when it is deleted or archived itself.
    """

    def __init__(self, evaluation: Evaluation, advance: Callable[[int], None]) -> None:
        self._evaluation = evaluation
        self._advance = advance
        self._gone: dict[int, datetime] = {}

    def events(self, until: datetime) -> Iterator[Event]:
        """Yield the events before an instant, day by day."""
        now = self._evaluation.stage.at
        while True:
            if self._evaluation.resolution != (0, 0):
                yield from self._apply()
                continue
            due = self._next_due()
            if due is None or due >= until:
                return
            # The first daily evaluation at which the image is strictly older than the rule's age.
            self._move_to(now + ((due - now) // _DAY + 1) * _DAY)

    def _move_to(self, at: datetime) -> None:
        self._advance((at - self._evaluation.stage.at) // _DAY)
        self._evaluation = self._evaluation.at_stage(self._evaluation.stage._replace(at=at))

    def _apply(self) -> Iterator[Event]:
        """Yield the events of the current evaluation, and evaluate the remaining images."""
        evaluation, stage = self._evaluation, self._evaluation.stage
        expired, archived = evaluation.resolution
        ranks = list(bits.members(expired | archived))[::-1]
        instants = self._instants(ranks)
        archived_at = dict(stage.archived_at)
        for rank in ranks:
            event = self._event(rank, instants[rank])
            self._gone[rank] = event.at
            if event.fate is Fate.ARCHIVED:
                archived_at[rank] = event.at
            yield event
        remaining = Stage(
            stage.at,
            stage.standard & ~expired & ~archived,
            stage.archive & ~expired | archived,
            archived_at,
        )
        self._evaluation = evaluation.at_stage(remaining)

    def _event(self, rank: int, at: datetime) -> Event:
        evaluation = self._evaluation
        rule = evaluation.acting_results[evaluation.root_image(rank)].rule
        assert rule.rule_priority
        fate = {EXPIRE: Fate.EXPIRED, ARCHIVE: Fate.ARCHIVED}[evaluation.actions[rank]]
        return Event(at, evaluation.ranking.images[rank], fate, rule.rule_priority)

    def _instants(self, ranks: list[int]) -> dict[int, datetime]:
        """Return the earliest instant of each event.

        An image is not deleted before the indexes that list it and the subject that it follows.
        These may depend on others in turn, so instants are raised until none changes.
        """
        evaluation, now = self._evaluation, self._evaluation.ranking.now
        instants: dict[int, datetime] = {}
        prerequisites: dict[int, list[int]] = {}
        for rank in ranks:
            follows = evaluation.root_image(rank) != rank
            instants[rank] = now if follows else max(now, self._own_instant(rank))
            required = list(evaluation.relations.listed_by.get(rank, ()))
            if follows:
                required.append(evaluation.relations.subjects[rank])
            if required:
                prerequisites[rank] = required
        changed = True
        while changed:
            changed = False
            for rank, required in prerequisites.items():
                latest = max(instants.get(item) or self._gone.get(item, now) for item in required)
                if latest > instants[rank]:
                    instants[rank], changed = latest, True
        return instants

    def _own_instant(self, rank: int) -> datetime:
        evaluation, result = self._evaluation, self._evaluation.acting_results[rank]
        if result.rule.count_type == "imageCountMoreThan":
            # It is surplus from the start, or since the last image arrived in the archive.
            return max(evaluation.stage.archived_at.values(), default=evaluation.ranking.now)
        due = self._due(rank, result)
        # It may be old enough before it arrives in the archive.
        return max(due, evaluation.stage.archived_at.get(rank, due))

    def _due(self, rank: int, result: RuleResult) -> datetime:
        image, now = self._evaluation.ranking.images[rank], self._evaluation.ranking.now
        if result.rule.count_type == "sinceImagePushed":
            clock = image.pushed_clock(now)
        elif result.rule.count_type == "sinceImagePulled":
            clock = image.pulled_clock(now)
        else:
            clock = self._evaluation.stage.archived_at.get(rank) or image.last_archived_at or now
        return clock + timedelta(days=result.rule.count_number)

    def _next_due(self) -> datetime | None:
        """Return the next instant at which an image reaches the age of its deciding rule."""
        instants = []
        for result in self._evaluation.results:
            young, count_type = result.own & ~result.marked, result.rule.count_type
            if not young or count_type == "imageCountMoreThan":
                continue
            try:
                oldest = self._oldest(result, young)
                instants.append(min(self._due(rank, result) for rank in oldest))
            except OverflowError:
                # The age exceeds the range of datetime: it is never reached.
                continue
        return min(instants, default=None)

    def _oldest(self, result: RuleResult, ranks: int) -> Iterator[int]:
        """Yield the image with the earliest clock, and all that were archived since the start."""
        if result.rule.count_type == "sinceImageTransitioned":
            late = [rank for rank in self._evaluation.stage.archived_at if ranks >> rank & 1]
            ranks &= ~bits.from_members(late, ranks.bit_length())
            yield from late
        if ranks:
            yield self._evaluation.ranking.oldest(result.rule.count_type, ranks)
