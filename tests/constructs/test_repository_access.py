"""The repository policy: access given at construction, and grants that come later."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Annotations, Match

from ecr_constructs import LifecyclePolicy, Repository
from tests.support.constructs import (
    ACCOUNT,
    ENV,
    ORGANIZATION,
    OTHER_ACCOUNT,
    THIRD_ACCOUNT,
    new_app,
    properties_of,
    statements_of,
    template,
)

PULL = [
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:GetDownloadUrlForLayer",
]
PUSH = [
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:CompleteLayerUpload",
    "ecr:GetDownloadUrlForLayer",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
]
ROLE = f"arn:aws:iam::{OTHER_ACCOUNT}:role/deployer"
UNIT = f"{ORGANIZATION}/r-ab12/ou-ab12-11111111/*"
NO_RESOURCES = "ECR resource policy does not allow resource statements."


def root(account: str) -> str:
    """Return the ARN that stands for a whole account."""
    return f"arn:aws:iam::{account}:root"


def allow(actions: str | list[str], who: Any) -> dict[str, Any]:
    """Return an allowing statement as it is rendered."""
    return {"Action": actions, "Effect": "Allow", "Principal": {"AWS": who}}


def describing(account: str, **more: Any) -> iam.PolicyStatement:
    """Return a statement that lets an account describe images."""
    return iam.PolicyStatement(
        actions=["ecr:DescribeImages"], principals=[iam.AccountPrincipal(account)], **more
    )


WITHIN = {
    **allow(PULL, "*"),
    "Condition": {"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}},
}
EVERYTHING: dict[str, Any] = {
    "pull_organizations": [ORGANIZATION],
    "pull_accounts": [OTHER_ACCOUNT],
    "push_accounts": [THIRD_ACCOUNT],
}
ACCESS: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {
    "an account may pull": (
        {"pull_accounts": [OTHER_ACCOUNT]},
        [allow(PULL, root(OTHER_ACCOUNT))],
    ),
    "an account may push": (
        {"push_accounts": [OTHER_ACCOUNT]},
        [allow(PUSH, root(OTHER_ACCOUNT))],
    ),
    "a role may pull": ({"pull_principals": [ROLE]}, [allow(PULL, ROLE)]),
    "a role may push": ({"push_principals": [ROLE]}, [allow(PUSH, ROLE)]),
    "an organization may pull": ({"pull_organizations": [ORGANIZATION]}, [WITHIN]),
    "an organizational unit may pull": (
        {"pull_organizational_units": [UNIT]},
        [
            {
                **allow(PULL, "*"),
                "Condition": {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": UNIT}},
            }
        ],
    ),
    "everything": (
        EVERYTHING,
        [WITHIN, allow(PULL, root(OTHER_ACCOUNT)), allow(PUSH, root(THIRD_ACCOUNT))],
    ),
}


@pytest.mark.parametrize(("keywords", "statements"), ACCESS.values(), ids=ACCESS)
def test_access(
    stack: cdk.Stack, keywords: dict[str, Any], statements: list[dict[str, Any]]
) -> None:
    """Access for others becomes one statement for each kind."""
    Repository(stack, "Api", **keywords)

    assert {"Version": "2012-10-17", "Statement": statements} == (
        properties_of(stack)["RepositoryPolicyText"]
    )


def test_the_order_of_a_list_means_nothing(stack: cdk.Stack) -> None:
    """Accounts in another order, or named twice, render the same policy."""
    Repository(stack, "Api", pull_accounts=[THIRD_ACCOUNT, OTHER_ACCOUNT, THIRD_ACCOUNT])

    assert [allow(PULL, [root(OTHER_ACCOUNT), root(THIRD_ACCOUNT)])] == statements_of(stack)


@pytest.mark.parametrize(
    ("region", "partition"), [("us-gov-west-1", "aws-us-gov"), ("cn-north-1", "aws-cn")]
)
def test_accounts_are_of_the_stacks_partition(app: cdk.App, region: str, partition: str) -> None:
    """The ARN of an account carries the partition of the repository's Region."""
    stack = cdk.Stack(app, "Far", env=cdk.Environment(account=ACCOUNT, region=region))
    Repository(stack, "Api", pull_accounts=[OTHER_ACCOUNT])

    assert [allow(PULL, f"arn:{partition}:iam::{OTHER_ACCOUNT}:root")] == statements_of(stack)


def test_an_agnostic_stack_asks_for_the_partition(app: cdk.App) -> None:
    """Where the Region is not known, CloudFormation fills in the partition."""
    stack = cdk.Stack(app, "Agnostic")
    Repository(stack, "Api", pull_accounts=[OTHER_ACCOUNT])

    arn = {"Fn::Join": ["", ["arn:", {"Ref": "AWS::Partition"}, f":iam::{OTHER_ACCOUNT}:root"]]}
    assert [allow(PULL, arn)] == statements_of(stack)


def test_no_access_renders_no_policy(stack: cdk.Stack) -> None:
    """A repository that nobody else uses has no policy."""
    Repository(stack, "Api")

    assert "RepositoryPolicyText" not in properties_of(stack)


def test_a_later_grant_leaves_the_earlier_statements_as_they_are(stack: cdk.Stack) -> None:
    """A grant to another account is added to the policy behind what stands there."""
    repository = Repository(stack, "Api", **EVERYTHING)
    repository.grant(iam.AccountPrincipal("222222222222"), "ecr:DescribeImages")

    _, earlier = ACCESS["everything"]
    assert [*earlier, allow("ecr:DescribeImages", root("222222222222"))] == statements_of(stack)


