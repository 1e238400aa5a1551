"""The JSON Schema of environment files, in which an error is about the branch that is meant.

A value of several types, or of several kinds of mapping, is an `oneOf` for pydantic: an editor then
reports that none of the branches fits. Here `if` chooses the branch, by the type of the value or by
the key that tells the kinds apart, and the editor reports what that branch does not allow.
"""

import ast
from collections.abc import Iterator, Mapping
from functools import cache
from inspect import cleandoc, getsource
from itertools import pairwise
from textwrap import dedent
from typing import Any

from pydantic import BaseModel

DISCRIMINATORS = ("event", "type", "upstream")
"""The keys that tell the kinds of a mapping apart."""
_NULL = {"type": "null"}


def schema_of(model: type[BaseModel], *, with_descriptions: bool = False) -> dict[str, Any]:
    """Return the JSON Schema of a model.

    Args:
        model: The model.
        with_descriptions: Whether each key is described by the string below it in the code, which
            takes a while. Default: only the mappings are, by the docstrings of their classes.
    """
    schema = model.model_json_schema()
    if with_descriptions:
        for kind in _below(model):
            node = schema if kind is model else schema["$defs"].get(kind.__name__, {})
            texts = _descriptions(kind)
            for key, value in node.get("properties", {}).items():
                value["description"] = texts[key]
                node["properties"][key] = dict(sorted(value.items()))
    chosen: dict[str, Any] = _with_branches(schema, schema["$defs"])
    return chosen


def _below(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """Yield a model, and each other one of the same base."""
    [base] = {item for item in model.__mro__ if BaseModel in item.__bases__}
    todo = [base]
    while todo:
        kind = todo.pop()
        yield kind
        todo += kind.__subclasses__()


def _descriptions(model: type[BaseModel]) -> dict[str, str]:
    """Return the string below each attribute of a model, in its own and in inherited code."""
    texts: dict[str, str] = {}
    for kind in reversed(model.__mro__):
        if issubclass(kind, BaseModel) and kind is not BaseModel:
            texts |= _own_descriptions(kind)
    return texts


@cache
def _own_descriptions(kind: type[BaseModel]) -> dict[str, str]:
    [code] = ast.parse(dedent(getsource(kind))).body
    assert isinstance(code, ast.ClassDef)
    texts = {}
    for attribute, text in pairwise(code.body):
        match attribute, text:
            case (
                ast.AnnAssign(target=ast.Name(id=name)),
                ast.Expr(value=ast.Constant(value=str(words))),
            ):
                texts[name] = cleandoc(words)
            case _:
                pass
    return texts


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
    option = dict(option)
    allowed = [option.pop("const")] if "const" in option else option.get("enum")
    values = {"enum": [*allowed, None]} if allowed else {}
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
