"""A preview for people."""

from __future__ import annotations

from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from ecr_constructs.model.diagnostics import pluralize
from ecr_constructs.model.lifecycle import Fate
from ecr_constructs.model.lifecycle.rule import rule_in_words
from ecr_constructs.model.lifecycle.simulation import bits
from ecr_constructs.model.lifecycle.simulation.engine import in_units
from ecr_constructs.model.lifecycle.simulation.explanation import short
from ecr_constructs.model.lifecycle.simulation.in_use import PULLED_WITHIN_DAYS
from ecr_constructs.model.lifecycle.simulation.preview import action_of
from ecr_constructs.report.document import ROWS, Bars, Block, Heading, Lines, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ecr_constructs.live.lifecycle_preview import Comparison
    from ecr_constructs.model.lifecycle import Forecast, Outcome, Simulation
    from ecr_constructs.model.lifecycle.image import Image
    from ecr_constructs.model.lifecycle.simulation.engine import Bytes
    from ecr_constructs.model.lifecycle.simulation.image_uses import UseConflict
    from ecr_constructs.model.lifecycle.simulation.preview import Change
    from ecr_constructs.model.not_known import NotKnown

_DAYS = 31
_TAGS = 3
_NAMED = 5
_COLUMNS = ("pushed", "last pulled", "image", "tags", "rule", "why")
_WORDS = {"KEEP": "kept", "EXPIRE": "deleted", "TRANSITION": "archived"}
_PARTICIPLES = ((Fate.EXPIRED, "deleted"), (Fate.ARCHIVED, "archived"))


class View(NamedTuple):
    """What is shown of a simulation.

    Attributes:
        rows: The number of rows of a table of images. None: all.
        pulled_within_days: How many days an image counts as in use after a pull.
    """

    rows: int | None = ROWS
    pulled_within_days: int = PULLED_WITHIN_DAYS


DEFAULT_VIEW = View()


def preview_blocks(
    simulation: Simulation,
    forecast: Forecast,
    changed: Sequence[Change] | None,
    view: View = DEFAULT_VIEW,
) -> Iterator[Block]:
    """Yield the report on a simulation: all images, or those that another policy changes."""
    yield Lines(list(_summary(simulation, view)))
    if changed is None:
        yield from _going(simulation, view)
    else:
        yield from _changed(simulation, changed, view)
    yield from _rules(simulation)
    yield from _ahead(forecast)
    if simulation.assumptions:
        yield Heading("This rests on assumptions")
        yield Lines([assumption.sentence for assumption in simulation.assumptions])


def conflict_blocks(
    conflicts: Sequence[UseConflict], not_known: Sequence[NotKnown]
) -> Iterator[Block]:
    """Yield the images in use that the policy deletes or archives, and what was not looked at."""
    if conflicts:
        yield Heading(f"In use, and deleted or archived: {len(conflicts):,}", "red")
        yield Lines([f"{item.severity}: {item.sentence}" for item in conflicts])
    else:
        yield Lines(["The policy deletes or archives no image that is in use, as far as is known."])
    if not_known:
        yield Heading("Not known: images may be in use there", "yellow")
        yield Lines([str(item) for item in not_known])


def conflicts_document(
    conflicts: Sequence[UseConflict], not_known: Sequence[NotKnown]
) -> dict[str, Any]:
    """Return the images in use that the policy deletes or archives as JSON."""
    return {
        "conflicts": [item.to_json() for item in conflicts],
        "notKnown": [item.to_json() for item in not_known],
    }


def explanation_blocks(
    simulation: Simulation, forecast: Forecast, outcomes: Sequence[Outcome]
) -> Iterator[Block]:
    """Yield what becomes of single images, and what each rule does to them."""
    for outcome in outcomes:
        image = outcome.image
        pushed, pulled, _, tags = _identity(image)
        yield Heading(f"{image.digest} ({tags})")
        last = f"last pulled {pulled}" if image.last_recorded_pull_time else "no recorded pull"
        lines = [
            f"It is {_WORDS[action_of(outcome)]}: {outcome.reason}.",
            f"Pushed {pushed}, {last}.",
        ]
        lines += [
            f"From {event.at:%Y-%m-%d %H:%M} UTC: {_WORDS[_EVENTS[event.fate]]} by rule "
            f"{event.rule_priority}, if nothing is pushed or pulled."
            for event in forecast.events
            if event.image is image
        ]
        yield Lines(lines)
        steps = simulation.rule_steps(image.digest)
        rows = [
            (str(step.rule.rule_priority), rule_in_words(step.rule), step.reason) for step in steps
        ]
        if rows:
            yield Table(("rule", "effect", "this image"), rows)


