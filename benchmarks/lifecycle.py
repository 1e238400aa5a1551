"""Lifecycle policies simulated, beside the same evaluated rule by rule and image by image.

The other way is the oracle of the tests, written to be obvious; it is what one writes first.
"""

import sys
from collections.abc import Callable, Sequence
from statistics import median
from typing import Literal, NamedTuple

from benchmarks.figures import Budget, Row, Table, ratio
from benchmarks.processes import MeasurementError, Sample, in_turn

OURS, ORACLE = "simulate", "rule by rule"
WAYS = {OURS: "model", ORACLE: "oracle"}
TWENTY_TIMES_FASTER = Budget(against=ORACLE, limit=1 / 20)
QUICK_ROUNDS, ROUNDS = 1, 3
SMALL = 1_000


class _Load(NamedTuple):
    repositories: int
    images: int
    rules: int


QUICK_LARGE, LARGE = _Load(1, 10_000, 50), _Load(1, 100_000, 50)
QUICK_MANY, MANY = _Load(100, 200, 10), _Load(1_000, 200, 10)

Rounds = Sequence[dict[str, Sample]]


def run(*, quick: bool, announce: Callable[[str], None]) -> Sequence[Table]:
    """Measure a large repository, how cost grows with it, and many repositories."""
    large, many = (QUICK_LARGE, QUICK_MANY) if quick else (LARGE, MANY)
    rounds = QUICK_ROUNDS if quick else ROUNDS
    of_large, of_many = _both(large, rounds, announce), _both(many, rounds, announce)
    growth = in_turn(
        {
            f"{size:,} images": _command("model", large._replace(images=size))
            for size in (large.images, SMALL)
        },
        rounds,
        announce,
    )
    return [
        Table(
            f"lifecycle: {large.images:,} images and {large.rules} rules",
            [
                _beside("evaluate, CPU", of_large, "evaluateCpu", budget=TWENTY_TIMES_FASTER),
                _beside("evaluate, wall", of_large, "evaluate"),
                _beside("peak memory, images included", of_large, "peakMemory", "bytes"),
            ],
        ),
        Table(
            f"lifecycle: {many.repositories:,} repositories of {many.images} images and "
            f"{many.rules} rules",
            [_beside("evaluate all, CPU", of_many, "evaluateCpu")],
        ),
        _growth(growth, large.images),
    ]


def _both(load: _Load, rounds: int, announce: Callable[[str], None]) -> Rounds:
    """Run both ways, and make sure that they say the same.

    Raises:
        MeasurementError: They do not.
    """
    commands = {name: _command(way, load) for name, way in WAYS.items()}
    measured = in_turn(commands, rounds, announce)
    for samples in measured:
        if samples[OURS]["found"] != samples[ORACLE]["found"]:
            msg = f"the ways disagree on {load}"
            raise MeasurementError(msg)
    return measured


def _command(way: str, load: _Load) -> list[str]:
    return [sys.executable, "-m", "benchmarks.lifecycle_run", way, *map(str, load)]


def _beside(
    figure: str,
    rounds: Rounds,
    metric: str,
    unit: Literal["s", "bytes"] = "s",
    budget: Budget | None = None,
) -> Row:
    taken = {way: [samples[way][metric] for samples in rounds] for way in WAYS}
    measured = {way: median(values) for way, values in taken.items()}
    return Row(figure, measured, unit, {ORACLE: ratio(taken[OURS], taken[ORACLE])}, budget=budget)


def _growth(rounds: Rounds, large: int) -> Table:
    """Return what some images cost in a large repository, beside a small one."""
    each = {
        f"{size:,} images": [
            samples[f"{size:,} images"]["evaluateCpu"] * SMALL / size for samples in rounds
        ]
        for size in (large, SMALL)
    }
    (ours, theirs) = each
    row = Row(
        f"evaluate, CPU for each {SMALL:,} images",
        {name: median(values) for name, values in each.items()},
        "s",
        {theirs: ratio(each[ours], each[theirs])},
    )
    return Table("lifecycle: how the cost grows with the repository", [row])
