"""PublicRepository: what it renders, where it may be, and who may push."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_iam as iam
from aws_cdk.assertions import Annotations, Match

from ecr_constructs.constructs.public_repository import PublicRepository
from tests.support.constructs import ACCOUNT, OTHER_ACCOUNT, children, resources

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

    [found] = resources(home, TYPE)
    assert {"Type": TYPE, "DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"} == found


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

    [found] = resources(home, TYPE)
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
    } == found
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


def test_refuses_grants_that_would_render_nothing(home: cdk.Stack) -> None:
    """Another account is admitted by the repository's policy, not by a grant."""
    cli = PublicRepository(home, "Cli")

    with pytest.raises(ValueError, match="cannot be granted to this principal"):
        cli.grant_push(iam.AccountPrincipal(OTHER_ACCOUNT))


def test_warns_of_labels_that_nobody_finds(home: cdk.Stack) -> None:
    """An architecture in other words than the gallery's is not searched for."""
    PublicRepository(home, "Cli", architectures=["amd64"])

    Annotations.from_stack(home).has_warning(
        "/Home/Cli", Match.string_like_regexp("The gallery does not search for amd64; it knows")
    )


def test_agnostic_stacks_pass(app: cdk.App) -> None:
    """Where the Region is not known it may be the right one."""
    stack = cdk.Stack(app, "Agnostic")
    name = cdk.CfnParameter(stack, "Name").value_as_string
    PublicRepository(stack, "Cli", repository_name=name)

    [found] = resources(stack, TYPE)
    assert {"Ref": "Name"} == found["Properties"]["RepositoryName"]


REFUSED: dict[str, tuple[dict[str, Any], str]] = {
    "a name": ({"repository_name": "a--b"}, "between them a single '.', '_', '-' or '/'"),
    "a description": (
        {"description": "a" * 2000},
        "description must be at most 1,024 characters long",
    ),
    "a label": ({"architectures": [""]}, "'' must be 1 to 50 characters long"),
    "an account": ({"push_accounts": ["4444"]}, "'4444': an account id has 12 digits"),
    "a tag": ({"tags": {"": "x"}}, "key '' must be 1 to 127 characters long"),
    "a snapshot": (
        {"removal_policy": cdk.RemovalPolicy.SNAPSHOT},
        "a repository has no snapshots; write removal_policy=RemovalPolicy.RETAIN",
    ),
}


@pytest.mark.parametrize(("keywords", "fault"), REFUSED.values(), ids=REFUSED)
def test_refuses_before_the_tree_is_touched(
    home: cdk.Stack, keywords: dict[str, Any], fault: str
) -> None:
    """A refused repository leaves no trace in the stack."""
    with pytest.raises(ValueError, match=fault):
        PublicRepository(home, "Cli", **keywords)

    assert [] == children(home)


def test_refuses_other_regions(stack: cdk.Stack) -> None:
    """The public registry is in one Region; every fault is named together with it."""
    with pytest.raises(ValueError, match="Invalid public repository") as refusal:
        PublicRepository(stack, "Cli", repository_name="A", tags={"": "x"})

    assert "are defined in us-east-1 alone, this stack is in eu-central-1" in str(refusal.value)
    assert 4 == str(refusal.value).count("\n  - ")
    assert [] == children(stack)
