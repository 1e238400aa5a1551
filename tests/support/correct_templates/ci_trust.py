"""Roles that CI systems may assume, as narrowly as they should."""

from typing import Any

from tests.support.correct_templates.values import UNKNOWN
from tests.support.rule_examples.build import ABSENT, HOME, HOST, OIDC, ci_role, resource
from tests.support.rule_examples.ci_systems import BITBUCKET, CIRCLECI, UUID, ci, github
from tests.support.rule_examples.ci_trust import EKS, SELF_HOSTED, assumed, claim, provided
from tests.support.rule_examples.statements import trusting


def assumed_with(test: dict[str, Any], enterprise: str = "") -> dict[str, Any]:
    """Return a role for GitHub Actions with a test beside that of the audience."""
    audience = {f"{HOST}{enterprise}:aud": "sts.amazonaws.com"}
    return ci_role(f"{HOST}{enterprise}", StringEquals={**audience, **test})


CORRECT: dict[str, dict[str, Any]] = {
    # CI.
    "the repository's number": assumed_with(
        {f"{HOST}:repository_id": "1234", f"{HOST}:sub": "repo:acme/a:environment:prod"}
    ),
    "a provider of an unknown issuer": {
        "A": resource("AWS::IAM::OIDCProvider", {"Url": UNKNOWN}),
        "B": resource("AWS::IAM::OIDCProvider", {"Url": UNKNOWN}),
        "C": resource("AWS::IAM::OIDCProvider", {}),
        "D": resource("AWS::IAM::OIDCProvider", {}),
    },
    "an environment and a branch": assumed_with(
        {
            f"{HOST}:sub": "repo:acme/a:environment:prod",
            f"{HOST}:ref": "refs/heads/main",
            f"{HOST}:repository_owner_id": "1",
            f"{HOST}:email": "a@example.com",
        }
    ),
    "an issuer of an enterprise": assumed_with(
        {f"{HOST}/acme:sub": "repo:acme/a:pull_request"}, "/acme"
    ),
    "claims of one's own": github(sub="repository_id:1234"),
    "a subject that is not known": github(sub=UNKNOWN),
    "ids that are left open": github(sub="repo:acme@*/payments@*:ref:refs/heads/main"),
    "ids of GitHub": github(sub="repo:acme@1/payments@2:ref:refs/heads/main"),
    "a role for one branch": github(sub="repo:acme/payments:ref:refs/heads/main"),
    "a role for several repositories": github(sub=["repo:acme/a:*", "repo:acme/b:*"]),
    "a group of GitLab": ci("gitlab.com", "project_path:acme/*:ref_type:branch:ref:main"),
    "a deploy-time project of GitLab": ci("gitlab.com", UNKNOWN),
    "a repository of Bitbucket": ci(BITBUCKET, f"{{{UUID}}}:*"),
    "an origin of CircleCI": ci(
        CIRCLECI,
        f"org/{UUID}/project/*/user/*/vcs-origin/github.com/acme/api/vcs-ref/refs/heads/main",
    ),
    "a claim of CircleCI": ci(CIRCLECI, UUID, "StringEquals", "oidc.circleci.com/project-id"),
    # Other providers of identities.
    "any subject of a repository by claim": claim(
        "sub",
        "repo:*",
        StringEquals={f"{HOST}:aud": "sts.amazonaws.com", f"{HOST}:repository_id": "1"},
    ),
    "an organization of Google": trusting(
        {"Federated": "accounts.google.com"},
        "sts:AssumeRoleWithWebIdentity",
        Condition={"NumericEquals": {"accounts.google.com:google/organization_number": "1"}},
    ),
    "an organization of Buildkite": trusting(
        {"Federated": f"{OIDC}/agent.buildkite.com"},
        "sts:AssumeRoleWithWebIdentity",
        Condition={"StringEquals": {"agent.buildkite.com:organization_slug": "acme"}},
    ),
    "a workflow of one's own": claim("job_workflow_ref", "acme/ci/.github/workflows/a.yml@*"),
    "a subject that begins with a number": claim("sub", "repository_id:1234:environment:prod"),
    "a subject of an owner and a repository": claim(
        "sub", "repository_owner:acme:repo:acme/payments:environment:prod"
    ),
    "any third part": claim("sub", "repo:acme/payments:*"),
    "any ref": claim("sub", "repo:acme/payments:ref:*"),
    "tags only": claim("sub", "repo:acme/payments:ref:refs/t*"),
    "a context of one's own": claim("sub", "repo:acme/payments:actor:octocat"),
    "a repository by its property": claim("sub", "repo:acme/payments:repo_property_team:a"),
    "a deploy-time repository": claim("sub", {"Fn::Sub": "repo:${Given}:*"}),
    "a deploy-time subject": claim("sub", {"Fn::Sub": "${Given}:*"}),
    "a beginning of a deploy-time subject": claim("sub", {"Fn::Sub": "repo:${Given}*"}),
    "a provider that accepts one audience": provided(aud=ABSENT),
    "a provider of deploy-time audiences": provided(ClientIdList=[UNKNOWN]),
    "an audience that is not known": provided(aud=UNKNOWN),
    "a provider of a deploy-time URL": provided(Url=UNKNOWN),
    "a project of a GitLab on another host": ci(SELF_HOSTED, "project_path:acme/x:*"),
    "an issuer whose URL ends with a slash": ci("acme.eu.auth0.com/", "machine@clients"),
    "any branch or tag of GitLab": ci("gitlab.com", "project_path:acme/x:ref_type:*:ref:*"),
    "a service account of a cluster": ci(EKS, "system:serviceaccount:ci:*"),
    "another claim of a provider": ci(EKS, "acme", claim="organization_id"),
    "another kind of provider": assumed(
        "sts:AssumeRoleWithSAML",
        f"arn:aws:iam::{HOME[0]}:saml-provider/acme",
        **{"SAML:aud": "https://signin.aws.amazon.com/saml"},
    ),
    "a web identity of Cognito": assumed(
        "sts:AssumeRoleWithWebIdentity",
        "cognito-identity.amazonaws.com",
        **{"cognito-identity.amazonaws.com:aud": "eu-central-1:1"},
    ),
}
