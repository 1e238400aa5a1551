"""The repositories of one team."""

from collections.abc import Iterable
from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_kms as kms
from constructs import Construct

from ecr_constructs import Repository
from ecr_constructs.constructs.source import record_source
from ecr_constructs.environment.resolution import ResolvedRepository


class RepositoriesStack(cdk.Stack):
    """The repositories of a team; adding one does not change the stacks of other teams."""

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        repositories: Iterable[ResolvedRepository],
        key: kms.IKey | None,
        **stack_properties: Any,
    ) -> None:
        """Define the stack."""
        super().__init__(scope, construct_id, **stack_properties)
        for declared in repositories:
            repository = Repository(
                self,
                # The name, since two ids must differ wherever two names do.
                declared.name,
                repository_name=declared.name,
                scan_on_push=declared.settings.scan_on_push,
                deletion_lock=declared.settings.deletion_lock,
                **declared.settings.keywords(key),
            )
            if declared.source is not None:
                record_source(repository, declared.source.file, declared.source.line)
            for rule, reason in declared.acknowledged.items():
                acknowledgment = cdk.Acknowledgment(id=f"EcrChecks::{rule}", reason=reason)
                cdk.Validations.of(repository).acknowledge(acknowledgment)
