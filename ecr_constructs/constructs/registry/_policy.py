"""The policy of a registry."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from constructs import Construct

from ecr_constructs.model.lifecycle.json_text import compact
from ecr_constructs.model.registry_policy import POLICY_MAX_LENGTH
from ecr_constructs.model.tokens import is_unresolved


class RegistryPolicy:
    """Collects statements and renders them as one `AWS::ECR::RegistryPolicy`."""

    def __init__(self, registry: Construct) -> None:
        """Begin without statements, which renders nothing."""
        self._registry = registry
        self._statements: list[dict[str, Any]] = []
        self._resolved: list[Any] = []
        self._resource: ecr.CfnRegistryPolicy | None = None

    def add(self, statement: dict[str, Any]) -> None:
        """Add a statement, unless it is there already.

        Raises:
            ValueError: The policy would be longer than ECR accepts; one with tokens passes.
        """
        # Equal values that are known only at deploy time may be marked differently.
        resolved = cdk.Stack.of(self._registry).resolve(statement)
        if resolved in self._resolved:
            return
        policy = {"Statement": [*self._statements, statement], "Version": "2012-10-17"}
        text = compact(policy)
        if len(text) > POLICY_MAX_LENGTH and not is_unresolved(text):
            msg = (
                f"the registry policy may be {POLICY_MAX_LENGTH:,} characters long and would be "
                f"{len(text):,}; name shorter prefixes, or an organization in place of its accounts"
            )
            raise ValueError(msg)
        self._statements.append(statement)
        self._resolved.append(resolved)
        if self._resource is None:
            self._resource = ecr.CfnRegistryPolicy(self._registry, "Policy", policy_text=policy)
        else:
            self._resource.policy_text = policy
