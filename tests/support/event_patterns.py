"""EventBridge's matching of events, as far as the patterns of this library go.

Written from https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-event-patterns.html and
https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-create-pattern-operators.html.
"""

import json
import operator
import re
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent / "data" / "events"
_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
    "=": operator.eq,
}

Event = dict[str, Any]

# The events that AWS documents, each stored with the page that shows it.
EVENTS: dict[str, Event] = {
    path.stem: json.loads(path.read_text(encoding="utf-8"))["event"]
    for path in sorted(_FOLDER.glob("*.json"))
}


def changed(name: str, *path: str | int, to: Any) -> Event:
    """Return a documented event with one field changed."""
    event: Event = json.loads(json.dumps(EVENTS[name]))
    place: Any = event
    for step in path[:-1]:
        place = place[step]
    place[path[-1]] = to
    return event


def matches(pattern: Mapping[str, Any], event: Any) -> bool:
    """Tell whether every field of a pattern matches; in a list of objects, those of one object."""
    if isinstance(event, list):
        return any(matches(pattern, item) for item in event)
    if not isinstance(event, Mapping):
        return False
    return all(_field(key, expected, event) for key, expected in pattern.items())


def _field(key: str, expected: Any, event: Mapping[str, Any]) -> bool:
    if key == "$or" and len(expected) > 1:
        return any(matches(item, event) for item in expected)
    if isinstance(expected, Mapping):
        return matches(expected, event.get(key))
    values = event.get(key)
    listed = values if isinstance(values, list) else [values] if key in event else []
    return any(_value(item, listed) for item in expected)


def _value(expected: Any, values: list[Any]) -> bool:
    if not isinstance(expected, Mapping):
        return expected in values
    [(kind, operand)] = expected.items()
    if kind == "exists":
        return operand is bool(values)
    return any(_operator(kind, operand, value) for value in values)


def _operator(kind: str, operand: Any, value: Any) -> bool:
    if kind == "prefix":
        return isinstance(value, str) and value.startswith(operand)
    if kind == "suffix":
        return isinstance(value, str) and value.endswith(operand)
    if kind == "wildcard":
        expression = ".*".join(map(re.escape, operand.split("*")))
        return isinstance(value, str) and re.fullmatch(expression, value) is not None
    if kind == "equals-ignore-case":
        return isinstance(value, str) and value.lower() == operand.lower()
    if kind == "anything-but":
        return value not in (operand if isinstance(operand, list) else [operand])
    assert kind == "numeric", kind
    pairs = zip(operand[::2], operand[1::2], strict=True)
    return isinstance(value, int | float) and all(
        _COMPARISONS[sign](value, limit) for sign, limit in pairs
    )
