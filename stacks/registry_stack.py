"""What an environment says of a registry as a whole."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from constructs import Construct

from ecr_constructs import Registry, RepositoryCreationTemplate
from ecr_constructs.environment.models import Environment
from ecr_constructs.environment.registries import Site, home, replicas, replicated_prefixes
from ecr_constructs.environment.resolution import resolve
from stacks.encryption import encryption_of


class RegistryStack(cdk.Stack):
    """Replication at home; at a replica, who may replicate and what is made of the unforeseen."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        environment: Environment,
        site: Site,
        key: kms.IKey | None,
        **stack_properties: Any,
    ) -> None:
        """Define the stack.

        Args:
            scope: The stage, or the part of it for the site.
            construct_id: The stack's id there.
            environment: The environment.
            site: Which of the environment's registries this is.
            key: The site's key, if any of its repositories uses it.
            **stack_properties: As for `cdk.Stack`.
        """
        super().__init__(scope, construct_id, **stack_properties)
        self._registry = Registry(self, "Registry")
        prefixes = replicated_prefixes(environment)
        if site.is_home:
            self._replicate(environment, prefixes)
        else:
            self._receive(environment, site, prefixes, key)

    def _replicate(self, environment: Environment, prefixes: tuple[str, ...]) -> None:
        to_accounts: dict[str, list[str]] = {}
        for site in replicas(environment):
            to_accounts.setdefault(site.registry.account, []).append(site.registry.region)
        self._registry.replicate(
            to_accounts=to_accounts,
            prefixes=prefixes,
            replicate_deletions=environment.replicate_deletions,
        )

    def _receive(
        self,
        environment: Environment,
        site: Site,
        prefixes: tuple[str, ...],
        key: kms.IKey | None,
    ) -> None:
        settings = resolve(environment)
        source = home(environment).registry.account
        if source != site.registry.account:
            tagged = bool(settings.keywords["tags"])
            self._registry.allow_replication_from([source], prefixes=prefixes, tagging=tagged)
        keywords = {
            name: settings.keywords[name] for name in settings.keywords if name != "scan_on_push"
        }
        for prefix in prefixes:
            if not prefix.endswith("/"):
                continue
            namespace = prefix.removesuffix("/")
            # A net: what is pushed at home below this namespace but declared nowhere.
            RepositoryCreationTemplate(
                self,
                f"Undeclared {namespace}",
                prefix=namespace,
                applied_for=["REPLICATION"],
                description=f"Replicated from {source}, {environment.region}, but not declared",
                tag_mutability=settings.tag_mutability,
                encryption=encryption_of(settings.encryption, key),
                lifecycle=settings.lifecycle,
                **keywords,
            )
