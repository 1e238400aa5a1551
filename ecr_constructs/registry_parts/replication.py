"""The replication configuration of a registry."""

from collections.abc import Iterable, Iterator
from functools import cache
from typing import Self

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ecr as ecr
from aws_cdk import region_info
from constructs import Construct, IValidation

from ecr_constructs.model.faults import refuse
from ecr_constructs.model.prefixes import covers, may_overlap
from ecr_constructs.model.replication import (
    QUOTA_RULES,
    Destination,
    ReplicationRule,
    merged,
    replication_faults,
)
from ecr_constructs.model.tokens import is_unresolved

_Configuration = ecr.CfnReplicationConfiguration


class RegistryReplication:
    """Joins replication rules and renders them as one `AWS::ECR::ReplicationConfiguration`."""

    def __init__(self, registry: Construct, source: Destination) -> None:
        """Begin without rules, which renders nothing."""
        self._registry = registry
        self.source = source
        self.rules: list[ReplicationRule] = []
        self.resource: ecr.CfnReplicationConfiguration | None = None
        self._deletions_acknowledged = False

    def add(self, rule: ReplicationRule) -> None:
        """Add a rule; one for the same repositories is joined with it.

        Raises:
            ValueError: Everything that ECR would refuse, at once.
        """
        rules = merged([*self.rules, rule])
        refuse("replication", rule, [*self._destination_faults(rule), *replication_faults(rules)])
        self.rules = rules
        if len(rules) > QUOTA_RULES:
            self._warn(
                "replicationQuota",
                f"There are {len(rules)} replication rules; an account may have {QUOTA_RULES} "
                "until its quota is raised. Rules with equal prefixes are joined.",
            )
        if self.resource is None:
            self.resource = _Configuration(
                self._registry, "Replication", replication_configuration=_property(rules)
            )
            self._registry.node.add_validation(_Coverage(self))
        else:
            self.resource.replication_configuration = _property(rules)
        for index, each in enumerate(rules):
            if each.replicate_deletions:
                self._override_deletions(self.resource, index)

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

    def _destination_faults(self, rule: ReplicationRule) -> Iterator[str]:
        for destination in sorted(rule.destinations):
            yield from destination.faults_from(self.source, _known_regions())

    def warn_of_chain(self, other: Self) -> None:
        """Warn where images would have to be replicated onwards: ECR does not."""
        for first, second in ((other, self), (self, other)):
            for what in sorted(first.forwarded_by(second)):
                self._warn(
                    "replicationChain",
                    f"{first} replicates {what} to {second}, which replicates it further; ECR does "
                    "not replicate what arrived by replication. Name every destination in "
                    f"{first} itself.",
                )

    def forwarded_by(self, other: Self) -> set[str]:
        """Return what this registry sends to another that the other would send on."""
        return {
            ", ".join(sorted(mine.prefixes)) or "everything"
            for mine in self.rules
            for theirs in other.rules
            if other.source in mine.destinations
            and may_overlap(mine.prefixes, theirs.prefixes)
            and theirs.destinations - {self.source}
        }

    def uncovered(self) -> Iterator[str]:
        """Yield each prefix that covers none of the app's repositories of this registry."""
        names = self._repository_names()
        for prefix in sorted({prefix for rule in self.rules for prefix in rule.prefixes}):
            if names and not is_unresolved(prefix) and not any(covers([prefix], n) for n in names):
                yield prefix

    def warn_of_uncovered(self) -> None:
        """Warn of each prefix that covers nothing; it is most often misspelt."""
        for prefix in self.uncovered():
            self._warn(
                "replicationCoversNothing",
                f"The replication prefix {prefix!r} covers none of the repositories that this app "
                f"defines in {self}. Mend the prefix, or acknowledge this warning if its "
                "repositories are defined elsewhere.",
            )

    def _repository_names(self) -> list[str]:
        environment = cdk.Stack.of(self._registry).environment
        return [
            node.repository_name
            for node in self._registry.node.root.node.find_all()
            if isinstance(node, ecr.CfnRepository)
            and isinstance(node.repository_name, str)
            and not is_unresolved(node.repository_name)
            and cdk.Stack.of(node).environment == environment
        ]

    def _warn(self, identifier: str, message: str) -> None:
        cdk.Annotations.of(self._registry).add_warning_v2(f"ecr-constructs:{identifier}", message)

    def __str__(self) -> str:
        """Name the registry."""
        return str(self.source)


@jsii.implements(IValidation)
class _Coverage:
    """Looks at the whole app once, when all of it is there."""

    def __init__(self, replication: RegistryReplication) -> None:
        self._replication = replication

    def validate(self) -> list[str]:
        """Warn; nothing here is a reason not to deploy."""
        self._replication.warn_of_uncovered()
        return []


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
