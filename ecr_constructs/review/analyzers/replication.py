"""Report what is newly replicated to other registries, and what no longer is.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
A replica gets the image and nothing else: https://github.com/aws/containers-roadmap/issues/1279
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

from ecr_constructs.cloudformation.replication_config import (
    repository_at,
    rules_of,
    source_of,
    template_for,
)
from ecr_constructs.cloudformation.resource import Registry
from ecr_constructs.cloudformation.resource_types import REPLICATION, REPOSITORY
from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.review.analyzers.lifecycle import takes_any
from ecr_constructs.review.analyzers.lifecycle_policy import stated
from ecr_constructs.review.change import Change
from ecr_constructs.review.phrases import except_for, join_names, subject

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ecr_constructs.cloudformation.resource import Resource
    from ecr_constructs.model.replication import Destination, ReplicationRule
    from ecr_constructs.review.comparison import Comparison, Pair

_STAY = "images pushed from now on are no longer copied; those that are there stay"


def changes(comparison: Comparison) -> Iterator[Change]:
    """Yield what starts, stops, or is replicated otherwise."""
    for pair in comparison.of_type(REPLICATION):
        before, after = (
            ReplicationScope.of(rules_of(resource) if resource else ())
            for resource in (pair.before, pair.after)
        )
        for destination in sorted({*before.copies, *after.copies}):
            found = _DestinationChange(
                pair, destination, _Scope.of(before, destination), _Scope.of(after, destination)
            )
            yield from _copies(found)
            yield from _deletions(found)
    for pair in comparison.of_type(REPOSITORY):
        yield from _renamed(pair)


@dataclass(frozen=True, slots=True)
class _Scope:
    """What is replicated to one destination, by the beginnings of the repositories' names."""

    copies: frozenset[str]
    deletions: frozenset[str]

    @classmethod
    def of(cls, reach: ReplicationScope, destination: Destination) -> _Scope:
        return cls(
            reach.copies.get(destination, _NO_PREFIXES),
            reach.deletions.get(destination, _NO_PREFIXES),
        )

    def described(self, destination: Destination) -> dict[str, Any] | None:
        """Return it as JSON; None if nothing is replicated."""
        if not self.copies:
            return None
        return {
            "destination": str(destination),
            "repositories": _patterns(self.copies),
            "deletions": _patterns(self.deletions),
        }


@dataclass(frozen=True, slots=True)
class _DestinationChange:
    """A destination, and what is replicated to it before and after."""

    pair: Pair
    destination: Destination
    old: _Scope
    new: _Scope

    @property
    def where(self) -> str:
        return _destination_label(self.destination, self.pair.resource)

    def repositories(
        self, within: Iterable[str], without: Iterable[str] = ()
    ) -> dict[str, Resource]:
        """Return the repositories of this app with some prefixes and without others, by name."""
        resource, wanted, unwanted = self.pair.resource, tuple(within), tuple(without)
        return {
            name: repository
            for repository in resource.assembly.in_registry_of(resource, REPOSITORY)
            if (name := repository.text("RepositoryName"))
            and name.startswith(wanted)
            and not name.startswith(unwanted)
        }

    def change(self, severity: Severity, said: str, details: Iterable[str]) -> Change:
        return Change(
            kind="replication",
            severity=severity,
            stack=self.pair.stack,
            resource=self.pair.resource.id,
            summary=f"{subject(self.pair)}: {said}",
            before=self.old.described(self.destination),
            after=self.new.described(self.destination),
            details=tuple(details),
            # Of what comes or goes, everything is said.
            properties=("ReplicationConfiguration",) if self.pair.sides else (),
        )


