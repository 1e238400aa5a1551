"""A report on a terminal, in colour. Imported only there: rich takes longer than the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich import box
from rich.console import Console
from rich.table import Table as RichTable
from rich.text import Text

from ecr_constructs.model.printable import printable
from ecr_constructs.report.document import Block, Heading, Lines, Table, bar, left_out

if TYPE_CHECKING:
    from collections.abc import Iterable


def show(blocks: Iterable[Block]) -> None:
    """Print a report."""
    console = Console(highlight=False)
    for block in blocks:
        _show(block, console)


def _show(block: Block, console: Console) -> None:
    match block:
        case Heading(text, colour):
            console.print(Text(f"\n{printable(text)}", style=f"bold {colour}".rstrip()))
        case Lines(lines):
            for line in lines:
                console.print(Text(printable(line)))
        case Table(columns, rows, more):
            table = RichTable(box=box.SIMPLE_HEAD, header_style="bold")
            for column in columns:
                table.add_column(column)
            for row in rows:
                # Tags and digests are no markup.
                table.add_row(*(Text(printable(cell)) for cell in row))
            console.print(table)
            _more(left_out(more, "images"), console)
        case bars:
            longest = max(length for _, length, _ in bars.rows)
            for label, length, summary in bars.rows:
                console.print(Text(f"{label} "), Text(bar(length, longest), "red"), Text(summary))
            _more(left_out(bars.more, "days"), console)


def _more(lines: list[str], console: Console) -> None:
    for line in lines:
        console.print(Text(line, style="dim"))
