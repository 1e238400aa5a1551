"""One environment as one stage: in each registry a key, and a stack for each team."""

from collections.abc import Callable
from typing import Any, TypeVar, cast

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from constructs import Construct

from ecr_constructs.environment.resolution import ResolvedEnvironment
from ecr_constructs.model.registry_id import RegistryId
from stacks.alerts_stack import AlertsStack
from stacks.key_stack import KeyStack
from stacks.push_stack import PushStack
from stacks.registry_stack import RegistryStack
from stacks.repositories_stack import RepositoriesStack

_Stack = TypeVar("_Stack", bound=cdk.Stack)


class EnvironmentStage(cdk.Stage):
    """The registries of one environment.

    Its stacks have the same names in every registry: ``<environment>-ecr-<team>``;
    ``<environment>-ecr-key`` if a repository is encrypted with a customer managed key; and
    ``<environment>-ecr-registry`` if images are replicated. Only the home registry has
    ``<environment>-ecr-push`` if CI pushes, and ``<environment>-ecr-alerts`` if there are alerts
    about scan findings. In the app they are ``Prod/Payments`` at home, ``Prod/EuWest1/Payments`` in
    another Region, and ``Prod/Account444455556666/EuCentral1/Payments`` in another account.
    """

    def __init__(self, scope: Construct, environment: ResolvedEnvironment) -> None:
        """Define the stage."""
        name, home = environment.name, environment.home
        super().__init__(
            scope, pascal(name), env=cdk.Environment(account=home.account, region=home.region)
        )
        self._environment = environment
        home_stacks = self._stacks_in(home)
        for replica in environment.replicas:
            for stack_name, stack in self._stacks_in(replica).items():
                # The replica must be ready before the home registry sends images to it.
                home_stacks["registry"].add_stack_dependency(stack)
                if stack_name in environment.teams:
                    home_stacks[stack_name].add_stack_dependency(stack)

    def _stacks_in(self, registry: RegistryId) -> dict[str, cdk.Stack]:
        """Define the stacks of one registry and return them by the last part of their names."""
        environment, scope = self._environment, self._scope_of(registry)
        name, is_home = environment.name, registry == environment.home
        env = cdk.Environment(account=registry.account, region=registry.region)
        stacks: dict[str, cdk.Stack] = {}

        def add(kind: Callable[..., _Stack], part: str, description: str, **content: Any) -> _Stack:
            properties = {
                "stack_name": f"{name}-ecr-{part}",
                "description": description,
                "env": env,
                "termination_protection": environment.termination_protection or None,
            }
            stack = kind(scope, pascal(part), **properties, **content)
            stacks[part] = stack
            return stack

        key: kms.IKey | None = None
        if environment.uses_key:
            description = f"The key of the {name} container registry"
            key = add(KeyStack, "key", description, environment=environment).key
        for team in environment.teams:
            if repositories := environment.repositories_at(registry, team):
                description = f"Container repositories of {team} in {name}"
                add(RepositoriesStack, team, description, repositories=repositories, key=key)
        if is_home and environment.ci_access:
            add(PushStack, "push", f"How CI pushes to the {name} registry", environment=environment)
        if environment.replicas:
            content = {"environment": environment, "registry": registry, "key": key}
            add(RegistryStack, "registry", f"The {name} container registry", **content)
        if is_home and environment.alerts:
            description = f"Alerts about images in {name}"
            add(AlertsStack, "alerts", description, alerts=environment.alerts)
        return stacks

    def _scope_of(self, registry: RegistryId) -> Construct:
        if registry == self._environment.home:
            return self
        scope: Construct = self
        if registry.account != self._environment.account:
            scope = _child(scope, f"Account{registry.account}")
        return _child(scope, pascal(registry.region))


def _child(scope: Construct, construct_id: str) -> Construct:
    child = cast("Construct | None", scope.node.try_find_child(construct_id))
    return child or Construct(scope, construct_id)


def pascal(name: str) -> str:
    """Return a construct id for a name: ``DataPlatform`` for ``data-platform``."""
    return "".join(map(str.capitalize, name.split("-")))
