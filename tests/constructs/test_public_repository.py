"""PublicRepository: what it renders, where it may be, and who may push."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Annotations, Match

from ecr_constructs.constructs.public_repository import PublicRepository
from ecr_constructs.model.validation import ValidationError
from tests.support.constructs import ACCOUNT, OTHER_ACCOUNT, children, rejects_value, resources
from tests.support.errors import codes, rejects

TYPE = "AWS::ECR::PublicRepository"
HOME = cdk.Environment(account=ACCOUNT, region="us-east-1")
PUSH = [
    "ecr-public:BatchCheckLayerAvailability",
    "ecr-public:CompleteLayerUpload",
    "ecr-public:InitiateLayerUpload",
    "ecr-public:PutImage",
    "ecr-public:UploadLayerPart",
]


@pytest.fixture
def home(app: cdk.App) -> cdk.Stack:
    """Return a stack in the public registry's Region."""
    return cdk.Stack(app, "Home", env=HOME)


def test_defaults(home: cdk.Stack) -> None:
    """Nothing but a repository that outlives its stack."""
    PublicRepository(home, "Cli")

    [rendered] = resources(home, TYPE)
    assert {"Type": TYPE, "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"} == rendered


def test_every_keyword(home: cdk.Stack) -> None:
    """The entry in the gallery has CloudFormation's own names."""
    cli = PublicRepository(
        home,
        "Cli",
        repository_name="acme/cli",
        description="The command line of Acme",
        about="# Acme",
        usage="`docker run`",
        architectures=["ARM 64", "x86-64"],
        operating_systems=["Linux"],
        push_accounts=[OTHER_ACCOUNT],
        push_principals=[f"arn:aws:iam::{ACCOUNT}:role/release"],
        tags={"team": "scripts"},
        removal_policy=cdk.RemovalPolicy.DESTROY,
    )

    [rendered] = resources(home, TYPE)
    assert {
        "Type": TYPE,
        "Properties": {
            "RepositoryCatalogData": {
                "AboutText": "# Acme",
                "Architectures": ["ARM 64", "x86-64"],
                "OperatingSystems": ["Linux"],
                "RepositoryDescription": "The command line of Acme",
                "UsageText": "`docker run`",
            },
            "RepositoryName": "acme/cli",
            "RepositoryPolicyText": {
                "Statement": [
                    {
                        "Action": PUSH,
                        "Effect": "Allow",
                        "Principal": {
                            "AWS": [
                                f"arn:aws:iam::{ACCOUNT}:role/release",
                                f"arn:aws:iam::{OTHER_ACCOUNT}:root",
                            ]
                        },
                    }
                ],
                "Version": "2012-10-17",
            },
            "Tags": [{"Key": "team", "Value": "scripts"}],
        },
        "DeletionPolicy": "Delete",
        "UpdateReplacePolicy": "Delete",
    } == rendered
    assert {"Ref": "CliB740FDB5"} == home.resolve(cli.repository_name)
    assert {"Fn::GetAtt": ["CliB740FDB5", "Arn"]} == home.resolve(cli.repository_arn)


def test_a_push_grant_includes_the_login(home: cdk.Stack) -> None:
    """Logging in to the public registry takes an action of STS as well."""
    cli = PublicRepository(home, "Cli")
    cli.grant_push(iam.Role(home, "Role", assumed_by=iam.AccountRootPrincipal()))

    [policy] = resources(home, "AWS::IAM::Policy")
    assert [
        {"Action": PUSH, "Effect": "Allow", "Resource": {"Fn::GetAtt": ["CliB740FDB5", "Arn"]}},
        {
            "Action": ["ecr-public:GetAuthorizationToken", "sts:GetServiceBearerToken"],
            "Effect": "Allow",
            "Resource": "*",
        },
    ] == policy["Properties"]["PolicyDocument"]["Statement"]


def test_rejects_grants_that_would_render_nothing(home: cdk.Stack) -> None:
    """Another account is admitted by the repository's policy, not by a grant."""
    cli = PublicRepository(home, "Cli")

    with rejects("grantee: principal-without-policy"):
        cli.grant_push(iam.AccountPrincipal(OTHER_ACCOUNT))


def test_warns_of_labels_that_the_gallery_does_not_list(home: cdk.Stack) -> None:
    """An architecture in other words than the gallery's is not searched for."""
    PublicRepository(home, "Cli", architectures=["amd64"])

    Annotations.from_stack(home).has_warning(
        "/Home/Cli", Match.string_like_regexp(r"amd64.*notInTheGallery")
    )


def test_agnostic_stacks_pass(app: cdk.App) -> None:
    """Where the Region is not known it may be the right one."""
    stack = cdk.Stack(app, "Agnostic")
    name = cdk.CfnParameter(stack, "Name").value_as_string
    PublicRepository(stack, "Cli", repository_name=name)

    [rendered] = resources(stack, TYPE)
    assert {"Ref": "Name"} == rendered["Properties"]["RepositoryName"]


REJECTED: dict[str, tuple[dict[str, Any], str]] = {
    "a name": ({"repository_name": "a--b"}, "a--b"),
    "a description": ({"description": "a" * 2000}, "description"),
    "a label": ({"architectures": [""]}, "architectures"),
    "an account": ({"push_accounts": ["4444"]}, "'4444'"),
    "a tag": ({"tags": {"": "x"}}, "''"),
    "a snapshot": ({"removal_policy": cdk.RemovalPolicy.SNAPSHOT}, "RemovalPolicy.RETAIN"),
}


@pytest.mark.parametrize(("keywords", "value"), REJECTED.values(), ids=REJECTED)
def test_rejects_before_the_tree_is_touched(
    home: cdk.Stack, keywords: dict[str, Any], value: str
) -> None:
    """A rejected repository leaves no trace in the stack."""
    with rejects_value(value):
        PublicRepository(home, "Cli", **keywords)

    assert [] == children(home)


def test_rejects_other_regions(stack: cdk.Stack) -> None:
    """The public registry is in one Region; every value is named together with it."""
    with pytest.raises(ValidationError) as caught:
        PublicRepository(
            stack,
            "Cli",
            repository_name="A",
            tags={"": "x"},
            removal_policy=cdk.RemovalPolicy.SNAPSHOT,
        )

    assert 5 == len(caught.value.diagnostics)
    assert [
        ("scope", "public-repository-region"),
        ("removal_policy", "removal-policy-snapshot"),
    ] == codes(caught.value)[-2:]
    assert [] == children(stack)
