"""The repositories of one team."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from constructs import Construct

from ecr_constructs import Encryption, Repository
from stacks.environment import EncryptionKind, Environment, Team
from stacks.settings import resolve


class RepositoriesStack(cdk.Stack):
    """A team's repositories: adding one here moves no other team's."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        team: Team,
        key: kms.IKey | None,
        **stack_properties: Any,
    ) -> None:
        """Define the stack.

        Args:
            scope: The stage.
            construct_id: The stack's id in the stage.
            environment: The environment, for its defaults.
            team: The team.
            key: The environment's key, if any of its repositories uses it.
            **stack_properties: As for `cdk.Stack`.
        """
        super().__init__(scope, construct_id, **stack_properties)
        for repository in team.repositories:
            settings = resolve(environment, team, repository)
            Repository(
                self,
                # The name, since two ids must differ wherever two names do.
                repository.name,
                repository_name=repository.name,
                tag_mutability=settings.tag_mutability,
                encryption=_encryption(settings.encryption, key),
                lifecycle=settings.lifecycle,
                **settings.keywords,
            )


def _encryption(kind: EncryptionKind, key: kms.IKey | None) -> Encryption:
    if kind == "aes256":
        return Encryption.aes256()
    if kind == "aws_managed" or key is None:
        return Encryption.aws_managed()
    return Encryption.dual_layer(key) if kind == "dual_layer" else Encryption.customer_managed(key)
