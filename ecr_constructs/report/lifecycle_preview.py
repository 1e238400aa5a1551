"""A preview for people."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING

from ecr_constructs.model.diagnostics import pluralize
from ecr_constructs.model.lifecycle import Fate
from ecr_constructs.model.lifecycle.simulation.engine import in_units
from ecr_constructs.model.lifecycle.simulation.explanation import short
from ecr_constructs.model.lifecycle.simulation.preview import action_of
from ecr_constructs.report.document import Bars, Block, Heading, Lines, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ecr_constructs.live.lifecycle_preview import Disagreement
    from ecr_constructs.model.lifecycle import Forecast, Outcome, Simulation
    from ecr_constructs.model.lifecycle.image import Image
    from ecr_constructs.model.lifecycle.simulation.engine import Bytes
    from ecr_constructs.model.lifecycle.simulation.preview import Change

_ROWS = 50
_DAYS = 31
_TAGS = 3
_COLUMNS = ("pushed", "image", "tags", "rule", "why")


def preview_blocks(
    simulation: Simulation, forecast: Forecast, changed: Sequence[Change] | None
) -> Iterator[Block]:
    """Yield the report on a simulation: all images, or those that another policy changes."""
    yield Lines(list(_summary(simulation)))
    if changed is None:
        for title, outcomes in (("Deleted", simulation.expired), ("Archived", simulation.archived)):
            if outcomes:
                yield Heading(f"{title} now: {pluralize(len(outcomes), 'image')}")
                yield _table(_COLUMNS, map(_row, outcomes), len(outcomes))
    else:
        yield from _changed(changed)
    yield from _ahead(forecast)
    if simulation.assumptions:
        yield Heading("This rests on assumptions")
        yield Lines([assumption.sentence for assumption in simulation.assumptions])


def service_blocks(disagreements: Sequence[Disagreement]) -> Iterator[Block]:
    """Yield where ECR's own preview differs."""
    yield Heading("ECR's own preview")
    if not disagreements:
        yield Lines(["ECR agrees on every image."])
        return
    rows = ((*_identity(item.image), item.model, item.service) for item in disagreements)
    yield _table(("pushed", "image", "tags", "here", "ECR"), rows, len(disagreements))


def _summary(simulation: Simulation) -> Iterator[str]:
    counts = simulation.counts
    yield (
        f"{pluralize(len(simulation.inventory), 'image')}: {counts[Fate.EXPIRED]:,} deleted, "
        f"{counts[Fate.ARCHIVED]:,} archived, {counts[Fate.KEPT]:,} kept "
        f"on {simulation.now:%Y-%m-%d %H:%M} UTC, or within 24 hours."
    )
    if counts[Fate.EXPIRED]:
        yield f"Deleting frees {_size(simulation.expired_bytes)}."
    if counts[Fate.ARCHIVED]:
        yield f"Archiving moves {_size(simulation.archived_bytes)}."


def _table(columns: Sequence[str], rows: Iterator[tuple[str, ...]], count: int) -> Table:
    return Table(columns, list(islice(rows, _ROWS)), max(0, count - _ROWS))


def _size(size: Bytes) -> str:
    most = in_units(size.at_most)
    if size.at_least == size.at_most:
        return most
    return f"{in_units(size.at_least)} to {most}, as images share layers"


def _row(outcome: Outcome) -> tuple[str, ...]:
    return (*_identity(outcome.image), str(outcome.rule_priority or ""), outcome.reason)


def _identity(image: Image) -> tuple[str, str, str]:
    shown = ", ".join(image.tags[:_TAGS])
    more = len(image.tags) - _TAGS
    tags = f"{shown} and {more} more" if more > 0 else shown or "untagged"
    return f"{image.pushed_at:%Y-%m-%d}", short(image.digest), tags


def _changed(changed: Sequence[Change]) -> Iterator[Block]:
    yield Heading(f"What changes: {pluralize(len(changed), 'image')}")
    if not changed:
        yield Lines(["Both policies do the same to every image."])
        return
    words = {"KEEP": "kept", "EXPIRE": "deleted", "TRANSITION": "archived"}
    rows = (
        (
            *_identity(change.after.image),
            words[action_of(change.before)],
            words[action_of(change.after)],
            change.after.reason,
        )
        for change in changed
    )
    yield _table(("pushed", "image", "tags", "before", "after", "why"), rows, len(changed))


def _ahead(forecast: Forecast) -> Iterator[Block]:
    days = forecast.days
    if not days:
        return
    yield Heading(f"Until {forecast.until:%Y-%m-%d}, if nothing is pushed or pulled")
    rows = []
    for day, counts in sorted(days.items())[:_DAYS]:
        words = ((Fate.EXPIRED, "deleted"), (Fate.ARCHIVED, "archived"))
        summary = ", ".join(f"{counts[fate]:,} {word}" for fate, word in words if counts[fate])
        rows.append((day.isoformat(), counts.total(), summary))
    yield Bars(rows, max(0, len(days) - _DAYS))
    yield Lines([f"{pluralize(forecast.left, 'image')} left then."])
