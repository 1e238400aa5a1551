"""What the demo says: lines that read well on a terminal, in a pipe and in a log."""

from __future__ import annotations

import sys
import time
from contextlib import contextmanager
from io import TextIOWrapper
from typing import TYPE_CHECKING

from rich.console import Console
from rich.padding import Padding
from rich.text import Text

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.status import Status
    from rich.table import Table

_WIDTH = 100


class Step:
    """Something that takes a while: a spinner on a terminal, a line elsewhere."""

    def __init__(self, screen: Screen, status: Status | None) -> None:
        """Start the clock."""
        self._screen, self._status, self._started = screen, status, time.monotonic()

    def now(self, doing: str) -> None:
        """Say what is going on at the moment; nothing of it stays."""
        if self._status:
            self._status.update(doing)

    def done(self, what: str) -> None:
        """Say what has been done, and in what time."""
        self._screen.good(f"{what} ({time.monotonic() - self._started:.1f} s)")


class Screen:
    """Prints; colour and movement only on a terminal."""

    def __init__(self) -> None:
        """Take standard output as it is now."""
        # A terminal that cannot show a tick shows a question mark.
        if isinstance(sys.stdout, TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")
        self._console = Console(highlight=False, markup=False, emoji=False)
        if not self._console.is_terminal:
            self._console.width = _WIDTH

    def heading(self, text: str) -> None:
        """Begin a chapter."""
        self._console.print()
        self._line(Text(text, style="bold"))

    def gap(self) -> None:
        """Leave a line empty."""
        self._console.print()

    def say(self, text: str) -> None:
        """Say something, wrapped at the width of the terminal."""
        self._console.print(Padding(Text(text), (0, 0, 0, 2), expand=False))

    def command(self, text: str) -> None:
        """Show a command as it is typed; never wrapped, so that it can be copied."""
        self._line(Text.assemble(("  $ ", "dim"), (text, "cyan")))

    def good(self, text: str) -> None:
        """Say what went well."""
        self._line(Text.assemble(("  ✓ ", "green"), text))

    def refused(self, text: str) -> None:
        """Say what was refused."""
        self._line(Text.assemble(("  ✗ ", "red"), text))

    def table(self, table: Table) -> None:
        """Show a table."""
        self._console.print(table)

    @contextmanager
    def step(self, doing: str) -> Iterator[Step]:
        """Say what is being done while the block does it."""
        if self._console.is_terminal:
            with self._console.status(doing) as status:
                yield Step(self, status)
        else:
            self._line(Text(f"  … {doing}"))
            yield Step(self, None)

    def _line(self, text: Text) -> None:
        self._console.print(text, soft_wrap=True)
