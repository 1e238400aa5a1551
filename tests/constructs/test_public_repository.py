"""PublicRepository: what it renders, where it may be, and who may push."""

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam

from ecr_constructs.constructs.public_repository import PublicRepository
from tests.support.constructs import (
    ACCOUNT,
    OTHER_ACCOUNT,
    PUSH,
    allow,
    children,
    identity_statements,
    parameter,
    properties_of,
    resources,
    role_of,
    root,
    warnings_of,
)
from tests.support.errors import rejects

TYPE = "AWS::ECR::PublicRepository"
RELEASE = f"arn:aws:iam::{ACCOUNT}:role/release"
HOME = cdk.Environment(account=ACCOUNT, region="us-east-1")
# The public registry has no BatchGetImage.
PUBLIC_PUSH = [item.replace("ecr:", "ecr-public:") for item in PUSH if item != "ecr:BatchGetImage"]


@pytest.fixture
def home(app: cdk.App) -> cdk.Stack:
    """Return a stack in the public registry's Region."""
    return cdk.Stack(app, "Home", env=HOME)


def test_defaults(home: cdk.Stack) -> None:
    """Nothing but a repository that outlives its stack."""
    PublicRepository(home, "Cli")

    [rendered] = resources(home, TYPE)
    assert {
        "Type": TYPE,
        "DeletionPolicy": "RetainExceptOnCreate",
        "UpdateReplacePolicy": "Retain",
    } == rendered


@pytest.mark.parametrize("accounts", [[], [OTHER_ACCOUNT]], ids=["alone", "declared"])
def test_a_written_policy_is_kept(home: cdk.Stack, accounts: list[str]) -> None:
    """Next to what the arguments declare."""
    PublicRepository(home, "Cli", push_accounts=accounts)
    deny = {"Effect": "Deny", "Principal": "*", "Action": "ecr-public:DeleteRepository"}
    [resource] = [
        node for node in home.node.find_all() if isinstance(node, ecr.CfnPublicRepository)
    ]
    resource.repository_policy_text = {"Version": "2012-10-17", "Statement": [deny]}

    [rendered] = resources(home, TYPE)
    statements = rendered["Properties"]["RepositoryPolicyText"]["Statement"]
    assert deny in statements
    assert len(accounts) + 1 == len(statements)


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
        push_principals=[RELEASE],
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
                "Statement": [allow(PUBLIC_PUSH, AWS=[RELEASE, root(OTHER_ACCOUNT)])],
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
    cli.grant_push(role_of(home))

    assert [
        allow(PUBLIC_PUSH, {"Fn::GetAtt": ["CliB740FDB5", "Arn"]}),
        allow(["ecr-public:GetAuthorizationToken", "sts:GetServiceBearerToken"], "*"),
    ] == identity_statements(home)


def test_rejects_grants_that_would_render_nothing(home: cdk.Stack) -> None:
    """Another account is admitted by the repository's policy, not by a grant."""
    cli = PublicRepository(home, "Cli")

    with rejects("grantee: principal-without-policy"):
        cli.grant_push(iam.AccountPrincipal(OTHER_ACCOUNT))


def test_warns_of_labels_that_the_gallery_does_not_list(home: cdk.Stack) -> None:
    """An architecture in other words than the gallery's is not searched for."""
    PublicRepository(home, "Cli", architectures=["amd64"])

    assert ["ecr-constructs:notInTheGallery"] == warnings_of(home)


def test_agnostic_stacks_pass(app: cdk.App) -> None:
    """Where the Region is not known it may be the right one."""
    stack = cdk.Stack(app, "Agnostic")
    PublicRepository(stack, "Cli", repository_name=parameter(stack))

    assert {"RepositoryName": {"Ref": "Text"}} == properties_of(stack, TYPE)


def test_rejects_other_regions(stack: cdk.Stack) -> None:
    """The public registry is in one Region; every value is named together with it."""
    snapshot = cdk.RemovalPolicy.SNAPSHOT
    with rejects(
        *("tags['']: tag-key-length", "public-repository-name-length"),
        *("public-repository-name-format", "scope: public-repository-region"),
        "removal_policy: removal-policy-snapshot",
    ):
        PublicRepository(stack, "Cli", repository_name="A", tags={"": "x"}, removal_policy=snapshot)

    assert [] == children(stack)
