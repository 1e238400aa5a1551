"""The replication configuration of a registry, and its validation with the whole app."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cached_property, partial
from itertools import chain
from typing import Any, ClassVar, Self

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from constructs import Construct

from ecr_constructs.constructs._cfn_properties import filter_properties
from ecr_constructs.constructs._joined_properties import (
    JoinedProperties,
    JoinedResource,
    Unreadable,
    field,
    items_of,
    text_of,
)
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


class _ReplicationConfiguration(JoinedResource, ecr.CfnReplicationConfiguration):
    """The L1."""


class RegistryReplication(JoinedProperties[list[ReplicationRule]]):
    """Join replication rules and render them as one `AWS::ECR::ReplicationConfiguration`."""

    _subject = "replication configuration"
    _names: ClassVar = {"replication_configuration": "ReplicationConfiguration"}

    def __init__(self, registry: Construct, source: RegistryId) -> None:
        """Start without rules, which renders nothing."""
        super().__init__(registry)
        self._source = source
        self._deletions_acknowledged = False

    @property
    def rules(self) -> list[ReplicationRule]:
        """The rules, with those that other code wrote."""
        return self._joined or []

    def add(self, rule: ReplicationRule) -> None:
        """Add a rule; rules for the same repositories are joined."""
        self.request(merge_rules([*(self._requested or []), rule]))
        if len(self.rules) > QUOTA_RULES:
            self._warn(
                "replicationQuota",
                f"There are more than {QUOTA_RULES} replication rules, the default quota of an "
                "account. Request a higher quota; rules with equal prefixes are joined.",
            )

    def _create(self, **properties: Any) -> JoinedResource:
        return _ReplicationConfiguration(self._construct, "Replication", **properties)

    def _read(self, properties: Mapping[str, Any]) -> list[ReplicationRule]:
        configuration = properties["ReplicationConfiguration"]
        if not isinstance(configuration, Mapping | _Configuration.ReplicationConfigurationProperty):
            raise Unreadable
        return [self._rule(rule) for rule in items_of(field(configuration, "rules"))]

    def _rule(self, rule: Any) -> ReplicationRule:
        filters = items_of(field(rule, "repository_filters"))
        prefixes = frozenset(text_of(field(item, "filter")) for item in filters)
        destinations = frozenset(
            RegistryId(text_of(field(item, "registry_id")), text_of(field(item, "region")))
            for item in items_of(field(rule, "destinations"))
        )
        deletions = field(field(rule, "delete_replication"), "enabled")
        if deletions is None:
            # The struct of the L1 has no such part, so code that read it writes it without.
            deletions = any(
                own.replicate_deletions and own.prefixes == prefixes
                for own in self._requested or ()
            )
        if not isinstance(deletions, bool):
            raise Unreadable
        return ReplicationRule(prefixes, destinations, deletions)

    def _join(self, states: Sequence[list[ReplicationRule]]) -> list[ReplicationRule]:
        rules = merge_rules(chain(*states))
        destinations = {destination for rule in rules for destination in rule.destinations}
        errors = [
            error
            for destination in sorted(destinations)
            for error in destination_errors(destination, self._source, regions())
        ]
        value = "; ".join(map(str, rules))
        raise_if_invalid("replication", value, [*errors, *replication_errors(rules)])
        return rules

    def _properties(self, state: list[ReplicationRule]) -> dict[str, Any]:
        return {"replication_configuration": _property(state)}

    def _render(self, resource: JoinedResource) -> None:
        deletions = [index for index, rule in enumerate(self.rules) if rule.replicate_deletions]
        if deletions or self._deletions_acknowledged:
            # Not every supported version of the L1 and of the schema that CDK validates with has
            # DeleteReplication. Those of before go: rules change their places.
            path = ["ReplicationConfiguration", "Rules"]
            resource.set_override(path, {})
            for index in deletions:
                resource.set_override([*path, str(index), "DeleteReplication"], {"Enabled": True})
            self._acknowledge_deletions(resource)
        super()._render(resource)

    def _acknowledge_deletions(self, resource: JoinedResource) -> None:
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
        return cdk.Stack.of(self._construct).environment

    @property
    def prefixes(self) -> set[str]:
        """Every prefix of a rule, except deploy-time values."""
        return {
            prefix for rule in self.rules for prefix in rule.prefixes if not is_unresolved(prefix)
        }

    def warn_of_chain(self, other: Self) -> None:
        """Warn of images that another registry would have to forward, which ECR does not do."""
        missing = unreached_destinations(self.rules, self._source, other.rules, other._source)
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
        cdk.Annotations.of(self._construct).add_warning_v2(f"ecr-constructs:{identifier}", message)

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
