"""Different spellings of one value: lists in another order, JSON as text, written defaults.

The lists of the types that ECR configurations consist of are sets: tags, filters, statements,
actions, destinations, targets. Lifecycle policies have priorities; their effect is compared.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from ecr_constructs.cloudformation.resource_types import EVENT_RULE, REPOSITORY
from ecr_constructs.model.json_reading import JsonError, read_json
from ecr_constructs.review.disclosure import concerns_ecr

# Properties whose absence has the same effect as a value. Not those that the update handler of a
# repository leaves alone when they are absent.
_DEFAULTS = {(REPOSITORY, "EmptyOnDelete"): "false", (EVENT_RULE, "State"): "ENABLED"}
_DEFAULT_ATTRIBUTES = {"DeletionPolicy": "Delete", "UpdateReplacePolicy": "Delete"}
# Members of a statement that hold one value or a list.
_ONE_OR_MORE = ("Action", "NotAction", "Resource", "NotResource")
_MAX_DEPTH = 200


def is_same_spelling(resource_type: str, name: str, before: Any, after: Any) -> bool:
    """Tell whether two values of a property definitely mean the same."""
    if before == after:
        return True
    if not concerns_ecr(resource_type):
        return False
    default = _DEFAULTS.get((resource_type, name)) or _DEFAULT_ATTRIBUTES.get(name)
    values = [default if value is None else value for value in (before, after)]
    if default is not None:
        return str(values[0]).lower() == str(values[1]).lower()
    old, new = map(normal_form, values)
    return bool(old == new)


def normal_form(value: Any, depth: int = 0) -> Any:
    """Return a value that is equal for equal ones, whatever the order of their lists is."""
    value = parsed(value)
    if depth > _MAX_DEPTH:
        return value
    if isinstance(value, Mapping):
        members = {key: normal_form(item, depth + 1) for key, item in value.items()}
        if "Statement" in members:
            members["Statement"] = _sorted(map(_statement, _as_list(members["Statement"])))
        return members
    if isinstance(value, list):
        return _sorted(normal_form(item, depth + 1) for item in value)
    return value


def parsed(value: Any) -> Any:
    """Return a value, or what a JSON text contains."""
    if not isinstance(value, str) or not value.lstrip().startswith(("{", "[")):
        return value
    try:
        return read_json(value)
    except JsonError:
        return value


def _statement(statement: Any) -> Any:
    """Return a statement with lists for all members that may be lists."""
    if not isinstance(statement, Mapping):
        return statement
    members = dict(statement)
    for name in _ONE_OR_MORE:
        if name in members:
            members[name] = _sorted(_as_list(members[name]))
    for name in ("Principal", "NotPrincipal"):
        if isinstance(members.get(name), Mapping):
            members[name] = _lists(members[name])
    if isinstance(members.get("Condition"), Mapping):
        members["Condition"] = {
            operator: _lists(keys) if isinstance(keys, Mapping) else keys
            for operator, keys in members["Condition"].items()
        }
    return members


def _lists(members: Mapping[str, Any]) -> dict[str, Any]:
    return {key: _sorted(map(_text, _as_list(value))) for key, value in members.items()}


def _as_list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _text(value: Any) -> Any:
    """Return a value of a condition as text, which IAM compares."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, int | float) else value


def _sorted(items: Any) -> list[Any]:
    return sorted(items, key=lambda item: json.dumps(item, sort_keys=True, default=repr))
