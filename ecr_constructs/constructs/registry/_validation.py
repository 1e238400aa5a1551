"""What can be said of replication only when the whole app is there."""

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


class ReplicationReview:
    """Looks at what each registry of an app replicates beside all the others, at synthesis."""

    def __init__(self, root: Construct) -> None:
        """Begin without registries."""
        self._root = root
        self._replications: list[RegistryReplication] = []

    def add(self, registry: Construct, replication: RegistryReplication) -> None:
        """Add what a registry replicates."""
        self._replications.append(replication)
        # At the registry, not at the root: what is said there comes after stages are written.
        registry.node.add_validation(_Validation(self, replication))

    def look_at(self, replication: RegistryReplication) -> None:
        """Warn of what one registry replicates in vain."""
        for other in self._replications:
            if other is not replication:
                replication.warn_of_chain(other)
        if replication.prefixes:
            here = replication.environment
            replication.warn_of_uncovered(
                name
                for repository, environment in self._repositories.items()
                if environment == here and (name := _known_name(repository))
            )

    @cached_property
    def _repositories(self) -> dict[ecr.CfnRepository, str]:
        # Stack by stack, since asking each repository for its own is a call to Node for each.
        # A stack within a stack comes later, and has the last word.
        stacks = [node for node in self._root.node.find_all() if isinstance(node, cdk.Stack)]
        return {
            node: environment
            for stack in stacks
            for environment in [stack.environment]
            for node in stack.node.find_all()
            if isinstance(node, ecr.CfnRepository)
        }


@jsii.implements(IValidation)
class _Validation:
    def __init__(self, review: ReplicationReview, replication: RegistryReplication) -> None:
        self._review = review
        self._replication = replication

    def validate(self) -> list[str]:
        """Warn; nothing here is a reason not to deploy."""
        self._review.look_at(self._replication)
        return []


def _known_name(repository: ecr.CfnRepository) -> str | None:
    name = repository.repository_name
    return None if is_unresolved(name) else name
