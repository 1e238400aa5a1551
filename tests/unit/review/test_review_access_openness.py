"""Who counts as unidentified, in policies of repositories and of roles; AWS's own samples."""

from typing import Any

import pytest

from tests.support.rule_examples.build import allow, repository
from tests.unit.review.access_sides import (
    ACCOUNT,
    ORG_ID,
    access_changes,
    codes,
    deny,
    having,
    pulls,
)
from tests.unit.review.test_review_access_identities import PUSHING, role

ERROR, WARNING, NOTHING = "error", "warning", ""
PARTNER, OWN = "444455556666", "111122223333"
HOSTS = {
    "github": "token.actions.githubusercontent.com",
    "gitlab": "gitlab.com",
    "eks": "oidc.eks.eu-central-1.amazonaws.com/id/A1B2",
    "cognito": "cognito-identity.amazonaws.com",
}


def anyone(**conditions: Any) -> list[Any]:
    """Return a statement that allows everyone to pull under conditions."""
    return [pulls(Principal="*", Condition=conditions)]


def excluding(**conditions: Any) -> list[Any]:
    """Return what AWS recommends for an organization: a Deny beside an Allow for everyone.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalisawsservice
    """
    condition = {"StringNotEquals": {"aws:PrincipalOrgID": ORG_ID}, **conditions}
    return [pulls(Principal="*"), deny("ecr:*", Principal="*", Condition=condition)]


NO_SERVICE = {"aws:PrincipalIsAWSService": "false"}
# Statements of a first policy, and the worst severity of what they open.
OPENNESS: dict[str, tuple[list[Any], str]] = {
    "everyone": ([pulls(Principal="*")], ERROR),
    "every organization": (anyone(StringLike={"aws:PrincipalOrgID": ["*", "o-*"]}), ERROR),
    "every organization, in another form": (
        anyone(StringLike={"aws:PrincipalOrgID": "o-??????????*"}),
        ERROR,
    ),
    "every unit": (
        anyone(**{"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-*/r-*"}}),
        ERROR,
    ),
    "a unit": (
        anyone(**{"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": f"{ORG_ID}/r-a/*"}}),
        WARNING,
    ),
    "the own organization": (
        anyone(StringEquals={"aws:ResourceOrgID": "${aws:PrincipalOrgID}"}),
        WARNING,
    ),
    "the own organization, turned": (
        anyone(StringEquals={"aws:PrincipalOrgID": "${aws:ResourceOrgID}"}),
        WARNING,
    ),
    "the own account": (
        anyone(StringEquals={"aws:PrincipalAccount": "${aws:ResourceAccount}"}),
        WARNING,
    ),
    "an organization that is its own": (
        anyone(StringEquals={"aws:PrincipalOrgID": "${aws:PrincipalOrgID}"}),
        ERROR,
    ),
    "both halves of the internet": (
        anyone(IpAddress={"aws:SourceIp": ["0.0.0.0/1", "128.0.0.0/1"]}),
        ERROR,
    ),
    "half of the internet": (anyone(IpAddress={"aws:SourceIp": "0.0.0.0/1"}), ERROR),
    "all of IPv6 by halves": (anyone(IpAddress={"aws:SourceIp": ["::/1", "8000::/1"]}), ERROR),
    "a network": (anyone(IpAddress={"aws:SourceIp": "192.0.2.0/24"}), WARNING),
    "private networks": (anyone(IpAddress={"aws:SourceIp": ["10.0.0.0/8", "fc00::/7"]}), WARNING),
    "a recent login": (anyone(NumericLessThan={"aws:MultiFactorAuthAge": "60"}), ERROR),
    "endpoints alike": (anyone(StringLike={"aws:SourceVpce": "vpce-*"}), ERROR),
    "outside an organization denied": (excluding(), WARNING),
    "outside an organization denied, except services": (
        excluding(BoolIfExists=NO_SERVICE),
        WARNING,
    ),
    "outside an organization denied, at an endpoint": (
        excluding(StringEquals={"aws:SourceVpce": "vpce-1"}),
        ERROR,
    ),
    "outside an organization denied, at any endpoint": (
        excluding(Null={"aws:SourceVpce": "false"}),
        ERROR,
    ),
    "outside an organization denied, for some tags": (
        excluding(**{"ForAllValues:StringEquals": {"aws:TagKeys": "team"}}),
        ERROR,
    ),
    "two organizations excluded": (
        anyone(
            StringNotEquals={"aws:PrincipalOrgID": ORG_ID},
            StringNotLike={"aws:PrincipalOrgID": "o-b*"},
        ),
        ERROR,
    ),
    "a network that is there": (
        anyone(IpAddress={"aws:SourceIp": "192.0.2.0/24"}, Null={"aws:SourceIp": "false"}),
        WARNING,
    ),
    "all but one denied": (
        [pulls(Principal="*"), deny("ecr:*", NotPrincipal={"AWS": PARTNER})],
        WARNING,
    ),
    "nobody: two accounts": (
        anyone(
            StringEquals={
                "aws:PrincipalAccount": PARTNER,
                "aws:PrincipalArn": f"arn:aws:iam::{OWN}:role/ci",
            }
        ),
        NOTHING,
    ),
    "nobody: an account in another's name": (
        [pulls(PARTNER, Condition={"StringEquals": {"aws:PrincipalAccount": OWN}})],
        NOTHING,
    ),
    "nobody: eleven digits": (
        anyone(StringEquals={"aws:PrincipalAccount": "11112222333"}),
        NOTHING,
    ),
    "nobody: a service of an organization": (
        [
            pulls(
                Principal={"Service": "lambda.amazonaws.com"},
                Condition={"StringEquals": {"aws:PrincipalOrgID": ORG_ID}},
            )
        ],
        NOTHING,
    ),
    "nobody: with and without a key": (
        anyone(Null={"aws:SourceVpce": "true"}, StringEquals={"aws:SourceVpce": "vpce-1"}),
        NOTHING,
    ),
    "nobody: a value that is excluded": (
        anyone(
            StringEquals={"aws:SourceVpce": "vpce-1"}, StringNotEquals={"aws:SourceVpce": "vpce-1"}
        ),
        NOTHING,
    ),
    "a session of a role": (
        [
            pulls(
                f"arn:aws:sts::{PARTNER}:assumed-role/ci/run",
                Condition={"ArnEquals": {"aws:PrincipalArn": f"arn:aws:iam::{PARTNER}:role/ci"}},
            )
        ],
        WARNING,
    ),
}


