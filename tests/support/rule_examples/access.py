"""Examples of the rules for policies."""

from typing import Any

from ecr_constructs.cloudformation.resource_types import (
    REGISTRY_POLICY,
    ROLE,
)
from tests.support.rule_examples.build import (
    ABSENT,
    ROOT,
    Problems,
    allow,
    document,
    example,
    get_att,
    key,
    repository,
    resource,
)
from tests.support.rule_examples.parts import (
    HERE,
    statement,
)

PULL = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
ORGANIZATION = {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
_ARN = "arn:aws:ecr:eu-central-1:111122223333:repository/payments/*"
_STATEMENT = "Api.Properties.RepositoryPolicyText.Statement[0]"
_TASK = "Task.Properties.Policies[0].PolicyDocument.Statement[0]"
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
        _STATEMENT,
        open_to(PULL, Principal=_PARTNER),
    ),
    "ECR202": example(
        open_to(PULL, Principal=_PARTNER, Resource="*"),
        f"{_STATEMENT}.Resource",
        open_to(PULL, Principal=_PARTNER),
    ),
    "ECR203": example(
        registry("ecr:ReplicateImage", Principal=_PARTNER),
        "Policy.Properties.PolicyText.Statement[0]",
        registry("ecr:ReplicateImage", Principal=_PARTNER, Resource=_ARN),
    ),
    "ECR204": example(
        open_to("ecr:GetImage", Principal=_PARTNER),
        f"{_STATEMENT}.Action",
        open_to("ecr:BatchGetImage", Principal=_PARTNER),
    ),
    "ECR205": example(
        open_to(PULL, Principal={"AWS": "arn:aws:iam::444455556666:role/*"}),
        f"{_STATEMENT}.Principal",
        open_to(PULL, Principal={"AWS": "arn:aws:iam::444455556666:role/deployer"}),
    ),
    "ECR206": example(
        open_to(PULL, Principal="*"),
        f"{_STATEMENT}.Principal",
        open_to(PULL, Principal="*", Condition=ORGANIZATION),
    ),
    "ECR207": example(
        open_to(PULL, Principal="*", Condition={"StringLike": {"aws:PrincipalOrgID": "o-*"}}),
        f"{_STATEMENT}.Condition.StringLike.aws:PrincipalOrgID",
        open_to(PULL, Principal="*", Condition=ORGANIZATION),
    ),
    "ECR208": example(
        open_to("ecr:*", Principal=_PARTNER),
        f"{_STATEMENT}.Action",
        open_to(PULL, Principal=_PARTNER),
    ),
    "ECR209": example(
        open_to(PULL, Principal=_LAMBDA),
        f"{_STATEMENT}.Principal",
        open_to(PULL, Principal=_LAMBDA, Condition=_ACCOUNT),
    ),
    "ECR210": example(
        role(PULL, Resource="arn:aws:ecr:eu-central-1:111122223333:payments/api"),
        f"{_TASK}.Resource",
        role(PULL, Resource="arn:aws:ecr:eu-central-1:111122223333:repository/payments/api"),
    ),
    "ECR211": example(
        role([*PULL, "ecr:GetAuthorizationToken"], Resource=_ARN),
        f"{_TASK}.Resource",
        role("ecr:GetAuthorizationToken", Resource="*"),
    ),
    "ECR212": example(
        role("ecr:*", Resource="*"),
        f"{_TASK}.Action",
        role(PULL, Resource=_ARN),
    ),
    "ECR214": example(
        open_to(
            PULL,
            Principal={"AWS": ROOT},
            Condition={"StringEqual": {"aws:PrincipalOrg": "o-a1b2c3d4e5"}},
        ),
        f"{_STATEMENT}.Condition.StringEqual",
        open_to(PULL, Principal={"AWS": ROOT}, Condition=ORGANIZATION),
    ),
    "ECR213": example(
        _keyed("*"),
        "Key.Properties.KeyPolicy.Statement[0].Principal",
        _keyed("*", Condition={"StringEquals": {"kms:CallerAccount": "111122223333"}}),
    ),
}

