"""Printing a report in the format that was asked for."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from ecr_constructs.cli.plain import markdown, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ecr_constructs.cli.blocks import Block


def print_json(document: dict[str, Any]) -> None:
    """Print a JSON document."""
    json.dump(document, sys.stdout, indent=2)
    sys.stdout.write("\n")


def print_blocks(form: str, blocks: Iterable[Block]) -> None:
    """Print a report as text or Markdown; in colour if this is a terminal and rich is there."""
    if form == "markdown":
        sys.stdout.write(markdown(blocks))
        return
    show = _terminal() if sys.stdout.isatty() else None
    if show:
        show(blocks)
    else:
        sys.stdout.write(plain(blocks))


def _terminal() -> Callable[[Iterable[Block]], None] | None:
    try:
        from ecr_constructs.cli.terminal import show  # noqa: PLC0415 - rich is slow and optional
    except ModuleNotFoundError:
        return None
    return show
