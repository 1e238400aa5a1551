"""The key of an environment in one of its registries."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct

from ecr_constructs import RegistryKey
from ecr_constructs.environment.resolution import ResolvedEnvironment


class KeyStack(cdk.Stack):
    """The customer managed key that encrypts the repositories of one environment and Region."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: ResolvedEnvironment,
        **stack_properties: Any,
    ) -> None:
        """Define the stack."""
        super().__init__(scope, construct_id, **stack_properties)
        self.key = RegistryKey(
            self,
            "Key",
            alias=f"alias/{environment.name}-ecr",
            administrators=[iam.ArnPrincipal(arn) for arn in environment.key_administrators],
            access=environment.key_access,
        )
        # An export, not a mere output: CloudFormation then rejects the deletion of the key's stack
        # while a repository is encrypted with the key.
        cdk.CrossStackReferences.of(self.key).produce(cdk.ReferenceStrength.STRONG)
