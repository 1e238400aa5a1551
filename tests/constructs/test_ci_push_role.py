"""CiPushRole and CiProvider: what a role may do, who assumes it, and what an account has once."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam

from ecr_constructs import (
    CiIssuer,
    CiProvider,
    CiPushRole,
    GitHubActions,
    GitLabCi,
    Registry,
    Repository,
)
from tests.support.constructs import (
    ACCOUNT,
    ENV,
    OTHER_ACCOUNT,
    OTHER_REGION,
    children,
    rejects_value,
    resources,
    synth,
    template,
)
from tests.support.errors import rejects

GITHUB = GitHubActions(repository="acme/payments-api", branches=["main"])
HOST = "token.actions.githubusercontent.com"
PROFILE = f"arn:aws:signer:eu-central-1:{ACCOUNT}:/signing-profiles/payments"
PUSH = [
    "ecr:BatchCheckLayerAvailability",
    "ecr:BatchGetImage",
    "ecr:CompleteLayerUpload",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
]


def role(stack: cdk.Stack, **changes: Any) -> CiPushRole:
    """Define a role that pushes to a repository of the stack."""
    repositories = changes.pop("repositories", None) or [
        Repository(stack, "Api", repository_name="payments/api")
    ]
    return CiPushRole(stack, "Push", **{"ci": GITHUB, "repositories": repositories, **changes})


def properties(stack: cdk.Stack, kind: str) -> dict[str, Any]:
    """Return the properties of the one resource of a type."""
    [rendered] = resources(stack, kind)
    assert isinstance(rendered["Properties"], dict)
    return rendered["Properties"]


def allowed(stack: cdk.Stack) -> list[tuple[Any, Any]]:
    """Return actions and resources of each statement of the one policy."""
    policy = properties(stack, "AWS::IAM::Policy")["PolicyDocument"]
    return [(item["Action"], item["Resource"]) for item in policy["Statement"]]


def test_a_role_pushes_to_its_repositories_and_nothing_else(stack: cdk.Stack) -> None:
    """What AWS lists for pushing, on the repositories; logging in once; the logical id pinned."""
    worker = ecr.Repository.from_repository_name(stack, "Worker", "payments/worker")
    api = Repository(stack, "Api", repository_name="payments/api")
    role(stack, repositories=[api, worker])

    assert [
        (
            PUSH,
            [
                f"arn:aws:ecr:eu-central-1:{ACCOUNT}:repository/payments/worker",
                {"Fn::GetAtt": ["ApiF70053CD", "Arn"]},
            ],
        ),
        ("ecr:GetAuthorizationToken", "*"),
    ] == allowed(stack)
    assert {"Push7F99B893"} == {
        name
        for name, resource in template(stack)["Resources"].items()
        if resource["Type"] == "AWS::IAM::Role"
    }


def test_only_the_project_assumes_it(stack: cdk.Stack) -> None:
    """The account's own provider is trusted, for the project's subject and the one audience."""
    role(stack)

    rendered = properties(stack, "AWS::IAM::Role")
    assert rendered["AssumeRolePolicyDocument"]["Statement"] == [
        {
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {
                "StringEquals": {
                    f"{HOST}:aud": "sts.amazonaws.com",
                    f"{HOST}:sub": "repo:acme/payments-api:ref:refs/heads/main",
                }
            },
            "Effect": "Allow",
            "Principal": {"Federated": f"arn:aws:iam::{ACCOUNT}:oidc-provider/{HOST}"},
        }
    ]
    assert (rendered["MaxSessionDuration"], rendered["Description"]) == (
        3600,
        "Pushes images from CI of acme/payments-api",
    )


def test_pulls_are_allowed_on_request(stack: cdk.Stack) -> None:
    """Only with ``allow_pull`` may the role read layers."""
    role(stack, allow_pull=True)

    assert sorted([*PUSH, "ecr:GetDownloadUrlForLayer"]) == allowed(stack)[0][0]


def test_the_former_name_of_allow_pull_warns(stack: cdk.Stack) -> None:
    """``pull_back`` still works, with a warning at the caller's line, but not next to the new."""
    with pytest.warns(DeprecationWarning, match="allow_pull") as caught:
        role(stack, pull_back=True)

    assert __file__ == caught[0].filename
    assert sorted([*PUSH, "ecr:GetDownloadUrlForLayer"]) == allowed(stack)[0][0]
    api = ecr.Repository.from_repository_name(stack, "Named", "payments/worker")
    with rejects("allow_pull: keyword-given-twice"):
        role(stack, repositories=[api], allow_pull=False, pull_back=True)


