"""Grants of caches: what a pull through one needs, and principals that cannot be granted it."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from ecr_constructs.constructs.pull_through_cache import PullThroughCache
from ecr_constructs.model.upstreams import Upstream
from tests.support.constructs import ACCOUNT, OTHER_ACCOUNT, resources
from tests.support.errors import rejects

Make = Callable[[cdk.Stack], iam.IGrantable]


def statements(stack: cdk.Stack) -> list[dict[str, Any]]:
    """Return the statements of the one policy that a stack synthesizes."""
    [policy] = resources(stack, "AWS::IAM::Policy")
    rendered: list[dict[str, Any]] = policy["Properties"]["PolicyDocument"]["Statement"]
    return rendered


def role(stack: cdk.Stack) -> iam.Role:
    """Return a role of the stack."""
    return iam.Role(stack, "Role", assumed_by=iam.AccountRootPrincipal())


def imported(stack: cdk.Stack, account: str = ACCOUNT, *, mutable: bool = True) -> iam.IRole:
    """Return a role that exists already."""
    arn = f"arn:aws:iam::{account}:role/puller"
    return iam.Role.from_role_arn(stack, "Imported", arn, mutable=mutable)


GRANTED: dict[str, Make] = {
    "a role": role,
    "a role that acts under conditions": lambda s: iam.PrincipalWithConditions(role(s), {}),
    "an imported role": imported,
    "a user": lambda s: iam.User(s, "User"),
    "a group": lambda s: iam.Group(s, "Group"),
}


@pytest.mark.parametrize("make", GRANTED.values(), ids=GRANTED)
def test_grants(stack: cdk.Stack, make: Make) -> None:
    """A puller may pull, import and create below the prefix, and log in."""
    cache = PullThroughCache(stack, "Quay", upstream=Upstream.quay())
    grant = cache.grant_pull(make(stack))

    assert grant.success
    assert [
        {
            "Action": [
                "ecr:BatchCheckLayerAvailability",
                "ecr:BatchGetImage",
                "ecr:BatchImportUpstreamImage",
                "ecr:CreateRepository",
                "ecr:GetDownloadUrlForLayer",
            ],
            "Effect": "Allow",
            "Resource": f"arn:aws:ecr:eu-central-1:{ACCOUNT}:repository/quay/*",
        },
        {"Action": "ecr:GetAuthorizationToken", "Effect": "Allow", "Resource": "*"},
    ] == statements(stack)


def test_tagged_repositories_are_tagged_by_the_puller(stack: cdk.Stack) -> None:
    """A template that tags makes ECR ask whether the puller may."""
    cache = PullThroughCache(
        stack, "All", upstream=Upstream.quay(), repository_prefix="ROOT", tags={"team": "x"}
    )
    cache.grant_pull(role(stack))

    [of_images, _] = statements(stack)
    assert "ecr:TagResource" in of_images["Action"]
    assert cache.repositories_arn == of_images["Resource"]
    assert f"arn:aws:ecr:eu-central-1:{ACCOUNT}:repository/*" == cache.repositories_arn


REJECTED: dict[str, Make] = {
    "an imported role that is immutable": lambda s: imported(s, mutable=False),
    "a role without policy updates": lambda s: role(s).without_policy_updates(),
    "a role of another account": lambda s: imported(s, OTHER_ACCOUNT),
    "a role that another account defines": lambda s: role(
        cdk.Stack(s, "Far", env=cdk.Environment(account=OTHER_ACCOUNT, region="eu-central-1"))
    ),
    "an account": lambda _: iam.AccountPrincipal(OTHER_ACCOUNT),
    "a service": lambda _: iam.ServicePrincipal("ecs-tasks.amazonaws.com"),
    "an unknown principal": lambda s: iam.UnknownPrincipal(resource=s),
}


@pytest.mark.parametrize("make", REJECTED.values(), ids=REJECTED)
def test_rejects_grants_that_would_render_nothing(stack: cdk.Stack, make: Make) -> None:
    """A grant that would be lost raises and says what to do instead."""
    cache = PullThroughCache(stack, "Quay", upstream=Upstream.quay())

    with rejects("grantee: principal-without-policy"):
        cache.grant_pull(make(stack))

    assert [] == resources(stack, "AWS::IAM::Policy")
