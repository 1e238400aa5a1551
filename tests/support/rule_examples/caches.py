"""Examples of the rules for pull through caches, their secrets, and creation templates."""

from typing import Any

from ecr_constructs.cloudformation.resource_types import CACHE, ROLE, SECRET
from ecr_constructs.model.pull_through_cache import IMPORT_ACTIONS
from tests.support.rule_examples.build import (
    ABSENT,
    allow,
    creation_template,
    document,
    example,
    get_att,
    resource,
)

_SECRET = "arn:aws:secretsmanager:eu-central-1:111122223333:secret:"
_CREDENTIAL = f"{_SECRET}ecr-pullthroughcache/docker-hub-AbCdEf"
_UPSTREAM = "444455556666.dkr.ecr.eu-central-1.amazonaws.com"
_TAGS = [{"Key": "team", "Value": "payments"}]
_CACHED = "arn:aws:ecr:eu-central-1:111122223333:repository/docker-hub/*"
_LOGIN = "ecr:GetAuthorizationToken"
_MAY_CREATE = ["ecr:CreateRepository", "ecr:ReplicateImage", "ecr:TagResource"]


def _hub(**properties: Any) -> dict[str, Any]:
    hub = {
        "EcrRepositoryPrefix": "docker-hub",
        "UpstreamRegistry": "docker-hub",
        "UpstreamRegistryUrl": "registry-1.docker.io",
        "CredentialArn": _CREDENTIAL,
    }
    return {"Hub": resource(CACHE, {**hub, **properties})}


def _ecr(**properties: Any) -> dict[str, Any]:
    upstream = {
        "EcrRepositoryPrefix": "partner",
        "UpstreamRegistry": "ecr",
        "UpstreamRegistryUrl": _UPSTREAM,
    }
    return {"Partner": resource(CACHE, {**upstream, **properties})}


def _secret(**properties: Any) -> dict[str, Any]:
    return {"Login": resource(SECRET, {"Name": "ecr-pullthroughcache/hub", **properties})}


def _with_role(service: str) -> dict[str, Any]:
    role = {
        "AssumeRolePolicyDocument": document(
            allow("sts:AssumeRole", Principal={"Service": service})
        ),
        "Policies": [
            {
                "PolicyName": "Create",
                "PolicyDocument": document(allow(_MAY_CREATE, Resource="*")),
            }
        ],
    }
    return {
        "Payments": creation_template(ResourceTags=_TAGS, CustomRoleArn=get_att("Role")),
        "Role": resource(ROLE, role),
    }


def _puller(*actions: str) -> dict[str, Any]:
    trust = document(allow("sts:AssumeRole", Principal={"Service": "ecs-tasks.amazonaws.com"}))
    policy = document(allow([*actions], Resource=_CACHED), allow(_LOGIN, Resource="*"))
    attached = {"PolicyName": "Pull", "PolicyDocument": policy, "Roles": [{"Ref": "Task"}]}
    return {
        "Task": resource(ROLE, {"AssumeRolePolicyDocument": trust}),
        "Pull": resource("AWS::IAM::Policy", attached),
    }


EXAMPLES = {
    "ECR401": example(
        _hub(CredentialArn=ABSENT),
        "registry-1.docker.io needs a login, and there is no CredentialArn",
        _hub(),
    ),
    "ECR402": example(
        _hub(CredentialArn=f"{_SECRET}docker-hub-AbCdEf"),
        "the secret's name must begin with 'ecr-pullthroughcache/', ECR can read no other",
        _hub(),
    ),
    "ECR403": example(
        _hub(EcrRepositoryPrefix="Docker"), "prefix 'Docker' must be ROOT, or the beginning", _hub()
    ),
    "ECR404": example(
        _hub(UpstreamRegistryUrl="docker.io"), "'docker.io' is not where docker-hub is", _hub()
    ),
    "ECR405": example(
        _ecr(),
        "444455556666/eu-central-1 is another account's, and there is no role",
        _ecr(CustomRoleArn="arn:aws:iam::111122223333:role/cache"),
    ),
    "ECR407": example(
        {"Payments": creation_template(Prefix="payments/*")},
        "prefix 'payments/*' must be ROOT, or the beginning of a repository name up to a slash",
        {"Payments": creation_template(Prefix="payments/")},
    ),
    "ECR408": example(
        {"Payments": creation_template(ResourceTags=_TAGS)},
        "the template tags repositories and has no CustomRoleArn",
        {
            "Payments": creation_template(
                ResourceTags=_TAGS, CustomRoleArn="arn:aws:iam::111122223333:role/create"
            )
        },
    ),
    "ECR409": example(
        _with_role("ecs.amazonaws.com"),
        "Role does not trust ecr.amazonaws.com",
        _with_role("ecr.amazonaws.com"),
    ),
    "ECR410": example(
        {"Quay": creation_template(AppliedFor=["PULL_THROUGH_CACHE"], LifecyclePolicy=ABSENT)},
        "the cache keeps a tag's first image",
        {
            "Quay": creation_template(
                AppliedFor=["PULL_THROUGH_CACHE"],
                ImageTagMutability="MUTABLE",
                LifecyclePolicy=ABSENT,
            )
        },
    ),
    "ECR411": example(
        {**_hub(), **_puller("ecr:BatchGetImage")},
        "it may pull docker-hub/*, and may not ecr:BatchImportUpstreamImage nor "
        "ecr:CreateRepository",
        {**_hub(), **_puller("ecr:BatchGetImage", *IMPORT_ACTIONS)},
    ),
    "ECR420": example(
        _secret(SecretString='{"username": "ci", "accessToken": "dckr_pat_0123"}'),
        "the secret's value stands in the template",
        _secret(Description="Set by hand"),
    ),
    "ECR421": example(
        _secret(SecretString='{"username": "ci", "password": "{{resolve:ssm:token}}"}'),
        "the secret has no accessToken",
        _secret(SecretString='{"username": "ci", "accessToken": "{{resolve:ssm:token}}"}'),
    ),
}