@pytest.mark.parametrize("case", OPENNESS)
def test_access_for_strangers_is_an_error(case: str) -> None:
    """Access for everyone is an error, for a named party a warning, for nobody no change."""
    statements, expected = OPENNESS[case]
    severities = sorted(
        {str(change.severity) for change in access_changes(having(), having(*statements))}
    )

    assert expected == "".join(severities[:1])


# The claims of tokens that may assume a role that pushes, and whether that is open to strangers.
CLAIMS: dict[str, tuple[str, dict[str, str], str]] = {
    "a repository": ("github", {"sub": "repo:acme/pay:*"}, WARNING),
    "every repository of an owner": ("github", {"sub": "repo:acme/*"}, WARNING),
    "a pull request": ("github", {"sub": "repo:acme/pay:pull_request"}, WARNING),
    "an environment of a repository": (
        "github",
        {"sub": "repo:acme/pay:environment:prod"},
        WARNING,
    ),
    "every tag": ("github", {"sub": "repo:acme/pay:ref:refs/tags/*"}, WARNING),
    "repositories alike": ("github", {"sub": "repo:acme/pay-?:ref:refs/heads/main"}, WARNING),
    "owners alike": ("github", {"sub": "repo:acm?/pay:*"}, ERROR),
    "an environment of anyone": ("github", {"sub": "environment:production"}, ERROR),
    "a branch of anyone": ("github", {"ref": "refs/heads/main"}, ERROR),
    "an audience alone": ("github", {"aud": "sts.amazonaws.com"}, ERROR),
    "a workflow by its path": ("github", {"job_workflow_ref": "acme/ci/.github/*"}, WARNING),
    "every workflow": ("github", {"job_workflow_ref": "*"}, ERROR),
    "an owner by its number": ("github", {"repository_owner_id": "4711"}, WARNING),
    "a project": ("gitlab", {"sub": "project_path:acme/pay:ref_type:branch:ref:main"}, WARNING),
    "groups alike": ("gitlab", {"sub": "project_path:acme*"}, ERROR),
    "a cluster": ("eks", {"aud": "sts.amazonaws.com"}, WARNING),
    "an identity pool": ("cognito", {"aud": "eu-central-1:0a1b"}, WARNING),
    "every identity pool": ("cognito", {"aud": "eu-central-1:*"}, ERROR),
    "a number": ("github", {"exp": "1"}, ERROR),
}


