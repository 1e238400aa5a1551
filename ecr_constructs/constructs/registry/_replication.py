"""The replication configuration of a registry."""

from collections.abc import Iterable, Iterator
from typing import Self

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from constructs import Construct

from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.names import covers
from ecr_constructs.model.partitions import regions
from ecr_constructs.model.registry_id import RegistryId
from ecr_constructs.model.replication import (
    QUOTA_RULES,
    ReplicationRule,
    destination_errors,
    merge_rules,
    replication_errors,
    unreached_destinations,
)
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import raise_if_invalid

_Configuration = ecr.CfnReplicationConfiguration


class RegistryReplication:
    """Join replication rules and render them as one `AWS::ECR::ReplicationConfiguration`."""

    def __init__(self, registry: Construct, source: RegistryId) -> None:
        """Start without rules, which renders nothing."""
        self._registry = registry
        self._source = source
        self._rules: list[ReplicationRule] = []
        self._resource: ecr.CfnReplicationConfiguration | None = None
        self._deletions_acknowledged = False

    def add(self, rule: ReplicationRule) -> None:
        """Add a rule; rules for the same repositories are joined.

        Raises:
            ValidationError: Every problem of the rules that ECR would reject.
        """
        rules = merge_rules([*self._rules, rule])
        raise_if_invalid(
            "replication", rule, [*self._destination_errors(rule), *replication_errors(rules)]
        )
        self._rules = rules
        if len(rules) > QUOTA_RULES:
            self._warn(
                "replicationQuota",
                f"There are more than {QUOTA_RULES} replication rules, the default quota of an "
                "account. Request a higher quota; rules with equal prefixes are joined.",
            )
        if self._resource is None:
            self._resource = _Configuration(
                self._registry, "Replication", replication_configuration=_property(rules)
            )
        else:
            self._resource.replication_configuration = _property(rules)
        for index, joined_rule in enumerate(rules):
            if joined_rule.replicate_deletions:
                self._override_deletions(self._resource, index)

    def _override_deletions(self, resource: ecr.CfnReplicationConfiguration, index: int) -> None:
        # Not every supported version of the L1 and of the schema that CDK validates with has it.
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
            yield from destination_errors(destination, self._source, regions())

    @property
    def environment(self) -> str:
        """The account and Region, as ``aws://ACCOUNT/REGION``."""
        return cdk.Stack.of(self._registry).environment

    @property
    def prefixes(self) -> set[str]:
        """Every prefix of a rule, except deploy-time values."""
        return {
            prefix for rule in self._rules for prefix in rule.prefixes if not is_unresolved(prefix)
        }

    def warn_of_chain(self, other: Self) -> None:
        """Warn of images that another registry would have to forward, which ECR does not do."""
        missing = unreached_destinations(self._rules, self._source, other._rules, other._source)
        for prefix, destinations in sorted(missing.items()):
            targets = ", ".join(map(str, sorted(destinations)))
            self._warn(
                "replicationChain",
                f"{self} replicates {prefix or 'everything'} to {other}, which replicates it to "
                f"{targets}; ECR does not replicate what arrived by replication. Let {self} itself "
                f"replicate it to {targets}.",
            )

    def warn_of_uncovered(self, names: Iterable[str]) -> None:
        """Warn of each prefix that covers none of these repositories; it is probably misspelled.

        Args:
            names: The repositories that the app defines in this registry, read only as far as
                needed. If there are none, they are defined elsewhere, and nothing is reported.
        """
        uncovered, defines_any = self.prefixes, False
        for name in names:
            defines_any = True
            uncovered = {prefix for prefix in uncovered if not covers([prefix], name)}
            if not uncovered:
                return
        for prefix in sorted(uncovered) if defines_any else ():
            self._warn(
                "replicationCoversNothing",
                f"The replication prefix {prefix!r} covers none of the repositories that this app "
                f"defines in {self}. Correct the prefix, or acknowledge this warning if its "
                "repositories are defined elsewhere.",
            )

    def _warn(self, identifier: str, message: str) -> None:
        cdk.Annotations.of(self._registry).add_warning_v2(f"ecr-constructs:{identifier}", message)

    def __str__(self) -> str:
        """Return account and Region of the registry."""
        return str(self._source)


def _property(rules: Iterable[ReplicationRule]) -> _Configuration.ReplicationConfigurationProperty:
    return _Configuration.ReplicationConfigurationProperty(
        rules=[
            _Configuration.ReplicationRuleProperty(
                destinations=[
                    _Configuration.ReplicationDestinationProperty(
                        region=destination.region, registry_id=destination.account
                    )
                    for destination in sorted(rule.destinations)
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
