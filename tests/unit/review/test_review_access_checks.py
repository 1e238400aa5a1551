"""One judgement of openness: `check` has an error where the review says that access is opened."""

from typing import Any

import pytest

from ecr_constructs.checks import Severity, Template, check
from tests.support.rule_examples.build import HOME, OIDC, allow, repository
from tests.unit.review.access_sides import (
    ORG_ID,
    WIDENED,
    access_changes,
    having,
    pulls,
)
from tests.unit.review.test_review_access_identities import PUSHING, role

OPENNESS = {"ECR206", "ECR207", "ECR213", "ECR215", "ECR510", "ECR513"}
OPEN, CLOSED = True, False
OWN, PARTNER = "111122223333", "444455556666"
UNIT = f"{ORG_ID}/r-ab12/ou-ab12-11111111"
UNKNOWN = {"Ref": "Parameter"}
GITHUB, GITLAB = "token.actions.githubusercontent.com", "gitlab.com"


def anyone(operator: str, key: str, value: Any) -> list[Any]:
    """Return a statement that allows everyone to pull under a condition."""
    return [pulls(Principal="*", Condition={operator: {key: value}})]


def ranges(*values: str) -> list[Any]:
    """Return a statement for each range of addresses."""
    return [part for value in values for part in anyone("IpAddress", "aws:SourceIp", value)]


