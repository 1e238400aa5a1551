"""Repositories of other stacks and apps: what a grant can render here, and what only they can."""

from collections.abc import Callable
from contextlib import nullcontext
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from ecr_constructs import Repository
from tests.support.constructs import (
    ACCOUNT,
    ORGANIZATION,
    OTHER_ACCOUNT,
    REGION,
    rejects_value,
    template,
)
from tests.support.errors import rejects
from tests.support.policy_evaluator import World

ARN = f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/payments/api"
FAR_ARN = f"arn:aws:ecr:eu-west-1:{OTHER_ACCOUNT}:repository/payments/api"
OWN_ROLE = f"arn:aws:iam::{ACCOUNT}:role/own"
Grant = Callable[[ecr.RepositoryBase, cdk.Stack], object]


def role_of(stack: cdk.Stack) -> iam.Role:
    """Return a role of the stack."""
    return iam.Role(stack, "Role", assumed_by=iam.AccountRootPrincipal())


def immutable(stack: cdk.Stack) -> iam.IRole:
    """Return a role of the account that the app must not change."""
    return iam.Role.from_role_arn(stack, "Own", OWN_ROLE, mutable=False)


def test_a_role_of_the_same_account_is_granted_in_its_policy(stack: cdk.Stack) -> None:
    """The role's own policy suffices within an account, wherever the repository is defined."""
    role = role_of(stack)
    repository = Repository.from_repository_name(stack, "Api", "payments/api")
    assert repository.grant_pull_push(role).success

    there = World.of((template(stack), ACCOUNT, REGION))
    assert there.can(there.role("Role"), "ecr:PutImage", "payments/api")
    assert there.can(there.role("Role"), "ecr:GetAuthorizationToken")
    assert not there.can(there.role("Role"), "ecr:PutImage", "payments/worker")


def by_code(repository: ecr.RepositoryBase, stack: cdk.Stack) -> None:
    """Let CDK grant to Lambda."""
    code = lambda_.DockerImageCode.from_ecr(repository, tag_or_digest="1")
    lambda_.DockerImageFunction(stack, "Function", code=code)


ELSEWHERE: dict[str, tuple[Grant, str]] = {
    "an account": (
        lambda r, _: r.grant_pull(iam.AccountPrincipal(OTHER_ACCOUNT)),
        f"pull_accounts=['{OTHER_ACCOUNT}']",
    ),
    "an account that pushes": (
        lambda r, _: r.grant_push(iam.AccountPrincipal(OTHER_ACCOUNT)),
        f"push_accounts=['{OTHER_ACCOUNT}']",
    ),
    "an account that reads": (
        lambda r, _: r.grant_read(iam.AccountPrincipal(OTHER_ACCOUNT)),
        "policy_statements=[iam.PolicyStatement(…)]",
    ),
    "an organization": (
        lambda r, _: r.grant_pull(iam.OrganizationPrincipal(ORGANIZATION)),
        f"pull_organizations=['{ORGANIZATION}']",
    ),
    "an organization that pushes": (
        lambda r, _: r.grant_push(iam.OrganizationPrincipal(ORGANIZATION)),
        "policy_statements=[iam.PolicyStatement(…)]",
    ),
    "a role of another account": (
        lambda r, stack: r.grant_pull(
            iam.Role.from_role_arn(stack, "Far", f"arn:aws:iam::{OTHER_ACCOUNT}:role/x")
        ),
        f"pull_accounts=['{OTHER_ACCOUNT}']",
    ),
    "a role that takes no policy": (
        lambda r, stack: r.grant_pull(immutable(stack)),
        f"pull_principals=['{OWN_ROLE}']",
    ),
    "Lambda": (
        lambda r, _: r.grant_pull(iam.ServicePrincipal("lambda.amazonaws.com")),
        "grant_pull_to_lambda()",
    ),
    "CodeBuild": (
        lambda r, _: r.grant_pull(iam.ServicePrincipal("codebuild.amazonaws.com")),
        "grant_pull_to_code_build()",
    ),
    "everyone": (
        lambda r, _: r.grant_pull(iam.StarPrincipal()),
        "policy_statements=[iam.PolicyStatement(…)]",
    ),
    "a statement": (
        lambda r, _: r.add_to_resource_policy(
            iam.PolicyStatement(actions=["ecr:PutImage"], principals=[iam.AnyPrincipal()])
        ),
        "policy_statements=[…] for ecr:PutImage",
    ),
}


@pytest.mark.parametrize(("grant", "suggestion"), ELSEWHERE.values(), ids=ELSEWHERE)
def test_what_only_the_repository_policy_grants_raises(
    stack: cdk.Stack, grant: Grant, suggestion: str
) -> None:
    """The error says in which account and Region to write what."""
    repository = Repository.from_repository_arn(stack, "Api", ARN)

    with rejects("Stack/Api: repository-imported") as caught:
        grant(repository, stack)

    [problem] = caught
    assert f"write {suggestion} where it is defined" in problem.remedy
    assert all(value in problem.message for value in ("'payments/api'", ACCOUNT, REGION))


