"""Members of JSON values of any origin: what has another form than expected counts as missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any


def objects(value: object) -> Iterator[Mapping[str, Any]]:
    """Yield the objects of a list; nothing of another value."""
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, Mapping))


def part(value: object, *path: str) -> Any:
    """Return a member of nested objects; None where one is missing."""
    for key in path:
        value = value.get(key) if isinstance(value, Mapping) else None
    return value


def text(value: object, *path: str) -> str:
    """Return a member of nested objects that is a text; ``""`` where it is missing."""
    member = part(value, *path)
    return member if isinstance(member, str) else ""


def texts(value: object) -> Sequence[str]:
    """Return the texts of a list; nothing of another value."""
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
