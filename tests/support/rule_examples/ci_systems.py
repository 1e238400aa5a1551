"""Roles that CI systems assume, and examples of the rules for the subjects they trust."""

from typing import Any

from tests.support.rule_examples.build import (
    ABSENT,
    HOST,
    Problems,
    ci_role,
    example,
    get_att,
    resource,
)

UUID = "1d397906-81bf-459e-9a8d-eae79c0bc5f3"
BITBUCKET = "api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc"
CIRCLECI = f"oidc.circleci.com/org/{UUID}"
_TRUST = "Push.Properties.AssumeRolePolicyDocument.Statement[0]"
_SUBJECT = f"{_TRUST}.Condition.StringLike.{HOST}:sub"


def github(*, sub: Any = "repo:acme/payments:*", aud: Any = "sts.amazonaws.com") -> dict[str, Any]:
    """Return a role that GitHub Actions may assume."""
    condition = {"StringEquals": {f"{HOST}:aud": aud}, "StringLike": {f"{HOST}:sub": sub}}
    present = {name: test for name, test in condition.items() if ABSENT not in test.values()}
    return ci_role(HOST, **present)


def ci(issuer: str, sub: Any, operator: str = "StringLike", claim: str = "sub") -> dict[str, Any]:
    """Return a role that another CI system may assume."""
    test = {} if sub is ABSENT else {operator: {f"{issuer}:{claim}": sub}}
    return ci_role(issuer, **{"StringEquals": {f"{issuer}:aud": "audience"}, **test})


_CIRCLECI_MAIN = f"org/{UUID}/project/{UUID}/user/*/vcs-origin/*/vcs-ref/refs/heads/main"

EXAMPLES = {
    "ECR510": example(github(sub="repo:*"), _SUBJECT, github()),
    "ECR511": example(github(aud=ABSENT), _TRUST, github()),
    "ECR512": example(github(sub="repo:acme/*"), _SUBJECT, github()),
    "ECR513": example(
        ci("gitlab.com", ABSENT),
        _TRUST,
        ci("gitlab.com", "project_path:acme/payments:ref_type:branch:ref:main"),
    ),
    "ECR514": example(ci(CIRCLECI, ABSENT), _TRUST, ci(CIRCLECI, _CIRCLECI_MAIN)),
}

_LITERAL = {"StringEquals": {f"{HOST}:aud": "sts.amazonaws.com", f"{HOST}:sub": "repo:acme/a:*"}}
PROBLEMS: Problems = {
    ("ECR510", _SUBJECT): {
        "any subject": (github(sub="*"), "*"),
        "any owner": (github(sub="repo:*/payments:*"), "repo:*"),
        "no subject of GitHub": (github(sub="acme/payments"), "GitHub"),
    },
    ("ECR510", _TRUST): {"no condition on sub": github(sub=ABSENT)},
    ("ECR510", f"{_TRUST}.Condition.StringEquals.{HOST}:sub", "repo:acme/a:*"): {
        "a wildcard that is taken literally": {
            **ci_role(HOST, get_att("Provider"), **_LITERAL),
            "Provider": resource("AWS::IAM::OIDCProvider", {"Url": f"https://{HOST}"}),
        }
    },
    ("ECR511", f"{_TRUST}.Condition.StringEquals.{HOST}:aud"): {"any audience": github(aud="*")},
    ("ECR513", f"{_TRUST}.Condition.StringLike.gitlab.com:sub"): {
        "any project of GitLab": ci("gitlab.com", "*")
    },
    ("ECR513", f"{_TRUST}.Condition.StringLike.gitlab.example.com:sub"): {
        "any group": ci("gitlab.example.com", "project_path:*/api:ref_type:branch:ref:main")
    },
    ("ECR513", f"{_TRUST}.Condition.StringEquals.gitlab.com:sub", "project_path:acme/api:*"): {
        "a literal wildcard of GitLab": ci("gitlab.com", "project_path:acme/api:*", "StringEquals")
    },
    ("ECR514", f"{_TRUST}.Condition.StringLike.{BITBUCKET}:sub"): {
        "any repository of Bitbucket": (ci(BITBUCKET, "*"), "*"),
        "braces around any repository": ci(BITBUCKET, "{*}:*"),
    },
    ("ECR514", _TRUST): {"no subject of Bitbucket": ci(BITBUCKET, ABSENT)},
    ("ECR514", f"{_TRUST}.Condition.StringLike.{CIRCLECI}:sub"): {
        "any project": ci(CIRCLECI, _CIRCLECI_MAIN.replace(f"project/{UUID}", "project/*"))
    },
}
