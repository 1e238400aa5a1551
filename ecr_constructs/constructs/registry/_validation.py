"""Validation of replication, which needs the whole app."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ecr as ecr
from constructs import Construct, IValidation

from ecr_constructs.model.tokens import is_unresolved

if TYPE_CHECKING:
    from ecr_constructs.constructs.registry._replication import RegistryReplication


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
        registry.node.add_validation(_ReplicationValidation(self, replication))

    def validate(self, replication: RegistryReplication) -> None:
        """Warn of replication that has no effect."""
        for other in self._replications:
            if other is not replication:
                replication.warn_of_chain(other)
        if replication.prefixes:
            environment = replication.environment
            replication.warn_of_uncovered(
                name
                for repository, where in self._repositories.items()
                if where == environment
                and (name := repository.repository_name)
                and not is_unresolved(name)
            )

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


@jsii.implements(IValidation)
class _ReplicationValidation:
    def __init__(self, validator: ReplicationValidator, replication: RegistryReplication) -> None:
        self._validator = validator
        self._replication = replication

    def validate(self) -> list[str]:
        """Warn; nothing here is a reason not to deploy."""
        self._validator.validate(self._replication)
        return []
