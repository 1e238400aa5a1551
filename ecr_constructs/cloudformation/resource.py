"""A resource of a template, with its values resolved."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ecr_constructs.cloudformation.intrinsics import ABSENT
from ecr_constructs.model.tokens import is_unresolved

if TYPE_CHECKING:
    from ecr_constructs.cloudformation.graph import Stack, TemplateSet
    from ecr_constructs.model.registry_id import RegistryId


class Resource:
    """A resource of a template, or the template as a whole, which has no id and no type.

    Attributes:
        stack: The template that it is in.
        id: The logical id.
        body: What is written.
        type: The resource type; ``""`` if there is none.
        memo: What rules found out about it.
    """

    def __init__(self, stack: Stack, logical_id: str, body: Mapping[str, Any]) -> None:
        """Keep what it is and where."""
        self.stack = stack
        self.id = logical_id
        self.body = body
        kind = body.get("Type")
        self.type: str = kind if isinstance(kind, str) else ""
        self.memo: dict[str, Any] = {}
        self._values: dict[str, Any] = {}

    @cached_property
    def _written(self) -> Any:
        """The properties as they are written, or resolved if a function gives all of them."""
        written = self.body.get("Properties")
        is_function = isinstance(written, Mapping) and len(written) == 1
        return self.stack.resolver.resolve(written) if is_function else written

    def _resolved(self, name: str) -> Any:
        # One by one, since most questions are about one property of many resources.
        if name not in self._values:
            self._values[name] = self.stack.resolver.resolve(self._written[name], 1)
        return self._values[name]

    @cached_property
    def properties(self) -> Mapping[str, Any]:
        """The properties, resolved; those that are absent are not there."""
        if not isinstance(self._written, Mapping):
            return {}
        resolved = {str(name): self._resolved(name) for name in self._written}
        return {name: each for name, each in resolved.items() if each is not ABSENT}

    @cached_property
    def is_known(self) -> bool:
        """Whether what is not in the properties is surely not there."""
        # Beside properties, Fn::Transform may add some.
        functions = any(name.startswith("Fn::") for name in self.properties)
        return isinstance(self._written, Mapping | None) and not functions

    @property
    def is_created(self) -> bool:
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

    def get(self, name: str, *path: str | int) -> Any:
        """Return a property's value; None if it is not there."""
        if not isinstance(self._written, Mapping) or name not in self._written:
            return None
        value = self._resolved(name)
        value = None if value is ABSENT else value
        for key in path:
            if isinstance(key, int):
                value = value[key] if isinstance(value, list) and key < len(value) else None
            else:
                value = value.get(key) if isinstance(value, Mapping) else None
        return value

    def text(self, name: str, *path: str | int) -> str | None:
        """Return a property's value if it is a text that is known."""
        value = self.get(name, *path)
        return value if isinstance(value, str) and not is_unresolved(value) else None

    def mappings(self, name: str, *path: str | int) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """Yield the entries of a list that are mappings, with their places."""
        value = self.get(name, *path)
        for index, each in enumerate(value if isinstance(value, list) else ()):
            if isinstance(each, Mapping):
                yield index, each

    @property
    def assembly(self) -> TemplateSet:
        """All that is checked together."""
        return self.stack.assembly

    @property
    def registry(self) -> RegistryId | None:
        """The account and Region that it is made in; None if either is not known."""
        return self.stack.registry

    def __repr__(self) -> str:
        """Name it."""
        return f"<{self.type} {self.id} in {self.stack.template.name}>"
