"""CiPushRole and CiProvider: what a role may do, who assumes it, and what an account has once."""

from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam

from ecr_constructs import CiIssuer, CiProvider, CiPushRole, GitHubActions, Registry, Repository
from tests.support.constructs import (
    ACCOUNT,
    ENV,
    PULL_PUSH,
    PUSH,
    allow,
    identity_statements,
    of_type,
    properties_of,
    signing_profile,
    synth,
    template,
)

GITHUB = GitHubActions(repository="acme/payments-api", branches=["main"])
HOST = "token.actions.githubusercontent.com"
PROFILE = signing_profile("payments")


def push_role(stack: cdk.Stack, **changes: Any) -> CiPushRole:
    """Define a role that pushes to a repository of the stack."""
    repositories = changes.pop("repositories", None) or [
        Repository(stack, "Api", repository_name="payments/api")
    ]
    return CiPushRole(stack, "Push", **{"ci": GITHUB, "repositories": repositories, **changes})


def allowed(stack: cdk.Stack) -> list[tuple[Any, Any]]:
    """Return actions and resources of each statement of the one policy."""
    return [(item["Action"], item["Resource"]) for item in identity_statements(stack)]


def test_a_role_pushes_to_its_repositories_and_nothing_else(stack: cdk.Stack) -> None:
    """What AWS lists for pushing, on the repositories; logging in once; the logical id pinned."""
    worker = ecr.Repository.from_repository_name(stack, "Worker", "payments/worker")
    api = Repository(stack, "Api", repository_name="payments/api")
    push_role(stack, repositories=[api, worker])

    worker_arn = f"arn:aws:ecr:eu-central-1:{ACCOUNT}:repository/payments/worker"
    arns = [worker_arn, {"Fn::GetAtt": ["ApiF70053CD", "Arn"]}]
    assert [(PUSH, arns), ("ecr:GetAuthorizationToken", "*")] == allowed(stack)
    assert ["Push7F99B893"] == list(of_type(template(stack), "AWS::IAM::Role"))


def test_only_the_project_assumes_it(stack: cdk.Stack) -> None:
    """The account's own provider is trusted, for the project's subject and the one audience."""
    push_role(stack)

    rendered = properties_of(stack, "AWS::IAM::Role")
    subject = "repo:acme/payments-api:ref:refs/heads/main"
    claims = {f"{HOST}:aud": "sts.amazonaws.com", f"{HOST}:sub": subject}
    assert rendered["AssumeRolePolicyDocument"]["Statement"] == [
        allow(
            "sts:AssumeRoleWithWebIdentity",
            condition={"StringEquals": claims},
            Federated=f"arn:aws:iam::{ACCOUNT}:oidc-provider/{HOST}",
        )
    ]
    assert (rendered["MaxSessionDuration"], rendered["Description"]) == (
        3600,
        "Pushes images from CI of acme/payments-api",
    )


def test_pulls_are_allowed_on_request(stack: cdk.Stack) -> None:
    """Only with ``allow_pull`` may the role read layers."""
    push_role(stack, allow_pull=True)

    assert PULL_PUSH == allowed(stack)[0][0]


def test_the_former_name_of_allow_pull_warns(stack: cdk.Stack) -> None:
    """``pull_back`` still works, with a warning at the caller's line."""
    with pytest.warns(DeprecationWarning, match="allow_pull") as caught:
        push_role(stack, pull_back=True)

    assert __file__ == caught[0].filename
    assert PULL_PUSH == allowed(stack)[0][0]


def test_name_session_and_boundary_are_rendered(stack: cdk.Stack) -> None:
    """What a security team asks of every role."""
    arn = f"arn:aws:iam::{ACCOUNT}:policy/Boundary"
    boundary = iam.ManagedPolicy.from_managed_policy_arn(stack, "Boundary", arn)
    push_role(stack, session_hours=12, permissions_boundary=boundary, role_name="push", path="/ci/")

    rendered = properties_of(stack, "AWS::IAM::Role")
    assert (43200, arn, "push", "/ci/") == tuple(
        rendered[name] for name in ("MaxSessionDuration", "PermissionsBoundary", "RoleName", "Path")
    )


def test_a_role_signs_where_the_registry_does(stack: cdk.Stack) -> None:
    """Its push is complete, as every push grant of a repository is."""
    Registry(stack, "Registry").sign(PROFILE)
    push_role(stack)

    assert ("signer:SignPayload", PROFILE) in allowed(stack)


