"""`ecr-constructs review` on two large assemblies, beside reading their files.

Less than to read both sides nobody can do. Of each stack one repository in a hundred is changed,
so that no file of head is that of base.
"""

import sys
from collections.abc import Callable, Sequence
from statistics import median
from typing import Literal

from benchmarks.figures import Budget, Row, Table, ratio
from benchmarks.processes import MeasurementError, Sample, in_turn
from benchmarks.review_run import EVERY

OURS, JSON = "review", "json.load"
WAYS = {OURS: "review", JSON: "json"}
THREE_TIMES = Budget(against=JSON, limit=3)
QUICK_ROUNDS, ROUNDS = 2, 7
QUICK_LARGE, LARGE, SMALL = 5_000, 10_000, 1_000

Rounds = Sequence[dict[str, Sample]]


def run(*, quick: bool, announce: Callable[[str], None]) -> Sequence[Table]:
    """Measure both ways, and how the cost of a review grows."""
    rounds, large = (QUICK_ROUNDS, QUICK_LARGE) if quick else (ROUNDS, LARGE)
    both = in_turn({name: _command(way, large) for name, way in WAYS.items()}, rounds, announce)
    _judge(both, large)
    sizes = {f"{size:,} repositories": size for size in (large, SMALL)}
    grown = in_turn(
        {label: _command("review", size) for label, size in sizes.items()}, rounds, announce
    )
    return [
        Table(
            f"review: two assemblies of {large:,} repositories",
            [
                _beside("load and review, CPU", both, "workCpu", "s", THREE_TIMES),
                _beside("load and review, wall", both, "workWall", "s"),
                _beside("peak memory", both, "peakMemory", "bytes"),
            ],
        ),
        _growth(grown, sizes),
    ]


def _command(way: str, repositories: int) -> Sequence[str]:
    return [sys.executable, "-m", "benchmarks.review_run", way, str(repositories)]


def _judge(rounds: Rounds, repositories: int) -> None:
    """Make sure that each change is found.

    Raises:
        MeasurementError: Some are not.
    """
    if any(samples[OURS]["found"] < repositories // EVERY for samples in rounds):
        msg = "the review does not find every change"
        raise MeasurementError(msg)


def _beside(
    figure: str,
    rounds: Rounds,
    metric: str,
    unit: Literal["s", "bytes"],
    budget: Budget | None = None,
) -> Row:
    taken = {way: [samples[way][metric] for samples in rounds] for way in WAYS}
    measured = {way: median(values) for way, values in taken.items()}
    against = {JSON: ratio(taken[OURS], taken[JSON])}
    return Row(figure, measured, unit, against, budget=budget)


def _growth(rounds: Rounds, sizes: dict[str, int]) -> Table:
    large, small = sizes
    each = {
        label: [samples[label]["workCpu"] / size for samples in rounds]
        for label, size in sizes.items()
    }
    measured = {label: median(values) for label, values in each.items()}
    against = {small: ratio(each[large], each[small])}
    row = Row("load and review, CPU for each repository", measured, "s", against)
    return Table(f"review: {large}, beside {small}", [row])
