"""What the values of a template refer to, before anything is resolved."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ecr_constructs.checks.assembly import Stack
from ecr_constructs.checks.resource import Resource
from ecr_constructs.checks.template import Place

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
            yield from _inside(each, (*path, index), depth + 1)
    elif isinstance(value, Mapping):
        for key, each in value.items():
            if len(value) == 1 and key in ("Ref", "Fn::GetAtt", "Fn::Sub"):
                yield from _function(key, each, path)
            if key != "Ref":
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


def cycles(stack: Stack) -> Mapping[str, tuple[str, ...]]:
    """Return for each resource that depends on itself the resources of its cycle, in order."""
    needs = {
        each.id: sorted({r.name for r in references(each)} & set(stack.resources))
        for each in stack.resources.values()
    }
    found: dict[str, tuple[str, ...]] = {}
    for members in _components(needs):
        first = members[0]
        if len(members) > 1 or first in needs[first]:
            found.update(dict.fromkeys(members, tuple(sorted(members))))
    return found


def _components(needs: Mapping[str, list[str]]) -> Iterator[list[str]]:
    """Yield the strongly connected components (Tarjan's algorithm, without recursion)."""
    order: dict[str, int] = {}
    low: dict[str, int] = {}
    stack: list[str] = []
    open_: set[str] = set()
    for root in needs:
        if root in order:
            continue
        work = [(root, iter(needs[root]))]
        order[root] = low[root] = len(order)
        stack.append(root)
        open_.add(root)
        while work:
            node, following = work[-1]
            for each in following:
                if each not in order:
                    order[each] = low[each] = len(order)
                    stack.append(each)
                    open_.add(each)
                    work.append((each, iter(needs[each])))
                    break
                if each in open_:
                    low[node] = min(low[node], order[each])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == order[node]:
                    members: list[str] = []
                    while not members or members[-1] != node:
                        members.append(stack.pop())
                        open_.discard(members[-1])
                    yield members
