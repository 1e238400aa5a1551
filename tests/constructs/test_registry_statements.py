"""The registry policy: its statements accumulate, each rendered exactly once."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam

from ecr_constructs import Registry
from tests.support.constructs import (
    ACCOUNT,
    ORGANIZATION,
    OTHER_ACCOUNT,
    THIRD_ACCOUNT,
    rejects_value,
    resources,
)
from tests.support.errors import rejects

ARN = f"arn:aws:ecr:eu-central-1:{ACCOUNT}:repository/"
REPLICATE = ["ecr:CreateRepository", "ecr:ReplicateImage"]


def root(account: str, partition: str = "aws") -> dict[str, str]:
    """Return a whole account as a principal."""
    return {"AWS": f"arn:{partition}:iam::{account}:root"}


def allow(action: str | list[str], principal: Any, resource: str | list[str]) -> dict[str, Any]:
    """Return an allowing statement as it is rendered."""
    return {"Action": action, "Effect": "Allow", "Principal": principal, "Resource": resource}


def policy_of(stack: cdk.Stack) -> dict[str, Any]:
    """Return the one registry policy of a stack."""
    [policy] = resources(stack, "AWS::ECR::RegistryPolicy")
    text: dict[str, Any] = policy["Properties"]["PolicyText"]
    return text


def statement(**more: Any) -> iam.PolicyStatement:
    """Return a statement that lets an account replicate everything, by default."""
    defaults: dict[str, Any] = {
        "actions": ["ecr:ReplicateImage"],
        "principals": [iam.AccountPrincipal(OTHER_ACCOUNT)],
        "resources": ["*"],
    }
    return iam.PolicyStatement(**{**defaults, **more})


def test_statements_accumulate(stack: cdk.Stack) -> None:
    """Each request becomes a statement behind those that stand there."""
    registry = Registry(stack, "Registry")
    registry.allow_replication_from([OTHER_ACCOUNT], prefixes=["payments/"])
    registry.allow_replication_from([THIRD_ACCOUNT], prefixes=["store/"], tagging=True)
    registry.allow_create_on_push([THIRD_ACCOUNT, OTHER_ACCOUNT], prefixes=["scripts/", "lab/"])
    registry.add_to_registry_policy(statement(sid="Replicate"))

    assert {
        "Version": "2012-10-17",
        "Statement": [
            allow(REPLICATE, root(OTHER_ACCOUNT), f"{ARN}payments/*"),
            allow([*REPLICATE, "ecr:TagResource"], root(THIRD_ACCOUNT), f"{ARN}store/*"),
            allow(
                "ecr:CreateRepository",
                {"AWS": [root(account)["AWS"] for account in (OTHER_ACCOUNT, THIRD_ACCOUNT)]},
                [f"{ARN}lab/*", f"{ARN}scripts/*"],
            ),
            {
                **allow("ecr:ReplicateImage", root(OTHER_ACCOUNT), "*"),
                "Sid": "Replicate",
            },
        ],
    } == policy_of(stack)


def test_equal_requests_are_one_statement(stack: cdk.Stack) -> None:
    """A principal that asks for the same a second time changes nothing."""
    registry = Registry(stack, "Registry")
    for _ in range(2):
        registry.allow_replication_from([OTHER_ACCOUNT], prefixes=["payments/"])
        registry.add_to_registry_policy(statement())

    assert 2 == len(policy_of(stack)["Statement"])


@pytest.mark.parametrize(
    ("region", "partition"), [("us-gov-west-1", "aws-us-gov"), ("cn-north-1", "aws-cn")]
)
def test_arns_are_of_the_stacks_partition(app: cdk.App, region: str, partition: str) -> None:
    """The ARNs of accounts and repositories carry the partition of the registry's Region."""
    stack = cdk.Stack(app, "Far", env=cdk.Environment(account=ACCOUNT, region=region))
    Registry(stack, "Registry").allow_replication_from([OTHER_ACCOUNT], prefixes=["payments/"])

    arn = f"arn:{partition}:ecr:{region}:{ACCOUNT}:repository/payments/*"
    assert [allow(REPLICATE, root(OTHER_ACCOUNT, partition), arn)] == policy_of(stack)["Statement"]


