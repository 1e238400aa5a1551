"""Which tokens of CI systems the embedded AWS takes for a role."""

import json
import time
from collections.abc import Callable
from typing import Any

import pytest
from botocore.exceptions import ClientError

from ecr_constructs import CiIssuer, CircleCi, GitHubActions, GitLabCi
from ecr_constructs.model.ci import CiProject
from local_aws import web_identity
from tests.support.embedded_aws import Place

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
def assume(place: Place) -> Assume:
    """Shows a token to a role that trusts a project, in an account that has its provider."""

    def run(project: CiProject, subject: str, **claims: Any) -> dict[str, str]:
        iam = place.client("iam")
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
        return web_identity.assume(place.aws, role["Arn"], token, region=place.region)

    return run


DENIED, INVALID = "AccessDenied", "InvalidIdentityToken"
# Project, subject, further claims; the error code, or None.
TOKENS: dict[str, tuple[CiProject, str, dict[str, Any], str | None]] = {
    "GitHub": (GITHUB, MAIN, {}, None),
    "a branch by pattern": (GITHUB, "repo:acme/api:ref:refs/heads/release/2", {}, None),
    "GitLab": (GITLAB, "project_path:acme/payments/api:ref_type:tag:ref:v1.2.0", {}, None),
    "CircleCI": (CIRCLE, CIRCLE_MAIN, {}, None),
    "another repository": (GITHUB, "repo:acme/web:ref:refs/heads/main", {}, DENIED),
    "another owner": (GITHUB, "repo:other/api:ref:refs/heads/main", {}, DENIED),
    "another branch": (GITHUB, "repo:acme/api:ref:refs/heads/main2", {}, DENIED),
    "a tag": (GITHUB, "repo:acme/api:ref:refs/tags/main", {}, DENIED),
    "a pull request": (GITHUB, "repo:acme/api:pull_request", {}, DENIED),
    "other letters": (GITHUB, "repo:acme/API:ref:refs/heads/main", {}, DENIED),
    "a branch of GitLab": (
        GITLAB,
        "project_path:acme/payments/api:ref_type:branch:ref:v1",
        {},
        DENIED,
    ),
    "a fork": (CIRCLE, CIRCLE_MAIN.replace("acme/api", "fork/api"), {}, DENIED),
    # Issuer, audience and expiry are checked before the subject.
    "another audience": (GITHUB, MAIN, {"aud": "https://github.com/acme"}, INVALID),
    "another issuer": (GITHUB, MAIN, {"iss": "https://gitlab.com"}, INVALID),
    "expired": (GITHUB, MAIN, {"exp": time.time() - 1}, "ExpiredTokenException"),
    "without an end": (GITHUB, MAIN, {"exp": None}, INVALID),
}


@pytest.mark.parametrize(("project", "subject", "claims", "code"), TOKENS.values(), ids=TOKENS)
def test_a_token_is_for_its_role(
    assume: Assume, project: CiProject, subject: str, claims: dict[str, Any], code: str | None
) -> None:
    """A job that is selected gets the credentials of a session; any other an error."""
    if code is None:
        assert assume(project, subject, **claims)["AccessKeyId"].startswith("ASIA")
        return
    with pytest.raises(ClientError, match=code):
        assume(project, subject, **claims)


def test_a_role_trusts_its_own_issuer_only(place: Place, assume: Assume) -> None:
    """A provider other than the one that the role names does not help."""
    assert assume(GITHUB, MAIN)["AccessKeyId"]
    enterprise = CiIssuer.github_actions("https://github.acme.example")
    place.client("iam").create_open_id_connect_provider(
        Url=enterprise.url, ClientIDList=[enterprise.audience]
    )
    token, role_arn = web_identity.token(enterprise, MAIN), f"arn:aws:iam::{place.account}:role/ci"

    with pytest.raises(ClientError, match="AccessDenied"):
        web_identity.assume(place.aws, role_arn, token, region=place.region)


def test_a_token_must_be_a_token(place: Place) -> None:
    """An unreadable token is rejected."""
    role_arn = f"arn:aws:iam::{place.account}:role/ci"

    with pytest.raises(ClientError, match="InvalidIdentityToken"):
        web_identity.assume(place.aws, role_arn, "not a token", region=place.region)
