"""The repositories of one team."""

from collections.abc import Sequence
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from constructs import Construct

from ecr_constructs import Repository
from ecr_constructs.environment.models import Environment, Team
from ecr_constructs.environment.models import Repository as Declared
from ecr_constructs.environment.resolution import resolve
from stacks.encryption import encryption_of


class RepositoriesStack(cdk.Stack):
    """A team's repositories: adding one here moves no other team's."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        team: Team,
        repositories: Sequence[Declared],
        key: kms.IKey | None,
        **stack_properties: Any,
    ) -> None:
        """Define the stack.

        Args:
            scope: The stage, or the part of it for a replica.
            construct_id: The stack's id there.
            environment: The environment, for its defaults.
            team: The team.
            repositories: Those of the team's repositories that exist at this registry.
            key: The key of this registry, if any of its repositories uses it.
            **stack_properties: As for `cdk.Stack`.
        """
        super().__init__(scope, construct_id, **stack_properties)
        for repository in repositories:
            settings = resolve(environment, team, repository)
            made = Repository(
                self,
                # The name, since two ids must differ wherever two names do.
                repository.name,
                repository_name=repository.name,
                tag_mutability=settings.tag_mutability,
                encryption=encryption_of(settings.encryption, key),
                lifecycle=settings.lifecycle,
                **settings.keywords,
            )
            for rule, reason in settings.acknowledged.items():
                acknowledgment = cdk.Acknowledgment(id=f"EcrChecks::{rule}", reason=reason)
                cdk.Validations.of(made).acknowledge(acknowledgment)