def test_a_grant_by_cdk_itself_raises_too(stack: cdk.Stack) -> None:
    """A function whose image Lambda could not pull is rejected, in the same words."""
    repository = Repository.from_repository_name(stack, "Api", "payments/api")
    with pytest.raises(RuntimeError, match=r"write grant_pull_to_lambda\(\)"):
        by_code(repository, stack)


@pytest.mark.parametrize(
    "grant", [*(item for item, _ in ELSEWHERE.values()), by_code], ids=[*ELSEWHERE, "CDK itself"]
)
def test_what_is_written_elsewhere_is_believed(stack: cdk.Stack, grant: Grant) -> None:
    """A principal that says that the policy is written elsewhere may go on."""
    repository = Repository.from_repository_name(
        stack, "Api", "payments/api", policy_managed_externally=True
    )
    grant(repository, stack)

    assert "ecr:" not in str(template(stack).get("Resources"))


def test_a_repository_of_another_account(stack: cdk.Stack) -> None:
    """Both sides are needed: here the role's own, there the repository's."""
    role = role_of(stack)
    with rejects("Stack/Rejected: repository-imported"):
        Repository.from_repository_arn(stack, "Rejected", FAR_ARN).grant_pull(role)
    Repository.from_repository_arn(
        stack, "Far", FAR_ARN, policy_managed_externally=True
    ).grant_pull(role)

    rendered = World.of((template(stack), ACCOUNT, REGION))
    place = {"account": OTHER_ACCOUNT, "region": "eu-west-1"}
    assert not rendered.can(rendered.role("Role"), "ecr:BatchGetImage", "payments/api", **place)
    admitting: dict[str, Any] = {
        "Resources": {
            "Api": {
                "Type": "AWS::ECR::Repository",
                "Properties": {
                    "RepositoryName": "payments/api",
                    "RepositoryPolicyText": {
                        "Statement": {
                            "Effect": "Allow",
                            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
                            "Action": "ecr:BatchGetImage",
                        }
                    },
                },
            }
        }
    }
    both = World.of((template(stack), ACCOUNT, REGION), (admitting, OTHER_ACCOUNT, "eu-west-1"))
    assert both.can(both.role("Role"), "ecr:BatchGetImage", "payments/api", **place)


def test_attributes_that_are_known_at_deploy_time(stack: cdk.Stack) -> None:
    """Name and ARN may be parameters; the repository is then taken for one of the stack's."""
    name = cdk.CfnParameter(stack, "Name").value_as_string
    repository = Repository.from_repository_attributes(
        stack,
        "Api",
        repository_arn=f"arn:aws:ecr:{REGION}:{ACCOUNT}:repository/{name}",
        repository_name=name,
    )
    assert (ACCOUNT, REGION) == (repository.env.account, repository.env.region)
    assert name == repository.repository_name


@pytest.mark.parametrize("former", [True, False])
def test_the_former_name_of_the_keyword_warns(stack: cdk.Stack, *, former: bool) -> None:
    """``policy_elsewhere`` still works, with a warning at the caller's line."""
    with pytest.warns(DeprecationWarning, match="policy_managed_externally") as caught:
        repository = Repository.from_repository_name(
            stack, "Api", "payments/api", policy_elsewhere=former
        )

    assert __file__ == caught[0].filename
    with nullcontext() if former else rejects("Stack/Api: repository-imported"):
        repository.grant_pull(iam.AccountPrincipal(OTHER_ACCOUNT))


def test_rejects_an_invalid_name(stack: cdk.Stack) -> None:
    """A name that ECR rejects raises where it is written."""
    with rejects_value("Payments"):
        Repository.from_repository_name(stack, "Api", "Payments")


REJECTED: dict[str, tuple[Callable[[cdk.Stack], object], str]] = {
    "no ARN": (
        lambda stack: Repository.from_repository_arn(stack, "Api", "payments/api"),
        "repository_arn: repository-arn-format",
    ),
    "the ARN of something else": (
        lambda stack: Repository.from_repository_arn(stack, "Api", ARN.replace("repository", "x")),
        "repository_arn: repository-arn-format",
    ),
    "an ARN that is known at deploy time": (
        lambda stack: Repository.from_repository_arn(
            stack, "Api", cdk.CfnParameter(stack, "Arn").value_as_string
        ),
        "repository_arn: repository-arn-unresolved",
    ),
}


@pytest.mark.parametrize(("make", "expected"), REJECTED.values(), ids=REJECTED)
def test_rejects_an_invalid_arn(
    stack: cdk.Stack, make: Callable[[cdk.Stack], object], expected: str
) -> None:
    """An ARN from which no repository name can be read raises where it is written."""
    with rejects(expected):
        make(stack)
