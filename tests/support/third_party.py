"""Repositories of other libraries, in a stack, a nested stack and a stage."""

from typing import Any

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from constructs import Construct

from ecr_constructs import LifecyclePolicy
from tests.support.constructs import ENV, synth


class Service(Construct):
    """A construct of another library that contains a repository."""

    def __init__(self, scope: Construct, construct_id: str, **properties: Any) -> None:
        """Define an L2 repository with the properties of the caller."""
        super().__init__(scope, construct_id)
        self.repository = ecr.Repository(self, "Images", **properties)


def everywhere(app: cdk.App, **properties: Any) -> None:
    """Define an L2 repository in a stack, in a nested one, and in a stage."""
    stack = cdk.Stack(app, "Stack", env=ENV)
    Service(stack, "Service", **properties)
    Service(cdk.NestedStack(stack, "Nested"), "Service", **properties)
    stage = cdk.Stage(app, "Prod", env=ENV)
    Service(cdk.Stack(stage, "Stack"), "Service", **properties)


def repositories(app: cdk.App) -> list[dict[str, Any]]:
    """Synthesize an app and return its repositories, their lifecycle policies parsed."""
    rendered = [
        resource
        for template in synth(app).values()
        for resource in template["Resources"].values()
        if resource["Type"] == "AWS::ECR::Repository"
    ]
    for resource in rendered:
        if policy := resource.get("Properties", {}).get("LifecyclePolicy"):
            policy["LifecyclePolicyText"] = LifecyclePolicy.from_json(policy["LifecyclePolicyText"])
    return rendered


def properties(app: cdk.App) -> dict[str, Any]:
    """Synthesize an app and return the properties that its three repositories share."""
    first, *others = repositories(app)
    assert [first, first] == others
    rendered: dict[str, Any] = first.get("Properties", {})
    return rendered
