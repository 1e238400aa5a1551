"""References between the resources of a template, before resolution, and the cycles they form."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from ecr_constructs.cloudformation.graph import Resource, Stack
from ecr_constructs.cloudformation.template import Place

_VARIABLE = re.compile(r"\$\{([^!${}][^${}]*)\}")
_MAX_DEPTH = 200


class Reference(NamedTuple):
    """A reference at a place of a resource to a resource, a parameter or a pseudo parameter."""

    path: Place
    name: str
    attribute: str | None = None


def references(resource: Resource) -> Sequence[Reference]:
    """Return every reference of a resource."""
    return resource.memoized(_references)


def _references(resource: Resource) -> Sequence[Reference]:
    return tuple(_written_references(resource))


def _written_references(resource: Resource) -> Iterator[Reference]:
    yield from resource.search(references_in)
    depends_on = resource.body.get("DependsOn")
    for name in depends_on if isinstance(depends_on, list) else [depends_on]:
        if isinstance(name, str):
            yield Reference(("DependsOn",), name)


def references_in(value: Any, path: Place = ()) -> Iterator[Reference]:
    """Yield every reference of a part of a template, with paths below a path."""
    yield from _inside(value, path, 0)


def _inside(value: Any, path: Place, depth: int) -> Iterator[Reference]:
    if depth > _MAX_DEPTH:
        return
    if isinstance(value, list):
        for index, item in enumerate(value):
            if isinstance(item, dict | list):
                yield from _inside(item, (*path, index), depth + 1)
    elif isinstance(value, dict):
        for key, item in value.items():
            if len(value) == 1 and key in ("Ref", "Fn::GetAtt", "Fn::Sub"):
                yield from _function(key, item, path)
            if key != "Ref" and isinstance(item, dict | list):
                yield from _inside(item, (*path, str(key)), depth + 1)


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


def conditions_in(value: Any, depth: int = 0) -> Iterator[str]:
    """Yield the names of the conditions in a part of a template."""
    if depth > _MAX_DEPTH or not isinstance(value, Mapping | list):
        return
    for key, item in value.items() if isinstance(value, Mapping) else enumerate(value):
        match key, item:
            case ("Condition", str(name)) | ("Fn::If", [str(name), *_]):
                yield name
        yield from conditions_in(item, depth + 1)


class Cycles:
    """The dependency cycles of a template, computed on demand."""

    def __init__(self, stack: Stack) -> None:
        """Prepare the search in a stack."""
        self._stack = stack
        self._components: dict[str, tuple[str, ...]] = {}
        self._order: dict[str, int] = {}
        self._low: dict[str, int] = {}
        # Resources whose component is not yet complete.
        self._open: dict[str, None] = {}

    def of(self, logical_id: str) -> tuple[str, ...]:
        """Return the sorted members of the cycle of a resource; empty if it is in none."""
        if logical_id not in self._components:
            self._search_from(logical_id)
        return self._components[logical_id]

    def _needs(self, logical_id: str) -> list[str]:
        resources = self._stack.resources
        return sorted({r.name for r in references(resources[logical_id])} & resources.keys())

    def _search_from(self, root: str) -> None:
        """Complete the component of a resource (Tarjan's algorithm, without recursion)."""
        work = [(root, self._entered(root))]
        while work:
            node, following = work[-1]
            for target in following:
                if target not in self._order:
                    work.append((target, self._entered(target)))
                    break
                if target in self._open:
                    self._low[node] = min(self._low[node], self._order[target])
            else:
                work.pop()
                if work:
                    above = work[-1][0]
                    self._low[above] = min(self._low[above], self._low[node])
                if self._low[node] == self._order[node]:
                    self._complete(node)

    def _entered(self, logical_id: str) -> Iterator[str]:
        self._order[logical_id] = self._low[logical_id] = len(self._order)
        self._open[logical_id] = None
        return iter(self._needs(logical_id))

    def _complete(self, first: str) -> None:
        members: list[str] = []
        while first not in members:
            members.append(self._open.popitem()[0])
        is_cycle = len(members) > 1 or first in self._needs(first)
        self._components.update(dict.fromkeys(members, tuple(sorted(members)) if is_cycle else ()))