def test_name_session_and_boundary_are_rendered(stack: cdk.Stack) -> None:
    """What a security team asks of every role."""
    arn = f"arn:aws:iam::{ACCOUNT}:policy/Boundary"
    boundary = iam.ManagedPolicy.from_managed_policy_arn(stack, "Boundary", arn)
    role(stack, session_hours=12, permissions_boundary=boundary, role_name="push")

    rendered = properties(stack, "AWS::IAM::Role")
    assert (
        rendered["MaxSessionDuration"],
        rendered["PermissionsBoundary"],
        rendered["RoleName"],
    ) == (
        43200,
        arn,
        "push",
    )


def test_a_role_signs_where_the_registry_does(stack: cdk.Stack) -> None:
    """Its push is complete, as every push grant of a repository is."""
    Registry(stack, "Registry").sign(PROFILE)
    role(stack)

    assert ("signer:SignPayload", PROFILE) in allowed(stack)


def test_a_role_waits_for_the_provider_that_the_app_makes(app: cdk.App, stack: cdk.Stack) -> None:
    """In another stack too, and without an export that would tie the two."""
    shared = cdk.Stack(app, "Shared", env=ENV)
    role(stack, provider=CiProvider(shared, "GitHub", issuer=GITHUB.issuer))

    templates = synth(app)
    assert [shared] == list(stack.dependencies)
    assert "Outputs" not in templates[shared.template_file]


def test_a_provider_is_native_and_outlives_its_stack(stack: cdk.Stack) -> None:
    """No function, no thumbprint; every role of the account rests on it; its id is pinned."""
    CiProvider(stack, "GitHub", issuer=CiIssuer.github_actions())

    assert {
        "GitHub38B7EEC4": {
            "Type": "AWS::IAM::OIDCProvider",
            "Properties": {
                "Url": f"https://{HOST}",
                "ClientIdList": ["sts.amazonaws.com"],
            },
            "DeletionPolicy": "Retain",
            "UpdateReplacePolicy": "Retain",
        }
    } == template(stack)["Resources"]


def test_an_account_has_one_provider_for_each_issuer(app: cdk.App, stack: cdk.Stack) -> None:
    """In another Region it is the same one; another issuer or account has its own."""
    CiProvider(stack, "GitHub", issuer=CiIssuer.github_actions())
    there = cdk.Environment(account=ACCOUNT, region=OTHER_REGION)
    second = cdk.Stack(app, "Second", env=there)

    with rejects("Second/GitHub: defined-twice"):
        CiProvider(second, "GitHub", issuer=CiIssuer.github_actions())

    assert [] == children(second)
    CiProvider(second, "GitLab", issuer=CiIssuer.gitlab())
    elsewhere = cdk.Environment(account=OTHER_ACCOUNT, region=OTHER_REGION)
    third = cdk.Stack(app, "Third", env=elsewhere)
    CiProvider(third, "GitHub", issuer=CiIssuer.github_actions())


def test_a_stack_for_any_account_knows_the_arn_at_deploy(app: cdk.App) -> None:
    """Account and partition are references."""
    stack = cdk.Stack(app, "Anywhere")
    role(stack)

    [statement] = properties(stack, "AWS::IAM::Role")["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"]["Federated"] == {
        "Fn::Join": [
            "",
            [
                "arn:",
                {"Ref": "AWS::Partition"},
                ":iam::",
                {"Ref": "AWS::AccountId"},
                f":oidc-provider/{HOST}",
            ],
        ]
    }


REJECTED = {
    "no repository": (
        {"repositories": []},
        "repositories",
    ),
    "no session": ({"session_hours": 0}, "session_hours"),
    "a day": ({"session_hours": 24}, "24"),
    "a path as a name": (
        {"role_name": "ci/push"},
        "'ci/push'",
    ),
    "an endless name": ({"role_name": "a" * 65}, "a" * 65),
}


@pytest.mark.parametrize(("changes", "value"), REJECTED.values(), ids=REJECTED)
def test_rejects_before_the_tree_is_touched(
    stack: cdk.Stack, changes: dict[str, Any], value: str
) -> None:
    """What IAM would reject leaves no trace in the stack."""
    named = ecr.Repository.from_repository_name(stack, "Api", "payments/api")
    before = children(stack)
    with rejects_value(value):
        CiPushRole(stack, "Push", **{"ci": GITHUB, "repositories": [named], **changes})

    assert before == children(stack)


def test_rejects_the_provider_of_another_issuer(stack: cdk.Stack) -> None:
    """A role would wait for one provider and trust another."""
    gitlab = CiProvider(stack, "GitLab", issuer=CiIssuer.gitlab())

    with rejects("provider: ci-provider-issuer"):
        role(stack, provider=gitlab)


def test_a_name_that_is_known_at_deploy_passes(stack: cdk.Stack) -> None:
    """It cannot be judged yet."""
    role(stack, role_name=cdk.Fn.import_value("Name"), ci=GitLabCi(project="a/b", tags=["v*"]))

    assert {"Fn::ImportValue": "Name"} == properties(stack, "AWS::IAM::Role")["RoleName"]
