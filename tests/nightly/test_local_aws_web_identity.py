"""Which tokens of CI systems the embedded AWS takes for a role."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from ecr_constructs import CiIssuer, CircleCi, GitHubActions, GitLabCi
from local_aws import web_identity

if TYPE_CHECKING:
    from ecr_constructs.model.ci import CiProject
    from local_aws.process import LocalAws

REGION = "eu-central-1"
ORGANIZATION, PROJECT, USER = (f"{item * 8}-1111-4111-8111-{item * 12}" for item in "abc")
GITHUB = GitHubActions(repository="acme/api", branches=["main", "release/*"])
GITLAB = GitLabCi(project="acme/payments/api", tags=["v*"])
CIRCLE = CircleCi(
    organization_id=ORGANIZATION,
    project_id=PROJECT,
    vcs_origin="github.com/acme/api",
    branches=["main"],
)
MAIN = "repo:acme/api:ref:refs/heads/main"
CIRCLE_MAIN = (
    f"org/{ORGANIZATION}/project/{PROJECT}/user/{USER}/vcs-origin/github.com/acme/api"
    "/vcs-ref/refs/heads/main"
)

Assume = Callable[..., dict[str, str]]


@pytest.fixture
def assume(local_aws: LocalAws, new_account: Callable[[], str]) -> Assume:
    """Shows a token to a role that trusts a project, in an account that has its provider."""
    account = new_account()

    def run(project: CiProject, subject: str, **claims: Any) -> dict[str, str]:
        iam = local_aws.client("iam", account=account, region=REGION)
        provider = iam.create_open_id_connect_provider(
            Url=project.issuer.url, ClientIDList=[project.issuer.audience]
        )
        statement = {
            "Effect": "Allow",
            "Principal": {"Federated": provider["OpenIDConnectProviderArn"]},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": project.conditions(),
        }
        trust = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
        role = iam.create_role(RoleName="ci", AssumeRolePolicyDocument=trust)["Role"]
        token = web_identity.token(project.issuer, subject, **claims)
        return web_identity.assume(local_aws, role["Arn"], token, region=REGION)

    return run


@pytest.mark.parametrize(
    ("project", "subject"),
    [
        (GITHUB, MAIN),
        (GITHUB, "repo:acme/api:ref:refs/heads/release/2"),
        (GITLAB, "project_path:acme/payments/api:ref_type:tag:ref:v1.2.0"),
        (CIRCLE, CIRCLE_MAIN),
    ],
    ids=["GitHub", "a branch by pattern", "GitLab", "CircleCI"],
)
def test_a_job_that_is_meant_is_admitted(assume: Assume, project: CiProject, subject: str) -> None:
    """It gets the credentials of a session."""
    assert assume(project, subject)["AccessKeyId"].startswith("ASIA")


@pytest.mark.parametrize(
    ("project", "subject"),
    [
        (GITHUB, "repo:acme/web:ref:refs/heads/main"),
        (GITHUB, "repo:other/api:ref:refs/heads/main"),
        (GITHUB, "repo:acme/api:ref:refs/heads/main2"),
        (GITHUB, "repo:acme/api:ref:refs/tags/main"),
        (GITHUB, "repo:acme/api:pull_request"),
        (GITHUB, "repo:acme/API:ref:refs/heads/main"),
        (GITLAB, "project_path:acme/payments/api:ref_type:branch:ref:v1"),
        (CIRCLE, CIRCLE_MAIN.replace("acme/api", "fork/api")),
    ],
    ids=[
        *("another repository", "another owner", "another branch", "a tag", "a pull request"),
        *("other letters", "a branch of GitLab", "a fork"),
    ],
)
def test_another_job_is_refused(assume: Assume, project: CiProject, subject: str) -> None:
    """In the words of STS, which do not say why."""
    message = "AccessDenied.*Not authorized to perform sts:AssumeRoleWithWebIdentity"
    with pytest.raises(ClientError, match=message):
        assume(project, subject)


@pytest.mark.parametrize(
    ("claims", "message"),
    [
        ({"aud": "https://github.com/acme"}, "InvalidIdentityToken.*Incorrect token audience"),
        (
            {"iss": "https://gitlab.com"},
            "InvalidIdentityToken.*No OpenIDConnect provider found in your account for https://git",
        ),
        ({"exp": time.time() - 1}, "ExpiredTokenException"),
        ({"exp": None}, "InvalidIdentityToken"),
    ],
    ids=["another audience", "another issuer", "expired", "without an end"],
)
def test_a_token_must_be_for_us(assume: Assume, claims: dict[str, Any], message: str) -> None:
    """Issuer, audience and expiry are checked before the subject."""
    with pytest.raises(ClientError, match=message):
        assume(GITHUB, MAIN, **claims)


def test_a_role_trusts_its_own_issuer_only(local_aws: LocalAws, assume: Assume) -> None:
    """A provider other than the one that the role names does not help."""
    key = assume(GITHUB, MAIN)["AccessKeyId"]
    account = local_aws.client("sts", account=key, region=REGION).get_caller_identity()["Account"]
    enterprise = CiIssuer.github_actions("https://github.acme.example")
    local_aws.client("iam", account=account, region=REGION).create_open_id_connect_provider(
        Url=enterprise.url, ClientIDList=[enterprise.audience]
    )
    token = web_identity.token(enterprise, MAIN)

    with pytest.raises(ClientError, match="AccessDenied"):
        web_identity.assume(local_aws, f"arn:aws:iam::{account}:role/ci", token, region=REGION)


def test_a_token_must_be_a_token(local_aws: LocalAws, new_account: Callable[[], str]) -> None:
    """An unreadable token is rejected."""
    role_arn = f"arn:aws:iam::{new_account()}:role/ci"

    with pytest.raises(ClientError, match="InvalidIdentityToken"):
        web_identity.assume(local_aws, role_arn, "not a token", region=REGION)
