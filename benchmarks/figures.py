"""What a benchmark found: tables of ratios, some of them with a budget."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median
from typing import Any, Literal


@dataclass(frozen=True, slots=True)
class Spread:
    """The median of the rounds, and the least and the greatest of them."""

    median: float
    low: float
    high: float

    @classmethod
    def of(cls, values: Sequence[float]) -> "Spread":
        """Return the spread of one value for each round."""
        return cls(median(values), min(values), max(values))


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> Spread:
    """Return the spread of the ratios, taken round by round.

    Both halves of such a ratio were measured within seconds, so that a machine which is slow for
    a minute slows both.
    """
    return Spread.of([our / their for our, their in zip(ours, theirs, strict=True)])


@dataclass(frozen=True, slots=True)
class Budget:
    """The most that the median against one competitor may be."""

    against: str
    limit: float


@dataclass(frozen=True, slots=True)
class Row:
    """One figure of a table.

    Attributes:
        figure: What was measured.
        measured: The median of each competitor, ours first, in `unit`.
        unit: Of `measured`.
        against: How ours compares with each of the others, in `compared_in`.
        compared_in: A ratio, or the milliseconds or the number by which ours is greater.
        budget: What is asked of it. Default: it is for information.
    """

    figure: str
    measured: Mapping[str, float]
    unit: Literal["s", "bytes", "count"]
    against: Mapping[str, Spread]
    compared_in: Literal["ratio", "ms", "count"] = "ratio"
    budget: Budget | None = None

    @property
    def met(self) -> bool | None:
        """Whether the budget is met; None without one."""
        if self.budget is None:
            return None
        return self.against[self.budget.against].median <= self.budget.limit


@dataclass(frozen=True, slots=True)
class Table:
    """Figures that belong together."""

    title: str
    rows: Sequence[Row]


def all_met(tables: Sequence[Table]) -> bool:
    """Return whether no budget is missed."""
    return all(row.met is not False for table in tables for row in table.rows)


def to_json(tables: Sequence[Table]) -> list[dict[str, Any]]:
    """Return the tables for machines."""
    return [
        {"title": table.title, "rows": [_row_to_json(row) for row in table.rows]}
        for table in tables
    ]


def _row_to_json(row: Row) -> dict[str, Any]:
    return {
        "figure": row.figure,
        "unit": row.unit,
        "measured": dict(row.measured),
        "comparedIn": row.compared_in,
        "against": {
            name: {"median": spread.median, "low": spread.low, "high": spread.high}
            for name, spread in row.against.items()
        },
        "budget": row.budget and {"against": row.budget.against, "limit": row.budget.limit},
        "met": row.met,
    }