# The statements of a repository policy, and whether they are open to strangers.
POLICIES: dict[str, tuple[list[Any], bool]] = {
    "everyone": ([pulls(Principal="*")], OPEN),
    "everyone as an AWS principal": ([pulls("*")], OPEN),
    "everyone among others": ([pulls(PARTNER, "*")], OPEN),
    "all but one": ([pulls(NotPrincipal={"AWS": PARTNER})], OPEN),
    "an account": ([pulls(PARTNER)], CLOSED),
    "a role": ([pulls(f"arn:aws:iam::{PARTNER}:role/ci")], CLOSED),
    "a service": ([pulls(Principal={"Service": "lambda.amazonaws.com"})], CLOSED),
    "an account by condition": (anyone("StringEquals", "aws:PrincipalAccount", PARTNER), CLOSED),
    "accounts alike": (anyone("StringLike", "aws:PrincipalAccount", "1*"), OPEN),
    "accounts of twelve characters": (
        anyone("StringLike", "aws:PrincipalAccount", "????????????"),
        OPEN,
    ),
    "all accounts but one": (anyone("StringNotEquals", "aws:PrincipalAccount", PARTNER), OPEN),
    "an account, if there is one": (
        anyone("StringEqualsIfExists", "aws:PrincipalAccount", PARTNER),
        CLOSED,
    ),
    "no account": (anyone("Null", "aws:PrincipalAccount", "true"), CLOSED),
    "with or without an account": (
        anyone("Null", "aws:PrincipalAccount", ["true", "false"]),
        OPEN,
    ),
    "any account": (anyone("Null", "aws:PrincipalAccount", "false"), OPEN),
    "an account or an unknown one": (
        anyone("StringEquals", "aws:PrincipalAccount", [PARTNER, UNKNOWN]),
        CLOSED,
    ),
    "an account of its own": (
        anyone("StringEquals", "aws:PrincipalAccount", "${aws:PrincipalAccount}"),
        OPEN,
    ),
    "the own account": (
        anyone("StringEquals", "aws:PrincipalAccount", "${aws:ResourceAccount}"),
        CLOSED,
    ),
    "the own account of KMS": (anyone("StringEquals", "kms:CallerAccount", OWN), CLOSED),
    "an organization": (anyone("StringEquals", "aws:PrincipalOrgID", ORG_ID), CLOSED),
    "an organization, whatever the case": (
        anyone("StringEqualsIgnoreCase", "aws:PrincipalArn", f"ARN:aws:iam::{OWN}:role/ci"),
        CLOSED,
    ),
    "every organization": (anyone("StringLike", "aws:PrincipalOrgID", "o-*"), OPEN),
    "organizations alike": (anyone("StringLike", "aws:PrincipalOrgID", "o-a1b2*"), OPEN),
    "an organization, if there is one": (
        anyone("StringEqualsIfExists", "aws:PrincipalOrgID", ORG_ID),
        OPEN,
    ),
    "the own organization": (
        anyone("StringEquals", "aws:ResourceOrgID", "${aws:PrincipalOrgID}"),
        CLOSED,
    ),
    "any member of an organization": (anyone("Null", "aws:PrincipalOrgID", "false"), OPEN),
    "an unknown organization": (anyone("StringEquals", "aws:PrincipalOrgID", UNKNOWN), CLOSED),
    "a unit": (anyone("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", f"{UNIT}/*"), CLOSED),
    "a unit, for all values": (
        anyone("ForAllValues:StringLike", "aws:PrincipalOrgPaths", f"{UNIT}/*"),
        OPEN,
    ),
    "every unit": (anyone("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", "o-*/r-*"), OPEN),
    "every unit with an unknown end": (
        anyone("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", {"Fn::Sub": "o-*/${Unit}/*"}),
        OPEN,
    ),
    "roles of an account": (
        anyone("ArnLike", "aws:PrincipalArn", f"arn:aws:iam::{PARTNER}:role/*"),
        CLOSED,
    ),
    "a role of any account": (
        anyone("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/ci"),
        OPEN,
    ),
    "an unknown role of any account": (
        anyone("ArnLike", "aws:PrincipalArn", {"Fn::Sub": "arn:aws:iam::*:role/${Role}"}),
        OPEN,
    ),
    "roles of a misplaced account": (
        anyone("StringLike", "aws:PrincipalArn", "arn:*:1234:role/ci"),
        OPEN,
    ),
    "a role of the caller's own account": (
        anyone("ArnLike", "aws:PrincipalArn", "arn:aws:iam::${aws:PrincipalAccount}:role/ci"),
        OPEN,
    ),
    "a role of the stack's account": (
        anyone(
            "ArnLike", "aws:PrincipalArn", {"Fn::Sub": "arn:aws:iam::${AWS::AccountId}:role/ci"}
        ),
        CLOSED,
    ),
    "an ARN of any topic": (
        anyone("ArnLike", "aws:SourceArn", "arn:aws:sns:*:*:topic"),
        OPEN,
    ),
    "many ranges": (
        anyone("IpAddress", "aws:SourceIp", [f"{number}.0.0.0/8" for number in range(64)]),
        OPEN,
    ),
    "an unknown role": (anyone("ArnLike", "aws:PrincipalArn", UNKNOWN), CLOSED),
    "an endpoint": (anyone("StringEquals", "aws:SourceVpce", "vpce-0a1b2c3d4e5f6a7b8"), CLOSED),
    "every endpoint": (anyone("StringLike", "aws:SourceVpce", "vpce-*"), OPEN),
    "every network": (anyone("StringLike", "aws:SourceVpc", "vpc-*"), OPEN),
    "a range of addresses": (ranges("203.0.113.0/24"), CLOSED),
    "a large range": (ranges("2001:db8::/33"), CLOSED),
    "a larger range": (ranges("2001::/20"), OPEN),
    "half of the internet": (ranges("0.0.0.0/1"), OPEN),
    "halves of a larger range": (ranges("16.0.0.0/8", "17.0.0.0/8"), OPEN),
    "ranges apart": (ranges("16.0.0.0/8", "18.0.0.0/8"), CLOSED),
    "addresses of any VPC": (anyone("IpAddress", "aws:VpcSourceIp", "10.0.0.0/8"), OPEN),
    "other addresses": (anyone("NotIpAddress", "aws:SourceIp", "10.0.0.0/8"), OPEN),
    "an unknown range": (anyone("IpAddress", "aws:SourceIp", UNKNOWN), CLOSED),
    "encrypted": (anyone("Bool", "aws:SecureTransport", "true"), OPEN),
    "a recent login": (anyone("NumericLessThan", "aws:MultiFactorAuthAge", "60"), OPEN),
    "until a day": (anyone("DateLessThan", "aws:CurrentTime", "2030-01-01T00:00:00Z"), OPEN),
    "a tag of the caller": (anyone("StringEquals", "aws:PrincipalTag/team", "pay"), OPEN),
    "services": (anyone("Bool", "aws:PrincipalIsAWSService", "true"), CLOSED),
    "no services": (anyone("Bool", "aws:PrincipalIsAWSService", "false"), OPEN),
    "a service by name": (
        anyone("StringEquals", "aws:PrincipalServiceName", "lambda.amazonaws.com"),
        CLOSED,
    ),
    "a session": (anyone("StringLike", "aws:userid", "AROAEXAMPLEEXAMPLE123:*"), CLOSED),
    "any session of a name": (anyone("StringLike", "aws:userid", "*:ci"), OPEN),
    "an unknown condition": ([pulls(Principal="*", Condition=UNKNOWN)], CLOSED),
    "nobody: half an ARN": (anyone("StringEquals", "aws:PrincipalArn", "role/ci"), CLOSED),
}


