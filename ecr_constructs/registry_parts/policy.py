"""The policy of a registry."""

from typing import Any

from aws_cdk import aws_ecr as ecr
from constructs import Construct

from ecr_constructs.model.lifecycle.json_text import compact
from ecr_constructs.model.registry_policy import POLICY_MAX_LENGTH


class RegistryPolicy:
    """Collects statements and renders them as one `AWS::ECR::RegistryPolicy`."""

    def __init__(self, registry: Construct) -> None:
        """Begin without statements, which renders nothing."""
        self._registry = registry
        self._statements: list[dict[str, Any]] = []
        self._resource: ecr.CfnRegistryPolicy | None = None

    def add(self, statement: dict[str, Any]) -> None:
        """Add a statement, unless it is there already.

        Raises:
            ValueError: The policy would be longer than ECR accepts.
        """
        if statement in self._statements:
            return
        policy = {"Statement": [*self._statements, statement], "Version": "2012-10-17"}
        if (length := len(compact(policy))) > POLICY_MAX_LENGTH:
            msg = (
                f"the registry policy may be {POLICY_MAX_LENGTH:,} characters long and would be "
                f"{length:,}; name shorter prefixes, or an organization in place of its accounts"
            )
            raise ValueError(msg)
        self._statements.append(statement)
        if self._resource is None:
            self._resource = ecr.CfnRegistryPolicy(self._registry, "Policy", policy_text=policy)
        else:
            self._resource.policy_text = policy
