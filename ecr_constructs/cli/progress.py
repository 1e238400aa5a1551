"""A progress bar on long work: on standard error, only if that is a terminal and rich is there."""

from __future__ import annotations

import sys
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


@contextmanager
def progress(
    description: str, total: int | None = None, *, long: bool = True
) -> Iterator[Callable[[int], None]]:
    """Show how far something is while the block runs.

    Args:
        description: What is being done.
        total: How much there is to do. Default: not known.
        long: Whether it takes long. If not, nothing is shown.

    Yields:
        What to call with the amount that was done since the last call.
    """
    if not long or not sys.stderr.isatty():
        yield lambda _: None
        return
    try:
        from rich.console import Console  # noqa: PLC0415 - slow and optional
        from rich.progress import BarColumn, MofNCompleteColumn, Progress  # noqa: PLC0415
    except ModuleNotFoundError:
        yield lambda _: None
        return
    columns = ("{task.description}", BarColumn(), MofNCompleteColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(description, total=total)
        yield lambda done: bar.advance(task, done)
