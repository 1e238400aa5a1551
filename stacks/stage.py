"""One environment as one stage: its key, and a stack for each team."""

import aws_cdk as cdk
from constructs import Construct

from stacks.environment import Environment
from stacks.key_stack import KeyStack
from stacks.repositories_stack import RepositoriesStack
from stacks.settings import uses_key


class EnvironmentStage(cdk.Stage):
    """The registry of one environment.

    Its stacks are named ``<environment>-ecr-<team>``, and ``<environment>-ecr-key`` if any
    repository is encrypted with a key of its own. In the app they are ``Prod/Payments`` and
    ``Prod/Key``.
    """

    def __init__(self, scope: Construct, name: str, environment: Environment) -> None:
        """Define the stage.

        Args:
            scope: The app.
            name: The environment's name, ``prod``.
            environment: What its file says.
        """
        super().__init__(
            scope,
            pascal(name),
            env=cdk.Environment(account=environment.account, region=environment.region),
        )
        key = None
        if uses_key(environment):
            key = KeyStack(
                self,
                "Key",
                environment_name=name,
                administrators=environment.key_administrators or [],
                stack_name=f"{name}-ecr-key",
                description=f"The key of the {name} container registry",
            ).key
        for team_name, team in environment.teams.items():
            RepositoriesStack(
                self,
                pascal(team_name),
                environment=environment,
                team=team,
                key=key,
                stack_name=f"{name}-ecr-{team_name}",
                description=f"Container repositories of {team_name} in {name}",
            )


def pascal(name: str) -> str:
    """Return a construct id for a name: ``DataPlatform`` for ``data-platform``."""
    return "".join(map(str.capitalize, name.split("-")))
