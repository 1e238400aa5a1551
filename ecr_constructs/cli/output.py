"""Printing a report in the format that was asked for."""

from __future__ import annotations

import json
import sys
from typing import TYPE_CHECKING, Any

from ecr_constructs.report.text import markdown, plain

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from ecr_constructs.report.document import Block


def print_json(document: dict[str, Any]) -> None:
    """Print a JSON document: each member on a line of its own, and each item of its lists.

    `indent` would take a minute for a hundred thousand images.
    """
    sys.stdout.write(f"{_object(document, '')}\n")


def _object(members: dict[str, Any], indent: str) -> str:
    inner = f"{indent}  "
    shown = (f"{inner}{json.dumps(key)}: {_value(each, inner)}" for key, each in members.items())
    return "\n".join(["{", ",\n".join(shown), f"{indent}}}"])


def _value(value: Any, indent: str) -> str:
    if isinstance(value, dict):
        return _object(value, indent)
    if isinstance(value, list) and value:
        items = ",\n".join(f"{indent}  {json.dumps(item)}" for item in value)
        return f"[\n{items}\n{indent}]"
    return json.dumps(value)


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
        from ecr_constructs.report.terminal import show  # noqa: PLC0415 - rich is slow and optional
    except ModuleNotFoundError:
        return None
    return show
