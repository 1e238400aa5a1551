"""Templates in JSON: their content, on which line each value stands, and keys that stand twice."""

import json
import re
from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, NamedTuple

from ecr_constructs.cloudformation.template import Place

_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


class _Places(NamedTuple):
    lines: dict[Place, int]
    repeated: list[Place]


def read_json(
    text: str, *, may_repeat: bool
) -> tuple[Any, Callable[[Place], int | None], Sequence[Place]]:
    """Read a template, and return it with what tells the line of a place, and repeated places.

    Places are looked for when the first line is asked for, or if a key stands twice: then the
    last one counts, here and in CloudFormation.

    Args:
        text: The template.
        may_repeat: Whether keys that stand twice are looked for, which takes as long as reading.
            No program writes them.

    Raises:
        ValueError: The text is no JSON.
        RecursionError: It is nested too deeply.
    """
    repeats = False

    def content_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal repeats
        content = dict(pairs)
        repeats = repeats or len(content) < len(pairs)
        return content

    body = json.loads(text, object_pairs_hook=content_of if may_repeat else None)

    @cache
    def places() -> _Places:
        return _places(text)

    def line_of(place: Place) -> int | None:
        return places().lines.get(place)

    return body, line_of, places().repeated if repeats else ()


def _places(text: str) -> _Places:
    lines: dict[Place, int] = {(): 1}
    repeated: list[Place] = []
    place: list[str | int] = []
    keys: list[set[str]] = []
    line, seen, previous = 1, 0, ""
    for match in _PIECE.finditer(text):
        piece = match[0]
        line += text.count("\n", seen, match.start())
        seen = match.start()
        if piece in "{[":
            lines.setdefault(tuple(place), line)
            place.append("" if piece == "{" else 0)
            keys.append(set())
        elif piece in "}]":
            place.pop()
            keys.pop()
        elif piece == ",":
            last = place[-1]
            place[-1] = last + 1 if isinstance(last, int) else ""
        elif piece != ":":
            if previous in ("{", ",") and place and isinstance(place[-1], str):
                key = place[-1] = piece[1:-1]
                if key in keys[-1]:
                    repeated.append(tuple(place))
                    lines = _without(lines, tuple(place))
                keys[-1].add(key)
            lines.setdefault(tuple(place), line)
        previous = piece
    return _Places(lines, repeated)


def _without(lines: dict[Place, int], place: Place) -> dict[Place, int]:
    """Return the lines without those of a value that does not count."""
    return {each: line for each, line in lines.items() if each[: len(place)] != place}