def _copies(destination: _DestinationChange) -> Iterator[Change]:
    lost = beyond(destination.old.copies, destination.new.copies)
    gained = beyond(destination.new.copies, destination.old.copies)
    if lost:
        said = f"replication to {destination.where} stops ({_words(lost)})"
        if destination.new.copies:
            kept = [prefix for prefix in destination.new.copies if prefix.startswith(tuple(lost))]
            said = f"{_words(lost)} are no longer replicated to {destination.where}"
            said += except_for(_patterns(kept))
        yield destination.change(
            Severity.WARNING,
            f"{said}: {_STAY}",
            _of_this_app(destination.repositories(lost, destination.new.copies)),
        )
    if gained:
        said = f"replication to {destination.where} starts ({_words(gained)})"
        if destination.old.copies:
            said = f"{_words(gained)} are replicated to {destination.where} too"
        yield destination.change(Severity.NOTE, said, _begun(destination, gained))


def _begun(destination: _DestinationChange, gained: Sequence[str]) -> Iterator[str]:
    found = destination.repositories(gained, destination.old.copies)
    yield from _of_this_app(found)
    yield "Only images that are pushed from now on are copied."
    if any(touches(prefix, destination.new.deletions) for prefix in gained):
        yield "What is deleted here is deleted there too."
    yield from _missing_traits(found, destination.destination)


def _deletions(destination: _DestinationChange) -> Iterator[Change]:
    """Yield whose deletions are replicated, of what was copied before and is."""
    old, new = destination.old, destination.new
    on, off = (
        [
            prefix
            for prefix in prefixes
            if touches(prefix, old.copies) and touches(prefix, new.copies)
        ]
        for prefixes in (beyond(new.deletions, old.deletions), beyond(old.deletions, new.deletions))
    )
    if on:
        policies = [
            stated(repository).policy for repository in destination.repositories(on).values()
        ]
        expires = any(policy is not None and takes_any(policy) for policy in policies)
        said = "what is deleted here, by hand or by a lifecycle policy, is deleted there too"
        yield destination.change(
            Severity.ERROR if expires else Severity.WARNING,
            f"deletions in {_words(on)} are replicated to {destination.where}: {said}",
            (),
        )
    if off:
        said = f"deletions in {_words(off)} are no longer replicated to {destination.where}"
        yield destination.change(Severity.NOTE, said, ())


def _renamed(pair: Pair) -> Iterator[Change]:
    """Yield where a repository is no longer copied to, or is, because of its new name."""
    if pair.sides is None:
        return
    old, new = (repository.text("RepositoryName") for repository in pair.sides)
    if old is None or new is None or old == new:
        return
    before, after = map(ReplicationScope.at, pair.sides)
    # What the rules take away or give is said of them.
    lost = before.destinations(old) - before.destinations(new) - after.destinations(new)
    gained = after.destinations(new) - after.destinations(old) - before.destinations(old)
    severities: tuple[tuple[Severity, str, set[Destination]], ...] = (
        (Severity.WARNING, f"under its new name it is no longer replicated to {{}}: {_STAY}", lost),
        (Severity.NOTE, "under its new name it is replicated to {}", gained),
    )
    for severity, sentence, destinations in severities:
        if destinations:
            where = join_names(
                _destination_label(destination, pair.sides[1])
                for destination in sorted(destinations)
            )
            yield Change(
                kind="replication",
                severity=severity,
                stack=pair.stack,
                resource=pair.resource.id,
                repository=new,
                summary=f"{new}: {sentence.format(where)}",
                before={"repository": old, "destinations": _listed(before.destinations(old))},
                after={"repository": new, "destinations": _listed(after.destinations(new))},
                properties=("RepositoryName",),
            )


def _destination_label(destination: Destination, source: Resource) -> str:
    """Return a destination's Region, with its account if that is another one."""
    return (
        destination.region if destination.account == source_of(source).account else str(destination)
    )


def _listed(destinations: Iterable[Destination]) -> list[str]:
    return [str(destination) for destination in sorted(destinations)]


def _patterns(prefixes: Iterable[str]) -> list[str]:
    return [f"{prefix}*" for prefix in sorted(prefixes)]


def _words(prefixes: Sequence[str]) -> str:
    return (
        "all repositories" if "" in prefixes else f"repositories {join_names(_patterns(prefixes))}"
    )


