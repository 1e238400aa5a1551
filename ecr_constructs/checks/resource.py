"""A resource of a template, with its values resolved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from ecr_constructs.model.tokens import is_unresolved

if TYPE_CHECKING:
    from ecr_constructs.checks.assembly import Assembly, Stack


class Registry(NamedTuple):
    """One account and Region; parts that are not known make it unknown."""

    account: str
    region: str


class Resource:
    """A resource of a template, or the template as a whole, which has no id and no type."""

    def __init__(self, stack: Stack, logical_id: str, body: Mapping[str, Any]) -> None:
        """Keep what it is and where."""
        self.stack = stack
        self.id = logical_id
        self.body = body
        self.memo: dict[str, Any] = {}

    @property
    def type(self) -> str:
        """The resource type; ``""`` if there is none."""
        kind = self.body.get("Type")
        return kind if isinstance(kind, str) else ""

    @cached_property
    def _resolved(self) -> Any:
        return self.stack.resolver.resolve(self.body.get("Properties"))

    @property
    def properties(self) -> Mapping[str, Any]:
        """The properties, resolved; those that are absent are not there."""
        return self._resolved if isinstance(self._resolved, dict) else {}

    @cached_property
    def is_known(self) -> bool:
        """Whether what is not in the properties is surely not there."""
        # Beside properties, Fn::Transform may add some.
        functions = any(name.startswith("Fn::") for name in self.properties)
        return isinstance(self._resolved, dict | None) and not functions

    @property
    def is_made(self) -> bool:
        """Whether the resource is made; it is unless its condition surely does not hold."""
        condition = self.body.get("Condition")
        return not isinstance(condition, str) or (
            self.stack.resolver.condition(condition) is not False
        )

    @cached_property
    def condition(self) -> str | None:
        """The condition that decides whether it is made; None if it surely is."""
        condition = self.body.get("Condition")
        known = not isinstance(condition, str) or self.stack.resolver.condition(condition)
        return None if known else str(condition)

    def is_made_with(self, other: Resource) -> bool:
        """Tell whether another resource surely is made at times when this one is."""
        if self.condition is None or other.condition is None:
            return True
        # Two conditions may exclude each other, as those of two environments do.
        return (self.stack, self.condition) == (other.stack, other.condition)

    def get(self, *path: str | int) -> Any:
        """Return a property's value; None if it is not there."""
        value: Any = self.properties
        for key in path:
            if isinstance(key, int):
                value = value[key] if isinstance(value, list) and key < len(value) else None
            else:
                value = value.get(key) if isinstance(value, Mapping) else None
        return value

    def text(self, *path: str | int) -> str | None:
        """Return a property's value if it is a text that is known."""
        value = self.get(*path)
        return value if isinstance(value, str) and not is_unresolved(value) else None

    def mappings(self, *path: str | int) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """Yield the entries of a list that are mappings, with their places."""
        value = self.get(*path)
        for index, each in enumerate(value if isinstance(value, list) else ()):
            if isinstance(each, Mapping):
                yield index, each

    @property
    def assembly(self) -> Assembly:
        """All that is checked together."""
        return self.stack.assembly

    @property
    def registry(self) -> Registry | None:
        """The account and Region that it is made in; None if either is not known."""
        return self.stack.registry

    def __repr__(self) -> str:
        """Name it."""
        return f"<{self.type} {self.id} in {self.stack.template.name}>"
