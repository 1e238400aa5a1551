"""The policy of a registry."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from constructs import Construct

from ecr_constructs.model.lifecycle.json_text import compact
from ecr_constructs.model.registry_policy import POLICY_MAX_LENGTH
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import reject


class RegistryPolicy:
    """Collect statements and render them as one `AWS::ECR::RegistryPolicy`."""

    def __init__(self, registry: Construct) -> None:
        """Start without statements, which renders nothing."""
        self._registry = registry
        self._statements: list[dict[str, Any]] = []
        self._resolved: list[Any] = []
        self._resource: ecr.CfnRegistryPolicy | None = None

    def add(self, statement: dict[str, Any]) -> None:
        """Add a statement, unless an equal one exists.

        Raises:
            ValidationError: ``registry-policy-length``: the policy is longer than ECR accepts. A
                policy with deploy-time values passes.
        """
        # Equal deploy-time values may have different tokens.
        resolved = cdk.Stack.of(self._registry).resolve(statement)
        if resolved in self._resolved:
            return
        policy = {"Statement": [*self._statements, statement], "Version": "2012-10-17"}
        text = compact(policy)
        if len(text) > POLICY_MAX_LENGTH and not is_unresolved(text):
            reject(
                "registry policy",
                text,
                "registry-policy-length",
                f"must have at most {POLICY_MAX_LENGTH:,} characters, would have {len(text):,}",
                remedy="name shorter prefixes, or an organization instead of its accounts",
            )
        self._statements.append(statement)
        self._resolved.append(resolved)
        if self._resource is None:
            self._resource = ecr.CfnRegistryPolicy(self._registry, "Policy", policy_text=policy)
        else:
            self._resource.policy_text = policy