_EVENTS = {Fate.EXPIRED: "EXPIRE", Fate.ARCHIVED: "TRANSITION"}


def service_blocks(comparison: Comparison) -> Iterator[Block]:
    """Yield where ECR's own preview differs."""
    yield Heading("ECR's own preview")
    if comparison.disagreements:
        rows = (
            (*_identity(item.image), item.model, item.service) for item in comparison.disagreements
        )
        columns = (*_COLUMNS[:4], "here", "ECR")
        yield _table(columns, rows, len(comparison.disagreements), ROWS)
    else:
        yield Lines(["ECR agrees on every image."])
    if comparison.follow_ups:
        listed = sum(item.is_listed for item in comparison.follow_ups)
        count = pluralize(len(comparison.follow_ups), "image")
        follow = "follows" if len(comparison.follow_ups) == 1 else "follow"
        yield Lines(
            [f"{count} {follow} in a later evaluation; ECR's preview lists {listed:,} of them."]
        )


# --- what becomes of the images -----------------------------------------------------------------


def _summary(simulation: Simulation, view: View) -> Iterator[str]:
    counts = simulation.counts
    yield (
        f"{pluralize(len(simulation.inventory), 'image')}: {counts[Fate.EXPIRED]:,} deleted, "
        f"{counts[Fate.ARCHIVED]:,} archived, {counts[Fate.KEPT]:,} kept "
        f"on {simulation.now:%Y-%m-%d %H:%M} UTC; ECR acts within 24 hours."
    )
    if simulation.follow_ups:
        yield _now_and_after(simulation)
    if pulled := simulation.pulled_within(view.pulled_within_days):
        names = ", ".join(_name(outcome.image) for outcome in pulled[:_NAMED])
        more = f" and {len(pulled) - _NAMED:,} more" if len(pulled) > _NAMED else ""
        days = pluralize(view.pulled_within_days, "day")
        yield (
            f"Deleted or archived although pulled in the last {days}: "
            f"{pluralize(len(pulled), 'image')}: {names}{more}."
        )
    elif counts[Fate.KEPT] < len(simulation.inventory) and not simulation.has_pull_times:
        yield "No image has a recorded pull: whether the images are in use is unknown."
    if counts[Fate.EXPIRED]:
        yield f"Deleting frees {_size(simulation.expired_bytes)}."
    if counts[Fate.ARCHIVED]:
        yield f"Archiving moves {_size(simulation.archived_bytes)}."
    if not simulation.policy.rules:
        yield "There is no lifecycle policy, so every image is kept permanently."
    elif not counts[Fate.EXPIRED] and not counts[Fate.ARCHIVED]:
        yield "Nothing is deleted or archived; the table of the rules says why."


def _now_and_after(simulation: Simulation) -> str:
    """Return how many images go now, and how many after an index or a subject."""
    parts = []
    for fate, participle in _PARTICIPLES:
        now = sum(result.fate is fate for result in simulation.preview_results)
        after = sum(item.fate is fate for item in simulation.follow_ups)
        if now or after:
            parts.append(f"{participle} now: {now:,}, {participle} after them: {after:,}")
    hours = max(item.within_hours for item in simulation.follow_ups)
    parts[0] = parts[0].capitalize()
    return f"{'; '.join(parts)}; those that wait for an index or a subject within {hours} hours."


