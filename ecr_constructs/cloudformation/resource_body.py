"""What the body of a resource says: its type, its condition and its resolved properties."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from typing import TYPE_CHECKING, Any, Self, TypeVar

from ecr_constructs.cloudformation.intrinsics import ABSENT
from ecr_constructs.model.tokens import is_unresolved

if TYPE_CHECKING:
    from ecr_constructs.cloudformation.intrinsics import ConditionValue, Resolver

_T = TypeVar("_T")


class Memo:
    """An object that remembers what is computed from it.

    Attributes:
        memo: The results by function, or by another key.
    """

    def __init__(self) -> None:
        """Begin without results."""
        self.memo: dict[Any, Any] = {}

    def memoized(self, compute: Callable[[Self], _T]) -> _T:
        """Return the result of a function for this object, computed once."""
        if compute not in self.memo:
            self.memo[compute] = compute(self)
        result: _T = self.memo[compute]
        return result


class ResourceBody(Memo):
    """A resource as its template describes it.

    Attributes:
        body: The resource as written.
        type: The resource type; ``""`` if there is none.
    """

    def __init__(self, body: Mapping[str, Any], resolver: Resolver) -> None:
        """Store the body; nothing is resolved yet."""
        super().__init__()
        self.body = body
        self._resolver = resolver
        kind = body.get("Type")
        self.type: str = kind if isinstance(kind, str) else ""
        written = body.get("Properties")
        # A function that returns all properties is the only member of its object.
        is_plain = isinstance(written, dict) and len(written) != 1
        self._plain: Mapping[str, Any] | None = written if is_plain else None
        self._values: dict[str, Any] = {}

    @cached_property
    def _written(self) -> Any:
        """The properties as written, or resolved if a function returns all of them."""
        written = self.body.get("Properties")
        is_function = isinstance(written, Mapping) and len(written) == 1
        return self._resolver.resolve(written) if is_function else written

    @property
    def _properties(self) -> Mapping[str, Any]:
        """The properties as written; none if they are the result of a function, or no object."""
        # Most resources of a large app are read once: a cached property costs more than it saves.
        if self._plain is None:
            self._plain = self._written if isinstance(self._written, Mapping) else {}
        return self._plain

    def _resolved(self, name: str) -> Any:
        # One by one: most rules read one property of many resources.
        if name not in self._values:
            self._values[name] = self._resolver.resolve(self._properties[name], 1)
        return self._values[name]

    @cached_property
    def properties(self) -> Mapping[str, Any]:
        """The resolved properties, without absent ones."""
        resolved = {str(name): self._resolved(name) for name in self._properties}
        return {name: value for name, value in resolved.items() if value is not ABSENT}

    @cached_property
    def is_known(self) -> bool:
        """Whether the properties are complete: a missing one is definitely absent."""
        # Fn::Transform next to properties can add more.
        functions = any(name.startswith("Fn::") for name in self.properties)
        return isinstance(self._written, Mapping | None) and not functions

    @property
    def existence(self) -> ConditionValue:
        """Whether the resource is created, or the expression that decides."""
        return self._existence if "Condition" in self.body else True

    @cached_property
    def _existence(self) -> ConditionValue:
        condition = self.body["Condition"]
        expression_of = self._resolver.condition_expression
        return expression_of(condition) if isinstance(condition, str) else True

    @property
    def is_created(self) -> bool:
        """Whether the resource is created: its condition is not definitely false."""
        return "Condition" not in self.body or self._existence is not False

    @property
    def condition(self) -> str | None:
        """The condition that decides about creation; None if it is definitely created."""
        return None if self.existence is True else str(self.body.get("Condition"))

    def get(self, name: str, *path: str | int) -> Any:
        """Return the resolved value of a property; None if it is absent."""
        if name not in self._properties:
            return None
        value = self._resolved(name)
        value = None if value is ABSENT else value
        for key in path:
            if isinstance(key, int):
                value = value[key] if isinstance(value, list) and key < len(value) else None
            else:
                value = value.get(key) if isinstance(value, Mapping) else None
        return value

    def written(self, name: str) -> Any:
        """Return a property as the template has it; None if it is absent."""
        return self._properties.get(name)

    def setting(self, name: str) -> Any:
        """Return the resolved value of an attribute besides the properties: ``DeletionPolicy``."""
        value = self.body.get(name)
        value = None if value is None else self._resolver.resolve(value)
        return None if value is ABSENT else value

    def text(self, name: str, *path: str | int) -> str | None:
        """Return the value of a property if it is a literal string."""
        written = self._properties.get(name)
        if isinstance(written, str) and not path and "${" not in written and "{{" not in written:
            return written
        value = self.get(name, *path)
        return value if isinstance(value, str) and not is_unresolved(value) else None

    def mappings(self, name: str, *path: str | int) -> Iterator[tuple[int, Mapping[str, Any]]]:
        """Yield the entries of a list that are mappings, with their indexes."""
        value = self.get(name, *path)
        for index, item in enumerate(value if isinstance(value, list) else ()):
            if isinstance(item, Mapping):
                yield index, item
