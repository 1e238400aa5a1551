"""What the handlers of CloudFormation's resource types ask for, from the types' own schemas."""

import json
from collections.abc import Iterable
from functools import cache
from pathlib import Path

import cfnlint

_SCHEMAS = Path(cfnlint.__file__).parent / "data" / "schemas" / "resources"


@cache
def _permissions() -> dict[str, frozenset[str]]:
    permissions: dict[str, frozenset[str]] = {}
    for path in _SCHEMAS.glob("*.json"):
        schema = json.loads(path.read_text(encoding="utf-8"))
        handlers = schema.get("handlers", {}).values()
        actions = {action for handler in handlers for action in handler.get("permissions", ())}
        name = schema["typeName"]
        permissions[name] = permissions.get(name, frozenset()) | actions
    return permissions


def permissions(types: Iterable[str]) -> set[str]:
    """Return the actions that create, read, update and delete resources of some types."""
    return {action for name in types for action in _permissions()[name]}