def test_an_organization_may_be_admitted(stack: cdk.Stack) -> None:
    """A principal with a condition, such as an organization, is rendered with it."""
    organization = iam.OrganizationPrincipal(ORGANIZATION)
    Registry(stack, "Registry").add_to_registry_policy(statement(principals=[organization]))

    assert [
        {
            **allow("ecr:ReplicateImage", {"AWS": "*"}, "*"),
            "Condition": {"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}},
        }
    ] == policy_of(stack)["Statement"]


REJECTED: dict[str, tuple[iam.PolicyStatement, list[str]]] = {
    "principals": (statement(principals=[]), ["principals: statement-without-principal"]),
    "actions": (statement(actions=[]), ["actions: statement-without-action"]),
    "resources": (statement(resources=[]), ["resources: statement-without-resource"]),
    "everything": (
        iam.PolicyStatement(),
        [
            "principals: statement-without-principal",
            "actions: statement-without-action",
            "resources: statement-without-resource",
        ],
    ),
}


@pytest.mark.parametrize(("incomplete", "expected"), REJECTED.values(), ids=REJECTED)
def test_rejects_an_incomplete_statement(
    stack: cdk.Stack, incomplete: iam.PolicyStatement, expected: list[str]
) -> None:
    """A statement that ECR rejects raises one error with every problem, and renders nothing."""
    registry = Registry(stack, "Registry")

    with rejects(*expected):
        registry.add_to_registry_policy(incomplete)

    assert [] == registry.node.children


def test_a_statement_may_say_what_it_is_not(stack: cdk.Stack) -> None:
    """A denial of all but some actions and principals is a statement as well."""
    denial = iam.PolicyStatement(
        effect=iam.Effect.DENY,
        not_actions=["ecr:ReplicateImage"],
        not_principals=[iam.ArnPrincipal(f"arn:aws:iam::{OTHER_ACCOUNT}:role/replicator")],
        not_resources=[f"{ARN}payments/*"],
    )
    Registry(stack, "Registry").add_to_registry_policy(denial)

    [rendered] = policy_of(stack)["Statement"]
    assert {"Effect", "NotAction", "NotPrincipal", "NotResource"} == set(rendered)


def test_rejects_what_the_model_rejects(stack: cdk.Stack) -> None:
    """A request without prefixes would open every repository."""
    registry = Registry(stack, "Registry")
    with rejects_value("'prefixes': []"):
        registry.allow_replication_from([OTHER_ACCOUNT], prefixes=[])
    with rejects_value("'prefixes': []"):
        registry.allow_create_on_push([OTHER_ACCOUNT], prefixes=[])

    assert [] == registry.node.children


def test_a_policy_that_grows_too_long_is_rejected_and_stays(stack: cdk.Stack) -> None:
    """ECR takes 10,240 characters; the statement that is one too many leaves the rest alone."""
    registry = Registry(stack, "Registry")
    long = [f"{'p' * 240}{number}/" for number in range(15)]
    registry.allow_replication_from([OTHER_ACCOUNT], prefixes=long)
    registry.allow_create_on_push([OTHER_ACCOUNT], prefixes=long)
    before = policy_of(stack)

    with rejects("registry-policy-length"):
        registry.allow_replication_from([THIRD_ACCOUNT], prefixes=long)

    assert before == policy_of(stack)


def test_the_length_of_deploy_time_values_is_not_judged(app: cdk.App) -> None:
    """What stands for an account id is longer than one, so a policy that holds it passes."""
    stack = cdk.Stack(app, "Agnostic")
    Registry(stack, "Registry").allow_replication_from(
        [OTHER_ACCOUNT], prefixes=[f"{'p' * 50}{number}/" for number in range(99)]
    )

    assert 99 == len(policy_of(stack)["Statement"][0]["Resource"])
