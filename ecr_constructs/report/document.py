"""The parts of a report, independent of its format."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Heading:
    """A title.

    Attributes:
        text: The line.
        colour: Its colour on a terminal. Default: none.
    """

    text: str
    colour: Literal["", "red", "yellow", "cyan"] = ""


@dataclass(frozen=True, slots=True)
class Lines:
    """Sentences, one a line."""

    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under column titles; the last column may be long.

    Attributes:
        columns: The titles.
        rows: One cell for each column.
        more: How many rows were left out at the end.
    """

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    more: int = 0


@dataclass(frozen=True, slots=True)
class Bars:
    """A bar for each day.

    Attributes:
        rows: Label, length, and what the length means.
        more: How many rows were left out at the end.
    """

    rows: Sequence[tuple[str, int, str]]
    more: int = 0


Block = Heading | Lines | Table | Bars
BAR_WIDTH = 40


def bar(length: int, longest: int) -> str:
    """Return a bar, in proportion, of at least one character."""
    return "█" * max(1, round(BAR_WIDTH * length / longest))


def left_out(more: int, noun: str) -> list[str]:
    """Return a line with the number of omitted rows, if there are any."""
    return [f"… and {more:,} more {noun}; --format json has all"] if more else []
