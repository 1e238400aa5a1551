"""Examples of the rules for policies."""

import json
from typing import Any

from ecr_constructs.cloudformation.resource_types import REGISTRY_POLICY
from tests.support.rule_examples.build import (
    ABSENT,
    HERE,
    HOME,
    ROOT,
    Problems,
    allow,
    api,
    document,
    example,
    get_att,
    inline,
    key,
    kms,
    resource,
    service_role,
)

PULL = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
ORGANIZATION = {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
_ARN = f"{HERE}:repository/payments/*"
_TEXT = "Api.Properties.RepositoryPolicyText"
_STATEMENT = f"{_TEXT}.Statement[0]"
_ACTION, _PRINCIPAL = f"{_STATEMENT}.Action", f"{_STATEMENT}.Principal"
_REGISTRY = "Policy.Properties.PolicyText.Statement[0]"
_TASK = "Task.Properties.Policies[0].PolicyDocument.Statement[0]"
_PARTNER = {"AWS": ROOT}
_LAMBDA = {"Service": "lambda.amazonaws.com"}
_ACCOUNT = {"StringEquals": {"aws:SourceAccount": HOME[0]}}


def open_to(action: Any, **parts: Any) -> dict[str, Any]:
    """Return a repository with a policy of one statement."""
    return api(RepositoryPolicyText=document(allow(action, **parts)))


def registry(action: Any, **parts: Any) -> dict[str, Any]:
    """Return a registry policy of one statement."""
    policy = {"PolicyText": document(allow(action, **parts))}
    return {"Policy": resource(REGISTRY_POLICY, policy)}


def role(action: Any, **parts: Any) -> dict[str, Any]:
    """Return an ECS task's role with a policy of one statement."""
    return {"Task": service_role("ecs-tasks", Policies=inline(action, **parts))}


def pulled_by(principal: Any, **parts: Any) -> dict[str, Any]:
    """Return a repository that a principal may pull from."""
    return open_to(PULL, Principal=principal, **parts)


def anyone_with(operator: str, condition_key: str, value: Any) -> dict[str, Any]:
    """Return a repository that everyone may pull from under a condition."""
    return pulled_by("*", Condition={operator: {condition_key: value}})


def _may(action: str) -> dict[str, Any]:
    return open_to(action, Principal=_PARTNER)


def _puller(arn: str) -> dict[str, Any]:
    return role(PULL, Resource=arn)


def _keyed(**parts: Any) -> dict[str, Any]:
    policy = document(allow("kms:*", Principal="*", Resource="*", **parts))
    return kms(get_att("Key"), Key=key(KeyPolicy=policy))


EXAMPLES = {
    "ECR201": example(pulled_by(ABSENT), _STATEMENT, pulled_by(_PARTNER)),
    "ECR202": example(
        pulled_by(_PARTNER, Resource="*"), f"{_STATEMENT}.Resource", pulled_by(_PARTNER)
    ),
    "ECR203": example(
        registry("ecr:ReplicateImage", Principal=_PARTNER),
        _REGISTRY,
        registry("ecr:ReplicateImage", Principal=_PARTNER, Resource=_ARN),
    ),
    "ECR204": example(_may("ecr:GetImage"), _ACTION, _may("ecr:BatchGetImage")),
    "ECR205": example(
        pulled_by({"AWS": "arn:aws:iam::444455556666:role/*"}),
        _PRINCIPAL,
        pulled_by({"AWS": "arn:aws:iam::444455556666:role/deployer"}),
    ),
    "ECR206": example(pulled_by("*"), _PRINCIPAL, pulled_by("*", Condition=ORGANIZATION)),
    "ECR207": example(
        anyone_with("StringLike", "aws:PrincipalOrgID", "o-*"),
        f"{_STATEMENT}.Condition.StringLike.aws:PrincipalOrgID",
        pulled_by("*", Condition=ORGANIZATION),
    ),
    "ECR208": example(_may("ecr:*"), _ACTION, pulled_by(_PARTNER)),
    "ECR209": example(pulled_by(_LAMBDA), _PRINCIPAL, pulled_by(_LAMBDA, Condition=_ACCOUNT)),
    "ECR210": example(
        _puller(f"{HERE}:payments/api"),
        f"{_TASK}.Resource",
        _puller(f"{HERE}:repository/payments/api"),
    ),
    "ECR211": example(
        role([*PULL, "ecr:GetAuthorizationToken"], Resource=_ARN),
        f"{_TASK}.Resource",
        role("ecr:GetAuthorizationToken", Resource="*"),
    ),
    "ECR212": example(role("ecr:*", Resource="*"), f"{_TASK}.Action", _puller(_ARN)),
    "ECR213": example(
        _keyed(),
        "Key.Properties.KeyPolicy.Statement[0].Principal",
        _keyed(Condition={"StringEquals": {"kms:CallerAccount": HOME[0]}}),
    ),
    "ECR214": example(
        pulled_by(_PARTNER, Condition={"StringEqual": {"aws:PrincipalOrg": "o-a1b2c3d4e5"}}),
        f"{_STATEMENT}.Condition.StringEqual",
        pulled_by(_PARTNER, Condition=ORGANIZATION),
    ),
}


_PATHS = ("ForAnyValue:StringLike", "aws:PrincipalOrgPaths")
_REST = {"Effect": "Permit", "Principal": _PARTNER, "Action": "ecr:GetImage"}
_GIVEN = json.dumps(document(allow("ecr:*", Principal="*", Resource="${Given}")))
PROBLEMS: Problems = {
    ("ECR201", _TEXT): {
        "a policy that is text": (api(RepositoryPolicyText="everyone"), "JSON"),
        "a policy without statements": (api(RepositoryPolicyText="{}"), "Statement"),
        "a long policy": (pulled_by(_PARTNER, Sid="x" * 10_240), "10,240"),
    },
    ("ECR201", f"{_TEXT}.Statement"): {
        "an unknown effect": (api(RepositoryPolicyText={"Statement": _REST}), "Permit")
    },
    ("ECR204", _ACTION): {
        "an action of another service": (_may("s3:GetObject"), "s3:GetObject"),
        "an action without a service": (_may("BatchGetImage"), "BatchGetImage"),
    },
    ("ECR204", f"{_TASK}.Action"): {
        "an action like no other": (role("ecr:Xyzzy", Resource="*"), "ecr:Xyzzy")
    },
    ("ECR205", _PRINCIPAL): {
        "a short account": (pulled_by({"AWS": "1234"}), "1234"),
        "a short root": pulled_by({"AWS": "arn:aws:iam::1234:root"}),
        "a principal without a kind": (pulled_by(ROOT), "*"),
        "an unknown kind": pulled_by({"Account": ROOT}),
        "a service's short name": (pulled_by({"Service": "lambda"}), "SERVICE"),
    },
    ("ECR206", f"{_STATEMENT}.NotPrincipal"): {
        "everyone but somebody": (open_to(PULL, NotPrincipal=_PARTNER), "Allow")
    },
    ("ECR206", _PRINCIPAL): {
        "everyone from everywhere": anyone_with("IpAddress", "aws:SourceIp", "0.0.0.0/0"),
        "everyone without the key": anyone_with(
            "StringEqualsIfExists", "aws:PrincipalOrgID", "o-a1b2c3d4e5"
        ),
        "a role of that name in any account": anyone_with(
            "ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/ci"
        ),
        "any ARN of IAM": anyone_with("ArnLike", "aws:PrincipalArn", "arn:*"),
    },
    ("ECR206", f"{_REGISTRY}.Principal"): {
        "a registry open to everyone": registry(
            "ecr:ReplicateImage", Principal="*", Resource=f"{HERE}:repository/*"
        ),
        "a policy that is mostly known": {
            "Policy": resource(REGISTRY_POLICY, {"PolicyText": {"Fn::Sub": _GIVEN}})
        },
    },
    ("ECR207", f"{_STATEMENT}.Condition.{'.'.join(_PATHS)}", "o-*/r-ab12/*"): {
        "a path of any organization": anyone_with(*_PATHS, "o-*/r-ab12/*")
    },
    ("ECR208", _ACTION, "ecr:*"): {
        "everything to another account": _may("ecr:*"),
        "everything to a service": open_to("ecr:*", Principal=_LAMBDA, Condition=_ACCOUNT),
    },
    ("ECR210", f"{_TASK}.Resource"): {
        "no ARN": _puller("payments/api"),
        "another partition": (_puller(HERE.replace("aws", "amazon") + ":repository/a"), "amazon"),
        "another service": (_puller("arn:aws:s3:::bucket"), "s3"),
        "an ARN without an account field": _puller("arn:aws:ecr:eu-central-1:repository/a/b"),
        "no Region": _puller("arn:aws:ecr::111122223333:repository/a"),
        "no such Region": (_puller(f"arn:aws:ecr:Frankfurt:{HOME[0]}:repository/a"), "Frankfurt"),
        "no account": _puller("arn:aws:ecr:eu-central-1::repository/a"),
        "an ARN's short account": (_puller("arn:aws:ecr:eu-west-1:1234:repository/a"), "1234"),
        "a name with a tag": (_puller(f"{HERE}:repository/a:latest"), "a:latest"),
    },
    ("ECR212", f"{_TASK}.Action"): {
        "every repository": (role("ecr:*", Resource=f"{HERE}:repository/*"), "ecr:*")
    },
    ("ECR214", f"{_STATEMENT}.Condition.StringEquals.aws:PrincipalOrg"): {
        "a key that there is not": anyone_with("StringEquals", "aws:PrincipalOrg", "o-a1b2c3d4e5")
    },
}
