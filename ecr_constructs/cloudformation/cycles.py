"""Resources that depend on themselves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecr_constructs.cloudformation.references import references

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ecr_constructs.cloudformation.graph import Stack


class Cycles:
    """The cycles of a template, looked for from where they are asked for."""

    def __init__(self, stack: Stack) -> None:
        """Know none yet."""
        self._stack = stack
        self._found: dict[str, tuple[str, ...]] = {}
        self._order: dict[str, int] = {}
        self._low: dict[str, int] = {}
        # Resources whose component is not yet complete.
        self._open: dict[str, None] = {}

    def of(self, logical_id: str) -> tuple[str, ...]:
        """Return the resources of the cycle that a resource is in, sorted; else none."""
        if logical_id not in self._found:
            self._look_from(logical_id)
        return self._found[logical_id]

    def _needs(self, logical_id: str) -> list[str]:
        resources = self._stack.resources
        return sorted({r.name for r in references(resources[logical_id])} & resources.keys())

    def _look_from(self, root: str) -> None:
        """Complete the component of a resource (Tarjan's algorithm, without recursion)."""
        work = [(root, self._entered(root))]
        while work:
            node, following = work[-1]
            for each in following:
                if each not in self._order:
                    work.append((each, self._entered(each)))
                    break
                if each in self._open:
                    self._low[node] = min(self._low[node], self._order[each])
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
        self._found.update(dict.fromkeys(members, tuple(sorted(members)) if is_cycle else ()))
