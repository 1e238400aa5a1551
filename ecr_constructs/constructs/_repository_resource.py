"""The L1 of a repository, whose policies other code may write too.

The repository policy and the lifecycle policy have several authors: the arguments of `Repository`,
grants and rules that are added later, mixins, and code that writes the properties of the L1 or
overrides them, in an Aspect for example. The L1 keeps what each of them wrote and renders it
together, so that none replaces the others, in whatever order they run.
"""

from collections.abc import Mapping, Sequence
from functools import cache, partial
from typing import Any, ClassVar

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct

from ecr_constructs.constructs._cfn_properties import (
    lifecycle_property,
    lifecycle_text,
    record_dry_run,
)
from ecr_constructs.constructs._lifecycle import DEFAULT_LIFECYCLE, LifecycleAuthors
from ecr_constructs.constructs._policy_text import PolicyAuthors
from ecr_constructs.model.lifecycle import LifecyclePolicy, LifecycleRule
from ecr_constructs.model.repository_policy import document


class _Authors:
    """What the repository itself writes, and what its policies make of overrides."""

    _policy: PolicyAuthors | None = None
    _lifecycle: LifecycleAuthors | None = None

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


@cache
def _cdk_name(keyword: str) -> str:
    first, *rest = keyword.split("_")
    return first + "".join(map(str.title, rest))


class RepositoryResource(ecr.CfnRepository, _Authors):
    """The `AWS::ECR::Repository` of a `Repository`.

    At each create, jsii searches the classes in front of CDK's for members that Node must call, and
    Node prepares each of them. So only such members are here; see benchmarks/README.md.
    """

    # jsii would search the interfaces of this class too, and they are those of CDK's class.
    __jsii_ifaces__: ClassVar[list[type]] = []

    def __init__(
        self,
        repository: Construct,
        *,
        statements: Sequence[Mapping[str, Any]],
        lifecycle: LifecyclePolicy | None,
        removal_policy: cdk.RemovalPolicy,
        **properties: Any,
    ) -> None:
        """Define the resource with the policies that the arguments of its repository declare."""
        policy = DEFAULT_LIFECYCLE if lifecycle is None else lifecycle
        text = lifecycle_text(repository, policy)
        properties["repository_policy_text"] = document(statements) if statements else None
        properties["lifecycle_policy"] = lifecycle_property(text)
        # What CDK's own methods do after they have checked the types of values: for the second time
        # here, and twice more.
        values = {
            _cdk_name(keyword): value for keyword, value in properties.items() if value is not None
        }
        jsii.create(type(self), self, [repository, "Resource", values])
        jsii.invoke(self, "applyRemovalPolicy", [removal_policy])
        record_dry_run(self, policy)
        # Until here, the property setters are those of CDK.
        set_policy = partial(super().__setattr__, "repository_policy_text")
        self._policy = PolicyAuthors(self, repository, statements, set_policy)
        set_lifecycle = partial(super().__setattr__, "lifecycle_policy")
        self._lifecycle = LifecycleAuthors(self, repository, lifecycle, text, set_lifecycle)
        # In Node these call addOverride; in Python they do so here, where errors keep their class.
        vars(self).update(
            add_property_override=lambda property_path, value: self.add_override(
                f"Properties.{property_path}", value
            ),
            add_deletion_override=lambda path: self.add_override(path, None),
            add_property_deletion_override=lambda property_path: self.add_override(
                f"Properties.{property_path}", None
            ),
        )

    def __setattr__(self, name: str, value: Any) -> None:
        """Take what other code writes as one more author of a policy."""
        if name == "repository_policy_text" and self._policy is not None:
            self._policy.write(value)
        elif name == "lifecycle_policy" and self._lifecycle is not None:
            self._lifecycle.write(value)
        else:
            super().__setattr__(name, value)

    def add_override(self, path: str, value: Any) -> None:
        """Take an override of a policy as one more author of it.

        CDK applies overrides last, so an override would replace what others wrote.
        """
        first, *below = path.split(".")
        if path == "Properties" and isinstance(value, Mapping):
            for name, item in value.items():
                self.add_override(f"Properties.{name}", item)
        elif (
            first != "Properties"
            or not below
            or not self._takes_override(below[0], below[1:], value)
        ):
            super().add_override(path, value)