def test_equal_grants_merge(stack: cdk.Stack) -> None:
    """A later grant of what another account has joins that account's statement."""
    repository = Repository(stack, "Api", pull_accounts=[OTHER_ACCOUNT])
    repository.grant_pull(iam.AccountPrincipal(THIRD_ACCOUNT))

    assert [allow(PULL, [root(OTHER_ACCOUNT), root(THIRD_ACCOUNT)])] == statements_of(stack)


def test_an_account_that_may_push_and_pull_keeps_its_statement(stack: cdk.Stack) -> None:
    """A later grant to somebody else changes nothing for an account that is named twice."""
    repository = Repository(
        stack, "Api", pull_accounts=[OTHER_ACCOUNT], push_accounts=[OTHER_ACCOUNT]
    )
    earlier = repository._statements
    repository.grant(iam.AccountPrincipal(THIRD_ACCOUNT), "ecr:DescribeImages")

    assert [*earlier, allow("ecr:DescribeImages", root(THIRD_ACCOUNT))] == statements_of(stack)


def test_further_statements(stack: cdk.Stack) -> None:
    """Statements of the caller's own follow those that the keywords make."""
    Repository(
        stack,
        "Api",
        pull_accounts=[OTHER_ACCOUNT],
        policy_statements=[describing(THIRD_ACCOUNT, sid="Describe")],
    )

    assert [
        allow(PULL, root(OTHER_ACCOUNT)),
        {**allow("ecr:DescribeImages", root(THIRD_ACCOUNT)), "Sid": "Describe"},
    ] == statements_of(stack)


@pytest.mark.parametrize("make", [Repository, ecr.Repository])
def test_warns_of_resources_as_cdk_does(
    stack: cdk.Stack, make: Callable[..., ecr.RepositoryBase]
) -> None:
    """A statement with resources, which ECR rejects, is warned of in CDK's words."""
    make(stack, "Api").add_to_resource_policy(describing(OTHER_ACCOUNT, resources=["*"]))

    [warning] = Annotations.from_stack(stack).find_warning("*", Match.any_value())
    assert f"{NO_RESOURCES} [ack: @aws-cdk/aws-ecr:noResourceStatements]" == warning.entry.data


@pytest.mark.parametrize("make", [Repository, ecr.Repository])
def test_reports_a_statement_without_actions_at_synth(
    stack: cdk.Stack, make: Callable[..., ecr.RepositoryBase]
) -> None:
    """A statement that is no policy statement fails the synthesis in CDK's words."""
    statement = iam.PolicyStatement(principals=[iam.AccountPrincipal(OTHER_ACCOUNT)])
    make(stack, "Api").add_to_resource_policy(statement)

    fault = "A PolicyStatement must specify at least one 'action' or 'notAction'."
    with pytest.raises(RuntimeError, match=re.escape(f"[Stack/Api] {fault}")):
        template(stack)


# Reading lists images as well, pushing asks for manifests as AWS documents, and who has access from
# elsewhere is told more precisely: tests/constructs/test_repository_grants.py.
GRANTS: dict[str, Callable[[ecr.RepositoryBase, iam.IGrantable], iam.Grant]] = {
    "grant_pull": lambda repository, to: repository.grant_pull(to),
    "grant_pull_push": lambda repository, to: repository.grant_pull_push(to),
    "grant": lambda repository, to: repository.grant(to, "ecr:DescribeImages"),
}
GRANTEES: dict[str, Callable[[cdk.Stack], iam.IGrantable]] = {
    "a role": lambda stack: iam.Role(stack, "Role", assumed_by=iam.AccountRootPrincipal()),
    "an account": lambda _: iam.AccountPrincipal(OTHER_ACCOUNT),
    "an organization": lambda _: iam.OrganizationPrincipal(ORGANIZATION),
}


@pytest.mark.parametrize("grantee", GRANTEES.values(), ids=GRANTEES)
@pytest.mark.parametrize("grant", GRANTS.values(), ids=GRANTS)
def test_grants_are_cdks_own(
    tmp_path: Path,
    grant: Callable[[ecr.RepositoryBase, iam.IGrantable], iam.Grant],
    grantee: Callable[[cdk.Stack], iam.IGrantable],
) -> None:
    """A grant renders what the same grant of CDK's own repository renders."""
    theirs = cdk.Stack(new_app(tmp_path / "theirs"), "Stack", env=ENV)
    ours = cdk.Stack(new_app(tmp_path / "ours"), "Stack", env=ENV)
    grant(
        ecr.Repository(
            theirs,
            "Api",
            image_scan_on_push=True,
            image_tag_mutability=ecr.TagMutability.IMMUTABLE,
        ),
        grantee(theirs),
    )
    grant(Repository(ours, "Api", lifecycle=LifecyclePolicy()), grantee(ours))

    assert template(theirs)["Resources"] == template(ours)["Resources"]


def test_a_grant_can_be_waited_for(stack: cdk.Stack) -> None:
    """What needs the grant can depend on it, which fails with CDK's own repository."""
    later = cdk.CfnResource(stack, "Later", type="AWS::SNS::Topic")
    repository = Repository(stack, "Api")
    repository.grant_pull(iam.AccountPrincipal(OTHER_ACCOUNT)).apply_before(later)

    assert ["ApiF70053CD"] == template(stack)["Resources"]["Later"]["DependsOn"]