PROBLEMS: Problems = {
    "an ARN without an account field": (
        "ECR210",
        role(PULL, Resource="arn:aws:ecr:eu-central-1:repository/payments/api"),
        f"{_TASK}.Resource",
    ),
    "a policy that is text": (
        "ECR201",
        {"Api": repository(RepositoryPolicyText="everyone")},
        "Api.Properties.RepositoryPolicyText",
        "JSON",
    ),
    "a policy without statements": (
        "ECR201",
        {"Api": repository(RepositoryPolicyText="{}")},
        "Api.Properties.RepositoryPolicyText",
        "Statement",
    ),
    "a long policy": (
        "ECR201",
        open_to(PULL, Principal={"AWS": ROOT}, Sid="x" * 10_240),
        "Api.Properties.RepositoryPolicyText",
        "10,240",
    ),
    "an unknown effect": (
        "ECR201",
        statement(Effect="Permit", Principal={"AWS": ROOT}, Action="ecr:GetImage"),
        "Api.Properties.RepositoryPolicyText.Statement",
        "Permit",
    ),
    "an action of another service": (
        "ECR204",
        open_to("s3:GetObject", Principal={"AWS": ROOT}),
        f"{_STATEMENT}.Action",
        "s3:GetObject",
    ),
    "an action without a service": (
        "ECR204",
        open_to("BatchGetImage", Principal={"AWS": ROOT}),
        f"{_STATEMENT}.Action",
        "BatchGetImage",
    ),
    "an action like no other": (
        "ECR204",
        role("ecr:Xyzzy", Resource="*"),
        f"{_TASK}.Action",
        "ecr:Xyzzy",
    ),
    "a key that there is not": (
        "ECR214",
        open_to(
            PULL, Principal="*", Condition={"StringEquals": {"aws:PrincipalOrg": "o-a1b2c3d4e5"}}
        ),
        f"{_STATEMENT}.Condition.StringEquals.aws:PrincipalOrg",
    ),
    "a short account": (
        "ECR205",
        open_to(PULL, Principal={"AWS": "1234"}),
        f"{_STATEMENT}.Principal",
        "1234",
    ),
    "a short root": (
        "ECR205",
        open_to(PULL, Principal={"AWS": "arn:aws:iam::1234:root"}),
        f"{_STATEMENT}.Principal",
    ),
    "a principal without a kind": (
        "ECR205",
        open_to(PULL, Principal=ROOT),
        f"{_STATEMENT}.Principal",
        "*",
    ),
    "an unknown kind": (
        "ECR205",
        open_to(PULL, Principal={"Account": ROOT}),
        f"{_STATEMENT}.Principal",
    ),
    "a service's short name": (
        "ECR205",
        open_to(PULL, Principal={"Service": "lambda"}),
        f"{_STATEMENT}.Principal",
        "SERVICE",
    ),
    "everyone but somebody": (
        "ECR206",
        open_to(PULL, NotPrincipal={"AWS": ROOT}),
        f"{_STATEMENT}.NotPrincipal",
        "Allow",
    ),
    "everyone from everywhere": (
        "ECR206",
        open_to(PULL, Principal="*", Condition={"IpAddress": {"aws:SourceIp": "0.0.0.0/0"}}),
        f"{_STATEMENT}.Principal",
    ),
    "everyone without the key": (
        "ECR206",
        open_to(
            PULL,
            Principal="*",
            Condition={"StringEqualsIfExists": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
        ),
        f"{_STATEMENT}.Principal",
    ),
    "a role of that name in any account": (
        "ECR206",
        open_to(
            PULL,
            Principal="*",
            Condition={"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/ci"}},
        ),
        f"{_STATEMENT}.Principal",
    ),
    "any ARN of IAM": (
        "ECR206",
        open_to(PULL, Principal="*", Condition={"ArnLike": {"aws:PrincipalArn": "arn:*"}}),
        f"{_STATEMENT}.Principal",
    ),
    "a path of any organization": (
        "ECR207",
        open_to(
            PULL,
            Principal="*",
            Condition={"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-*/r-ab12/*"}},
        ),
        f"{_STATEMENT}.Condition.ForAnyValue:StringLike.aws:PrincipalOrgPaths",
        "o-*/r-ab12/*",
    ),
    "everything to another account": (
        "ECR208",
        open_to("ecr:*", Principal={"AWS": ROOT}),
        f"{_STATEMENT}.Action",
        "ecr:*",
    ),
    "everything to a service": (
        "ECR208",
        open_to(
            "ecr:*",
            Principal={"Service": "lambda.amazonaws.com"},
            Condition={"StringEquals": {"aws:SourceAccount": "111122223333"}},
        ),
        f"{_STATEMENT}.Action",
        "ecr:*",
    ),
    "no ARN": (
        "ECR210",
        role(PULL, Resource="payments/api"),
        f"{_TASK}.Resource",
    ),
    "another partition": (
        "ECR210",
        role(PULL, Resource="arn:amazon:ecr:eu-central-1:111122223333:repository/a"),
        f"{_TASK}.Resource",
        "amazon",
    ),
    "another service": (
        "ECR210",
        role(PULL, Resource="arn:aws:s3:::bucket"),
        f"{_TASK}.Resource",
        "s3",
    ),
    "no Region": (
        "ECR210",
        role(PULL, Resource="arn:aws:ecr::111122223333:repository/a"),
        f"{_TASK}.Resource",
    ),
    "no such Region": (
        "ECR210",
        role(PULL, Resource="arn:aws:ecr:Frankfurt:111122223333:repository/a"),
        f"{_TASK}.Resource",
        "Frankfurt",
    ),
    "no account": (
        "ECR210",
        role(PULL, Resource="arn:aws:ecr:eu-central-1::repository/a"),
        f"{_TASK}.Resource",
    ),
    "a short account in an ARN": (
        "ECR210",
        role(PULL, Resource="arn:aws:ecr:eu-central-1:1234:repository/a"),
        f"{_TASK}.Resource",
        "1234",
    ),
    "a name with a tag": (
        "ECR210",
        role(PULL, Resource=f"{HERE}:repository/a:latest"),
        f"{_TASK}.Resource",
        "a:latest",
    ),
    "every repository": (
        "ECR212",
        role("ecr:*", Resource=f"{HERE}:repository/*"),
        f"{_TASK}.Action",
        "ecr:*",
    ),
    "a registry open to everyone": (
        "ECR206",
        registry("ecr:ReplicateImage", Principal="*", Resource=f"{HERE}:repository/*"),
        "Policy.Properties.PolicyText.Statement[0].Principal",
    ),
    "a policy that is mostly known": (
        "ECR206",
        {
            "Policy": resource(
                REGISTRY_POLICY,
                {
                    "PolicyText": {
                        "Fn::Sub": '{"Statement": [{"Effect": "Allow", "Principal": "*", "Action": '
                        '"ecr:*", "Resource": "${Given}"}]}'
                    }
                },
            )
        },
        "Policy.Properties.PolicyText.Statement[0].Principal",
    ),
}
