"""HTML elements whose texts and attributes, of any origin, have no effect."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from ecr_constructs.model.printable import printable

if TYPE_CHECKING:
    from collections.abc import Iterable


class Markup(str):
    """Text that is HTML. Anything else is escaped."""

    __slots__ = ()


def text(value: object) -> Markup:
    """Return a value as text, in one line and without invisible characters."""
    if isinstance(value, Markup):
        return value
    return Markup(escape(printable(str(value)), quote=True))


def element(name: str, *children: object, **attributes: object) -> Markup:
    """Return an element.

    Args:
        name: Its name.
        children: What is in it: markup, or values that become text.
        attributes: By name; an underscore becomes a hyphen, and one at the end is left out. None
            and False leave the attribute out, True gives it no value.
    """
    written = "".join(
        f" {key.rstrip('_').replace('_', '-')}" + ("" if value is True else f'="{text(value)}"')
        for key, value in attributes.items()
        if value is not None and value is not False
    )
    return Markup(f"<{name}{written}>{join(children)}</{name}>")


def join(children: Iterable[object], between: str = "") -> Markup:
    """Return children in a row."""
    return Markup(between.join(map(text, children)))
