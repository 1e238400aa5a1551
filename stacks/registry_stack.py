"""The settings of a registry as a whole."""

from dataclasses import replace
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from constructs import Construct

from ecr_constructs import (
    PullThroughCache,
    PullThroughCredential,
    Registry,
    RepositoryCreationTemplate,
)
from ecr_constructs.constructs.source import record_lines
from ecr_constructs.environment.resolution import ResolvedEnvironment
from ecr_constructs.environment.resolved_registry import (
    ResolvedCache,
    ResolvedPolicy,
    ResolvedRegistry,
    ResolvedTemplate,
)
from ecr_constructs.model.registry_id import RegistryId
from stacks.settings import acknowledge, admit_lambda, keywords, statements


class RegistryStack(cdk.Stack):
    """What a registry has once: replication, policy, scanning, signing, templates and caches.

    At a replica it also has the permission to replicate, and templates for what is not declared.
    """

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
        self.registry = Registry(self, "Registry")
        self._environment, self._key = environment, key
        self._id = registry
        settings = environment.registry_settings[registry]
        if registry == environment.home:
            self._replicate()
        else:
            self._receive(settings)
        self._configure(settings)
        acknowledge(self, settings.acknowledged)

    def _replicate(self) -> None:
        environment = self._environment
        to_accounts: dict[str, list[str]] = {}
        for replica in environment.replicas:
            to_accounts.setdefault(replica.account, []).append(replica.region)
        if to_accounts:
            self.registry.replicate(
                to_accounts=to_accounts,
                prefixes=environment.replicated_prefixes,
                replicate_deletions=environment.replicate_deletions,
            )

    def _receive(self, own: ResolvedRegistry) -> None:
        environment = self._environment
        settings = environment.undeclared
        assert settings is not None, "an environment with replicas has them"
        if self._id.account != environment.account:
            self.registry.allow_replication_from(
                [environment.account],
                prefixes=environment.replicated_prefixes,
                tagging=bool(settings.tags),
            )
        own_prefixes = {template.prefix.rstrip("/") for template in own.templates}
        for prefix in environment.replicated_prefixes:
            namespace = prefix.removesuffix("/")
            if not prefix.endswith("/") or namespace in own_prefixes:
                continue
            # For repositories that are pushed to at home but not declared in the file.
            template = RepositoryCreationTemplate(
                self,
                f"Undeclared {namespace}",
                prefix=namespace,
                applied_for=["REPLICATION"],
                description=(
                    f"Replicated from {environment.account}, {environment.region}, but not declared"
                ),
                **keywords(settings, self._key, self._id),
            )
            admit_lambda(template, settings)

    def _configure(self, settings: ResolvedRegistry) -> None:
        registry = self.registry
        if scanning := settings.scanning:
            if scanning.scan_type == "BASIC":
                registry.scan_basic(on_push=scanning.on_push)
            else:
                registry.scan_enhanced(on_push=scanning.on_push, continuous=scanning.continuous)
        self._allow(settings.policy)
        for rule in settings.signing:
            registry.sign(rule.profile_arn, filters=rule.filters)
        for principal in settings.pull_time_exclusions:
            registry.exclude_from_pull_time(principal, principal)
        lines = {
            **{_template_id(template): template.source for template in settings.templates},
            **{_cache_id(cache): cache.source for cache in settings.caches},
        }
        record_lines(self, lines)
        for template in settings.templates:
            created = RepositoryCreationTemplate(
                self,
                _template_id(template),
                prefix=template.prefix,
                applied_for=template.applied_for,
                description=template.description,
                role=template.role,
                **keywords(template.settings, self._key, self._id),
            )
            admit_lambda(created, template.settings)
            acknowledge(created, template.acknowledged)
        for cache in settings.caches:
            self._cache(cache)

    def _allow(self, policy: ResolvedPolicy) -> None:
        registry = self.registry
        for replication in policy.replication_from:
            registry.allow_replication_from(
                replication.accounts, prefixes=replication.prefixes, tagging=replication.tagging
            )
        for creation in policy.create_on_push:
            registry.allow_create_on_push(creation.accounts, prefixes=creation.prefixes)
        for imports in policy.pull_through_from:
            registry.allow_pull_through_from(
                imports.accounts, prefixes=imports.prefixes, tagging=imports.tagging
            )
        for statement in statements(policy.statements):
            registry.add_to_registry_policy(statement)

    def _cache(self, cache: ResolvedCache) -> None:
        scope = Construct(self, _cache_id(cache))
        upstream, access = cache.upstream, keywords(cache.settings, self._key, self._id)
        if (credential := cache.new_credential) is not None:
            secret = PullThroughCredential(
                scope, "Credential", name=credential.name, username=credential.username
            )
            upstream = replace(upstream, credential_arn=secret.secret_arn)
        created = PullThroughCache(
            scope,
            "Cache",
            upstream=upstream,
            repository_prefix=cache.prefix,
            upstream_repository_prefix=cache.upstream_prefix,
            template_role=cache.template_role,
            # A cache has no pushes but ECR's own.
            **{key: value for key, value in access.items() if not key.startswith("push_")},
        )
        admit_lambda(created, cache.settings)
        acknowledge(scope, cache.acknowledged)


def _template_id(template: ResolvedTemplate) -> str:
    return f"Template {template.prefix.rstrip('/')}"


def _cache_id(cache: ResolvedCache) -> str:
    return f"Cache {cache.prefix.rstrip('/')}"
