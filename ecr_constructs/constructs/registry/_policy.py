"""The policy of a registry."""

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar

from aws_cdk import aws_ecr as ecr

from ecr_constructs.constructs._joined_policy import JoinedPolicy
from ecr_constructs.constructs._joined_properties import JoinedResource
from ecr_constructs.model import registry_policy
from ecr_constructs.model.diagnostics import Diagnostic


class _Policy(JoinedResource, ecr.CfnRegistryPolicy):
    """The L1."""


class RegistryPolicy(JoinedPolicy):
    """Join statements and render them as one `AWS::ECR::RegistryPolicy`."""

    _subject = "registry policy"
    _names: ClassVar = {"policy_text": "PolicyText"}

    def _create(self, **properties: Any) -> JoinedResource:
        return _Policy(self._construct, "Policy", **properties)

    def _properties(self, state: Mapping[str, Any]) -> dict[str, Any]:
        return {"policy_text": dict(state)}

    def _policy_errors(self, policy: Mapping[str, Any]) -> Iterator[Diagnostic]:
        return registry_policy.length_errors(policy)
