"""The replication configuration of a registry, and its validation with the whole app."""

from collections.abc import Iterable, Iterator
from functools import cached_property, partial
from typing import Self

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from constructs import Construct

from ecr_constructs.constructs._authored_resource import OwnedResource
from ecr_constructs.constructs._cfn_properties import filter_properties
from ecr_constructs.constructs._validation import AtSynthesis
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


class _Resource(OwnedResource, ecr.CfnReplicationConfiguration):
    """The configuration, which only the registry writes."""


class RegistryReplication:
    """Join replication rules and render them as one `AWS::ECR::ReplicationConfiguration`."""

    def __init__(self, registry: Construct, source: RegistryId) -> None:
        """Start without rules, which renders nothing."""
        self._registry = registry
        self._source = source
        self._rules: list[ReplicationRule] = []
        self._resource: _Resource | None = None
        self._deletions_acknowledged = False

    def add(self, rule: ReplicationRule) -> None:
        """Add a rule; rules for the same repositories are joined."""
        rules = merge_rules([*self._rules, rule])
        errors = [
            error
            for destination in sorted(rule.destinations)
            for error in destination_errors(destination, self._source, regions())
        ]
        raise_if_invalid("replication", rule, [*errors, *replication_errors(rules)])
        self._rules = rules
        if len(rules) > QUOTA_RULES:
            self._warn(
                "replicationQuota",
                f"There are more than {QUOTA_RULES} replication rules, the default quota of an "
                "account. Request a higher quota; rules with equal prefixes are joined.",
            )
        if self._resource is None:
            self._resource = _Resource(
                self._registry, "Replication", replication_configuration=_property(rules)
            )
            self._resource.own("call Registry.replicate", "replication_configuration")
        else:
            self._resource.set_owned("replication_configuration", _property(rules))
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

        Names are read only as far as needed. Without names, the repositories are defined in
        another app, and nothing is reported.
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


class ReplicationValidator:
    """Compare the replication of each registry of an app with the app, at synthesis."""

    def __init__(self, root: Construct) -> None:
        """Start without registries."""
        self._root = root
        self._replications: list[RegistryReplication] = []

    def add(self, registry: Construct, replication: RegistryReplication) -> None:
        """Add the replication of a registry."""
        self._replications.append(replication)
        # At the registry, not at the root: warnings at the root come after stages are written.
        registry.node.add_validation(AtSynthesis(partial(self._validate, replication)))

    def _validate(self, replication: RegistryReplication) -> None:
        """Warn of replication that has no effect; that is not a reason not to deploy."""
        for other in self._replications:
            if other is not replication:
                replication.warn_of_chain(other)
        if replication.prefixes:
            replication.warn_of_uncovered(self.names_in(replication.environment))

    def names_in(self, environment: str) -> Iterator[str]:
        """Yield the literal names of the repositories that the app defines in an environment."""
        for repository, where in self._repositories.items():
            if where == environment:
                name = repository.repository_name
                if name and not is_unresolved(name):
                    yield name

    @cached_property
    def _repositories(self) -> dict[ecr.CfnRepository, str]:
        # Stack by stack: asking each repository for its stack would be a call to Node for each.
        # A stack within a stack comes later and overwrites the entries of the outer one.
        stacks = [node for node in self._root.node.find_all() if isinstance(node, cdk.Stack)]
        return {
            node: environment
            for stack in stacks
            for environment in [stack.environment]
            for node in stack.node.find_all()
            if isinstance(node, ecr.CfnRepository)
        }


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
                repository_filters=filter_properties(
                    _Configuration, "PREFIX_MATCH", sorted(rule.prefixes)
                )
                or None,
            )
            for rule in rules
        ]
    )