def _going(simulation: Simulation, view: View) -> Iterator[Block]:
    evaluation = simulation.evaluation
    images = evaluation.ranking.images
    waiting = bits.from_members(evaluation.waits, len(images))
    for (_, participle), now, final in zip(
        _PARTICIPLES, evaluation.immediate, evaluation.resolution, strict=True
    ):
        for when, ranks in (("now", now), ("after them", final & waiting)):
            if ranks:
                count = ranks.bit_count()
                yield Heading(f"{participle.capitalize()} {when}: {pluralize(count, 'image')}")
                order = simulation.by_attention(ranks, view.pulled_within_days)
                rows = (_row(simulation.outcome(images[rank].digest)) for rank in order)
                yield _table(_COLUMNS, rows, count, view.rows)


def _changed(simulation: Simulation, changed: Sequence[Change], view: View) -> Iterator[Block]:
    yield Heading(f"What changes: {pluralize(len(changed), 'image')}")
    if not changed:
        yield Lines(["Both policies do the same to every image."])
        return
    ranking = simulation.evaluation.ranking
    by_rank = {ranking.ranks[change.after.image.digest]: change for change in changed}
    ranks = bits.from_members(by_rank, len(ranking.images))
    expired, archived = simulation.evaluation.resolution
    # What goes comes before what is spared.
    ordered = [
        by_rank[rank]
        for part in (ranks & (expired | archived), ranks & ~(expired | archived))
        for rank in simulation.by_attention(part, view.pulled_within_days)
    ]
    rows = (
        (
            *_identity(change.after.image),
            _WORDS[action_of(change.before)],
            _WORDS[action_of(change.after)],
            change.after.reason,
        )
        for change in ordered
    )
    yield _table((*_COLUMNS[:4], "before", "after", "why"), rows, len(changed), view.rows)


def _rules(simulation: Simulation) -> Iterator[Block]:
    effects = simulation.rule_effects
    if not effects:
        return
    yield Heading("Rules")
    rows = [
        (
            str(effect.rule.rule_priority),
            f"{effect.selected:,}",
            f"{effect.marked:,}",
            f"{effect.acted:,}",
            rule_in_words(effect.rule) + (f"; {effect.reason}" if effect.reason else ""),
        )
        for effect in effects
    ]
    yield Table(("rule", "selects", "marks", "acts on", "effect"), rows)
    if count := simulation.unselected_count:
        they = "it is" if count == 1 else "they are"
        yield Lines([f"No rule selects {pluralize(count, 'image')}: {they} never deleted."])


def _ahead(forecast: Forecast) -> Iterator[Block]:
    days = forecast.days
    if not days:
        return
    yield Heading(f"Until {forecast.until:%Y-%m-%d}, if nothing is pushed or pulled")
    rows = []
    for day, counts in sorted(days.items())[:_DAYS]:
        summary = ", ".join(
            f"{counts[fate]:,} {word}" for fate, word in _PARTICIPLES if counts[fate]
        )
        rows.append((day.isoformat(), counts.total(), summary))
    yield Bars(rows, max(0, len(days) - _DAYS))
    yield Lines([f"{pluralize(forecast.left, 'image')} left then."])


# --- cells --------------------------------------------------------------------------------------


def _table(
    columns: Sequence[str], rows: Iterator[tuple[str, ...]], count: int, most: int | None
) -> Table:
    shown = list(islice(rows, most))
    return Table(columns, shown, count - len(shown))


def _size(size: Bytes) -> str:
    most = in_units(size.at_most)
    if size.at_least == size.at_most:
        return most
    return f"{in_units(size.at_least)} to {most}, as images share layers"


def _row(outcome: Outcome) -> tuple[str, ...]:
    rule = "" if outcome.follows else str(outcome.rule_priority)
    return (*_identity(outcome.image), rule, outcome.reason)


def _identity(image: Image) -> tuple[str, str, str, str]:
    shown = ", ".join(image.tags[:_TAGS])
    more = len(image.tags) - _TAGS
    tags = f"{shown} and {more} more" if more > 0 else shown or "untagged"
    pulled = image.last_recorded_pull_time
    last = f"{pulled:%Y-%m-%d}" if pulled else ""
    return f"{image.pushed_at:%Y-%m-%d}", last, short(image.digest), tags


def _name(image: Image) -> str:
    return image.tags[0] if image.tags else short(image.digest)
