"""The registry section of an environment file, as one registry sees it."""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, TypeVar

from ecr_constructs.cloudformation.template import Place, dotted
from ecr_constructs.environment.inheritance import Context, Levels
from ecr_constructs.environment.registry import HomeRegistry, ReplicaRegistry
from ecr_constructs.environment.source import Problem, problems_at
from ecr_constructs.model.registry_id import RegistryId
from ecr_constructs.model.validation import ValidationError

_T = TypeVar("_T")


@dataclass(frozen=True, slots=True)
class Surrounding:
    """What a registry section is resolved with.

    Attributes:
        context: The organization and the registries.
        section: The section; None: the file has none.
        defaults: The levels that count after those of a creation template.
        has_alerts: Whether the environment has a topic for alerts.
        replicated: Prefixes of the creation templates that every replica has.
    """

    context: Context
    section: HomeRegistry | None
    defaults: Levels
    has_alerts: bool
    replicated: tuple[str, ...] = ()


class RegistrySection:
    """What the section has for one registry, and the problems with it.

    Attributes:
        registry: The account and Region.
        surrounding: What the section is resolved with.
        is_home: Whether the registry is the one where images are pushed.
        home: The part of the home registry, from which replicas inherit, if there is one.
        origins: Where the file sets each key that counts here.
        problems: Every problem so far.
    """

    def __init__(self, surrounding: Surrounding, registry: RegistryId) -> None:
        """Find the parts of the section that are about the registry, the nearest first."""
        self.registry = registry
        self.surrounding = surrounding
        self.problems: list[Problem] = []
        self.origins: dict[str, Place] = {}
        context, section = surrounding.context, surrounding.section
        self.is_home = registry == context.home
        self.home: ReplicaRegistry | None = section
        self._own: dict[Place, ReplicaRegistry] = {}
        if section is not None and self.is_home:
            self._own = {("registry",): section}
        elif section is not None:
            for name, part in (section.replicas or {}).items():
                if context.replica(name) == registry:
                    self._own["registry", "replicas", name] = part
            if section.replica is not None:
                self._own["registry", "replica"] = section.replica

    def value(self, key: str, *, inherited: bool = False) -> Any:
        """Return the nearest value of a key, if any, and record where it is."""
        for place, part in self._own.items():
            if (value := getattr(part, key, None)) is not None:
                self.origins[key] = (*place, key)
                return value
        value = getattr(self.home, key, None) if inherited else None
        if value is not None:
            self.origins[key] = ("registry", key)
        return value

    def each(self, key: str, resolve: Callable[[Any, Place], _T | None]) -> Iterator[_T]:
        """Yield what each item of a list resolves to; one that is wrong is left out."""
        for index, item in enumerate(self.value(key) or ()):
            place = (*self.origins[key], index)
            with self.at(place):
                if (resolved := resolve(item, place)) is not None:
                    yield resolved

    def claim(self, code: str, claims: Iterable[tuple[object, Place]], remedy: str) -> None:
        """Report what an earlier item of the file claims already."""
        first: dict[object, Place] = {}
        for claimed, place in claims:
            if first.setdefault(claimed, place) != place:
                message = f"the same as {dotted(first[claimed])}"
                self.problems.append(Problem(place, code, message, remedy))

    def claim_each(
        self, key: str, code: str, identity: Callable[[Any], object], remedy: str
    ) -> None:
        """Report the items of a list that are the same as an earlier one."""
        claims = [
            (identity(item), (*self.origins[key], index))
            for index, item in enumerate(self.value(key) or ())
        ]
        self.claim(code, claims, remedy)

    @contextmanager
    def at(self, place: Place) -> Iterator[None]:
        """Collect the problems of a value at a place."""
        try:
            yield
        except ValidationError as error:
            self.problems += problems_at(place, error)

    @property
    def acknowledged(self) -> dict[str, str]:
        """The accepted findings and warnings about the registry: ids with reasons."""
        parts = [*self._own.values()]
        if self.home is not None and self.home not in parts:
            parts.append(self.home)
        reasons: dict[str, str] = {}
        for part in reversed(parts):
            reasons |= part.acknowledge or {}
        return reasons
