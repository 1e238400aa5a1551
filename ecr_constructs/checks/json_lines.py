"""On which line each value of a JSON text stands."""

import re
from collections.abc import Callable
from functools import cache

from ecr_constructs.checks.template import Place

_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')


def json_lines(text: str) -> Callable[[Place], int | None]:
    """Return what tells the line of a place; the text is read when the first one is asked for.

    Args:
        text: Sound JSON.
    """

    @cache
    def lines() -> dict[Place, int]:
        return _lines(text)

    return lambda place: lines().get(place)


def _lines(text: str) -> dict[Place, int]:
    found: dict[Place, int] = {(): 1}
    place: list[str | int] = []
    line, seen, previous = 1, 0, ""
    for match in _PIECE.finditer(text):
        piece = match[0]
        line += text.count("\n", seen, match.start())
        seen = match.start()
        if piece in "{[":
            found.setdefault(tuple(place), line)
            place.append("" if piece == "{" else 0)
        elif piece in "}]":
            place.pop()
        elif piece == ",":
            last = place[-1]
            place[-1] = last + 1 if isinstance(last, int) else ""
        elif piece != ":":
            if previous in ("{", ",") and place and isinstance(place[-1], str):
                place[-1] = piece[1:-1]
            found.setdefault(tuple(place), line)
        previous = piece
    return found
