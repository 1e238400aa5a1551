"""The L1 of a repository, whose policies other code may write too.

The repository policy and the lifecycle policy have several authors: the arguments of `Repository`,
grants and rules that are added later, mixins, and code that writes the properties of the L1 or
overrides them, in an Aspect for example. The L1 keeps what each of them wrote and renders it
together, so that none replaces the others, in whatever order they run.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

from ecr_constructs.constructs._cfn_properties import lifecycle_property, lifecycle_text
from ecr_constructs.constructs._lifecycle import DEFAULT_LIFECYCLE, LifecycleAuthors
from ecr_constructs.constructs._policy_text import PolicyAuthors
from ecr_constructs.model.lifecycle import LifecyclePolicy, LifecycleRule
from ecr_constructs.model.repository_policy import document


class RepositoryResource(ecr.CfnRepository):
    """The `AWS::ECR::Repository` of a `Repository`."""

    _policy: PolicyAuthors | None = None
    _lifecycle: LifecycleAuthors | None = None

    def __init__(
        self,
        repository: Construct,
        *,
        statements: Sequence[Mapping[str, Any]],
        lifecycle: LifecyclePolicy | None,
        **properties: Any,
    ) -> None:
        """Define the resource with the policies that the arguments of its repository declare."""
        text = lifecycle_text(repository, DEFAULT_LIFECYCLE if lifecycle is None else lifecycle)
        super().__init__(
            repository,
            "Resource",
            repository_policy_text=document(statements) if statements else None,
            lifecycle_policy=lifecycle_property(text),
            **properties,
        )
        # Until here, the property setters are those of CDK.
        policy = partial(super().__setattr__, "repository_policy_text")
        self._policy = PolicyAuthors(self, repository, statements, policy)
        property_ = partial(super().__setattr__, "lifecycle_policy")
        self._lifecycle = LifecycleAuthors(self, repository, lifecycle, text, property_)

    def __setattr__(self, name: str, value: Any) -> None:
        """Take what other code writes as one more author of a policy."""
        if name == "repository_policy_text" and self._policy is not None:
            self._policy.write(value)
        elif name == "lifecycle_policy" and self._lifecycle is not None:
            self._lifecycle.write(value)
        else:
            super().__setattr__(name, value)

    # CDK applies overrides last, so an override of a policy would replace what others wrote.

    def add_override(self, path: str, value: Any) -> None:
        """Take an override of a policy as one more author of it."""
        first, *below = path.split(".")
        if path == "Properties" and isinstance(value, Mapping):
            for name, item in value.items():
                self.add_property_override(name, item)
        elif (
            first != "Properties"
            or not below
            or not self._takes_override(below[0], below[1:], value)
        ):
            super().add_override(path, value)

    def add_property_override(self, property_path: str, value: Any) -> None:
        """Override a property, as `add_override`."""
        self.add_override(f"Properties.{property_path}", value)

    def add_deletion_override(self, path: str) -> None:
        """Remove a part of the resource, as `add_override`."""
        self.add_override(path, None)

    def add_property_deletion_override(self, property_path: str) -> None:
        """Remove a property, as `add_override`."""
        self.add_property_override(property_path, None)

    def add_statement(self, statement: iam.PolicyStatement) -> None:
        """Add a statement to the repository policy."""
        assert self._policy is not None
        self._policy.add(statement)

    def add_rules(self, *rules: LifecycleRule) -> None:
        """Add rules to the lifecycle policy."""
        assert self._lifecycle is not None
        self._lifecycle.add(*rules)

    def mix_in(self, rule: LifecycleRule) -> None:
        """Add a rule for untagged images, unless the lifecycle policy has one."""
        assert self._lifecycle is not None
        self._lifecycle.mix_in(rule)

    def require_mergeable_policy(self) -> None:
        """Raise if no statement can be added to the repository policy."""
        assert self._policy is not None
        self._policy.require_mergeable()

    def _takes_override(self, name: str, below: Sequence[str], value: Any) -> bool:
        if name == "RepositoryPolicyText" and self._policy is not None:
            return self._policy.override(below, value)
        if name == "LifecyclePolicy" and self._lifecycle is not None:
            return self._lifecycle.override(below, value)
        return False
