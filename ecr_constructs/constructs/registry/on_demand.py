"""Registries that are defined only if a part of the app asks for them."""

from collections.abc import Callable

from constructs import Construct

from ecr_constructs.constructs._app_registry import AppRegistry
from ecr_constructs.constructs.registry.registry import Registry
from ecr_constructs.model.registry_id import RegistryId


def define_on_demand(app: Construct, registry: RegistryId, define: Callable[[], Registry]) -> None:
    """Let `Registry.of` define a registry when it is first asked for it.

    So a stack without resources, which CloudFormation rejects, is defined only if it is needed.

    Args:
        app: The app, or a construct of it.
        registry: The account and Region.
        define: Defines the registry, in a stack of this account and Region.
    """
    AppRegistry.of(app).on_demand[f"aws://{registry}"] = define
