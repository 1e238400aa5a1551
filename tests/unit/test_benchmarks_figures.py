"""Benchmarks compare round by round, and a missed budget is one."""

import io
import json

import pytest
from rich.console import Console

from benchmarks import report
from benchmarks.figures import Budget, Row, Spread, Table, all_met, ratio, to_json


def a_table(median: float, limit: float | None) -> Table:
    budget = None if limit is None else Budget(against="theirs", limit=limit)
    spread = Spread(median, median - 0.25, median + 0.25)
    row = Row("CPU", {"ours": 0.0012, "theirs": 0.0024}, "s", {"theirs": spread}, budget=budget)
    return Table("A table", [row])


def test_a_ratio_is_taken_within_each_round() -> None:
    """A round in which everything is ten times slower leaves the ratio as it is."""
    assert ratio([1.0, 10.0, 3.0], [2.0, 20.0, 4.0]) == Spread(0.5, 0.5, 0.75)


@pytest.mark.parametrize(
    ("median", "limit", "met"),
    [(0.6, 0.6, True), (0.61, 0.6, False), (9.0, None, None)],
    ids=["at the limit", "above the limit", "without a budget"],
)
def test_the_median_is_judged(median: float, limit: float | None, *, met: bool | None) -> None:
    """A budget is met up to its limit; a figure without one is never a failure."""
    table = a_table(median, limit)

    assert (table.rows[0].met, all_met([table])) == (met, met is not False)


def test_a_pipe_gets_plain_text() -> None:
    """Where there is no terminal, tables are Markdown and without escapes."""
    output = io.StringIO()
    report.show([a_table(0.75, 0.6)], Console(file=output, width=report.PLAIN_WIDTH))

    lines = [line.strip() for line in output.getvalue().splitlines() if line.strip()]
    assert lines == [
        "A table",
        "| figure |    ours |    against theirs |   budget |        |",
        "|--------|---------|-------------------|----------|--------|",
        "| CPU    | 1.20 ms | 0.75x (0.50-1.00) | <= 0.60x | MISSED |",
    ]


def test_machines_get_every_number() -> None:
    """The JSON holds what was measured, how it compares and whether that is enough."""
    row = {
        "figure": "CPU",
        "unit": "s",
        "measured": {"ours": 0.0012, "theirs": 0.0024},
        "comparedIn": "ratio",
        "against": {"theirs": {"median": 0.5, "low": 0.25, "high": 0.75}},
        "budget": {"against": "theirs", "limit": 0.6},
        "met": True,
    }

    document = json.loads(json.dumps(to_json([a_table(0.5, 0.6)])))
    assert document == [{"title": "A table", "rows": [row]}]
