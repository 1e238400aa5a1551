"""Report what is newly replicated to other registries, what no longer is, and the graph of both.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
A replica gets the image and nothing else: https://github.com/aws/containers-roadmap/issues/1279
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, Self

from ecr_constructs.cloudformation.lifecycle import policy_of
from ecr_constructs.cloudformation.replication_config import (
    repository_at,
    rules_of,
    source_of,
    template_for,
)
from ecr_constructs.cloudformation.resource_types import REPLICATION, REPOSITORY
from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.model.registry_id import RegistryId
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.review.analyzers.lifecycle import takes_any
from ecr_constructs.review.phrases import (
    affected,
    except_for,
    format_value,
    join_names,
    strip_tokens,
    subject,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ecr_constructs.cloudformation.graph import Resource, TemplateSet
    from ecr_constructs.model.replication import ReplicationRule
    from ecr_constructs.review.change import Change
    from ecr_constructs.review.comparison import Comparison, Pair

_Prefixes = frozenset[str]
_NO_PREFIXES: _Prefixes = frozenset()
# A sentence, after what it says independent of its wording.
_Detail = tuple[str, str]
_STAY = "images pushed from now on are not copied; existing replicas stay"


def changes(comparison: Comparison) -> Iterator[Change]:
    """Yield the replications that start, stop or change."""
    for pair in comparison.of_type(REPLICATION):
        before, after = (
            ReplicationScope.of(rules_of(resource) if resource else ())
            for resource in (pair.before, pair.after)
        )
        for destination in sorted({*before.copies, *after.copies}):
            change = _DestinationChange(pair, destination, (before, after))
            yield from _copies(change)
            yield from _deletions(change)
    for pair in comparison.of_type(REPOSITORY):
        yield from _renamed(pair)


@dataclass(frozen=True, slots=True)
class _DestinationChange:
    """A destination, and the prefixes that are copied and deleted there on both sides."""

    pair: Pair
    destination: RegistryId
    scopes: tuple[ReplicationScope, ReplicationScope]

    @property
    def where(self) -> str:
        return _destination_label(self.destination, self.pair.resource)

    @property
    def copies(self) -> tuple[_Prefixes, _Prefixes]:
        old, new = (scope.copies.get(self.destination, _NO_PREFIXES) for scope in self.scopes)
        return old, new

    @property
    def deletions(self) -> tuple[_Prefixes, _Prefixes]:
        old, new = (scope.deletions.get(self.destination, _NO_PREFIXES) for scope in self.scopes)
        return old, new

    def repositories(
        self, within: Iterable[str], without: Iterable[str] = ()
    ) -> dict[str, Resource]:
        """Return the repositories with some prefixes and without others, by name."""
        resource, wanted, unwanted = self.pair.resource, tuple(within), tuple(without)
        return {
            name: repository
            for repository in resource.assembly.in_registry_of(resource, REPOSITORY)
            if (name := repository.text("RepositoryName"))
            and name.startswith(wanted)
            and not name.startswith(unwanted)
        }

    def reported(
        self, severity: Severity, sentence: str, details: Iterable[_Detail] = ()
    ) -> Change:
        before, after = (
            {
                "destination": str(self.destination),
                "repositories": _patterns(copies),
                "deletions": _patterns(deletions),
            }
            if copies
            else None
            for copies, deletions in zip(self.copies, self.deletions, strict=True)
        )
        listed = list(details)
        return self.pair.change(
            "replication",
            severity,
            f"{subject(self.pair)}: {sentence}",
            before=before,
            after=after,
            details=tuple(detail for _, detail in listed),
            # A new or removed resource is reported as a whole.
            properties=("ReplicationConfiguration",) if self.pair.sides else (),
            codes=tuple(code for code, _ in listed),
        )


def _copies(change: _DestinationChange) -> Iterator[Change]:
    old, new = change.copies
    if lost := _beyond(old, new):
        sentence = f"replication to {change.where} stops ({_words(lost)})"
        if new:
            kept = [prefix for prefix in new if prefix.startswith(tuple(lost))]
            sentence = f"{_words(lost)} are no longer replicated to {change.where}"
            sentence += except_for(_patterns(kept))
        details = _affected(change.repositories(lost, new))
        yield change.reported(Severity.WARNING, f"{sentence}: {_STAY}", details)
    if gained := _beyond(new, old):
        sentence = f"replication to {change.where} starts ({_words(gained)})"
        if old:
            sentence = f"{_words(gained)} are also replicated to {change.where}"
        yield change.reported(
            _severity_of(change.destination, change.pair.resource),
            sentence,
            [*_account(change.destination, change.pair.resource), *_begun(change, gained)],
        )


def _account(destination: RegistryId, source: Resource) -> Iterator[_Detail]:
    """Yield that images are copied to another account, which keeps them."""
    account = destination.account
    if account == source_of(source).account:
        return
    if source.stack.account is None or is_unresolved(account):
        yield "account-unknown", f"Account {format_value(account)} may be another account."
    else:
        yield "another-account", f"Account {account} gets a copy of each image, and keeps it."


def _severity_of(destination: RegistryId, source: Resource) -> Severity:
    """Return the severity of a new copy: a warning in an account that may be another one."""
    is_foreign = any(_account(destination, source))
    return Severity.WARNING if is_foreign else Severity.NOTE


def _affected(repositories: Mapping[str, Resource]) -> Iterator[_Detail]:
    for detail in affected(repositories):
        yield f"affects {','.join(repositories)}", detail


def _begun(change: _DestinationChange, gained: Sequence[str]) -> Iterator[_Detail]:
    repositories = change.repositories(gained, change.copies[0])
    yield from _affected(repositories)
    yield "new-images-only", "Only images pushed from now on are copied."
    if any(_touches(prefix, change.deletions[1]) for prefix in gained):
        yield "deletions-replicated", "Deletions are replicated."
    yield from _missing_traits(repositories, change.destination)


def _deletions(change: _DestinationChange) -> Iterator[Change]:
    """Yield changes of replicated deletions, for repositories that are copied on both sides."""
    old, new = change.deletions
    on, off = (
        [prefix for prefix in prefixes if all(_touches(prefix, side) for side in change.copies)]
        for prefixes in (_beyond(new, old), _beyond(old, new))
    )
    if on:
        policies = [policy_of(repository).policy for repository in change.repositories(on).values()]
        expires = any(policy is not None and takes_any(policy) for policy in policies)
        yield change.reported(
            Severity.ERROR if expires else Severity.WARNING,
            f"deletions in {_words(on)} are replicated to {change.where}: "
            "images deleted here, manually or by a lifecycle policy, are deleted there too",
        )
    if off:
        sentence = f"deletions in {_words(off)} are no longer replicated to {change.where}"
        yield change.reported(Severity.NOTE, sentence)


def _renamed(pair: Pair) -> Iterator[Change]:
    """Yield destinations that a repository gains or loses by its new name."""
    if pair.sides is None:
        return
    old, new = (repository.text("RepositoryName") for repository in pair.sides)
    if old is None or new is None or old == new:
        return
    before, after = map(ReplicationScope.at, pair.sides)
    # Changed rules are reported for the replication configuration.
    lost = before.destinations(old) - before.destinations(new) - after.destinations(new)
    gained = after.destinations(new) - after.destinations(old) - before.destinations(old)
    gain = max((_severity_of(place, pair.sides[1]) for place in gained), default=Severity.NOTE)
    severities: tuple[tuple[Severity, str, set[RegistryId]], ...] = (
        (Severity.WARNING, f"under its new name it is no longer replicated to {{}}: {_STAY}", lost),
        (gain, "under its new name it is replicated to {}", gained),
    )
    for severity, sentence, destinations in severities:
        if destinations:
            labels = [_destination_label(place, pair.sides[1]) for place in sorted(destinations)]
            yield pair.change(
                "replication",
                severity,
                f"{new}: {sentence.format(join_names(labels))}",
                before={"repository": old, "destinations": _listed(before.destinations(old))},
                after={"repository": new, "destinations": _listed(after.destinations(new))},
                properties=("RepositoryName",),
            )


def _destination_label(destination: RegistryId, source: Resource) -> str:
    """Return the Region of a destination, with its account if it differs."""
    is_own = destination.account == source_of(source).account
    return destination.region if is_own else strip_tokens(str(destination))


def _listed(destinations: Iterable[RegistryId]) -> list[str]:
    return [str(destination) for destination in sorted(destinations)]


def _patterns(prefixes: Iterable[str]) -> list[str]:
    return [f"{prefix}*" for prefix in sorted(prefixes)]


def _words(prefixes: Sequence[str]) -> str:
    return (
        "all repositories" if "" in prefixes else f"repositories {join_names(_patterns(prefixes))}"
    )


@dataclass(frozen=True, slots=True)
class ReplicationScope:
    """What a registry replicates.

    Attributes:
        copies: The repository prefixes that are copied to each destination, none of which is a
            prefix of another; ``""`` for all.
        deletions: The prefixes whose deletions are replicated to each destination.
    """

    copies: Mapping[RegistryId, _Prefixes]
    deletions: Mapping[RegistryId, _Prefixes]

    @classmethod
    def of(cls, rules: Iterable[ReplicationRule]) -> Self:
        """Return the scope of rules, however they are written."""
        listed = list(rules)
        return cls(_joined(listed), _joined(rule for rule in listed if rule.replicate_deletions))

    @classmethod
    def at(cls, resource: Resource) -> Self:
        """Return the scope of the registry of a resource."""
        there = resource.assembly.in_registry_of(resource, REPLICATION)
        return cls.of(rule for configuration in there for rule in rules_of(configuration))

    def destinations(self, name: str) -> set[RegistryId]:
        """Return the destinations of a repository."""
        return {
            destination
            for destination, prefixes in self.copies.items()
            if name.startswith(tuple(prefixes))
        }


def _beyond(some: _Prefixes, others: _Prefixes) -> list[str]:
    """Return the prefixes that no other prefix covers, sorted."""
    return sorted(prefix for prefix in some if not prefix.startswith(tuple(others)))


def _touches(prefix: str, others: _Prefixes) -> bool:
    """Tell whether a repository may have a prefix and one of the others."""
    return any(candidate.startswith(prefix) or prefix.startswith(candidate) for candidate in others)


def _joined(rules: Iterable[ReplicationRule]) -> dict[RegistryId, _Prefixes]:
    joined: dict[RegistryId, set[str]] = {}
    for rule in rules:
        for destination in rule.destinations:
            joined.setdefault(destination, set()).update(rule.prefixes or {""})
    return {destination: _shortest(prefixes) for destination, prefixes in joined.items()}


def _shortest(prefixes: set[str]) -> _Prefixes:
    return frozenset(
        prefix for prefix in prefixes if not prefix.startswith(tuple(prefixes - {prefix}))
    )


def _missing_traits(
    repositories: Mapping[str, Resource], destination: RegistryId
) -> Iterator[_Detail]:
    """Yield the settings that replicas of repositories lack at a destination."""
    registry = RegistryId(destination.account, destination.region)
    groups: defaultdict[tuple[tuple[str, ...], bool], list[str]] = defaultdict(list)
    for name, repository in repositories.items():
        if registry not in repository.assembly.registries:
            sentence = "This app has no stack there, so the settings of the replicas are unknown."
            yield "settings-unknown", sentence
            return
        there = repository_at(repository.assembly, registry, name)
        there = there or template_for(repository.assembly, registry, name)
        present = _traits(there) if there else ()
        missing = tuple(trait for trait in _traits(repository) if trait not in present)
        if missing:
            groups[missing, there is None].append(name)
    for (missing, is_undefined), names in groups.items():
        neither = ": the app defines neither a repository nor a creation template for them"
        why = neither if is_undefined else ""
        code = f"{'undefined' if is_undefined else 'lacks'} {', '.join(missing)}"
        yield code, f"Replicas of {join_names(names)} have no {join_names(missing)}{why}."


def _traits(resource: Resource) -> tuple[str, ...]:
    """Return the settings of a repository, or of one created with a template."""
    policy = "RepositoryPolicyText" if resource.type == REPOSITORY else "RepositoryPolicy"
    traits = {
        "immutable tags": str(resource.get("ImageTagMutability")).startswith("IMMUTABLE"),
        "customer managed key": resource.get("EncryptionConfiguration", "KmsKey") is not None,
        "lifecycle policy": resource.get("LifecyclePolicy") is not None,
        "repository policy": resource.get(policy) is not None,
    }
    return tuple(trait for trait, is_there in traits.items() if is_there)


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
    before, after = (_copies_of(side) for side in (comparison.base, comparison.head))
    states: dict[State, list[Edge]] = {"removed": [], "added": [], "kept": []}
    for source, destination in sorted({*before, *after}):
        places = source, destination
        old, new = (side.get(places, _NO_PREFIXES) for side in (before, after))
        lost, gained = _beyond(old, new), _beyond(new, old)
        # What both sides copy, however it is written.
        kept = sorted(_shortest({*old, *new} - {*lost, *gained}))
        prefixes_of: dict[State, list[str]] = {"removed": lost, "added": gained, "kept": kept}
        for state, prefixes in prefixes_of.items():
            if prefixes:
                states[state].append(Edge(source, destination, tuple(prefixes), state))
    return tuple(edge for listed in states.values() for edge in listed)


def _copies_of(side: TemplateSet) -> dict[tuple[RegistryId, RegistryId], _Prefixes]:
    """Return the prefixes that are copied between registries."""
    copied: dict[tuple[RegistryId, RegistryId], set[str]] = defaultdict(set)
    for resource in side.of_type(REPLICATION):
        for destination, prefixes in _joined(rules_of(resource)).items():
            copied[source_of(resource), destination] |= prefixes
    return {places: _shortest(prefixes) for places, prefixes in copied.items()}