def test_a_role_waits_for_the_provider_that_the_app_makes(app: cdk.App, stack: cdk.Stack) -> None:
    """In another stack too, and without an export that would tie the two."""
    shared = cdk.Stack(app, "Shared", env=ENV)
    push_role(stack, provider=CiProvider(shared, "GitHub", issuer=GITHUB.issuer))

    templates = synth(app)
    assert [shared] == list(stack.dependencies)
    assert "Outputs" not in templates[shared.template_file]


STOCK: dict[str, Callable[[cdk.Stack], Any]] = {
    "native": lambda stack: iam.OidcProviderNative(
        stack, "Stock", url=f"https://{HOST}", client_ids=["sts.amazonaws.com"]
    ),
    "by a function": lambda stack: iam.OpenIdConnectProvider(stack, "Stock", url=f"https://{HOST}"),
    "L1": lambda stack: iam.CfnOIDCProvider(stack, "Stock", url=f"https://{HOST}"),
    "imported": lambda stack: iam.OpenIdConnectProvider.from_open_id_connect_provider_arn(
        stack, "Stock", f"arn:aws:iam::{ACCOUNT}:oidc-provider/{HOST}"
    ),
    "imported, native": lambda stack: iam.OidcProviderNative.from_oidc_provider_arn(
        stack, "Stock", f"arn:aws:iam::{ACCOUNT}:oidc-provider/{HOST}"
    ),
    "imported at deploy time": lambda stack: iam.OidcProviderNative.from_oidc_provider_arn(
        stack, "Stock", cdk.Fn.import_value("Provider")
    ),
    "with an audience that is known at deploy time": lambda stack: iam.OidcProviderNative(
        stack, "Stock", url=f"https://{HOST}", client_ids=[cdk.Fn.import_value("Audience")]
    ),
}


@pytest.mark.parametrize("provider", STOCK.values(), ids=STOCK)
def test_stock_providers_are_taken(stack: cdk.Stack, provider: Callable[[cdk.Stack], Any]) -> None:
    """The role trusts the provider of the account, and is created after one of the app."""
    push_role(stack, provider=provider(stack))

    role = of_type(template(stack), "AWS::IAM::Role")["Push7F99B893"]
    [statement] = role["AssumeRolePolicyDocument"]["Statement"]
    assert f"arn:aws:iam::{ACCOUNT}:oidc-provider/{HOST}" == statement["Principal"]["Federated"]


def test_a_provider_accepts_the_audiences_of_all_projects(stack: cdk.Stack) -> None:
    """A role requires its own; one that the provider does not accept is rejected."""
    issuer = CiIssuer.github_actions(audience="acme")
    provider = CiProvider(stack, "GitHub", issuer=GITHUB.issuer, audiences=["acme", "acme"])
    ci = GitHubActions(repository="acme/payments-api", branches=["main"], issuer=issuer)
    push_role(stack, ci=ci, provider=provider)

    [rendered] = of_type(template(stack), "AWS::IAM::OIDCProvider").values()
    assert ["sts.amazonaws.com", "acme"] == rendered["ClientIdList"]
    assert provider.audiences == ("sts.amazonaws.com", "acme")
    [role] = of_type(template(stack), "AWS::IAM::Role").values()
    [statement] = role["AssumeRolePolicyDocument"]["Statement"]
    assert "acme" == statement["Condition"]["StringEquals"][f"{HOST}:aud"]


def test_a_provider_is_native_and_outlives_its_stack(stack: cdk.Stack) -> None:
    """No function, no thumbprint; every role of the account rests on it; its id is pinned."""
    CiProvider(stack, "GitHub", issuer=CiIssuer.github_actions())

    assert {
        "GitHub38B7EEC4": {
            "Type": "AWS::IAM::OIDCProvider",
            "Properties": {"Url": f"https://{HOST}", "ClientIdList": ["sts.amazonaws.com"]},
            "DeletionPolicy": "RetainExceptOnCreate",
            "UpdateReplacePolicy": "Retain",
        }
    } == template(stack)["Resources"]


def test_a_stack_for_any_account_knows_the_arn_at_deploy(app: cdk.App) -> None:
    """Account and partition are references."""
    stack = cdk.Stack(app, "Anywhere")
    push_role(stack)

    [statement] = properties_of(stack, "AWS::IAM::Role")["AssumeRolePolicyDocument"]["Statement"]
    partition, account = {"Ref": "AWS::Partition"}, {"Ref": "AWS::AccountId"}
    arn = ["arn:", partition, ":iam::", account, f":oidc-provider/{HOST}"]
    assert statement["Principal"]["Federated"] == {"Fn::Join": ["", arn]}
