"""Replication rules of a registry."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.names import covers, filter_errors, shared
from ecr_constructs.model.partitions import partition_of
from ecr_constructs.model.registry_id import RegistryId
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import count_errors

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
) -> Iterator[Diagnostic]:
    """Yield each reason why a registry cannot replicate to another."""
    if destination == source:
        yield Diagnostic(
            "replication-destination-is-source",
            f"{destination} is this registry itself",
            remedy="leave it out",
        )
    if is_unresolved(destination.region):
        return
    if destination.region not in set(known_regions):
        yield Diagnostic(
            "replication-destination-region", f"{destination.region!r} is not a known AWS Region"
        )
    if is_unresolved(source.region):
        return
    here, there = partition_of(source.region), partition_of(destination.region)
    if here != there:
        yield Diagnostic(
            "replication-destination-partition",
            f"{destination} is in the partition {there}, this registry in {here}; images "
            "are not replicated between partitions",
        )


@dataclass(frozen=True, slots=True)
class ReplicationRule:
    """The prefixes of repositories that are replicated (none: all of them), and their destinations.

    An image that is deleted here, by hand or by a lifecycle policy, may be deleted there too.
    """

    prefixes: frozenset[str]
    destinations: frozenset[RegistryId]
    replicate_deletions: bool = False

    @property
    def what(self) -> str:
        """The prefixes, or ``everything``."""
        return ", ".join(sorted(self.prefixes)) or "everything"

    def __str__(self) -> str:
        """Return ``payments/ to 111122223333/eu-west-1``."""
        return f"{self.what} to {', '.join(map(str, sorted(self.destinations)))}"


def merge_rules(rules: Iterable[ReplicationRule]) -> list[ReplicationRule]:
    """Join the rules for the same repositories, in the order in which they first appear."""
    joined: dict[tuple[frozenset[str], bool], frozenset[RegistryId]] = {}
    for rule in rules:
        key = (rule.prefixes, rule.replicate_deletions)
        joined[key] = joined.get(key, frozenset()) | rule.destinations
    return [
        ReplicationRule(prefixes, destinations, deletions)
        for (prefixes, deletions), destinations in joined.items()
    ]


def unreached_destinations(
    rules: Sequence[ReplicationRule],
    source: RegistryId,
    others: Iterable[ReplicationRule],
    other: RegistryId,
) -> dict[str, set[RegistryId]]:
    """Return, by prefix, the destinations that images would reach only through another registry.

    ECR does not replicate images that arrived by replication, so they never get there. The prefix
    ``""`` is for all repositories.
    """
    lost: dict[str, set[RegistryId]] = {}
    for mine in rules:
        if other not in mine.destinations:
            continue
        for theirs in others:
            for prefix in shared(mine.prefixes, theirs.prefixes):
                direct = {
                    destination
                    for rule in rules
                    if covers(rule.prefixes, prefix)
                    for destination in rule.destinations
                }
                if missing := theirs.destinations - direct - {source}:
                    lost.setdefault(prefix, set()).update(missing)
    return lost


def replication_errors(rules: Sequence[ReplicationRule]) -> Iterator[Diagnostic]:
    """Yield each limit that these rules exceed together, and each rule that ECR rejects."""
    destinations = {destination for rule in rules for destination in rule.destinations}
    for code, values, most, what in (
        ("replication-rule-count", rules, MAX_RULES, "replication rules of a registry"),
        ("replication-destination-count", destinations, MAX_DESTINATIONS, "different destinations"),
    ):
        yield from count_errors(code, values, most, what)
    yield from _contradictions(rules)
    for rule in rules:
        yield from _rule_errors(rule)


def _rule_errors(rule: ReplicationRule) -> Iterator[Diagnostic]:
    if not rule.destinations:
        yield Diagnostic(
            "replication-destination-missing", "a replication rule needs a destination"
        )
    limit = MAX_DESTINATIONS_PER_RULE, "destinations of a replication rule"
    yield from count_errors("replication-rule-destination-count", rule.destinations, *limit)
    limit = MAX_FILTERS_PER_RULE, "prefixes of a replication rule"
    remedy = "a shorter prefix covers several repositories"
    yield from count_errors("replication-prefix-count", rule.prefixes, *limit, remedy=remedy)
    for prefix in sorted(rule.prefixes):
        if not is_unresolved(prefix):
            yield from filter_errors(prefix)


def _contradictions(rules: Iterable[ReplicationRule]) -> Iterator[Diagnostic]:
    deletions: dict[tuple[frozenset[str], RegistryId], bool] = {}
    for rule in rules:
        for destination in sorted(rule.destinations):
            key = (rule.prefixes, destination)
            if deletions.setdefault(key, rule.replicate_deletions) != rule.replicate_deletions:
                yield Diagnostic(
                    "replication-deletions-conflict",
                    f"{rule.what} is to be replicated to {destination} both with and "
                    "without deletions",
                    remedy="choose one",
                )
