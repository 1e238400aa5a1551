"""One environment as one stage: in each registry a key, and a stack for each team."""

from collections.abc import Callable
from functools import partial
from typing import Any, TypeVar, cast

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns
from constructs import Construct

from ecr_constructs import Registry
from ecr_constructs.constructs.registry.on_demand import define_on_demand
from ecr_constructs.environment.resolution import ResolvedEnvironment
from ecr_constructs.environment.resolved_registry import ResolvedRegistry
from ecr_constructs.model.names import construct_id, stack_name
from ecr_constructs.model.public_catalog import PUBLIC_REGION
from ecr_constructs.model.registry_id import RegistryId
from stacks.alerts_stack import AlertsStack
from stacks.key_stack import KeyStack
from stacks.operations_stacks import (
    AlarmsStack,
    EndpointsStack,
    EventsStack,
    PublicStack,
    SettingsStack,
)
from stacks.push_stack import PushStack
from stacks.registry_stack import RegistryStack
from stacks.repositories_stack import RepositoriesStack

_Stack = TypeVar("_Stack", bound=cdk.Stack)


class EnvironmentStage(cdk.Stage):
    """The registries of one environment.

    Its stacks have the same names in every registry: ``<environment>-ecr-<team>``;
    ``<environment>-ecr-key`` if a repository is encrypted with a customer managed key;
    ``<environment>-ecr-registry`` if images are replicated or the file configures the registry; and
    ``-settings``, ``-alarms``, ``-events`` and ``-endpoints`` if the file has them. Only the home
    registry has ``-push`` if CI pushes, ``-alerts`` if there are alerts about scan findings, and
    ``-public``, in us-east-1, if there are public repositories.

    In the app they are ``Prod/Payments`` at home, ``Prod/EuWest1/Payments`` in
    another Region, and ``Prod/Account444455556666/EuCentral1/Payments`` in another account.
    """

    def __init__(self, scope: Construct, environment: ResolvedEnvironment) -> None:
        """Define the stage."""
        name, home = environment.name, environment.home
        super().__init__(
            scope, construct_id(name), env=cdk.Environment(account=home.account, region=home.region)
        )
        self.environment = environment
        self._stacks: dict[RegistryId, dict[str, cdk.Stack]] = {}
        self._keys: dict[RegistryId, kms.IKey | None] = {}
        for registry in environment.registries:
            self._stacks[registry] = {}
            self._add_stacks(registry)
        home_stacks = self._stacks[home]
        for replica in environment.replicas:
            for part, stack in self._stacks[replica].items():
                # The replica must be ready before the home registry sends images to it.
                if part in (*environment.teams, "key", "registry"):
                    home_stacks["registry"].add_stack_dependency(stack)
                if part in environment.teams:
                    home_stacks[part].add_stack_dependency(stack)

    def stack(self, part: str, registry: RegistryId | None = None) -> cdk.Stack:
        """Return a stack of a registry by the last part of its name: such as a team.

        Args:
            part: The part after ``<environment>-ecr-``.
            registry: The registry. Default: the home registry.

        Raises:
            KeyError: The registry has no such stack.
        """
        return self._stacks[registry or self.environment.home][part]

    def add_stack(
        self, part: str, *, description: str | None = None, registry: RegistryId | None = None
    ) -> cdk.Stack:
        """Define a stack of your own next to those of the file.

        Args:
            part: The part of its name after ``<environment>-ecr-``: ``inspector``.
            description: A description. Default: none.
            registry: The registry in whose account and Region it is. Default: the home registry.
        """
        registry = registry or self.environment.home
        return self._add(registry, cdk.Stack, part, description)

    def _add(
        self,
        registry: RegistryId,
        kind: Callable[..., _Stack],
        part: str,
        description: str | None,
        /,
        *,
        in_region: str | None = None,
        **content: Any,
    ) -> _Stack:
        stack = kind(
            self._scope_of(registry),
            construct_id(part),
            stack_name=stack_name(self.environment.name, part),
            description=description,
            env=cdk.Environment(account=registry.account, region=in_region or registry.region),
            termination_protection=self.environment.termination_protection or None,
            **content,
        )
        self._stacks[registry][part] = stack
        return stack

    def _add_stacks(self, registry: RegistryId) -> None:
        """Define the stacks of one registry."""
        environment, is_home = self.environment, registry == self.environment.home
        name = environment.name
        add = partial(self._add, registry)
        key: kms.IKey | None = None
        if environment.uses_key_at(registry):
            description = f"The key of the {name} container registry"
            key = add(KeyStack, "key", description, environment=environment).key
        self._keys[registry] = key
        for team in environment.teams:
            if repositories := environment.repositories_at(registry, team):
                description = f"Container repositories of {team} in {name}"
                add(
                    RepositoriesStack,
                    team,
                    description,
                    repositories=repositories,
                    key=key,
                    registry=registry,
                )
        if is_home and environment.ci_access:
            add(PushStack, "push", f"How CI pushes to the {name} registry", environment=environment)
        settings = environment.registry_settings[registry]
        if settings.is_configured or environment.replicates_at(registry):
            self._add_registry(registry)
        else:
            define_on_demand(self, registry, lambda: self._add_registry(registry))
        topic: sns.ITopic | None = None
        if is_home and environment.alerts:
            description = f"Alerts about images in {name}"
            topic = add(AlertsStack, "alerts", description, alerts=environment.alerts).topic
        self._add_operations(registry, settings, topic)

    def _add_registry(self, registry: RegistryId) -> Registry:
        description = f"The {self.environment.name} container registry"
        return self._add(
            registry,
            RegistryStack,
            "registry",
            description,
            environment=self.environment,
            registry=registry,
            key=self._keys[registry],
        ).registry

    def _add_operations(
        self, registry: RegistryId, settings: ResolvedRegistry, topic: sns.ITopic | None
    ) -> None:
        add, name = partial(self._add, registry), self.environment.name
        if settings.account_settings:
            description = f"Account settings of the {name} container registry"
            add(SettingsStack, "settings", description, settings=settings)
        if settings.alarms is not None:
            description = f"Alarms about the {name} container registry"
            add(
                AlarmsStack,
                "alarms",
                description,
                alarms=settings.alarms,
                topic=topic,
                acknowledged=settings,
            )
        if settings.events:
            description = f"Events about images in {name}"
            add(EventsStack, "events", description, rules=settings.events)
        if settings.endpoints:
            description = f"VPC endpoints of the {name} container registry"
            add(EndpointsStack, "endpoints", description, endpoints=settings.endpoints)
        if settings.public_repositories:
            description = f"Public repositories of {name}"
            add(
                PublicStack,
                "public",
                description,
                repositories=settings.public_repositories,
                in_region=PUBLIC_REGION,
            )

    def _scope_of(self, registry: RegistryId) -> Construct:
        if registry == self.environment.home:
            return self
        scope: Construct = self
        if registry.account != self.environment.account:
            scope = _child(scope, f"Account{registry.account}")
        return _child(scope, construct_id(registry.region))


def _child(scope: Construct, name: str) -> Construct:
    child = cast("Construct | None", scope.node.try_find_child(name))
    return child or Construct(scope, name)
