"""Match texts with patterns in which ``*`` stands for any characters.

Whoever may push an image chooses its tags, and a template its patterns. So a comparison takes time
in proportion to the text, however many wildcards there are: text between two wildcards is taken
where it is first found, and never looked for again. A regular expression with ``.*`` for each
wildcard tries every combination of places.
"""

import re
from collections.abc import Callable
from functools import lru_cache

Matcher = Callable[[str], bool]


@lru_cache(maxsize=1024)
def matcher(pattern: str, *, single: str = "") -> Matcher:
    """Return a predicate for whole texts that match a pattern; case counts.

    Args:
        pattern: The pattern; ``*`` matches any characters, also none.
        single: The regular expression of what ``?`` stands for, of one character. Default: it
            stands for itself.

    Example:
        >>> matcher("v*-rc*")("v1.2-rc1")
        True
    """
    head, *pieces = pattern.split("*")
    if single and "?" in pattern:
        return _with_single(head, pieces, single)
    if not pieces:
        return lambda text: text == head
    tail = pieces.pop()
    pieces = list(filter(None, pieces))
    shortest = sum(map(len, (head, tail, *pieces)))

    def is_match(text: str) -> bool:
        if len(text) < shortest or not (text.startswith(head) and text.endswith(tail)):
            return False
        position, end = len(head), len(text) - len(tail)
        for piece in pieces:
            position = text.find(piece, position, end)
            if position < 0:
                return False
            position += len(piece)
        return True

    return is_match


def _with_single(head: str, pieces: list[str], single: str) -> Matcher:
    # An atomic group does not look for another place of its text.
    parts = [f"(?>.*?{_expression(piece, single)})" for piece in filter(None, pieces[:-1])]
    end = [f".*{_expression(piece, single)}" for piece in pieces[-1:]]
    expression = "".join((_expression(head, single), *parts, *end))
    fullmatch = re.compile(expression, re.DOTALL).fullmatch
    return lambda text: fullmatch(text) is not None


def _expression(piece: str, single: str) -> str:
    return re.escape(piece).replace(r"\?", single)
