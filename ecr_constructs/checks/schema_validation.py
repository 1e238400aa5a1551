"""A resource's properties held to CloudFormation's schema of its type."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any, NamedTuple

from ecr_constructs.cloudformation.template import Place
from ecr_constructs.model.tokens import is_unresolved


class Misfit(NamedTuple):
    """A place that does not fit.

    Attributes:
        kind: What does not: ``name``, ``kind`` or ``size``.
        path: The place, from the properties.
        message: What was given, and what is allowed.
        remedy: What to write.
    """

    kind: str
    path: Place
    message: str
    remedy: str


_WORDS = {"array": "a list", "object": "an object", "boolean": "true or false", "string": "text"}
_TRUTH = ("true", "false")


def misfits(value: Any, schema: Mapping[str, Any], path: Place = ()) -> Iterator[Misfit]:
    """Yield where a value does not fit; what is not known fits.

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
        yield Misfit("kind", path, f"must be {wanted}, got {_shown(value)}", f"Write {wanted}.")
        return
    if "enum" in schema and value not in schema["enum"]:
        options = ", ".join(schema["enum"])
        yield Misfit("kind", path, f"must be one of {options}, got {value!r}", _near(value, schema))
    if isinstance(value, Mapping) and "properties" in schema:
        yield from _object(value, schema, path)
    elif isinstance(value, list):
        yield from _size(len(value), schema, "Items", "entries", path)
        for index, each in enumerate(value):
            yield from misfits(each, schema["items"], (*path, index))
    elif isinstance(value, str):
        yield from _size(len(value), schema, "Length", "characters", path)


def _object(value: Mapping[str, Any], schema: Mapping[str, Any], path: Place) -> Iterator[Misfit]:
    known = schema["properties"]
    for name, each in value.items():
        if name in known:
            yield from misfits(each, known[name], (*path, name))
        elif not name.startswith("Fn::"):
            options = ", ".join(known)
            message = f"{name} is not known here; allowed are {options}"
            yield Misfit("name", (*path, name), message, _similar(name, list(known)))
    if any(name.startswith("Fn::") for name in value):
        return
    for name in schema["required"]:
        if name not in value:
            yield Misfit("name", path, f"{name} is missing", f"Add {name}.")


def _size(
    size: int, schema: Mapping[str, Any], limit: str, what: str, path: Place
) -> Iterator[Misfit]:
    least, most = schema.get(f"min{limit}", 0), schema.get(f"max{limit}", size)
    if not least <= size <= most:
        allowed = f"{least:,} to {most:,}" if f"max{limit}" in schema else f"at least {least:,}"
        message = f"may have {allowed} {what}, has {size:,}"
        yield Misfit("size", path, message, f"Write {allowed} {what}.")


def _is(value: Any, kind: str) -> bool:
    match kind:
        case "object":
            return isinstance(value, Mapping)
        case "array":
            return isinstance(value, list)
        case "boolean":
            # CloudFormation takes a text for it.
            return isinstance(value, bool) or str(value).lower() in _TRUTH
    return isinstance(value, str | int | float)


def _shown(value: Any) -> str:
    if isinstance(value, Mapping):
        return "an object"
    return "a list" if isinstance(value, list) else repr(value)


def _near(value: Any, schema: Mapping[str, Any]) -> str:
    return _similar(str(value), schema["enum"])


def _similar(given: str, known: list[str]) -> str:
    by_lower = {each.lower(): each for each in known}
    match = get_close_matches(given.lower(), by_lower, n=1)
    return f"Write {by_lower[match[0]]}." if match else f"Write one of {', '.join(known)}."
