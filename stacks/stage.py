"""One environment as one stage: at each of its registries a key, and a stack for each team."""

from typing import cast

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from constructs import Construct

from ecr_constructs.environment.ci_access import pushes
from ecr_constructs.environment.models import Environment
from ecr_constructs.environment.registries import Site, home, replicas, repositories_at
from ecr_constructs.environment.resolution import uses_key
from stacks.alerts_stack import AlertsStack
from stacks.key_stack import KeyStack
from stacks.push_stack import PushStack
from stacks.registry_stack import RegistryStack
from stacks.repositories_stack import RepositoriesStack


class EnvironmentStage(cdk.Stage):
    """The registries of one environment.

    Its stacks are named alike at every registry: ``<environment>-ecr-<team>``;
    ``<environment>-ecr-key`` if any repository is encrypted with a key of its own; and
    ``<environment>-ecr-registry`` if images are replicated. At home only are
    ``<environment>-ecr-push`` if CI pushes, and ``<environment>-ecr-alerts`` if somebody is told of
    what scanners find. In the app they are
    ``Prod/Payments`` at home, ``Prod/EuWest1/Payments`` in another Region, and
    ``Prod/Account444455556666/EuCentral1/Payments`` in another account.
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
        self._name = name
        self._environment = environment
        at_home = self._stacks_at(home(environment))
        if environment.alerts:
            AlertsStack(
                self,
                "Alerts",
                alerts=environment.alerts,
                **self._properties(home(environment), "alerts", f"Alerts about images in {name}"),
            )
        at_replicas = [self._stacks_at(site) for site in replicas(environment)]
        for there in at_replicas:
            for stack_name, stack in there.items():
                # What is to receive images stands before anything sends them.
                at_home["registry"].add_stack_dependency(stack)
                if stack_name in environment.teams:
                    at_home[stack_name].add_stack_dependency(stack)

    def _stacks_at(self, site: Site) -> dict[str, cdk.Stack]:
        """Define the stacks of one registry and return them by the end of their names."""
        environment, scope = self._environment, self._scope_of(site)
        stacks: dict[str, cdk.Stack] = {}
        key: kms.IKey | None = None
        if uses_key(environment):
            key_stack = KeyStack(
                scope,
                "Key",
                environment_name=self._name,
                administrators=environment.key_administrators or [],
                **self._properties(site, "key", f"The key of the {self._name} container registry"),
            )
            stacks["key"], key = key_stack, key_stack.key
        for team_name, team in environment.teams.items():
            if repositories := repositories_at(site, environment, team):
                stacks[team_name] = RepositoriesStack(
                    scope,
                    pascal(team_name),
                    environment=environment,
                    team=team,
                    repositories=repositories,
                    key=key,
                    **self._properties(
                        site, team_name, f"Container repositories of {team_name} in {self._name}"
                    ),
                )
        if site.is_home and pushes(environment):
            stacks["push"] = PushStack(
                scope,
                "Push",
                environment=environment,
                **self._properties(site, "push", f"How CI pushes to the {self._name} registry"),
            )
        if any(replicas(environment)):
            stacks["registry"] = RegistryStack(
                scope,
                "Registry",
                environment=environment,
                site=site,
                key=key,
                **self._properties(site, "registry", f"The {self._name} container registry"),
            )
        return stacks

    def _scope_of(self, site: Site) -> Construct:
        if site.is_home:
            return self
        scope: Construct = self
        if site.registry.account != self._environment.account:
            scope = _child(scope, f"Account{site.registry.account}")
        return _child(scope, pascal(site.registry.region))

    def _properties(self, site: Site, name: str, description: str) -> dict[str, object]:
        registry = site.registry
        return {
            "stack_name": f"{self._name}-ecr-{name}",
            "description": description,
            "env": cdk.Environment(account=registry.account, region=registry.region),
        }


def _child(scope: Construct, construct_id: str) -> Construct:
    found = cast("Construct | None", scope.node.try_find_child(construct_id))
    return found or Construct(scope, construct_id)


def pascal(name: str) -> str:
    """Return a construct id for a name: ``DataPlatform`` for ``data-platform``."""
    return "".join(map(str.capitalize, name.split("-")))
