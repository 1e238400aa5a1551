"""Examples of the rules for trust in identity providers."""

from typing import Any

from ecr_constructs.cloudformation.resource_types import OIDC_PROVIDER
from tests.support.rule_examples.build import (
    ABSENT,
    HOST,
    OIDC,
    Problems,
    allow,
    assumed_by,
    ci_role,
    example,
    get_att,
    resource,
)
from tests.support.rule_examples.ci_systems import BITBUCKET, CIRCLECI, UUID, ci

SUBJECT = "repo:acme/payments:ref:refs/heads/main"
AUDIENCE = "sts.amazonaws.com"
EKS = "oidc.eks.eu-central-1.amazonaws.com/id/ABC"
SELF_HOSTED = "git.acme.example"
_TRUST = "Push.Properties.AssumeRolePolicyDocument.Statement[0]"


def claim(name: str, value: Any, operator: str = "StringLike", **more: Any) -> dict[str, Any]:
    """Return a role for GitHub Actions with a test of a claim next to that of the audience."""
    condition = {"StringEquals": {f"{HOST}:aud": AUDIENCE}, **more}
    condition[operator] = {**condition.get(operator, {}), f"{HOST}:{name}": value}
    return ci_role(HOST, **condition)


def provided(*, aud: Any = AUDIENCE, **properties: Any) -> dict[str, Any]:
    """Return a role for GitHub Actions with the provider in the same template."""
    provider = {"Url": f"https://{HOST}", "ClientIdList": [AUDIENCE], **properties}
    condition = {f"{HOST}:sub": SUBJECT, f"{HOST}:aud": aud}
    present = {name: value for name, value in condition.items() if value is not ABSENT}
    return {
        **ci_role(HOST, get_att("Provider"), StringEquals=present),
        "Provider": resource(OIDC_PROVIDER, provider),
    }


def provider(url: str = f"https://{HOST}", kind: str = "AWS::IAM::OIDCProvider") -> Any:
    """Return a provider of identities."""
    return resource(kind, {"Url": url, "ClientIdList": [AUDIENCE]})


def assumed(action: str, principal: Any = f"{OIDC}/{HOST}", **keys: Any) -> dict[str, Any]:
    """Return a role that a provider may assume by an action."""
    tests = keys or {f"{HOST}:sub": SUBJECT, f"{HOST}:aud": AUDIENCE}
    trust = allow(action, Principal={"Federated": principal}, Condition={"StringEquals": tests})
    return {"Push": assumed_by(trust)}


EXAMPLES = {
    "ECR518": example(
        ci_role(HOST, StringEquals={f"{HOST}:sub": SUBJECT, f"{HOST}:aud": "https://acme.example"}),
        f"{_TRUST}.Condition.StringEquals.{HOST}:aud",
        ci_role(HOST, StringEquals={f"{HOST}:sub": SUBJECT, f"{HOST}:aud": f"{AUDIENCE}.cn"}),
    ),
    "ECR515": example(
        assumed("sts:AssumeRole"), f"{_TRUST}.Action", assumed("sts:AssumeRoleWithWebIdentity")
    ),
    "ECR516": example(
        claim("sub", SUBJECT, "ForAllValues:StringLike"),
        f"{_TRUST}.Condition.ForAllValues:StringLike.{HOST}:sub",
        claim("sub", SUBJECT),
    ),
    "ECR517": example(
        ci(EKS, ABSENT), _TRUST, ci(EKS, "system:serviceaccount:ci:push", "StringEquals")
    ),
}

