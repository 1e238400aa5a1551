"""A repository that only some roles may delete."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from ecr_constructs import Repository
from tests.support.constructs import (
    ACCOUNT,
    ENV,
    OTHER_ACCOUNT,
    allow,
    properties_of,
    root,
    statements_of,
    template,
)
from tests.support.errors import rejects
from tests.support.policy_evaluator import World

DEPLOY = f"arn:aws:iam::{ACCOUNT}:role/cdk-hnb659fds-cfn-exec-role-{ACCOUNT}-eu-central-1"
ROLE = f"arn:aws:iam::{ACCOUNT}:role/deploy-*"


def denied(roles: Any) -> dict[str, Any]:
    """Return the statement of the lock."""
    condition = {"ArnNotLike": {"aws:PrincipalArn": roles}}
    return {**allow("ecr:DeleteRepository", AWS="*", condition=condition), "Effect": "Deny"}


LOCKS: dict[str, tuple[Any, Any]] = {
    "the role of CDK": (True, DEPLOY),
    "a role": ([ROLE], ROLE),
    "two roles": ([ROLE, DEPLOY], [DEPLOY, ROLE]),
}


@pytest.mark.parametrize(("lock", "roles"), LOCKS.values(), ids=LOCKS)
def test_everyone_else_is_denied(stack: cdk.Stack, lock: Any, roles: Any) -> None:
    """The statement is next to those of the other keywords, and later grants keep it."""
    repository = Repository(stack, "Api", deletion_lock=lock, pull_accounts=[OTHER_ACCOUNT])
    before = statements_of(stack)
    repository.grant_pull_to_lambda()

    assert denied(roles) == before[1]
    assert before == statements_of(stack)[:2]
    assert root(OTHER_ACCOUNT) == before[0]["Principal"]["AWS"]


def test_without_a_lock(stack: cdk.Stack) -> None:
    """There is no policy."""
    Repository(stack, "Api")

    assert "RepositoryPolicyText" not in properties_of(stack)


def test_agnostic_stacks(app: cdk.App) -> None:
    """The role is named with references to account, Region and partition."""
    stack = cdk.Stack(app, "Agnostic")
    Repository(stack, "Api", deletion_lock=True)

    [statement] = statements_of(stack)
    text = str(statement["Condition"])
    assert all(f"{{'Ref': 'AWS::{name}'}}" in text for name in ("Partition", "AccountId", "Region"))
    assert "${" not in text


def test_nested_stacks(stack: cdk.Stack) -> None:
    """The role that deploys the outermost stack deploys those within it."""
    inner = cdk.NestedStack(cdk.NestedStack(stack, "Outer"), "Inner")
    Repository(inner, "Api", deletion_lock=True)

    assert "cfn-exec-role" in str(statements_of(inner))


def test_a_role_of_any_partition(app: cdk.App) -> None:
    """The stack may be deployed to China."""
    stack = cdk.Stack(app, "Agnostic")
    Repository(stack, "Api", deletion_lock=[f"arn:aws-cn:iam::{ACCOUNT}:role/deploy"])

    assert "aws-cn" in str(statements_of(stack))


LOCKED: dict[str, tuple[Any, str]] = {
    "nobody": ([], "deletion_lock: deletion-lock-empty"),
    "a string": (DEPLOY, "deletion_lock: wrong-type"),
    "a user": (
        [f"arn:aws:iam::{ACCOUNT}:user/jo"],
        "deletion_lock[0]: deletion-lock-role-format",
    ),
    "everybody": (["*"], "deletion_lock[0]: deletion-lock-role-format"),
    "a role of China": (
        [f"arn:aws-cn:iam::{ACCOUNT}:role/deploy"],
        "deletion_lock[0]: arn-partition",
    ),
}


@pytest.mark.parametrize(("lock", "problem"), LOCKED.values(), ids=LOCKED)
def test_locks_that_are_rejected(stack: cdk.Stack, lock: Any, problem: str) -> None:
    """They would lock everybody out or nobody."""
    with rejects(problem):
        Repository(stack, "Api", deletion_lock=lock)


SYNTHESIZERS: dict[str, Callable[[], cdk.IReusableStackSynthesizer | cdk.IStackSynthesizer]] = {
    "without a role": cdk.LegacyStackSynthesizer,
    "of the app, with a role": lambda: cdk.DefaultStackSynthesizer(
        cloud_formation_execution_role=f"arn:aws:iam::{ACCOUNT}:role/own"
    ),
}


@pytest.mark.parametrize("synthesizer", SYNTHESIZERS.values(), ids=SYNTHESIZERS)
def test_a_synthesizer_that_does_not_say_the_role(app: cdk.App, synthesizer: Any) -> None:
    """The role is to be named."""
    stack = cdk.Stack(app, "Own", env=ENV, synthesizer=synthesizer())

    with rejects("deletion_lock: deletion-lock-role-unknown"):
        Repository(stack, "Api", deletion_lock=True)
    Repository(stack, "Api", deletion_lock=[cdk.Fn.import_value("role")])


def test_who_can_delete(stack: cdk.Stack) -> None:
    """Only the role that is named, whatever the policies of the others allow."""
    repository = Repository(stack, "Api", deletion_lock=[ROLE], repository_name="a/b")
    for name in ("deploy-images", "developer"):
        role = iam.Role(stack, name, role_name=name, assumed_by=iam.AccountRootPrincipal())
        repository.grant(role, "ecr:DeleteRepository", "ecr:DescribeImages")

    world = World.of((template(stack), ACCOUNT, "eu-central-1"))
    deploy, developer = world.role("deployimages"), world.role("developer")
    assert world.can(deploy, "ecr:DeleteRepository", "a/b")
    assert not world.can(developer, "ecr:DeleteRepository", "a/b")
    assert world.can(developer, "ecr:DescribeImages", "a/b")
