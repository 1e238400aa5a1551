"""The JSON Schema of environment files, in which an error is about the branch that is meant.

A value of several types, or of several kinds of mapping, is an `oneOf` for pydantic: an editor then
reports that none of the branches fits. Here `if` chooses the branch, by the type of the value or by
the key that tells the kinds apart, and the editor reports what that branch does not allow.
"""

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

DISCRIMINATORS = ("event", "type", "upstream")
"""The keys that tell the kinds of a mapping apart."""
_NULL = {"type": "null"}


def schema_of(model: type[BaseModel]) -> dict[str, Any]:
    """Return the JSON Schema of a model."""
    schema = model.model_json_schema()
    chosen: dict[str, Any] = _with_branches(schema, schema["$defs"])
    return chosen


def _with_branches(node: Any, definitions: Mapping[str, Any]) -> Any:
    if isinstance(node, list):
        return [_with_branches(item, definitions) for item in node]
    if not isinstance(node, dict):
        return node
    node = {
        # Names of keys are no part of the schema's language.
        key: {name: _with_branches(item, definitions) for name, item in value.items()}
        if key in ("properties", "$defs")
        else _with_branches(value, definitions)
        for key, value in node.items()
    }
    for value in node.get("properties", {}).values():
        # The title repeats the key, and null is what is not written.
        value.pop("title", None)
        if "default" in value and value["default"] is None:
            del value["default"]
    options = node.pop("anyOf", None) or node.pop("oneOf", None)
    if options is None:
        return node
    if "discriminator" in node:
        return {**node, **_by_key(node.pop("discriminator"))}
    if _NULL in options:
        return {**node, **_nullable([option for option in options if option != _NULL])}
    return {**node, **_by_type(options, definitions)}


def _nullable(options: list[dict[str, Any]]) -> dict[str, Any]:
    """Return the schema of a value that may be left out."""
    [option] = options
    if not isinstance(option.get("type"), str):
        return {"if": _NULL, "else": option}
    values = {"enum": [*option["enum"], None]} if "enum" in option else {}
    return {**option, "type": [option["type"], "null"], **values}


def _by_key(discriminator: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of a mapping whose kind a key tells."""
    key = discriminator["propertyName"]
    kinds: dict[str, list[str]] = {}
    for value, reference in discriminator["mapping"].items():
        kinds.setdefault(reference, []).append(value)
    return {
        "type": "object",
        "required": [key],
        "properties": {key: {"enum": sorted(discriminator["mapping"])}},
        "allOf": [
            {
                "if": {"properties": {key: {"enum": values}}, "required": [key]},
                "then": {"$ref": reference},
            }
            for reference, values in kinds.items()
        ],
    }


def _by_type(options: list[dict[str, Any]], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """Return the schema of a value of one of several types."""
    types = {_type_of(option, definitions): option for option in options}
    branches = [
        {"if": {"type": name}, "then": option}
        for name, option in types.items()
        if option != {"type": name}
    ]
    return {"type": [*types], **({"allOf": branches} if branches else {})}


def _type_of(option: Mapping[str, Any], definitions: Mapping[str, Any]) -> str:
    if "$ref" in option:
        name: str = definitions[option["$ref"].rpartition("/")[2]]["type"]
        return name
    kind: str = option["type"]
    return kind