@pytest.mark.parametrize("case", CLAIMS)
def test_tokens_of_strangers_are_an_error(case: str) -> None:
    """A claim that every owner can give any value names no one."""
    name, claims, expected = CLAIMS[case]
    operator = "NumericLessThan" if "exp" in claims else "StringLike"
    trust = allow(
        "sts:AssumeRoleWithWebIdentity",
        Principal={"Federated": f"arn:aws:iam::{OWN}:oidc-provider/{HOSTS[name]}"},
        Condition={operator: {f"{HOSTS[name]}:{claim}": value for claim, value in claims.items()}},
    )
    api = {"Api": repository(RepositoryName="payments/api")}
    base = {**api, "Ci": role(PUSHING)}
    [widened, *_] = access_changes(base, {**api, "Ci": role(PUSHING, trust=[trust])})

    assert expected == widened.severity


def test_halves_of_the_internet_are_one_wherever_they_stand() -> None:
    """Statements for a half each allow what one statement for all of it allows."""
    halves = [
        *anyone(IpAddress={"aws:SourceIp": "0.0.0.0/1"}),
        *anyone(IpAddress={"aws:SourceIp": "128.0.0.0/1"}),
    ]
    whole = anyone(IpAddress={"aws:SourceIp": "0.0.0.0/0"})

    assert [] == codes(having(*halves), having(*whole))
    assert [] == codes(having(*whole), having(*halves))


def test_numbers_that_touch_are_one_range() -> None:
    """Statements for adjacent, overlapping and nested ranges are those of the whole range."""
    parts = [
        *anyone(NumericLessThan={"aws:MultiFactorAuthAge": "10"}),
        *anyone(NumericEquals={"aws:MultiFactorAuthAge": "5"}),
        *anyone(NumericEquals={"aws:MultiFactorAuthAge": "10"}),
        *anyone(NumericEquals={"aws:MultiFactorAuthAge": "20"}),
    ]
    whole = [
        *anyone(NumericLessThanEquals={"aws:MultiFactorAuthAge": "10"}),
        *anyone(NumericEquals={"aws:MultiFactorAuthAge": "20"}),
    ]

    assert [] == codes(having(*parts), having(*whole))


USER = f"arn:aws:iam::{PARTNER}:user/push-pull-user-1"
FUNCTIONS = f"arn:aws:lambda:us-east-1:{PARTNER}:function:*"
IN_NETWORK = "aws:sourceip is 54.240.143.0/24 & aws:sourceip is not 54.240.143.188/32"
ALL_ORG = f"aws:principalorgid is {ORG_ID}"
# AWS's samples, shortened, as the first policy of a repository, and the principals they allow.
SAMPLES: dict[str, tuple[list[Any], list[str]]] = {
    # https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policy-examples.html
    "IAM users": (
        [pulls(USER)],
        [f"+ {ACCOUNT} & aws:principalarn is {USER} | allow pull"],
    ),
    "another account": ([pulls(f"arn:aws:iam::{PARTNER}:root")], [f"+ {ACCOUNT} | allow pull"]),
    "a network denied": (
        [
            allow(
                "ecr:*",
                Principal="*",
                Condition={
                    "NotIpAddress": {"aws:SourceIp": "54.240.143.188/32"},
                    "IpAddress": {"aws:SourceIp": "54.240.143.0/24"},
                },
            ),
        ],
        [
            f"+ {IN_NETWORK} | allow do everything",
        ],
    ),
    "CodeBuild": (
        [
            pulls(
                Principal={"Service": "codebuild.amazonaws.com"},
                Condition={"StringEquals": {"aws:SourceAccount": OWN}},
            )
        ],
        [f"+ (service) is codebuild.amazonaws.com & aws:sourceaccount is {OWN} | allow pull"],
    ),
    # https://docs.aws.amazon.com/lambda/latest/dg/images-create.html#gettingstarted-images-permissions
    "functions of another account": (
        [
            pulls(PARTNER),
            pulls(
                Principal={"Service": "lambda.amazonaws.com"},
                Condition={"ArnLike": {"aws:sourceArn": FUNCTIONS}},
            ),
        ],
        [
            f"+ (service) is lambda.amazonaws.com & aws:sourcearn is {FUNCTIONS} | allow pull",
            f"+ {ACCOUNT} | allow pull",
        ],
    ),
    # https://docs.aws.amazon.com/organizations/latest/userguide/orgs_permissions_overview.html
    "an organization": (
        [pulls(Principal="*", Condition={"StringEquals": {"aws:PrincipalOrgID": ORG_ID}})],
        [f"+ {ALL_ORG} | allow pull"],
    ),
}


@pytest.mark.parametrize("case", SAMPLES)
def test_published_samples_are_read_as_their_text_says(case: str) -> None:
    """AWS says in words what each of its samples allows."""
    statements, expected = SAMPLES[case]

    assert sorted(expected) == sorted(codes(having(), having(*statements)))
