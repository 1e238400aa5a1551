"""The language of EventBridge's event patterns: what it accepts, and which values match.

https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ecr_constructs.model.json_reading import JsonError, read_json
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.wildcards import matcher

_TEXT_OPERATORS = ("prefix", "suffix", "equals-ignore-case", "wildcard")
OPERATORS = (*_TEXT_OPERATORS, "anything-but", "numeric", "exists", "cidr")
_COMPARISONS = ("=", ">", ">=", "<", "<=")
# "Valid values are between -5.0e9 and +5.0e9 inclusive".
_LARGEST_NUMBER = 5e9
_RANGE = 4

_Path = tuple[str | int, ...]


class PatternError(NamedTuple):
    """A reason why EventBridge rejects a pattern: InvalidEventPatternException.

    Attributes:
        path: The place below the pattern.
        message: What is written, and what is allowed.
        remedy: What to write instead.
    """

    path: _Path
    message: str
    remedy: str


def read_pattern(value: Any) -> Any:
    """Return a pattern that may be written as JSON text; None if the text is not JSON."""
    if not isinstance(value, str):
        return value
    try:
        return read_json(value)
    except JsonError:
        return None


def pattern_errors(pattern: Any, path: _Path = ()) -> Iterator[PatternError]:
    """Yield each reason why EventBridge rejects a pattern; deploy-time values are accepted."""
    if isinstance(pattern, str) and is_unresolved(pattern):
        return
    if not isinstance(pattern, Mapping) or not pattern:
        message = "a pattern is an object with at least one field"
        yield PatternError(path, message, 'Write {"source": ["aws.ecr"]}.')
        return
    for field, value in pattern.items():
        place = (*path, field)
        if isinstance(value, Mapping):
            yield from _object_errors(field, value, place)
        elif isinstance(value, list):
            yield from _list_errors(field, value, place)
        elif not is_unresolved(value):
            yield PatternError(
                place,
                f"{field} must be a list of values, got {value!r}",
                f"Write {field}: [{_written(value)}].",
            )


def _object_errors(field: str, value: Mapping[str, Any], path: _Path) -> Iterator[PatternError]:
    [first, *_] = value or {"": None}
    if first in OPERATORS and len(value) == 1 and not isinstance(value[first], list | Mapping):
        remedy = f"Write {field}: [{{{first}: {_written(value[first])}}}]."
        yield PatternError(path, f"the operator {first!r} must be in a list", remedy)
    else:
        yield from pattern_errors(value, path)


def _list_errors(field: str, values: list[Any], path: _Path) -> Iterator[PatternError]:
    if not values:
        yield PatternError(path, f"the list of {field} is empty", f"Remove {field}.")
    is_or = field == "$or" and len(values) > 1
    for index, value in enumerate(values):
        place = (*path, index)
        if is_or:
            yield from pattern_errors(value, place)
        elif isinstance(value, list):
            yield PatternError(place, "a value cannot be a list", "Write its items as values.")
        elif isinstance(value, Mapping):
            yield from _operator_errors(value, place)


def _operator_errors(item: Mapping[str, Any], path: _Path) -> Iterator[PatternError]:
    if len(item) != 1:
        message = f"an operator is an object with one key, got {', '.join(item) or 'none'}"
        yield PatternError(path, message, "Write an object for each operator.")
        return
    [(name, operand)] = item.items()
    if name not in OPERATORS:
        options = ", ".join(OPERATORS)
        near = next((item for item in OPERATORS if _letters(item) in _letters(name)), None)
        near = "prefix" if _letters(name) in ("startswith", "beginswith") else near
        near = "suffix" if _letters(name) == "endswith" else near
        remedy = f"Write {near}." if near else f"Write one of {options}."
        yield PatternError(path, f"there is no operator {name!r}; allowed are {options}", remedy)
    elif not is_unresolved(operand) and (wanted := _operand_error(name, operand)):
        message = f"{name} needs {wanted}, got {operand!r}"
        yield PatternError((*path, name), message, f"Write {wanted}.")


def _operand_error(name: str, operand: Any) -> str | None:
    """Return what an operator needs, unless that is what it has."""
    if name == "exists":
        return None if isinstance(operand, bool) else "true or false"
    if name == "numeric":
        return _range_error(operand)
    if name == "cidr":
        return None if isinstance(operand, str) and "/" in operand else "a CIDR block"
    if name == "anything-but":
        return _exclusion_error(operand)
    if name == "wildcard" and isinstance(operand, str) and "**" in operand:
        return "a text in which no '*' follows another"
    folded = name in ("prefix", "suffix") and isinstance(operand, Mapping)
    text = operand.get("equals-ignore-case") if folded else operand
    return None if isinstance(text, str) and (not folded or len(operand) == 1) else "a text"


def _exclusion_error(operand: Any) -> str | None:
    wanted = "a text, a number, a list of them, or one of prefix, suffix, wildcard"
    if isinstance(operand, Mapping):
        names = [name for name in operand if name in _TEXT_OPERATORS]
        values = [value for name in names for value in _listed(operand[name])]
        is_valid = len(operand) == 1 and names and all(isinstance(v, str) for v in values)
        return None if is_valid else wanted
    values = _listed(operand)
    is_valid = values and all(isinstance(value, str | int | float) for value in values)
    return None if is_valid else wanted


def _range_error(operand: Any) -> str | None:
    wanted = "a comparison and a number, such as ['>', 0], or two of them"
    if not isinstance(operand, list) or len(operand) not in (2, _RANGE):
        return wanted
    for comparison, number in zip(operand[::2], operand[1::2], strict=True):
        if is_unresolved(comparison) or is_unresolved(number):
            continue
        if comparison not in _COMPARISONS or isinstance(number, bool):
            return wanted
        if not isinstance(number, int | float) or abs(number) > _LARGEST_NUMBER:
            return "a number between -5e9 and 5e9"
    return None


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _letters(text: str) -> str:
    return re.sub(r"[^a-z]", "", text.lower())


def _written(value: Any) -> str:
    return "…" if value is None else str(value)


def may_match(items: Iterable[Any], texts: Sequence[str]) -> bool:
    """Tell whether one of some items of a pattern matches one of some texts, or may do so."""
    return any(_item_may_match(item, text) for item in items for text in texts)


def _item_may_match(item: Any, text: str) -> bool:
    if isinstance(item, str):
        return is_unresolved(item) or item == text
    if not isinstance(item, Mapping) or len(item) != 1:
        return False
    [(name, operand)] = item.items()
    return is_unresolved(operand) or _operator_matches(name, operand, text)


def _operator_matches(name: str, operand: Any, text: str) -> bool:
    if name == "anything-but":
        return not _is_excluded(operand, text)
    if name == "exists":
        return operand is True
    if isinstance(operand, Mapping):
        text, operand = text.lower(), str(operand.get("equals-ignore-case")).lower()
    matches = _MATCHES.get(name)
    return matches is not None and isinstance(operand, str) and matches(operand, text)


def _is_excluded(operand: Any, text: str) -> bool:
    if isinstance(operand, Mapping):
        pairs = [(name, value) for name, values in operand.items() for value in _listed(values)]
        return any(_operator_matches(name, value, text) for name, value in pairs)
    return text in _listed(operand)


_MATCHES: Mapping[str, Callable[[str, str], bool]] = {
    "prefix": lambda operand, text: text.startswith(operand),
    "suffix": lambda operand, text: text.endswith(operand),
    "equals-ignore-case": lambda operand, text: text.lower() == operand.lower(),
    "wildcard": lambda operand, text: matcher(operand)(text),
}
