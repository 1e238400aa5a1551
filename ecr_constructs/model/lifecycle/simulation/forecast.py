"""Which image goes when, if nothing is pushed, pulled or restored any more."""

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

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from ecr_constructs.model.lifecycle.image import Image
    from ecr_constructs.model.lifecycle.simulation.evaluation import Evaluation
    from ecr_constructs.model.lifecycle.simulation.marks import Marks

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Event:
    """An image that goes.

    Attributes:
        at: From this instant on it may go; ECR acts within 24 hours.
        image: The image.
        fate: Whether it is deleted or archived. One that is archived may be deleted later.
        rule_priority: The rule that does it.
    """

    at: datetime
    image: Image
    fate: Fate
    rule_priority: int


@dataclass(frozen=True)
class Forecast:
    """What goes until some day, in that order.

    Attributes:
        simulation: What goes at once.
        until: The end of the forecast.
        events: What goes, at once or later; an image that is archived and then deleted is two.
    """

    simulation: Simulation
    until: datetime
    events: tuple[Event, ...]

    @cached_property
    def days(self) -> dict[date, Counter[Fate]]:
        """How many images go on each day, in UTC; days without any are left out."""
        days: dict[date, Counter[Fate]] = {}
        for event in self.events:
            days.setdefault(event.at.date(), Counter())[event.fate] += 1
        return days

    @property
    def left(self) -> int:
        """How many images are there at the end, archived or not."""
        gone = sum(event.fate is Fate.EXPIRED for event in self.events)
        return len(self.simulation.inventory) - gone


def forecast(
    simulation: Simulation, days: int, advance: Callable[[int], None] = lambda _: None
) -> Forecast:
    """Look ahead; see `LifecyclePolicy.forecast`.

    Args:
        simulation: What goes at once.
        days: How far to look.
        advance: Called with the number of days that were worked through since the last call.

    Raises:
        ValueError: There is no such day.
    """
    try:
        until = simulation.now + days * _DAY
    except OverflowError:
        until = simulation.now
    if until <= simulation.now:
        msg = f"days must be at least 1, and end before the year 10000; got {days}"
        raise ValueError(msg)
    future = _Future(simulation.evaluation, advance)
    events = sorted(future.events(until), key=lambda event: event.at)
    return Forecast(simulation, until, tuple(events))


class _Future:
    """The images that are left, evaluated once a day as ECR does.

    Days on which nothing comes of age are passed over: a count marks more only when an image
    arrives in the archive, and an index lets go only when it goes.
    """

    def __init__(self, evaluation: Evaluation, advance: Callable[[int], None]) -> None:
        self._evaluation = evaluation
        self._advance = advance
        self._gone: dict[int, datetime] = {}

    def events(self, until: datetime) -> Iterator[Event]:
        """Yield what goes, a day's after another's."""
        now = self._evaluation.stage.at
        while True:
            if self._evaluation.settled != (0, 0):
                yield from self._go()
                continue
            due = self._next_due()
            if due is None or due >= until:
                return
            # The first evaluation at which it is strictly older.
            self._move_to(now + ((due - now) // _DAY + 1) * _DAY)

    def _move_to(self, at: datetime) -> None:
        self._advance((at - self._evaluation.stage.at) // _DAY)
        self._evaluation = self._evaluation.at_stage(self._evaluation.stage._replace(at=at))

    def _go(self) -> Iterator[Event]:
        """Yield what goes now, and evaluate again what is left."""
        evaluation, stage = self._evaluation, self._evaluation.stage
        expired, archived = evaluation.settled
        ranks = list(bits.members(expired | archived))[::-1]
        instants = self._instants(ranks)
        archived_at = dict(stage.archived_at)
        for rank in ranks:
            event = self._event(rank, instants[rank])
            self._gone[rank] = event.at
            if event.fate is Fate.ARCHIVED:
                archived_at[rank] = event.at
            yield event
        left = Stage(
            stage.at,
            stage.standard & ~expired & ~archived,
            stage.archive & ~expired | archived,
            archived_at,
        )
        self._evaluation = evaluation.at_stage(left)

    def _event(self, rank: int, at: datetime) -> Event:
        evaluation = self._evaluation
        rule = evaluation.actors[evaluation.leader(rank)].rule
        assert rule.rule_priority
        fate = {EXPIRE: Fate.EXPIRED, ARCHIVE: Fate.ARCHIVED}[evaluation.deeds[rank]]
        return Event(at, evaluation.ranking.images[rank], fate, rule.rule_priority)

    def _instants(self, ranks: list[int]) -> dict[int, datetime]:
        """Return from when on each may go: not before what holds it, or what it follows."""
        evaluation, now = self._evaluation, self._evaluation.ranking.now
        instants: dict[int, datetime] = {}
        causes: dict[int, list[int]] = {}
        for rank in ranks:
            follows = evaluation.leader(rank) != rank
            instants[rank] = now if follows else max(now, self._own_instant(rank))
            found = list(evaluation.relations.listed_by.get(rank, ()))
            if follows:
                found.append(evaluation.relations.subjects[rank])
            if found:
                causes[rank] = found
        changed = True
        while changed:
            changed = False
            for rank, found in causes.items():
                latest = max(instants.get(each) or self._gone.get(each, now) for each in found)
                if latest > instants[rank]:
                    instants[rank], changed = latest, True
        return instants

    def _own_instant(self, rank: int) -> datetime:
        evaluation, marks = self._evaluation, self._evaluation.actors[rank]
        if marks.rule.count_type == "imageCountMoreThan":
            # It was too many from the start, or is since something arrived in the archive.
            return max(evaluation.stage.archived_at.values(), default=evaluation.ranking.now)
        due = self._due(rank, marks)
        # It may be old enough before it arrives in the archive.
        return max(due, evaluation.stage.archived_at.get(rank, due))

    def _due(self, rank: int, marks: Marks) -> datetime:
        image, now = self._evaluation.ranking.images[rank], self._evaluation.ranking.now
        if marks.rule.count_type == "sinceImagePushed":
            clock = image.pushed_clock(now)
        elif marks.rule.count_type == "sinceImagePulled":
            clock = image.pulled_clock(now)
        else:
            clock = self._evaluation.stage.archived_at.get(rank) or image.last_archived_at or now
        return clock + timedelta(days=marks.rule.count_number)

    def _next_due(self) -> datetime | None:
        """Return when the next image comes of age, by the rule that decides over it."""
        found = []
        for marks in self._evaluation.marks:
            young, count_type = marks.own & ~marks.marked, marks.rule.count_type
            if not young or count_type == "imageCountMoreThan":
                continue
            try:
                found.append(min(self._due(rank, marks) for rank in self._oldest(marks, young)))
            except OverflowError:
                # So many days that no calendar holds them.
                continue
        return min(found, default=None)

    def _oldest(self, marks: Marks, ranks: int) -> Iterator[int]:
        """Yield the image with the earliest clock, of those that were archived later all."""
        if marks.rule.count_type == "sinceImageTransitioned":
            late = [rank for rank in self._evaluation.stage.archived_at if ranks >> rank & 1]
            ranks &= ~bits.from_members(late, ranks.bit_length())
            yield from late
        if ranks:
            yield self._evaluation.ranking.oldest(marks.rule.count_type, ranks)
