"""The parts of a report, independent of its format, as plain text and as Markdown."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ecr_constructs.model.printable import printable
from ecr_constructs.report.escaping import inline

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence


Colour = Literal["", "red", "yellow", "cyan"]

ROWS = 50
"""How many rows of a table are shown, unless a reader asks for more."""


@dataclass(frozen=True, slots=True)
class Heading:
    """A title, with its colour on a terminal."""

    text: str
    colour: Colour = ""


@dataclass(frozen=True, slots=True)
class Lines:
    """Sentences, one a line."""

    lines: Sequence[str]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under column titles; the last column may be long, and `more` rows were left out."""

    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    more: int = 0


@dataclass(frozen=True, slots=True)
class Bars:
    """A bar for each day: label, length, and what the length means; `more` were left out."""

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


def plain(blocks: Iterable[Block]) -> str:
    """Return a report as plain text."""
    return "\n\n".join("\n".join(_plain(block)) for block in blocks) + "\n"


def markdown(blocks: Iterable[Block]) -> str:
    """Return a report as Markdown, for a comment on a pull request."""
    return "\n\n".join("\n".join(_markdown(block)) for block in blocks) + "\n"


def _plain(block: Block) -> Iterator[str]:
    match block:
        case Heading(text):
            title = printable(text)
            yield title
            yield "-" * len(title)
        case Lines(lines):
            yield from map(printable, lines)
        case Table(columns, rows, more):
            yield from _aligned([columns, *(list(map(printable, row)) for row in rows)])
            yield from left_out(more, "images")
        case bars:
            longest = max(length for _, length, _ in bars.rows)
            for label, length, summary in bars.rows:
                yield f"{label}  {bar(length, longest)} {summary}"
            yield from left_out(bars.more, "days")


def _aligned(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    widths[-1] = 0
    for row in rows:
        padded = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(padded).rstrip()


def _markdown(block: Block) -> Iterator[str]:
    match block:
        case Heading(text):
            yield f"### {inline(text)}"
        case Lines(lines):
            yield from (f"- {inline(line)}" for line in lines)
        case Table(columns, rows, more):
            yield _row(columns)
            yield _row(["---"] * len(columns))
            yield from (_row(list(map(_cell, row))) for row in rows)
            yield from (f"\n{line}" for line in left_out(more, "images"))
        case bars:
            yield "```text"
            yield from _plain(bars)
            yield "```"


def _row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _cell(text: str) -> str:
    # A pipe ends a cell even in a code span.
    return inline(text).replace("|", "\\|")
