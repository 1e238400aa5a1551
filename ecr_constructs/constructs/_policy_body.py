"""Policies that other code wrote, and how several become one."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from ecr_constructs.model.tokens import filled, is_list_mark

VERSION = "2012-10-17"
_KEYS = {"Version", "Id", "Statement"}


def parsed(text: Any) -> Mapping[str, Any] | None:
    """Return the policy in a text or a dictionary, or None if it cannot be read."""
    if isinstance(text, str):
        try:
            text = json.loads(text)
        except ValueError:
            return None
    # A function of CloudFormation has another key.
    if not isinstance(text, Mapping) or text.keys() - _KEYS:
        return None
    statements = text.get("Statement", [])
    is_function = isinstance(statements, Mapping) and len(statements) == 1
    is_list = isinstance(statements, Mapping | list) and not any(map(is_list_mark, statements))
    return text if is_list and not is_function else None


def statements_of(body: Mapping[str, Any]) -> Sequence[Any]:
    """Return the statements of a policy, which may have a single one without a list."""
    statements = body.get("Statement", [])
    return statements if isinstance(statements, list) else [statements]


def comparable(value: Any) -> str:
    """Return a text that is equal for equal statements, whatever the order of their parts."""
    if isinstance(value, dict):
        return json.dumps({key: comparable(item) for key, item in sorted(value.items())})
    if isinstance(value, list):
        return (
            json.dumps(sorted(map(comparable, value))) if len(value) != 1 else comparable(value[0])
        )
    return json.dumps(value, default=str)


def merged(
    bodies: Iterable[Mapping[str, Any]], key: Callable[[Any], str] = comparable
) -> dict[str, Any]:
    """Return one policy with the statements of several, equal ones once."""
    policy: dict[str, Any] = {}
    statements: dict[str, Any] = {}
    for body in bodies:
        policy |= body
        for statement in statements_of(body):
            # Code that reads the policy and adds to it writes all of it.
            statements.setdefault(key(statement), statement)
    return {**policy, "Version": VERSION, "Statement": [*statements.values()]}


def is_other_language(body: Mapping[str, Any]) -> bool:
    """Tell whether a policy means something else in the current version of the language.

    Policy variables are plain text in the earlier version.
    """
    is_current = body.get("Version", VERSION) == VERSION
    return not is_current and "${" in filled(json.dumps(body, default=str), "")