_SUBJECT = f"{_TRUST}.Condition.StringLike.{HOST}:sub"
_EVERYONE = {
    "an owner that begins alike": "repo:acme*",
    "an owner without a name": "repo:acme*:*",
    "a short beginning": "repo:a*:ref:refs/heads/main",
    "a question mark in the owner": "repo:acm?/payments:*",
    "any beginning": "*:ref:refs/heads/main",
    "a part of the word repo": "re*",
    "any workflow": "job_workflow_ref:*",
    "any owner by claim": "repository_owner:*",
    "an environment only": "environment:production",
    "an actor only": "actor:octocat:*",
}
_NOBODY = {
    "no subject at all": [],
    "a branch without its kind": "repo:acme/payments:ref:main",
    "a branch in the wrong place": "repo:acme/payments:ref:refs/head/main",
    "no third part": "repo:acme/payments",
    "no branch": "repo:acme/payments:ref",
    "no repository": "repo:acme:ref:refs/heads/main",
    "a third part that does not exist": "repo:acme/payments:branch:main",
    "a path as the name": "repo:acme/payments/api:pull_request",
    "another system's subject": "project_path:acme/payments:*",
    "a word like repo": "rep*o:acme/payments:*",
}
_OWNER = {
    "a name that begins alike": "repo:acme/payments*:ref:refs/heads/main",
    "a name without a third part": "repo:acme/payments*",
    "an owner by claim": "repository_owner:acme",
    "every repository of a deploy-time owner": {"Fn::Sub": "repo:${Given}/*:ref:refs/heads/*"},
}
_KEYS = {f"{HOST}:aud": AUDIENCE}
_GITLAB = f"{_TRUST}.Condition.StringLike.gitlab.com:sub"
PROBLEMS: Problems = {
    ("ECR510", _SUBJECT): {
        f"GitHub: {name}": claim("sub", value) for name, value in (_EVERYONE | _NOBODY).items()
    },
    ("ECR512", _SUBJECT): {
        f"GitHub: {name}": claim("sub", value) for name, value in _OWNER.items()
    },
    **{
        ("ECR510", f"{_TRUST}.Condition.StringLike.{HOST}:{name}"): {
            f"GitHub: {name} of anyone": claim(name, value)
        }
        for name, value in (
            ("job_workflow_ref", "*"),
            ("repository", "acme*/x"),
            ("repository_id", "12*"),
        )
    },
    ("ECR513", _GITLAB): {
        "GitLab: a question mark in the group": ci("gitlab.com", "project_path:acm?/x:*"),
        "GitLab: a group that begins alike": ci("gitlab.com", "project_path:acme*"),
        "GitLab: a beginning": ci("gitlab.com", "project*"),
        "GitLab: no project": ci("gitlab.com", "project_path:acme:ref_type:branch:ref:main"),
        "GitLab: no kind of ref": ci("gitlab.com", "project_path:acme/x:ref_type:heads:ref:main"),
        "GitLab: another system's subject": ci("gitlab.com", "repo:acme/x:*"),
        "GitLab: a word like it": ci("gitlab.com", "projects*"),
    },
    ("ECR513", f"{_TRUST}.Condition.StringLike.{SELF_HOSTED}:sub"): {
        "GitLab: any group of another host": ci(SELF_HOSTED, "project_path:*/x:*")
    },
    ("ECR513", _TRUST): {
        "GitLab: no subject of another host": ci_role(
            SELF_HOSTED, StringEquals={f"{SELF_HOSTED}:aud": f"https://{SELF_HOSTED}"}
        )
    },
    ("ECR514", f"{_TRUST}.Condition.StringLike.{BITBUCKET}:sub"): {
        "Bitbucket: a question mark": ci(BITBUCKET, f"{{{UUID[:-1]}?}}:*"),
        "Bitbucket: a name": ci(BITBUCKET, "acme/payments:*"),
    },
    ("ECR514", f"{_TRUST}.Condition.StringLike.{CIRCLECI}:sub"): {
        "CircleCI: any beginning": ci(CIRCLECI, "?rg/a/project/b/*"),
        "CircleCI: any organization": ci(CIRCLECI, "org/*/project/a/*"),
        "CircleCI: any project": ci(CIRCLECI, f"org/{UUID}/project/?*/user/*"),
        "CircleCI: anything after the organization": ci(CIRCLECI, f"org/{UUID}/*"),
        "CircleCI: another organization": ci(CIRCLECI, f"org/{UUID[::-1]}/project/{UUID}/*"),
        "CircleCI: no project": ci(CIRCLECI, f"org/{UUID}/projects/a"),
    },
    ("ECR514", f"{_TRUST}.Condition.StringLike.{CIRCLECI}:oidc.circleci.com/project-id"): {
        "CircleCI: any project by claim": ci_role(
            CIRCLECI, StringLike={f"{CIRCLECI}:oidc.circleci.com/project-id": "*"}
        )
    },
    # Claims that STS does not compare.
    **{
        ("ECR515", f"{_TRUST}.Condition.StringEquals.{key}"): {
            f"unread: {key}": ci_role(issuer, StringEquals={key: "acme"})
        }
        for issuer, key in (
            (HOST, f"{HOST}:repository_owner"),
            (HOST, f"{HOST}:job_workflow_sha"),
            ("github.acme.example/_services/token", "github.acme.example/_services/token:ref"),
            ("gitlab.com", "gitlab.com:environment"),
            ("gitlab.acme.example", "gitlab.acme.example:project_id"),
            (BITBUCKET, f"{BITBUCKET}:repositoryUuid"),
            (CIRCLECI, f"{CIRCLECI}:oidc.circleci.com/vcs-origin"),
            (CIRCLECI, "oidc.circleci.com/project-id"),
        )
    },
    ("ECR226", "B.Properties.Url"): {
        "a provider by a custom resource": {
            "A": provider(),
            "B": provider(kind="Custom::AWSCDKOpenIdConnectProvider"),
        },
    },
    ("ECR515", f"{_TRUST}.Condition.Null.{HOST}:event_name"): {
        "unread: a claim that must be there": claim(
            "sub", SUBJECT, Null={f"{HOST}:event_name": "false"}
        )
    },
    **{
        ("ECR516", f"{_TRUST}.Condition.{operator}.{HOST}:event_name"): {
            f"unread: {operator}": ci_role(
                HOST,
                StringLike={f"{HOST}:sub": SUBJECT, f"{HOST}:aud": AUDIENCE},
                **{operator: {f"{HOST}:event_name": value}},
            )
        }
        for operator, value in (
            ("StringNotEquals", "pull_request"),
            ("StringEqualsIfExists", "push"),
            ("ForAllValues:StringEquals", "push"),
            ("Null", "true"),
        )
    },
    ("ECR515", _TRUST): {
        "GitLab: only the project's id": ci_role(
            "gitlab.com", StringEquals={"gitlab.com:project_id": "1"}
        ),
        "GitHub: only the repository's id": claim("repository_id", "1234"),
        "GitHub: any subject of a repository's id": claim(
            "sub", "*", StringEquals={**_KEYS, f"{HOST}:repository_id": "1234"}
        ),
    },
    ("ECR515", f"{_TRUST}.Action"): {
        "a misspelt action": assumed("sts:AssumeRoleWithWebIdentities")
    },
    ("ECR515", f"{_TRUST}.Principal"): {
        "a provider by its URL": assumed("sts:AssumeRoleWithWebIdentity", f"{OIDC}/https://{HOST}"),
        "a provider of another account": assumed(
            "sts:AssumeRoleWithWebIdentity", f"arn:aws:iam::444455556666:oidc-provider/{HOST}"
        ),
    },
    ("ECR515", f"{_TRUST}.Condition.StringEquals.https://{HOST}:sub"): {
        "a key with a scheme": assumed(
            "sts:AssumeRoleWithWebIdentity", **_KEYS, **{f"https://{HOST}:sub": SUBJECT}
        )
    },
    ("ECR515", f"{_TRUST}.Condition.StringEquals.gitlab.com:sub"): {
        "a key of another provider": assumed(
            "sts:AssumeRoleWithWebIdentity", **_KEYS, **{"gitlab.com:sub": SUBJECT}
        )
    },
    ("ECR515", f"{_TRUST}.Condition.StringEquals.{HOST}:aud"): {
        "an audience that the provider does not accept": provided(
            ClientIdList=["https://github.com/acme"]
        )
    },
    ("ECR515", "Provider.Properties.Url"): {
        "a provider without TLS": provided(Url=f"http://{HOST}"),
        "a provider without a scheme": provided(Url=HOST),
    },
    ("ECR517", f"{_TRUST}.Condition.StringLike.{EKS}:sub"): {
        "any subject of a cluster": ci(EKS, "*"),
        "any service account of a cluster": ci(EKS, "system:serviceaccount:*:*"),
    },
    ("ECR517", f"{_TRUST}.Condition.StringEquals.{EKS}:sub"): {
        "a literal wildcard of a cluster": ci(EKS, "system:serviceaccount:ci:*", "StringEquals")
    },
}
