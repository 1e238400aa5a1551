"""Examples of the rules for pull through caches, their secrets, and creation templates."""

from typing import Any

from ecr_constructs.cloudformation.resource_types import (
    CACHE,
    PULL_TIME_EXCLUSION,
    ROLE,
    SECRET,
    SIGNING,
)
from ecr_constructs.model.pull_through_cache import IMPORT_ACTIONS
from tests.support.rule_examples.build import (
    ABSENT,
    Problems,
    allow,
    creation_template,
    document,
    example,
    get_att,
    resource,
)
from tests.support.rule_examples.parts import (
    LOGIN,
    cache,
    inline,
    lent,
    policy,
    scanning,
    secret,
    upstream,
    with_role,
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
        "Hub.Properties",
        _hub(),
    ),
    "ECR402": example(
        _hub(CredentialArn=f"{_SECRET}docker-hub-AbCdEf"),
        "Hub.Properties.CredentialArn",
        _hub(),
    ),
    "ECR403": example(
        _hub(EcrRepositoryPrefix="Docker"), "Hub.Properties.EcrRepositoryPrefix", _hub()
    ),
    "ECR404": example(
        _hub(UpstreamRegistryUrl="docker.io"), "Hub.Properties.UpstreamRegistryUrl", _hub()
    ),
    "ECR405": example(
        _ecr(),
        "Partner.Properties",
        _ecr(CustomRoleArn="arn:aws:iam::111122223333:role/cache"),
    ),
    "ECR407": example(
        {"Payments": creation_template(Prefix="payments/*")},
        "Payments.Properties.Prefix",
        {"Payments": creation_template(Prefix="payments/")},
    ),
    "ECR408": example(
        {"Payments": creation_template(ResourceTags=_TAGS)},
        "Payments.Properties.ResourceTags",
        {
            "Payments": creation_template(
                ResourceTags=_TAGS, CustomRoleArn="arn:aws:iam::111122223333:role/create"
            )
        },
    ),
    "ECR409": example(
        _with_role("ecs.amazonaws.com"),
        "Payments.Properties.CustomRoleArn",
        _with_role("ecr.amazonaws.com"),
    ),
    "ECR410": example(
        {"Quay": creation_template(AppliedFor=["PULL_THROUGH_CACHE"], LifecyclePolicy=ABSENT)},
        "Quay.Properties.ImageTagMutability",
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
        "Task",
        {**_hub(), **_puller("ecr:BatchGetImage", *IMPORT_ACTIONS)},
    ),
    "ECR420": example(
        _secret(SecretString='{"username": "ci", "accessToken": "dckr_pat_0123"}'),
        "Login.Properties.SecretString",
        _secret(Description="Set by hand"),
    ),
    "ECR421": example(
        _secret(SecretString='{"username": "ci", "password": "{{resolve:ssm:token}}"}'),
        "Login.Properties.SecretString",
        _secret(SecretString='{"username": "ci", "accessToken": "{{resolve:ssm:token}}"}'),
    ),
}

