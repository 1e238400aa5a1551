"""Validation of the properties of a resource against the schema of its type."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple

from ecr_constructs.cloudformation.template import Place
from ecr_constructs.model.tokens import is_unresolved


class SchemaError(NamedTuple):
    """A value that does not match the schema.

    Attributes:
        kind: What is wrong: ``name``, ``kind`` (type or option) or ``size``.
        path: The place below the properties.
        message: What is set, and what is allowed.
        remedy: What to write instead.
    """

    kind: str
    path: Place
    message: str
    remedy: str


_WORDS = {"array": "a list", "object": "an object", "boolean": "true or false", "string": "text"}
_TRUTH = ("true", "false")


def schema_errors(value: Any, schema: Mapping[str, Any], path: Place = ()) -> Iterator[SchemaError]:
    """Yield where a value does not match the schema; unresolved values match.

    Args:
        value: The resolved value.
        schema: Its schema.
        path: Its place.
    """
    if isinstance(value, str) and is_unresolved(value):
        return
    kinds = schema["type"]
    if not any(_is(value, kind) for kind in kinds):
        wanted = " or ".join(_WORDS[kind] for kind in kinds)
        yield SchemaError(
            "kind", path, f"must be {wanted}, got {_shown(value)}", f"Write {wanted}."
        )
        return
    if "enum" in schema and value not in schema["enum"]:
        options = ", ".join(schema["enum"])
        remedy = _similar(str(value), schema["enum"])
        yield SchemaError("kind", path, f"must be one of {options}, got {value!r}", remedy)
    if isinstance(value, Mapping) and "properties" in schema:
        yield from _object(value, schema, path)
    elif isinstance(value, list):
        yield from _size(len(value), schema, "Items", "entries", path)
        for index, item in enumerate(value):
            yield from schema_errors(item, schema["items"], (*path, index))
    elif isinstance(value, str):
        yield from _size(len(value), schema, "Length", "characters", path)


def _object(
    value: Mapping[str, Any], schema: Mapping[str, Any], path: Place
) -> Iterator[SchemaError]:
    properties = schema["properties"]
    for name, item in value.items():
        if name in properties:
            yield from schema_errors(item, properties[name], (*path, name))
        elif not name.startswith("Fn::"):
            options = ", ".join(properties)
            message = f"{name} is not a property here; allowed are {options}"
            yield SchemaError("name", (*path, name), message, _similar(name, list(properties)))
    if any(name.startswith("Fn::") for name in value):
        return
    for name in schema["required"]:
        if name not in value:
            yield SchemaError("name", path, f"{name} is missing", f"Add {name}.")


def _size(
    size: int, schema: Mapping[str, Any], limit: str, unit: str, path: Place
) -> Iterator[SchemaError]:
    least, most = schema.get(f"min{limit}", 0), schema.get(f"max{limit}", size)
    if not least <= size <= most:
        allowed = f"{least:,} to {most:,}" if f"max{limit}" in schema else f"at least {least:,}"
        message = f"must have {allowed} {unit}, has {size:,}"
        yield SchemaError("size", path, message, f"Write {allowed} {unit}.")


def _is(value: Any, kind: str) -> bool:
    match kind:
        case "object":
            return isinstance(value, Mapping)
        case "array":
            return isinstance(value, list)
        case "boolean":
            # CloudFormation accepts text as well.
            return isinstance(value, bool) or str(value).lower() in _TRUTH
    return isinstance(value, str | int | float)


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return "an object"
    return "a list" if isinstance(value, list) else repr(value)


def _similar(text: str, options: list[str]) -> str:
    by_lower = {option.lower(): option for option in options}
    match = get_close_matches(text.lower(), by_lower, n=1)
    return f"Write {by_lower[match[0]]}." if match else f"Write one of {', '.join(options)}."