@pytest.mark.parametrize("case", POLICIES)
def test_repository_policies_are_judged_alike(case: str) -> None:
    """An open policy is an error of both, another one of neither."""
    statements, is_open = POLICIES[case]

    assert (is_open, is_open) == answers(having(), having(*statements))


# A provider, the condition, and whether the role is open to strangers.
TRUSTS: dict[str, tuple[str, dict[str, Any], bool]] = {
    "a repository": (GITHUB, {"sub": "repo:acme/pay:*"}, CLOSED),
    "an owner": (GITHUB, {"sub": "repo:acme/*"}, CLOSED),
    "an owner with its number": (GITHUB, {"sub": "repo:acme@*/pay:ref:refs/heads/main"}, CLOSED),
    "owners alike": (GITHUB, {"sub": "repo:acme*"}, OPEN),
    "owners like it": (GITHUB, {"sub": "repo:acm?/pay:*"}, OPEN),
    "any subject": (GITHUB, {"sub": "*"}, OPEN),
    "an audience": (GITHUB, {"aud": "sts.amazonaws.com"}, OPEN),
    "an environment of anyone": (GITHUB, {"sub": "environment:production"}, OPEN),
    "a branch of anyone": (GITHUB, {"ref": "refs/heads/main"}, OPEN),
    "a workflow of an owner": (GITHUB, {"job_workflow_ref": "acme/ci/.github/*"}, CLOSED),
    "every workflow": (GITHUB, {"job_workflow_ref": "*"}, OPEN),
    "an owner by its id": (GITHUB, {"repository_owner_id": "4711"}, CLOSED),
    "an unknown subject": (GITHUB, {"sub": UNKNOWN}, CLOSED),
    "an unknown repository of owners alike": (
        GITHUB,
        {"sub": {"Fn::Sub": "repo:acm?/${Name}:*"}},
        OPEN,
    ),
    "GitHub's enterprise": ("token.actions.acme.ghe.com", {"aud": "sts.amazonaws.com"}, OPEN),
    "a project": (GITLAB, {"sub": "project_path:acme/pay:ref_type:branch:ref:main"}, CLOSED),
    "groups alike": (GITLAB, {"sub": "project_path:acme*"}, OPEN),
    "a group like it": (GITLAB, {"sub": "project_path:acm?/pay:*"}, OPEN),
    "an instance of GitLab": ("git.acme.example", {"aud": "https://git.acme.example"}, OPEN),
    "a cluster": (
        "oidc.eks.eu-central-1.amazonaws.com/id/A1B2",
        {"aud": "sts.amazonaws.com"},
        CLOSED,
    ),
    "a workspace of Bitbucket": (
        "api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc",
        {"aud": "ari:cloud:bitbucket::workspace/a"},
        CLOSED,
    ),
    "Buildkite": ("agent.buildkite.com", {"sub": "organization:acme:pipeline:*"}, CLOSED),
    "organizations of Buildkite alike": (
        "agent.buildkite.com",
        {"sub": "organization:acme*"},
        OPEN,
    ),
    "Terraform": ("app.terraform.io", {"aud": "aws.workload.identity"}, OPEN),
    "a team of Vercel": ("oidc.vercel.com", {"aud": "https://vercel.com/acme"}, CLOSED),
    "a provider that is not known": ("id.acme.example", {"aud": "aws"}, CLOSED),
}


