"""The settings of a registry as a whole."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from constructs import Construct

from ecr_constructs import Registry, RepositoryCreationTemplate
from ecr_constructs.environment.resolution import ResolvedEnvironment, Settings
from ecr_constructs.model.registry_id import RegistryId


class RegistryStack(cdk.Stack):
    """At home, replication; at a replica, permission to replicate and creation templates."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: ResolvedEnvironment,
        registry: RegistryId,
        key: kms.IKey | None,
        **stack_properties: Any,
    ) -> None:
        """Define the stack."""
        super().__init__(scope, construct_id, **stack_properties)
        self._registry = Registry(self, "Registry")
        if registry == environment.home:
            self._replicate(environment)
            return
        settings = environment.undeclared
        assert settings is not None, "an environment with replicas has them"
        if registry.account != environment.account:
            self._registry.allow_replication_from(
                [environment.account],
                prefixes=environment.replicated_prefixes,
                tagging=bool(settings.tags),
            )
        self._add_templates(environment, settings, key)

    def _replicate(self, environment: ResolvedEnvironment) -> None:
        to_accounts: dict[str, list[str]] = {}
        for replica in environment.replicas:
            to_accounts.setdefault(replica.account, []).append(replica.region)
        self._registry.replicate(
            to_accounts=to_accounts,
            prefixes=environment.replicated_prefixes,
            replicate_deletions=environment.replicate_deletions,
        )

    def _add_templates(
        self, environment: ResolvedEnvironment, settings: Settings, key: kms.IKey | None
    ) -> None:
        for prefix in environment.replicated_prefixes:
            if not prefix.endswith("/"):
                continue
            namespace = prefix.removesuffix("/")
            # For repositories that are pushed to at home but not declared in the file.
            RepositoryCreationTemplate(
                self,
                f"Undeclared {namespace}",
                prefix=namespace,
                applied_for=["REPLICATION"],
                description=(
                    f"Replicated from {environment.account}, {environment.region}, but not declared"
                ),
                **settings.keywords(key),
            )
