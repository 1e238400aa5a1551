"""The repositories of one team."""

from collections.abc import Iterable
from typing import Any, cast

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from constructs import Construct

from ecr_constructs import Repository
from ecr_constructs.constructs.source import record_lines, record_source
from ecr_constructs.environment.resolution import ResolvedRepository
from ecr_constructs.model.registry_id import RegistryId
from ecr_constructs.model.tags import EXTRA_TAGS_METADATA
from stacks.settings import acknowledge, admit_lambda, keywords


class RepositoriesStack(cdk.Stack):
    """The repositories of a team; adding one does not change the stacks of other teams."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        repositories: Iterable[ResolvedRepository],
        key: kms.IKey | None,
        registry: RegistryId | None = None,
        **stack_properties: Any,
    ) -> None:
        """Define the stack."""
        super().__init__(scope, construct_id, **stack_properties)
        repositories = list(repositories)
        record_lines(self, {declared.name: declared.source for declared in repositories})
        for declared in repositories:
            settings = declared.settings
            repository = Repository(
                self,
                # The name, since two ids must differ wherever two names do.
                declared.name,
                repository_name=declared.name,
                scan_on_push=settings.scan_on_push,
                deletion_lock=settings.deletion_lock,
                **keywords(settings, key, registry),
            )
            admit_lambda(repository, settings)
            if settings.keeps_extra_tags:
                resource = cast("cdk.CfnResource", repository.node.default_child)
                resource.add_metadata(EXTRA_TAGS_METADATA, "keep")
            if declared.source is not None:
                record_source(repository, declared.source.file, declared.source.line)
            acknowledge(repository, declared.acknowledged)
