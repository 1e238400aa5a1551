"""Errors of pydantic as problems of an environment file, in the words of its author."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from functools import cache
from typing import Any

from pydantic_core import ErrorDetails

from ecr_constructs.environment.models import Environment
from ecr_constructs.environment.source import Place, Problem, SourceFile, problems_at

# By pydantic's type of error: our code, and a message of its context and the given value.
_MESSAGES = {
    "bool_type": ("not-boolean", "must be true or false, got {given}"),
    "dict_type": ("not-mapping", "must be a mapping of keys to values, got {given}"),
    "greater_than_equal": ("number-too-small", "must be at least {ge}, got {given}"),
    "int_type": ("not-integer", "must be a whole number, got {given}"),
    "less_than_equal": ("number-too-large", "must be at most {le}, got {given}"),
    "list_type": ("not-list", "must be a list, got {given}; write [{given}]"),
    "literal_error": ("value-unknown", "must be {expected}, got {given}"),
    "missing": ("key-missing", "is missing"),
    "model_type": ("not-mapping", "must be a mapping of keys to values, got {given}"),
    "too_short": ("too-few", "must hold at least {min_length}"),
}
_KINDS = {bool: "true or false", float: "a number", int: "a number"}


def problems_of(file: SourceFile, error: ErrorDetails) -> Iterator[Problem]:
    """Yield what an error of pydantic means: what was given, and what is allowed."""
    place: Place = error["loc"]
    given = error["input"]
    if error["type"] == "extra_forbidden":
        yield _unknown_key(place)
    elif error["type"] == "string_type":
        yield Problem(place, "not-text", _not_text(given, file.text_at(place)))
    elif error["type"] == "value_error":
        place = place[:-1] if place[-1:] == ("[key]",) else place
        prefix = f"{given!r}: " if isinstance(given, str) else ""
        yield from problems_at(place, error["ctx"]["error"], prefix)
    else:
        fallback = (error["type"].replace("_", "-"), f"{error['msg']}, got {{given}}")
        code, template = _MESSAGES.get(error["type"], fallback)
        yield Problem(place, code, template.format(given=repr(given), **error.get("ctx", {})))


def _not_text(given: object, line: str) -> str:
    if type(given) not in _KINDS:
        return f"must be text, got {'nothing' if given is None else repr(given)}"
    # YAML may have changed the value: 010 is 8, yes is true.
    quoted = f': "{given}"' if str(given) in line else ""
    kind = _KINDS[type(given)]
    return f"must be text, but YAML reads the value as {kind}; put it in quotes{quoted}"


def _unknown_key(place: Place) -> Problem:
    *parents, key = place
    allowed = _keys_of(tuple(parents))
    close = get_close_matches(str(key), allowed, n=1)
    suggestion = f"did you mean {close[0]!r}? " if close else ""
    message = f"is not a key here; {suggestion}Allowed: {', '.join(allowed)}"
    return Problem(place, "key-unknown", message)


def _keys_of(place: Place) -> list[str]:
    """Return the keys that the mapping at a place may have."""
    schema = _schema()
    node: Mapping[str, Any] = schema
    for step in place:
        node = _dereferenced(node, schema)
        if isinstance(step, int):
            node = node["items"]
        elif step in node.get("properties", {}):
            node = node["properties"][step]
        else:
            [node] = node["patternProperties"].values()
    return list(_dereferenced(node, schema)["properties"])


def _dereferenced(node: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    for option in node.get("anyOf", ()):
        if option.get("type") not in ("null", "string"):
            return _dereferenced(option, schema)
    if "$ref" in node:
        definition: Mapping[str, Any] = schema["$defs"][node["$ref"].rpartition("/")[2]]
        return definition
    return node


@cache
def _schema() -> dict[str, Any]:
    return Environment.model_json_schema()
