"""Replication rules of a registry."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ecr_constructs.model.partitions import partition_of
from ecr_constructs.model.prefixes import covers, filter_errors, shared
from ecr_constructs.model.registry_id import RegistryId
from ecr_constructs.model.tokens import is_unresolved

# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ReplicationConfiguration.html
MAX_RULES = 25
MAX_DESTINATIONS_PER_RULE = 100
MAX_FILTERS_PER_RULE = 100
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html
MAX_DESTINATIONS = 25
# The quota page allows fewer than the API does:
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html
QUOTA_RULES = 10


def destination_errors(
    destination: RegistryId, source: RegistryId, known_regions: Iterable[str]
) -> Iterator[str]:
    """Yield a sentence for each reason why a registry cannot replicate to another.

    Args:
        destination: The registry that images are copied to.
        source: The registry that replicates.
        known_regions: Every Region there is.
    """
    if destination == source:
        yield f"{destination} is this registry itself; leave it out"
    if is_unresolved(destination.region):
        return
    if destination.region not in list(known_regions):
        yield f"{destination.region!r} is not a Region that the installed aws-cdk-lib knows"
    if is_unresolved(source.region):
        return
    here, there = partition_of(source.region), partition_of(destination.region)
    if here != there:
        yield (
            f"{destination} is in the partition {there}, this registry in {here}; images are not "
            "replicated between partitions"
        )


@dataclass(frozen=True, slots=True)
class ReplicationRule:
    """What is copied where.

    Attributes:
        prefixes: Beginnings of the names of the repositories that are copied; none copies all.
        destinations: Where to.
        replicate_deletions: Whether an image deleted here, by hand or by a lifecycle policy, is
            deleted there too.
    """

    prefixes: frozenset[str]
    destinations: frozenset[RegistryId]
    replicate_deletions: bool = False

    @property
    def what(self) -> str:
        """What is copied, in words."""
        return ", ".join(sorted(self.prefixes)) or "everything"

    def __str__(self) -> str:
        """Say it in words."""
        return f"{self.what} to {', '.join(map(str, sorted(self.destinations)))}"


def merged(rules: Iterable[ReplicationRule]) -> list[ReplicationRule]:
    """Join the rules that copy the same repositories, in the order they first came."""
    joined: dict[tuple[frozenset[str], bool], frozenset[RegistryId]] = {}
    for rule in rules:
        same = (rule.prefixes, rule.replicate_deletions)
        joined[same] = joined.get(same, frozenset()) | rule.destinations
    return [
        ReplicationRule(prefixes, destinations, deletions)
        for (prefixes, deletions), destinations in joined.items()
    ]


def forwarded(
    rules: Sequence[ReplicationRule],
    source: RegistryId,
    others: Iterable[ReplicationRule],
    other: RegistryId,
) -> dict[str, set[RegistryId]]:
    """Return what a registry sends to another and nowhere else, though the other sends it on.

    ECR does not replicate what arrived by replication, so it never reaches those destinations.

    Args:
        rules: The rules of the registry.
        source: The registry.
        others: The rules of the other registry.
        other: The other registry.

    Returns:
        Destinations that are not reached, by prefix; ``""`` for all repositories.
    """
    lost: dict[str, set[RegistryId]] = {}
    for mine in rules:
        if other not in mine.destinations:
            continue
        for theirs in others:
            for prefix in shared(mine.prefixes, theirs.prefixes):
                direct = {
                    each for r in rules if covers(r.prefixes, prefix) for each in r.destinations
                }
                if missing := theirs.destinations - direct - {source}:
                    lost.setdefault(prefix, set()).update(missing)
    return lost


def replication_errors(rules: Sequence[ReplicationRule]) -> Iterator[str]:
    """Yield a sentence for each limit that these rules exceed together."""
    if len(rules) > MAX_RULES:
        yield f"a registry has at most {MAX_RULES} replication rules, these are {len(rules)}"
    everywhere = {each for rule in rules for each in rule.destinations}
    if len(everywhere) > MAX_DESTINATIONS:
        yield (
            f"a registry replicates to at most {MAX_DESTINATIONS} different destinations, these "
            f"are {len(everywhere)}"
        )
    yield from _contradictions(rules)
    for rule in rules:
        if not rule.destinations:
            yield "a replication rule needs a destination"
        if len(rule.destinations) > MAX_DESTINATIONS_PER_RULE:
            yield (
                f"a replication rule has at most {MAX_DESTINATIONS_PER_RULE} destinations, one "
                f"has {len(rule.destinations)}"
            )
        if len(rule.prefixes) > MAX_FILTERS_PER_RULE:
            yield (
                f"a replication rule has at most {MAX_FILTERS_PER_RULE} prefixes, one has "
                f"{len(rule.prefixes)}; a shorter prefix covers several repositories"
            )
        for prefix in sorted(rule.prefixes):
            if not is_unresolved(prefix):
                yield from filter_errors(prefix)


def _contradictions(rules: Iterable[ReplicationRule]) -> Iterator[str]:
    asked: dict[tuple[frozenset[str], RegistryId], bool] = {}
    for rule in rules:
        for destination in sorted(rule.destinations):
            deletions = asked.setdefault((rule.prefixes, destination), rule.replicate_deletions)
            if deletions != rule.replicate_deletions:
                yield (
                    f"{rule.what} is to be replicated to {destination} both with and without "
                    "deletions; choose one"
                )
