"""What a registry's replication rules come to, however they are written."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from ecr_constructs.cloudformation.replication_config import rules_of
from ecr_constructs.cloudformation.resource_types import REPLICATION

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ecr_constructs.cloudformation.graph import Resource
    from ecr_constructs.model.registry_id import RegistryId
    from ecr_constructs.model.replication import ReplicationRule

_Prefixes = frozenset[str]
NOTHING: _Prefixes = frozenset()


@dataclass(frozen=True, slots=True)
class Reach:
    """What is copied where.

    Attributes:
        copies: For each destination the beginnings of the names of the repositories whose images
            are copied there, none of which begins another; ``""`` for all.
        deletions: The same for those whose images are deleted there when they are deleted here.
    """

    copies: Mapping[RegistryId, _Prefixes]
    deletions: Mapping[RegistryId, _Prefixes]

    @classmethod
    def of(cls, rules: Iterable[ReplicationRule]) -> Self:
        """Return what rules come to."""
        listed = list(rules)
        return cls(_joined(listed), _joined(each for each in listed if each.replicate_deletions))

    @classmethod
    def at(cls, resource: Resource) -> Self:
        """Return what the registry of a resource replicates."""
        there = resource.assembly.in_registry_of(resource, REPLICATION)
        return cls.of(rule for each in there for rule in rules_of(each))

    def goals(self, name: str) -> set[RegistryId]:
        """Return where a repository's images are copied to."""
        return {goal for goal, prefixes in self.copies.items() if name.startswith(tuple(prefixes))}


def beyond(some: _Prefixes, others: _Prefixes) -> list[str]:
    """Return the prefixes that are not within any of the others, in order."""
    return sorted(each for each in some if not each.startswith(tuple(others)))


def touches(prefix: str, others: _Prefixes) -> bool:
    """Tell whether a repository may be of a prefix and of one of the others."""
    return any(each.startswith(prefix) or prefix.startswith(each) for each in others)


def _joined(rules: Iterable[ReplicationRule]) -> dict[RegistryId, _Prefixes]:
    found: dict[RegistryId, set[str]] = {}
    for rule in rules:
        for goal in rule.destinations:
            found.setdefault(goal, set()).update(rule.prefixes or {""})
    return {goal: _shortest(prefixes) for goal, prefixes in found.items()}


def _shortest(prefixes: set[str]) -> _Prefixes:
    return frozenset(each for each in prefixes if not each.startswith(tuple(prefixes - {each})))