MANY = {
    f"E{n}": resource(PULL_TIME_EXCLUSION, {"PrincipalArn": f"arn:aws:iam::111122223333:role/{n}"})
    for n in range(101)
}
CACHES = {
    f"C{n}": resource(CACHE, {"EcrRepositoryPrefix": f"quay{n}", "UpstreamRegistryUrl": "quay.io"})
    for n in range(51)
}
PROBLEMS: Problems = {
    "two scanning rules of a kind": (
        "ECR320",
        scanning(
            ScanType="BASIC",
            Rules=[{"ScanFrequency": "SCAN_ON_PUSH", "RepositoryFilters": []}] * 2,
        ),
        "Scanning.Properties.Rules[1]",
        "SCAN_ON_PUSH",
    ),
    "eleven signing rules": (
        "ECR321",
        {
            "Signing": resource(
                SIGNING,
                {
                    "Rules": [
                        {
                            "SigningProfileArn": "arn:aws:signer:eu-central-1:111122223333:"
                            f"/signing-profiles/p{n}"
                        }
                        for n in range(11)
                    ]
                },
            )
        },
        "Signing.Properties.Rules",
        "10",
    ),
    "an exclusion twice": (
        "ECR322",
        {
            item: resource(
                PULL_TIME_EXCLUSION, {"PrincipalArn": "arn:aws:iam::111122223333:role/a"}
            )
            for item in ("One", "Two")
        },
        "Two.Properties.PrincipalArn",
        "arn:aws:iam::111122223333:role/a",
    ),
    "101 exclusions": ("ECR322", MANY, "E0", "100"),
    "no secret": (
        "ECR402",
        cache(CredentialArn={"Ref": "Q"}) | {"Q": {"Type": "AWS::SQS::Queue"}},
        "Hub.Properties.CredentialArn",
    ),
    "an unnamed secret": (
        "ECR402",
        secret(Description="x"),
        "Hub.Properties.CredentialArn",
        "Login",
    ),
    "a secret elsewhere": (
        "ECR402",
        cache(CredentialArn=LOGIN.replace("eu-central-1", "eu-west-1")),
        "Hub.Properties.CredentialArn",
        "eu-west-1",
    ),
    "a prefix twice": (
        "ECR403",
        {**cache(), "Again": cache()["Hub"]},
        "Again.Properties.EcrRepositoryPrefix",
        "hub",
    ),
    "51 caches": ("ECR403", CACHES, "C0", "50"),
    "a URL with a scheme": (
        "ECR404",
        upstream("https://quay.io"),
        "Hub.Properties.UpstreamRegistryUrl",
    ),
    "no registry of ECR": (
        "ECR404",
        upstream("ecr", UpstreamRegistry="ecr"),
        "Hub.Properties.UpstreamRegistryUrl",
        "Amazon",
    ),
    "no registry of Azure": (
        "ECR404",
        upstream("acme.io", UpstreamRegistry="azure-container-registry"),
        "Hub.Properties.UpstreamRegistryUrl",
    ),
    "no registry at all": (
        "ECR404",
        upstream("acme.io"),
        "Hub.Properties.UpstreamRegistryUrl",
    ),
    "itself": (
        "ECR404",
        upstream("111122223333.dkr.ecr.eu-central-1.amazonaws.com"),
        "Hub.Properties.UpstreamRegistryUrl",
        "111122223333",
    ),
    "an Azure registry without a login": (
        "ECR401",
        upstream("acme.azurecr.io", CredentialArn=ABSENT),
        "Hub.Properties",
        "CredentialArn",
    ),
    "a role that is none": (
        "ECR405",
        cache(CustomRoleArn=get_att("Q")) | {"Q": {"Type": "AWS::SQS::Queue"}},
        "Hub.Properties.CustomRoleArn",
    ),
    "a role of another account": (
        "ECR405",
        cache(CustomRoleArn="arn:aws:iam::444455556666:role/a"),
        "Hub.Properties.CustomRoleArn",
        "111122223333",
    ),
    "two templates of a prefix": (
        "ECR407",
        {"A": creation_template(), "B": creation_template()},
        "B.Properties.Prefix",
        "payments",
    ),
    "an occasion that there is not": (
        "ECR004",
        {"T": creation_template(AppliedFor=["PUSH"])},
        "T.Properties.AppliedFor[0]",
        "PUSH",
    ),
    "no occasion": ("ECR407", {"T": creation_template(AppliedFor=[])}, "T.Properties.AppliedFor"),
    "an occasion twice": (
        "ECR407",
        {"T": creation_template(AppliedFor=["REPLICATION"] * 2)},
        "T.Properties.AppliedFor",
        "REPLICATION",
    ),
    "KMS without a role": (
        "ECR408",
        {"T": creation_template(EncryptionConfiguration={"EncryptionType": "KMS"})},
        "T.Properties.EncryptionConfiguration",
        "KMS",
    ),
    "a role with a path": (
        "ECR409",
        with_role("arn:aws:iam::111122223333:role/team/create"),
        "Payments.Properties.CustomRoleArn",
        "arn:aws:iam::111122223333:role/team/create",
    ),
    "a referred role with a path": (
        "ECR409",
        lent(Path="/team/"),
        "Payments.Properties.CustomRoleArn",
        "/team/",
    ),
    "a role that may nothing": (
        "ECR409",
        lent(Policies=inline("s3:GetObject")),
        "Payments.Properties.CustomRoleArn",
        "ecr:CreateRepository",
    ),
    "a role that may nothing at all": (
        "ECR409",
        lent(),
        "Payments.Properties.CustomRoleArn",
        "ecr:CreateRepository",
    ),
    "a role whose policies give it other things": (
        "ECR409",
        {
            **lent(ManagedPolicyArns=[{"Ref": "Managed"}], RoleName="create"),
            "Managed": policy("AWS::IAM::ManagedPolicy", "s3:GetObject"),
            "Named": policy("AWS::IAM::Policy", "s3:PutObject", Roles=["create", "other"]),
            "More": policy("AWS::IAM::RolePolicy", "s3:*", RoleName={"Ref": "Role"}),
        },
        "Payments.Properties.CustomRoleArn",
        "ecr:CreateRepository",
    ),
    "a role that may all but what is meant": (
        "ECR409",
        {
            **lent(),
            "All": resource(
                "AWS::IAM::Policy",
                {
                    "Roles": [{"Ref": "Role"}],
                    "PolicyDocument": document(
                        {"Effect": "Allow", "NotAction": ["ecr:Create*"], "Resource": "*"}
                    ),
                },
            ),
        },
        "Payments.Properties.CustomRoleArn",
        "ecr:CreateRepository",
    ),
    "a role that may not tag": (
        "ECR409",
        {
            "Payments": creation_template(
                CustomRoleArn=get_att("Role"), ResourceTags=[{"Key": "team", "Value": "a"}]
            ),
            "Role": lent(Policies=inline("ecr:CreateRepository"))["Role"],
        },
        "Payments.Properties.CustomRoleArn",
        "ecr:TagResource",
    ),
    "a template's role that is none": (
        "ECR409",
        with_role(get_att("Q"), Q={"Type": "AWS::SQS::Queue"}),
        "Payments.Properties.CustomRoleArn",
    ),
    "a plain value of any shape": (
        "ECR420",
        secret(Name="ecr-pullthroughcache/a", SecretString="password"),
        "Login.Properties.SecretString",
    ),
    "a generated secret without a user": (
        "ECR421",
        secret(
            Name="ecr-pullthroughcache/a",
            GenerateSecretString={
                "SecretStringTemplate": '{"user": "a"}',
                "GenerateStringKey": "accessToken",
            },
        ),
        "Login.Properties.GenerateSecretString.SecretStringTemplate",
    ),
}
