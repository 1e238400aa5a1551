"""Print the demo: lines that read well on a terminal, in a pipe and in a log."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any

from rich import box
from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

# A terminal that cannot show a tick shows a question mark.
if isinstance(sys.stdout, TextIOWrapper):
    sys.stdout.reconfigure(errors="replace")
_console = Console(highlight=False, markup=False, emoji=False)
if not _console.is_terminal:
    _console.width = 100


def heading(text: str) -> None:
    """Begin a chapter."""
    _console.print()
    _line("", text, "bold")


def say(text: str) -> None:
    """Print a text, wrapped at the width of the terminal."""
    _console.print(Padding(Text(text), (0, 0, 0, 2), expand=False))


def command(text: str) -> None:
    """Print a command as it is typed; never wrapped, so that it can be copied."""
    _line("  $ ", text, "cyan")


def result(text: str, *, good: bool = True) -> None:
    """Print a success, or a rejection."""
    _line("  ✓ " if good else "  ✗ ", text, "" if good else "red")


def table(columns: Mapping[str, dict[str, Any]], rows: Iterable[Iterable[str]]) -> None:
    """Print a table: the options of each column by its header."""
    printed = Table(box=box.SIMPLE_HEAD, header_style="bold", padding=(0, 1, 0, 0))
    for header, options in columns.items():
        printed.add_column(header, **options)
    for row in rows:
        printed.add_row(*row)
    _console.print(printed)


@contextmanager
def step(doing: str) -> Iterator[Callable[[str], None]]:
    """Show what is being done; yield a function that prints the result with the time it took."""
    started = time.monotonic()

    def done(text: str) -> None:
        result(f"{text} ({time.monotonic() - started:.1f} s)")

    if _console.is_terminal:
        with _console.status(doing):
            yield done
    else:
        _line("  … ", doing)
        yield done


def _line(mark: str, text: str, style: str = "") -> None:
    _console.print(Text.assemble(mark, (text, style)), soft_wrap=True)