@pytest.mark.parametrize("case", TRUSTS)
def test_tokens_are_judged_alike(case: str) -> None:
    """A role that strangers can assume is an error of both, another one of neither."""
    host, claims, is_open = TRUSTS[case]
    condition = {"StringLike": {f"{host}:{claim}": value for claim, value in claims.items()}}
    trust = web_identity(f"{OIDC}/{host}", condition)

    assert (is_open, is_open) == answers(*trusting(trust))


COGNITO = "cognito-identity.amazonaws.com"


@pytest.mark.parametrize(
    ("provider", "condition", "is_open"),
    [
        (COGNITO, {}, OPEN),
        (COGNITO, {"StringLike": {f"{COGNITO}:aud": "eu-central-1:*"}}, OPEN),
        (COGNITO, {"StringEquals": {f"{COGNITO}:aud": "eu-central-1:0a1b"}}, CLOSED),
        ("accounts.google.com", {}, OPEN),
        ("accounts.google.com", {"StringEquals": {"accounts.google.com:aud": "66"}}, CLOSED),
        (f"arn:aws:iam::{OWN}:saml-provider/Acme", {}, CLOSED),
        (UNKNOWN, {}, CLOSED),
    ],
)
def test_providers_are_judged_alike(
    provider: Any, condition: dict[str, Any], is_open: bool
) -> None:
    """A provider with the users of many organizations needs a condition that names one."""
    assert (is_open, is_open) == answers(*trusting(web_identity(provider, condition)))


# What is an error of one only, on purpose: statement, errors of `check`, of the review.
DIFFERENT: dict[str, tuple[list[Any], bool, bool]] = {
    # The id is an error, and no request has it.
    "literal wildcards": (anyone("StringEquals", "aws:PrincipalOrgID", "o-*"), True, False),
    "half an id": (anyone("StringEquals", "aws:PrincipalAccount", "1234"), True, False),
    # A check judges statement by statement; a denial may be for other reasons.
    "strangers denied": (
        [
            pulls(Principal="*"),
            {
                **pulls(
                    Principal="*", Condition={"StringNotEquals": {"aws:PrincipalOrgID": ORG_ID}}
                ),
                "Effect": "Deny",
            },
        ],
        True,
        False,
    ),
}


@pytest.mark.parametrize("case", DIFFERENT)
def test_deliberate_differences(case: str) -> None:
    """A check looks at what is written, the review at what it allows."""
    statements, checked, reviewed = DIFFERENT[case]

    assert (checked, reviewed) == answers(having(), having(*statements))


def test_a_subject_without_tokens_is_an_error_of_the_check_only() -> None:
    """No token has the subject: the role does not work, and nobody has access."""
    host = f"{GITHUB}:sub"
    trust = web_identity(f"{OIDC}/{GITHUB}", {"StringLike": {host: "repo:acme/pay"}})

    assert (True, False) == answers(*trusting(trust))


def web_identity(provider: Any, condition: dict[str, Any]) -> dict[str, Any]:
    """Return a trust in a provider."""
    return allow(
        "sts:AssumeRoleWithWebIdentity",
        Principal={"Federated": provider},
        **({"Condition": condition} if condition else {}),
    )


def trusting(trust: dict[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a role that pushes, which services may assume, and that also has another trust."""
    api = {"Api": repository(RepositoryName="payments/api")}
    return {**api, "Ci": role(PUSHING)}, {**api, "Ci": role(PUSHING, trust=[trust])}


def answers(base: dict[str, Any], head: dict[str, Any]) -> tuple[bool, bool]:
    """Return whether `check` has an error of openness, and whether the review has one."""
    template = Template("App", {"Resources": head}, account=HOME[0], region=HOME[1])
    is_error = any(
        finding.rule in OPENNESS and finding.severity is Severity.ERROR
        for finding in check([template])
    )
    is_opened = any(
        change.kind == WIDENED and change.severity is Severity.ERROR
        for change in access_changes(base, head)
    )
    return is_error, is_opened
