"""The L1 of a repository, whose policies other code may write too.

The repository policy and the lifecycle policy have several authors: the arguments of `Repository`,
grants and rules that are added later, mixins, and code that writes the properties of the L1 or
overrides them, in an Aspect for example. The L1 keeps what each of them wrote and renders it
together, so that none replaces the others, in whatever order they run.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

from ecr_constructs.constructs._authored_resource import AuthoredResource
from ecr_constructs.constructs._cfn_properties import (
    lifecycle_property,
    lifecycle_text,
    record_dry_run,
)
from ecr_constructs.constructs._lifecycle import DEFAULT_LIFECYCLE, LifecycleAuthors
from ecr_constructs.constructs._policy_text import OF_REPOSITORY, PolicyAuthors
from ecr_constructs.model.lifecycle import LifecyclePolicy, LifecycleRule
from ecr_constructs.model.repository_policy import document


class RepositoryResource(AuthoredResource, ecr.CfnRepository):
    """The `AWS::ECR::Repository` of a `Repository`."""

    def __init__(
        self,
        repository: Construct,
        *,
        statements: Sequence[Mapping[str, Any]],
        lifecycle: LifecyclePolicy | None,
        **properties: Any,
    ) -> None:
        """Define the resource with the policies that the arguments of its repository declare."""
        policy = DEFAULT_LIFECYCLE if lifecycle is None else lifecycle
        text = lifecycle_text(repository, policy)
        super().__init__(
            repository,
            "Resource",
            repository_policy_text=document(statements) if statements else None,
            lifecycle_policy=lifecycle_property(text),
            **properties,
        )
        record_dry_run(self, policy)
        set_policy = self._setter("repository_policy_text")
        self._policy = PolicyAuthors(self, repository, OF_REPOSITORY, set_policy, statements)
        set_lifecycle = self._setter("lifecycle_policy")
        self._lifecycle = LifecycleAuthors(self, repository, lifecycle, text, set_lifecycle)
        # Until here, the property setters are those of CDK.
        self._authors = {
            "RepositoryPolicyText": self._policy,
            "LifecyclePolicy": self._lifecycle,
        }

    def add_statement(self, statement: iam.PolicyStatement) -> None:
        """Add a statement to the repository policy."""
        self._policy.add(statement)

    def add_rules(self, *rules: LifecycleRule) -> None:
        """Add rules to the lifecycle policy."""
        self._lifecycle.add(*rules)

    def mix_in(self, rule: LifecycleRule) -> None:
        """Add a rule for untagged images, unless the lifecycle policy has one."""
        self._lifecycle.mix_in(rule)

    def require_mergeable_policy(self) -> None:
        """Raise if no statement can be added to the repository policy."""
        self._policy.require_mergeable()
