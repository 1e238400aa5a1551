"""Grants that ECR or IAM would reject, that allow nothing, or that allow anyone."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from ecr_constructs import PullThroughCache, Registry, Repository, Upstream
from ecr_constructs.cloudformation.aws_metadata import actions_of
from ecr_constructs.model.repository_policy import REGISTRY_ACTIONS
from tests.support.constructs import (
    ACCOUNT,
    OTHER_ACCOUNT,
    REGION,
    statements_of,
    template,
    warnings_of,
)
from tests.support.errors import rejects
from tests.support.service_models import operations

Grantee = Callable[[cdk.Stack], iam.IGrantable]


def arn(text: str) -> Grantee:
    """Return a function that makes a principal of an ARN."""
    return lambda _: iam.ArnPrincipal(text)


def service(**conditions: Any) -> Grantee:
    """Return a function that makes a service under conditions."""
    return lambda _: iam.ServicePrincipal("lightsail.amazonaws.com", conditions=conditions)


def role_of(stack: cdk.Stack) -> iam.Role:
    """Return a role of the stack."""
    return iam.Role(stack, "Role", assumed_by=iam.AccountRootPrincipal())


FORMAT, PARTITION = "grantee: principal-arn-format", "grantee: arn-partition"
UNNAMEABLE: dict[str, tuple[Grantee, str]] = {
    "every account": (lambda _: iam.AccountPrincipal("*"), "grantee: account-id-format"),
    "11 digits": (lambda _: iam.AccountPrincipal("44445555666"), "grantee: account-id-format"),
    "a function": (arn(f"arn:aws:lambda:{REGION}:{OTHER_ACCOUNT}:function:x"), FORMAT),
    "a name": (arn("deploy"), FORMAT),
    "an instance profile": (arn(f"arn:aws:iam::{OTHER_ACCOUNT}:instance-profile/x"), FORMAT),
    "11 digits in an ARN": (arn("arn:aws:iam::44445555666:role/x"), FORMAT),
    "a role of China": (arn(f"arn:aws-cn:iam::{OTHER_ACCOUNT}:role/x"), PARTITION),
    "an imported role of China": (
        lambda stack: iam.Role.from_role_arn(stack, "R", f"arn:aws-cn:iam::{OTHER_ACCOUNT}:role/x"),
        PARTITION,
    ),
    "an account of GovCloud": (arn(f"arn:aws-us-gov:iam::{OTHER_ACCOUNT}:root"), PARTITION),
    "any source": (service(ArnLike={"aws:SourceArn": "*"}), "service-source-missing"),
    "any account": (service(StringLike={"aws:SourceAccount": "*"}), "service-source-missing"),
    "a source if there is one": (
        service(StringEqualsIfExists={"aws:SourceAccount": ACCOUNT}),
        "service-source-missing",
    ),
    "every other account": (
        service(StringNotEquals={"aws:SourceAccount": ACCOUNT}),
        "service-source-missing",
    ),
}


@pytest.mark.parametrize(("grantee", "problem"), UNNAMEABLE.values(), ids=UNNAMEABLE)
def test_a_policy_cannot_name_it(stack: cdk.Stack, grantee: Grantee, problem: str) -> None:
    """The deployment would fail, nobody would have access, or anyone."""
    repository = Repository(stack, "Api")
    with rejects(problem):
        repository.grant_pull(grantee(stack))


NAMEABLE: dict[str, Grantee] = {
    "a session": arn(f"arn:aws:sts::{OTHER_ACCOUNT}:assumed-role/ci/build"),
    "an account": arn(OTHER_ACCOUNT),
    "the root user": arn(f"arn:aws:iam::{OTHER_ACCOUNT}:root"),
    "a unique id": arn("AROAEXAMPLE1234567890"),
    "a source": service(StringEquals={"aws:SourceAccount": ACCOUNT}),
    "an account of deploy time": lambda _: iam.AccountPrincipal(cdk.Fn.import_value("Account")),
}


@pytest.mark.parametrize("grantee", NAMEABLE.values(), ids=NAMEABLE)
def test_a_policy_names_it(stack: cdk.Stack, grantee: Grantee) -> None:
    """What IAM documents as a principal, and what only the deployment knows."""
    Repository(stack, "Api").grant_pull(grantee(stack))

    assert 1 == len(statements_of(stack))


def test_a_stack_without_a_region_has_any_partition(app: cdk.App) -> None:
    """It may be deployed to China."""
    stack = cdk.Stack(app, "Agnostic")
    Repository(stack, "Api").grant_pull(iam.ArnPrincipal(f"arn:aws-cn:iam::{OTHER_ACCOUNT}:root"))

    assert 1 == len(statements_of(stack))


UNGRANTABLE = {
    "a misspelt one": ("ecr:BatchGetImages", "grant-action-unknown"),
    "of another service": ("s3:GetObject", "grant-action-unknown"),
    "of any service": ("*:*", "grant-action-unknown"),
    "of several services": ("ecr*:PutImage", "grant-action-unknown"),
    "of nothing like it": ("ecr:Zzz", "grant-action-unknown"),
    "without a service": ("BatchGetImage", "grant-action-unknown"),
    "an empty one": ("", "grant-action-unknown"),
    "of the registry": ("ecr:PutRegistryPolicy", "grant-action-of-registry"),
    "the login": ("ecr:GetAuthorizationToken", "grant-action-of-registry"),
    "several of the registry": ("ecr:*RegistryPolicy", "grant-action-of-registry"),
}


@pytest.mark.parametrize(("action", "code"), UNGRANTABLE.values(), ids=UNGRANTABLE)
def test_an_action_that_a_grant_cannot_allow(stack: cdk.Stack, action: str, code: str) -> None:
    """On one repository, and on many."""
    role = role_of(stack)
    with rejects(f"actions[0]: {code}"):
        Repository(stack, "Api").grant(role, action)
    with rejects(f"actions[1]: {code}"):
        Registry(stack, "Registry").grant(role, "ecr:PutImage", action, prefix="payments/")


@pytest.mark.parametrize(
    "action", ["ecr:*", "*", "ECR:putimage", "ecr:Describe*", "ecr:ReplicateImage", "ecr:Get*"]
)
def test_an_action_that_a_grant_allows(stack: cdk.Stack, action: str) -> None:
    """In any case of letters, with wildcards, and those without an operation of their own."""
    assert Repository(stack, "Api").grant(role_of(stack), action).success


def test_an_action_of_deploy_time_is_not_judged(stack: cdk.Stack) -> None:
    action = cdk.CfnParameter(stack, "Action").value_as_string
    assert Repository(stack, "Api").grant(role_of(stack), action).success


def test_the_actions_of_the_registry_are_those_of_the_api() -> None:
    """Operations that name no repository; permissions without an operation are for one."""
    named = {"repositoryName", "repositoryNames", "resourceArn"}
    of_registry = {name for name, members in operations("ecr").items() if named.isdisjoint(members)}
    assert of_registry == REGISTRY_ACTIONS
    assert REGISTRY_ACTIONS.issubset(actions_of("ecr"))


GRANTS: dict[str, Callable[[cdk.Stack, iam.IGrantable], object]] = {
    "repository": lambda stack, grantee: Repository(stack, "Api").grant_pull(grantee),
    "registry": lambda stack, grantee: Registry(stack, "R").grant_pull(grantee, prefix="a/"),
    "cache": lambda stack, grantee: PullThroughCache(
        stack, "Cache", upstream=Upstream.quay()
    ).grant_pull(grantee),
}


@pytest.mark.parametrize("attached", [False, True], ids=["not attached", "attached"])
@pytest.mark.parametrize("grant", GRANTS.values(), ids=GRANTS)
def test_a_policy_is_attached(
    stack: cdk.Stack, grant: Callable[[cdk.Stack, iam.IGrantable], object], *, attached: bool
) -> None:
    """CDK leaves out a policy that is attached to nobody, and the grant with it."""
    policy = iam.Policy(stack, "Policy")
    grant(stack, policy)
    Repository(stack, "Second").grant_read(policy)
    if attached:
        # After the grant: only the synthesis knows.
        policy.attach_to_role(role_of(stack))
        assert "ecr:GetAuthorizationToken" in str(template(stack))
    else:
        with pytest.raises(RuntimeError, match="attached to no role"):
            template(stack)


ROLE = f"arn:aws:iam::{OTHER_ACCOUNT}:role/"


def _under(stack: cdk.Stack, **conditions: Any) -> iam.IPrincipal:
    """Return a role of another account under conditions."""
    role = iam.Role.from_role_arn(stack, "Ci", f"{ROLE}ci")
    return iam.PrincipalWithConditions(role, conditions)


@pytest.mark.parametrize("operator", ["ArnEquals", "ArnLike", "StringLike"])
def test_a_condition_on_the_same_key_is_kept(stack: cdk.Stack, operator: str) -> None:
    """Another operator holds the ARN of the role itself: both must match."""
    of_team = {"aws:PrincipalArn": f"{ROLE}team/*"}
    Repository(stack, "Api").grant_pull(_under(stack, **{operator: of_team}))

    [statement] = statements_of(stack)
    conditions = statement["Condition"]
    assert of_team == conditions.pop(operator)
    assert [{"aws:PrincipalArn": f"{ROLE}ci"}] == [*conditions.values()]


def test_conditions_that_leave_no_operator(stack: cdk.Stack) -> None:
    key = {"aws:principalarn": f"{ROLE}x"}
    with rejects("grantee: conditions-conflict"):
        Repository(stack, "Api").grant_pull(_under(stack, ArnEquals=key, ArnLike=key))


def test_a_role_of_a_stack_without_an_account(app: cdk.App, stack: cdk.Stack) -> None:
    """The policy can admit it in one account only."""
    role = role_of(cdk.Stack(app, "Anywhere"))
    Repository(stack, "Api", repository_name="a/b").grant_pull(role)

    assert [f"ecr-constructs:accountUnknown:{role.node.path}"] == warnings_of(stack)
