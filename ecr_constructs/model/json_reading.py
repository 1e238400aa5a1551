"""Read JSON of any origin: what is too deep, too long or not text is an error, and not a crash.

The limits are far above what AWS accepts, so that no valid document meets them.
"""

import gc
import json
import math
import re
from collections.abc import Callable
from typing import Any, Literal, NoReturn

MAX_DEPTH = 100
"""Objects and lists inside each other.

Python's own limit is that of calls, of which reading a value takes several a level.
"""

MAX_DIGITS = 1_000
"""Digits of a number: Python converts no integer of more than 4,300 to text or back.

https://docs.python.org/3/library/stdtypes.html#integer-string-conversion-length-limitation
"""

Pairs = Callable[[list[tuple[str, Any]]], Any]
Kind = Literal["syntax", "depth", "number", "text"]
TOO_LONG = "a number is too long: it has thousands of digits"
TOO_DEEP = f"nested too deeply: more than {MAX_DEPTH} levels"
_CONTAINERS = frozenset({dict, list})
_SURROGATE = re.compile(r"\\u[dD][89a-fA-F]")


class JsonError(ValueError):
    """A text that is not JSON, or cannot be used; the message is a predicate without a subject.

    Attributes:
        kind: ``syntax``, or which limit it exceeds.
    """

    def __init__(self, message: str, kind: Kind) -> None:
        """Describe the problem."""
        super().__init__(message)
        self.kind = kind


def read_json(text: str, pairs: Pairs | None = None) -> Any:
    """Return the value of a JSON text.

    Args:
        text: The text.
        pairs: Makes an object of its keys and values. Default: a dict, in which the last of
            duplicate keys counts.

    Raises:
        JsonError: The text is not JSON, or exceeds a limit.
    """
    value, end = read_document(text, 0, pairs)
    if text[end:].strip(_WHITESPACE):
        _fail(json.JSONDecodeError("Extra data", text, skip_whitespace(text, end)))
    return value


_WHITESPACE = " \t\r\n"


def skip_whitespace(text: str, position: int) -> int:
    """Return the position of the next character that is not white space to JSON."""
    while position < len(text) and text[position] in _WHITESPACE:
        position += 1
    return position


def read_document(text: str, position: int, pairs: Pairs | None = None) -> tuple[Any, int]:
    """Return the value of the JSON at a position of a text, and where it ends.

    Raises:
        JsonError: As `read_json`.
    """
    decoder = json.JSONDecoder(
        object_pairs_hook=pairs,
        parse_int=_integer,
        parse_float=finite,
        parse_constant=_no_number,
    )
    try:
        value, end = decoder.raw_decode(text, skip_whitespace(text, position))
    except json.JSONDecodeError as error:
        _fail(error)
    except RecursionError:
        raise JsonError(TOO_DEEP, "depth") from None
    if pairs or not _is_shallow(value):
        check_depth(value)
    if "\\u" in text and _SURROGATE.search(text, position, end):
        check_text(value)
    return value, end


def _fail(error: json.JSONDecodeError) -> NoReturn:
    where = f"line {error.lineno}, column {error.colno}"
    msg = f"not JSON: {error.msg} at {where}"
    raise JsonError(msg, "syntax") from None


def _is_shallow(value: Any) -> bool:
    """Tell whether a value of `json` is definitely within `MAX_DEPTH`, in half of the time.

    The collector of garbage knows what an object refers to. It does not track a dict without
    objects or lists, and so may miss the last level.
    """
    level = [value]
    for _ in range(MAX_DEPTH - 1):
        level = [item for item in gc.get_referents(*level) if gc.is_tracked(item)]
        if not level:
            return True
    return False


def check_depth(value: Any) -> None:
    """Reject a value with too many objects and lists inside each other.

    Raises:
        JsonError: There are more than `MAX_DEPTH`.
    """
    level = [value] if isinstance(value, dict | list) else []
    for _ in range(MAX_DEPTH):
        # To look its type up is three times as fast as isinstance().
        level = [
            item
            for parent in level
            for item in (parent.values() if type(parent) is dict else parent)
            if type(item) in _CONTAINERS
        ]
        if not level:
            return
    raise JsonError(TOO_DEEP, "depth")


def check_text(value: Any) -> None:
    """Reject a value in which a text has half of a surrogate pair, which no file can hold.

    Raises:
        JsonError: There is one.
    """
    try:
        json.dumps(value, ensure_ascii=False, default=str).encode()
    except UnicodeEncodeError:
        msg = "not Unicode: a text has half of a surrogate pair"
        raise JsonError(msg, "text") from None


def _integer(digits: str) -> int:
    if len(digits) > MAX_DIGITS:
        raise JsonError(TOO_LONG, "number")
    return int(digits)


def finite(digits: str | float) -> float:
    """Return a number with a fraction or an exponent.

    Raises:
        JsonError: It is too large for a float.
    """
    number = float(digits)
    if not math.isfinite(number):
        msg = f"a number is too large: {str(digits)[:20]}"
        raise JsonError(msg, "number")
    return number


def _no_number(name: str) -> NoReturn:
    msg = f"not JSON: {name} is not a number"
    raise JsonError(msg, "syntax")
