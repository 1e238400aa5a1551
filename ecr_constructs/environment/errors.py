"""What pydantic finds, in the words of an environment file's author."""

from collections.abc import Mapping
from datetime import date, datetime
from difflib import get_close_matches
from functools import cache
from typing import Any

from pydantic_core import ErrorDetails

from ecr_constructs.environment.models import Environment
from ecr_constructs.environment.yaml_file import Place, YamlFile

# pydantic's kinds of errors; {} are the error's context, {given} is what the file says.
_SENTENCES = {
    "bool_type": "must be true or false, got {given}",
    "dict_type": "must be a mapping of keys to values, got {given}",
    "greater_than_equal": "must be at least {ge}, got {given}",
    "int_type": "must be a whole number, got {given}",
    "less_than_equal": "must be at most {le}, got {given}",
    "list_type": "must be a list, got {given}; write [{given}]",
    "literal_error": "must be {expected}, got {given}",
    "missing": "is missing",
    "model_type": "must be a mapping of keys to values, got {given}",
    "string_too_long": "must be at most {max_length} characters long, got {given}",
    "string_too_short": "must be at least {min_length} character long, got {given}",
    "too_long": "may hold at most {max_length}, holds {actual_length}",
    "too_short": "must hold at least {min_length}",
}

_KINDS = {
    bool: "true or false",
    date: "a date",
    datetime: "a date",
    float: "a number",
    int: "a number",
}


def sentence(file: YamlFile, error: ErrorDetails) -> tuple[Place, str]:
    """Return the place of an error and a sentence: what was given, what is allowed."""
    place: Place = error["loc"]
    if place and place[-1] == "[key]":
        place = place[:-1]
    given, context = error["input"], error.get("ctx", {})
    if error["type"] == "extra_forbidden":
        return place, _unknown_key(place)
    if error["type"] == "string_type":
        return place, _not_text(given, file.texts.get(place))
    if error["type"] == "value_error":
        shown = f"{given!r}: " if isinstance(given, str) else ""
        return place, f"{shown}{context['error']}"
    template = _SENTENCES.get(error["type"])
    if template is None:
        return place, f"{error['msg']}, got {given!r}"
    return place, template.format(given=repr(given), **context)


def _not_text(given: object, written: str | None) -> str:
    if given is None or written is None:
        return f"must be text, got {'nothing' if given is None else repr(given)}"
    kind = _KINDS.get(type(given), repr(given))
    return f'must be text, but YAML reads {written} as {kind}; put it in quotes: "{written}"'


def _unknown_key(place: Place) -> str:
    *parents, key = place
    known = _keys_of(tuple(parents))
    close = get_close_matches(str(key), known, n=1)
    meant = f", did you mean {close[0]!r}?" if close else ";"
    return f"is not a key here{meant} Allowed: {', '.join(known)}"


def _keys_of(place: Place) -> list[str]:
    """Return the keys that the mapping at a place may have."""
    schema = _schema()
    node: Mapping[str, Any] = schema
    for step in place:
        node = _resolved(node, schema)
        if isinstance(step, int):
            node = node["items"]
        elif step in node.get("properties", {}):
            node = node["properties"][step]
        else:
            [node] = node["patternProperties"].values()
    return list(_resolved(node, schema)["properties"])


def _resolved(node: Mapping[str, Any], schema: Mapping[str, Any]) -> Mapping[str, Any]:
    for option in node.get("anyOf", ()):
        if option.get("type") not in ("null", "string"):
            return _resolved(option, schema)
    if "$ref" in node:
        found: Mapping[str, Any] = schema["$defs"][node["$ref"].rpartition("/")[2]]
        return found
    return node


@cache
def _schema() -> dict[str, Any]:
    return Environment.model_json_schema()
