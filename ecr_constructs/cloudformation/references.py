"""What the values of a template refer to, before anything is resolved."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ecr_constructs.cloudformation.resource import Resource
from ecr_constructs.cloudformation.template import Place

_VARIABLE = re.compile(r"\$\{([^!${}][^${}]*)\}")
_MAX_DEPTH = 200


class Reference(NamedTuple):
    """A reference.

    Attributes:
        path: Where it is, from the resource.
        name: What it names: a logical id, a parameter, a pseudo parameter.
        attribute: The attribute that Fn::GetAtt asks for, or None.
    """

    path: Place
    name: str
    attribute: str | None = None


def references(resource: Resource) -> Iterator[Reference]:
    """Yield every reference of a resource."""
    for part in ("Properties", "DependsOn"):
        if part in resource.body:
            value = resource.body[part]
            if part == "Properties":
                yield from _inside(value, (part,), 0)
            else:
                for each in value if isinstance(value, list) else [value]:
                    if isinstance(each, str):
                        yield Reference((part,), each)


def _inside(value: Any, path: Place, depth: int) -> Iterator[Reference]:
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, list):
        for index, each in enumerate(value):
            if isinstance(each, dict | list):
                yield from _inside(each, (*path, index), depth + 1)
    elif isinstance(value, dict):
        for key, each in value.items():
            if len(value) == 1 and key in ("Ref", "Fn::GetAtt", "Fn::Sub"):
                yield from _function(key, each, path)
            if key != "Ref" and isinstance(each, dict | list):
                yield from _inside(each, (*path, str(key)), depth + 1)


def _function(name: str, argument: Any, path: Place) -> Iterator[Reference]:
    match name, argument:
        case "Ref", str(target):
            yield Reference(path, target)
        case "Fn::GetAtt", str(target):
            yield _attribute(target, path)
        case "Fn::GetAtt", [str(target), str(attribute)]:
            yield Reference(path, target, attribute)
        case "Fn::Sub", str(text):
            yield from _variables(text, {}, path)
        case "Fn::Sub", [str(text), Mapping() as variables]:
            yield from _variables(text, variables, path)


def _variables(text: str, own: Mapping[str, Any], path: Place) -> Iterator[Reference]:
    for variable in _VARIABLE.findall(text):
        name = variable.strip()
        if name not in own:
            yield _attribute(name, path) if "." in name else Reference(path, name)


def _attribute(text: str, path: Place) -> Reference:
    name, _, attribute = text.partition(".")
    return Reference(path, name, attribute or None)
