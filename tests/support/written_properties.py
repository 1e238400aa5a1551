"""How code writes the policies of a repository on its L1, next to what the library renders."""

import json
from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam

from ecr_constructs import LifecyclePolicy, LifecycleRule
from tests.support.constructs import OTHER_ACCOUNT, statements_of

Write = Callable[[ecr.CfnRepository, Any], None]
DENY = {"Effect": "Deny", "Principal": "*", "Action": "ecr:BatchDeleteImage"}


def deny(sid: str) -> dict[str, Any]:
    """Return a statement that must never be lost."""
    return {"Sid": sid, **DENY}


def policy(*sids: str, **more: Any) -> dict[str, Any]:
    """Return a policy that denies."""
    return {"Version": "2012-10-17", "Statement": [deny(sid) for sid in sids], **more}


def statement(sid: str, **more: Any) -> iam.PolicyStatement:
    """Return a statement for `Repository.add_to_resource_policy`."""
    principals = [iam.AccountPrincipal(OTHER_ACCOUNT)]
    return iam.PolicyStatement(
        sid=sid, **{"actions": ["ecr:BatchGetImage"], "principals": principals, **more}
    )


def sids_of(stack: cdk.Stack) -> list[str]:
    """Return the ids of the statements of the one repository, in alphabetical order."""
    return sorted(item["Sid"] for item in statements_of(stack) if "Sid" in item)


def resource_of(repository: ecr.RepositoryBase) -> ecr.CfnRepository:
    """Return the L1 of a repository."""
    resource = repository.node.default_child
    assert isinstance(resource, ecr.CfnRepository)
    return resource


def write(resource: ecr.CfnRepository, value: Any) -> None:
    """Write the property of the L1, as most code does."""
    resource.repository_policy_text = value


@jsii.implements(cdk.IAspect)
class Writes:
    """An Aspect that writes every L1 of ECR that it visits."""

    def __init__(self, write: Callable[[Any], object]) -> None:
        """Take what to do."""
        self._write = write

    def visit(self, node: Any) -> None:
        """Write a resource."""
        if isinstance(node, cdk.CfnResource) and node.cfn_resource_type.startswith("AWS::ECR::"):
            self._write(node)


def in_aspect(write: Write) -> Write:
    """Return a function that writes in an Aspect, so at synthesis."""
    return lambda resource, value: cdk.Aspects.of(resource.stack).add(
        Writes(lambda node: write(node, value))
    )


@jsii.implements(cdk.IAnyProducer)
class Produces:
    """A value that CDK asks for when it renders."""

    def produce(self, _context: cdk.IResolveContext) -> Any:
        """Return a policy."""
        return policy("Written")


def override(path: str) -> Write:
    """Return a function that overrides a property."""
    return lambda resource, value: resource.add_property_override(path, value)


# --- lifecycle policies -----------------------------------------------------------------------

PROTECT = LifecycleRule.protect("v*")
EXPIRE = LifecycleRule.expire(after_days=90)
UNTAGGED = LifecycleRule.expire_untagged(after_days=7)
PULLS = LifecycleRule.keep_last(5, tag_prefixes=["pr-"])
Policy = ecr.CfnRepository.LifecyclePolicyProperty


def text(*rules: LifecycleRule) -> str:
    """Return a policy as a text with white space of its own."""
    return json.dumps(LifecyclePolicy(*rules).to_dict(), indent=1)


def set_lifecycle(resource: ecr.CfnRepository, value: Any) -> None:
    """Write the property of the L1."""
    resource.lifecycle_policy = value


def rules(*of: LifecycleRule) -> list[dict[str, Any]]:
    """Return rules as they are rendered."""
    result: list[dict[str, Any]] = LifecyclePolicy(*of).to_dict()["rules"]
    return result
