"""The replication configuration of a registry."""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Self

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import region_info
from constructs import Construct

from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.prefixes import covers
from ecr_constructs.model.replication import (
    QUOTA_RULES,
    Destination,
    ReplicationRule,
    forwarded,
    merged,
    replication_errors,
)
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import raise_if_invalid

_Configuration = ecr.CfnReplicationConfiguration


class RegistryReplication:
    """Joins replication rules and renders them as one `AWS::ECR::ReplicationConfiguration`."""

    def __init__(self, registry: Construct, source: Destination) -> None:
        """Begin without rules, which renders nothing."""
        self._registry = registry
        self._source = source
        self._rules: list[ReplicationRule] = []
        self._resource: ecr.CfnReplicationConfiguration | None = None
        self._deletions_acknowledged = False

    def add(self, rule: ReplicationRule) -> None:
        """Add a rule; one for the same repositories is joined with it.

        Raises:
            ValueError: Everything that ECR would refuse, at once.
        """
        rules = merged([*self._rules, rule])
        raise_if_invalid(
            "replication", rule, [*self._destination_errors(rule), *replication_errors(rules)]
        )
        self._rules = rules
        if len(rules) > QUOTA_RULES:
            self._warn(
                "replicationQuota",
                f"There are more than {QUOTA_RULES} replication rules, and an account may have no "
                "more until its quota is raised. Rules with equal prefixes are joined.",
            )
        if self._resource is None:
            self._resource = _Configuration(
                self._registry, "Replication", replication_configuration=_property(rules)
            )
        else:
            self._resource.replication_configuration = _property(rules)
        for index, each in enumerate(rules):
            if each.replicate_deletions:
                self._override_deletions(self._resource, index)

    def _override_deletions(self, resource: ecr.CfnReplicationConfiguration, index: int) -> None:
        # Neither the L1 nor the schema that CDK validates with has it in every version we support.
        resource.add_property_override(
            f"ReplicationConfiguration.Rules.{index}.DeleteReplication", {"Enabled": True}
        )
        if not self._deletions_acknowledged:
            self._deletions_acknowledged = True
            cdk.Validations.of(resource).acknowledge(
                cdk.Acknowledgment(
                    id="CloudFormation-Validate::F3002",
                    reason="DeleteReplication is newer than the schema of the bundled validator.",
                )
            )

    def _destination_errors(self, rule: ReplicationRule) -> Iterator[Diagnostic]:
        for destination in sorted(rule.destinations):
            yield from destination.faults_from(self._source, _known_regions())

    @property
    def environment(self) -> str:
        """The account and Region, as CDK writes them."""
        return cdk.Stack.of(self._registry).environment

    @property
    def prefixes(self) -> set[str]:
        """Every prefix that a rule names and that is known."""
        return {
            prefix for rule in self._rules for prefix in rule.prefixes if not is_unresolved(prefix)
        }

    def warn_of_chain(self, other: Self) -> None:
        """Warn of what another registry would have to send on: ECR does not."""
        lost = forwarded(self._rules, self._source, other._rules, other._source)
        for prefix, destinations in sorted(lost.items()):
            there = ", ".join(map(str, sorted(destinations)))
            self._warn(
                "replicationChain",
                f"{self} replicates {prefix or 'everything'} to {other}, which replicates it to "
                f"{there}; ECR does not replicate what arrived by replication. Let {self} itself "
                f"replicate it to {there}.",
            )

    def warn_of_uncovered(self, names: Iterable[str]) -> None:
        """Warn of each prefix that covers none of these repositories; it is most often misspelt.

        Args:
            names: The repositories that the app defines in this registry, read no further than
                needed. Without any, they are defined elsewhere, and nothing is said.
        """
        uncovered, found = self.prefixes, False
        for name in names:
            found = True
            uncovered = {prefix for prefix in uncovered if not covers([prefix], name)}
            if not uncovered:
                return
        for prefix in sorted(uncovered) if found else ():
            self._warn(
                "replicationCoversNothing",
                f"The replication prefix {prefix!r} covers none of the repositories that this app "
                f"defines in {self}. Mend the prefix, or acknowledge this warning if its "
                "repositories are defined elsewhere.",
            )

    def _warn(self, identifier: str, message: str) -> None:
        cdk.Annotations.of(self._registry).add_warning_v2(f"ecr-constructs:{identifier}", message)

    def __str__(self) -> str:
        """Name the registry."""
        return str(self._source)


def _property(rules: Iterable[ReplicationRule]) -> _Configuration.ReplicationConfigurationProperty:
    return _Configuration.ReplicationConfigurationProperty(
        rules=[
            _Configuration.ReplicationRuleProperty(
                destinations=[
                    _Configuration.ReplicationDestinationProperty(
                        region=each.region, registry_id=each.account
                    )
                    for each in sorted(rule.destinations)
                ],
                repository_filters=[
                    _Configuration.RepositoryFilterProperty(
                        filter=prefix, filter_type="PREFIX_MATCH"
                    )
                    for prefix in sorted(rule.prefixes)
                ]
                or None,
            )
            for rule in rules
        ]
    )


@cache
def _known_regions() -> tuple[str, ...]:
    return tuple(region.name for region in region_info.RegionInfo.regions)
