"""The replication between registries, on both sides."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from ecr_constructs.cloudformation.replication_config import rules_of, source_of
from ecr_constructs.cloudformation.resource_types import REPLICATION

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ecr_constructs.cloudformation.graph import TemplateSet
    from ecr_constructs.model.registry_id import RegistryId
    from ecr_constructs.review.comparison import Comparison

State = Literal["removed", "added", "kept"]
"""Whether a replication exists in base, in head, or in both."""


@dataclass(frozen=True, slots=True)
class Edge:
    """The replication from one registry to another.

    Attributes:
        source: The registry that images are pushed to.
        destination: The registry that they are copied to.
        prefixes: The prefixes of the repositories that are copied, sorted; ``""`` for all.
        state: Whether it exists in base, in head, or in both.
    """

    source: RegistryId
    destination: RegistryId
    prefixes: tuple[str, ...]
    state: State


def edges(comparison: Comparison) -> tuple[Edge, ...]:
    """Return all replications, those that change first."""
    before, after = (frozenset(_copied(side)) for side in (comparison.base, comparison.head))
    prefixes: dict[tuple[State, RegistryId, RegistryId], list[str]] = defaultdict(list)
    sides: dict[State, frozenset[tuple[RegistryId, RegistryId, str]]] = {
        "removed": before - after,
        "added": after - before,
        "kept": before & after,
    }
    for state, copied in sides.items():
        for source, destination, prefix in sorted(copied):
            prefixes[state, source, destination].append(prefix)
    return tuple(
        Edge(source, destination, tuple(copied), state)
        for (state, source, destination), copied in prefixes.items()
    )


def _copied(side: TemplateSet) -> Iterator[tuple[RegistryId, RegistryId, str]]:
    for resource in side.of_type(REPLICATION):
        source = source_of(resource)
        for rule in rules_of(resource):
            for destination in rule.destinations:
                for prefix in rule.prefixes or ("",):
                    yield source, destination, prefix