def _of_this_app(repositories: Mapping[str, Resource]) -> Iterator[str]:
    if repositories:
        yield f"Of this app these are: {join_names(repositories)}."


_Prefixes = frozenset[str]
_NO_PREFIXES: _Prefixes = frozenset()


@dataclass(frozen=True, slots=True)
class ReplicationScope:
    """What is copied where.

    Attributes:
        copies: For each destination the beginnings of the names of the repositories whose images
            are copied there, none of which begins another; ``""`` for all.
        deletions: The same for those whose images are deleted there when they are deleted here.
    """

    copies: Mapping[Destination, _Prefixes]
    deletions: Mapping[Destination, _Prefixes]

    @classmethod
    def of(cls, rules: Iterable[ReplicationRule]) -> Self:
        """Return what rules come to."""
        listed = list(rules)
        return cls(_joined(listed), _joined(rule for rule in listed if rule.replicate_deletions))

    @classmethod
    def at(cls, resource: Resource) -> Self:
        """Return what the registry of a resource replicates."""
        there = resource.assembly.in_registry_of(resource, REPLICATION)
        return cls.of(rule for configuration in there for rule in rules_of(configuration))

    def destinations(self, name: str) -> set[Destination]:
        """Return where a repository's images are copied to."""
        return {
            destination
            for destination, prefixes in self.copies.items()
            if name.startswith(tuple(prefixes))
        }


def beyond(some: _Prefixes, others: _Prefixes) -> list[str]:
    """Return the prefixes that are not within any of the others, in order."""
    return sorted(prefix for prefix in some if not prefix.startswith(tuple(others)))


def touches(prefix: str, others: _Prefixes) -> bool:
    """Tell whether a repository may be of a prefix and of one of the others."""
    return any(other.startswith(prefix) or prefix.startswith(other) for other in others)


def _joined(rules: Iterable[ReplicationRule]) -> dict[Destination, _Prefixes]:
    found: dict[Destination, set[str]] = {}
    for rule in rules:
        for destination in rule.destinations:
            found.setdefault(destination, set()).update(rule.prefixes or {""})
    return {destination: _shortest(prefixes) for destination, prefixes in found.items()}


def _shortest(prefixes: set[str]) -> _Prefixes:
    return frozenset(
        prefix for prefix in prefixes if not prefix.startswith(tuple(prefixes - {prefix}))
    )


def _missing_traits(
    repositories: Mapping[str, Resource], destination: Destination
) -> Iterator[str]:
    """Yield what replicas will lack at a destination.

    Args:
        repositories: The repositories that are replicated, by name.
        destination: Where to.
    """
    registry = Registry(destination.account, destination.region)
    groups: defaultdict[tuple[tuple[str, ...], bool], list[str]] = defaultdict(list)
    for name, repository in repositories.items():
        if registry not in repository.assembly.registries:
            yield "This app has no stack there: what the replicas will be like is not known."
            return
        there = repository_at(repository.assembly, registry, name)
        there = there or template_for(repository.assembly, registry, name)
        has = _traits(there) if there else ()
        missing = tuple(trait for trait in _traits(repository) if trait not in has)
        if missing:
            groups[missing, there is None].append(name)
    for (missing, is_undefined), names in groups.items():
        why = ": neither a repository nor a creation template is defined" if is_undefined else ""
        yield f"There {join_names(names)} will be without {join_names(missing)}{why}."


def _traits(resource: Resource) -> tuple[str, ...]:
    """Return what a repository has, or one that is created with a template."""
    policy = "RepositoryPolicyText" if resource.type == REPOSITORY else "RepositoryPolicy"
    has = {
        "immutable tags": str(resource.get("ImageTagMutability")).startswith("IMMUTABLE"),
        "a customer managed key": resource.get("EncryptionConfiguration", "KmsKey") is not None,
        "a lifecycle policy": resource.get("LifecyclePolicy") is not None,
        "a repository policy": resource.get(policy) is not None,
    }
    return tuple(trait for trait, is_there in has.items() if is_there)
