"""Examples of the rules for policies."""

from typing import Any

from ecr_constructs.cloudformation.resource_types import REGISTRY_POLICY, ROLE
from tests.support.rule_examples.build import (
    ABSENT,
    ROOT,
    allow,
    document,
    example,
    get_att,
    key,
    repository,
    resource,
)

PULL = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
ORGANIZATION = {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
_ARN = "arn:aws:ecr:eu-central-1:111122223333:repository/payments/*"
_PARTNER = {"AWS": ROOT}
_LAMBDA = {"Service": "lambda.amazonaws.com"}
_ACCOUNT = {"StringEquals": {"aws:SourceAccount": "111122223333"}}


def open_to(action: Any, **parts: Any) -> dict[str, Any]:
    """Return a repository with a policy of one statement."""
    return {"Api": repository(RepositoryPolicyText=document(allow(action, **parts)))}


def registry(action: Any, **parts: Any) -> dict[str, Any]:
    """Return a registry policy of one statement."""
    policy = {"PolicyText": document(allow(action, **parts))}
    return {"Policy": resource(REGISTRY_POLICY, policy)}


def role(action: Any, **parts: Any) -> dict[str, Any]:
    """Return an ECS task's role with a policy of one statement."""
    trust = document(allow("sts:AssumeRole", Principal={"Service": "ecs-tasks.amazonaws.com"}))
    inline = {"PolicyName": "Pull", "PolicyDocument": document(allow(action, **parts))}
    return {"Task": resource(ROLE, {"AssumeRolePolicyDocument": trust, "Policies": [inline]})}


def _keyed(principal: Any, **parts: Any) -> dict[str, Any]:
    policy = document(allow("kms:*", Principal=principal, Resource="*", **parts))
    configuration = {"EncryptionType": "KMS", "KmsKey": get_att("Key")}
    return {
        "Api": repository(EncryptionConfiguration=configuration),
        "Key": key(KeyPolicy=policy),
    }


EXAMPLES = {
    "ECR201": example(
        open_to(PULL, Principal=ABSENT),
        "the statement has no Principal",
        open_to(PULL, Principal=_PARTNER),
    ),
    "ECR202": example(
        open_to(PULL, Principal=_PARTNER, Resource="*"),
        "Resource is not allowed in such a policy",
        open_to(PULL, Principal=_PARTNER),
    ),
    "ECR203": example(
        registry("ecr:ReplicateImage", Principal=_PARTNER),
        "the statement has no Resource",
        registry("ecr:ReplicateImage", Principal=_PARTNER, Resource=_ARN),
    ),
    "ECR204": example(
        open_to("ecr:GetImage", Principal=_PARTNER),
        "the action ecr:GetImage does not exist; ecr:",
        open_to("ecr:BatchGetImage", Principal=_PARTNER),
    ),
    "ECR205": example(
        open_to(PULL, Principal={"AWS": "arn:aws:iam::444455556666:role/*"}),
        "'arn:aws:iam::444455556666:role/*': a principal cannot hold a wildcard",
        open_to(PULL, Principal={"AWS": "arn:aws:iam::444455556666:role/deployer"}),
    ),
    "ECR206": example(
        open_to(PULL, Principal="*"),
        "everyone is allowed, in every AWS account",
        open_to(PULL, Principal="*", Condition=ORGANIZATION),
    ),
    "ECR207": example(
        open_to(PULL, Principal="*", Condition={"StringLike": {"aws:PrincipalOrgID": "o-*"}}),
        "'o-*': a wildcard would admit every AWS account; write the whole id",
        open_to(PULL, Principal="*", Condition=ORGANIZATION),
    ),
    "ECR208": example(
        open_to("ecr:*", Principal=_PARTNER),
        "ecr:* is allowed to others",
        open_to(PULL, Principal=_PARTNER),
    ),
    "ECR209": example(
        open_to(PULL, Principal=_LAMBDA),
        "lambda.amazonaws.com is let in for anybody",
        open_to(PULL, Principal=_LAMBDA, Condition=_ACCOUNT),
    ),
    "ECR210": example(
        role(PULL, Resource="arn:aws:ecr:eu-central-1:111122223333:payments/api"),
        "'arn:aws:ecr:eu-central-1:111122223333:payments/api' ends in 'payments/api'; it must be "
        "'repository/NAME'",
        role(PULL, Resource="arn:aws:ecr:eu-central-1:111122223333:repository/payments/api"),
    ),
    "ECR211": example(
        role([*PULL, "ecr:GetAuthorizationToken"], Resource=_ARN),
        "ecr:GetAuthorizationToken is allowed on single resources",
        role("ecr:GetAuthorizationToken", Resource="*"),
    ),
    "ECR212": example(
        role("ecr:*", Resource="*"), "ecr:* is allowed on every resource", role(PULL, Resource=_ARN)
    ),
    "ECR214": example(
        open_to(
            PULL,
            Principal={"AWS": ROOT},
            Condition={"StringEqual": {"aws:PrincipalOrg": "o-a1b2c3d4e5"}},
        ),
        "there is no operator StringEqual",
        open_to(PULL, Principal={"AWS": ROOT}, Condition=ORGANIZATION),
    ),
    "ECR213": example(
        _keyed("*"),
        "everyone is allowed, in every AWS account",
        _keyed("*", Condition={"StringEquals": {"kms:CallerAccount": "111122223333"}}),
    ),
}
