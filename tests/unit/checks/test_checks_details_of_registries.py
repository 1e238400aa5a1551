"""What rules about registries say of faults besides those of their examples."""

from typing import Any

import pytest

from ecr_constructs.checks import check
from ecr_constructs.cloudformation.resource_types import (
    CACHE,
    PULL_TIME_EXCLUSION,
    SIGNING,
)
from tests.support.rule_examples.build import (
    ABSENT,
    creation_template,
    document,
    get_att,
    resource,
    template,
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

MANY = {
    f"E{n}": resource(PULL_TIME_EXCLUSION, {"PrincipalArn": f"arn:aws:iam::111122223333:role/{n}"})
    for n in range(101)
}
CACHES = {
    f"C{n}": resource(CACHE, {"EcrRepositoryPrefix": f"quay{n}", "UpstreamRegistryUrl": "quay.io"})
    for n in range(51)
}
FAULTS: dict[str, tuple[str, dict[str, Any], str]] = {
    "two scanning rules of a kind": (
        "ECR320",
        scanning(
            ScanType="BASIC",
            Rules=[{"ScanFrequency": "SCAN_ON_PUSH", "RepositoryFilters": []}] * 2,
        ),
        "SCAN_ON_PUSH has a rule already",
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
        "a registry has at most 10 signing rules, these are 11",
    ),
    "an exclusion twice": (
        "ECR322",
        {
            each: resource(
                PULL_TIME_EXCLUSION, {"PrincipalArn": "arn:aws:iam::111122223333:role/a"}
            )
            for each in ("One", "Two")
        },
        "One excludes 'arn:aws:iam::111122223333:role/a' already",
    ),
    "101 exclusions": ("ECR322", MANY, "at most 100 exclusions, these are 101"),
    "no secret": (
        "ECR402",
        cache(CredentialArn={"Ref": "Q"}) | {"Q": {"Type": "AWS::SQS::Queue"}},
        "not a secret",
    ),
    "an unnamed secret": ("ECR402", secret(Description="x"), "Login has no Name"),
    "a secret elsewhere": (
        "ECR402",
        cache(CredentialArn=LOGIN.replace("eu-central-1", "eu-west-1")),
        "the secret must be in the cache's Region, eu-central-1; it is in eu-west-1",
    ),
    "a prefix twice": (
        "ECR403",
        {**cache(), "Again": cache()["Hub"]},
        "Hub caches under 'hub' already",
    ),
    "51 caches": ("ECR403", CACHES, "a registry has at most 50 caches, these are 51"),
    "a URL with a scheme": ("ECR404", upstream("https://quay.io"), "must be a host alone"),
    "no registry of ECR": (
        "ECR404",
        upstream("ecr", UpstreamRegistry="ecr"),
        "no registry of Amazon ECR",
    ),
    "no registry of Azure": (
        "ECR404",
        upstream("acme.io", UpstreamRegistry="azure-container-registry"),
        "no Azure registry",
    ),
    "no registry at all": ("ECR404", upstream("acme.io"), "no registry that ECR can cache"),
    "itself": (
        "ECR404",
        upstream("111122223333.dkr.ecr.eu-central-1.amazonaws.com"),
        "is this registry itself",
    ),
    "an Azure registry without a login": (
        "ECR401",
        upstream("acme.azurecr.io", CredentialArn=ABSENT),
        "needs a login",
    ),
    "a role that is none": (
        "ECR405",
        cache(CustomRoleArn=get_att("Q")) | {"Q": {"Type": "AWS::SQS::Queue"}},
        "Q is of type AWS::SQS::Queue, not a role",
    ),
    "a role of another account": (
        "ECR405",
        cache(CustomRoleArn="arn:aws:iam::444455556666:role/a"),
        "must be in the registry's account",
    ),
    "two templates of a prefix": (
        "ECR407",
        {"A": creation_template(), "B": creation_template()},
        "A has the prefix 'payments' already",
    ),
    "an occasion that there is not": (
        "ECR004",
        {"T": creation_template(AppliedFor=["PUSH"])},
        "AppliedFor[0] must be one of REPLICATION, PULL_THROUGH_CACHE, CREATE_ON_PUSH",
    ),
    "no occasion": ("ECR407", {"T": creation_template(AppliedFor=[])}, "AppliedFor is empty"),
    "an occasion twice": (
        "ECR407",
        {"T": creation_template(AppliedFor=["REPLICATION"] * 2)},
        "AppliedFor names 'REPLICATION' twice",
    ),
    "KMS without a role": (
        "ECR408",
        {"T": creation_template(EncryptionConfiguration={"EncryptionType": "KMS"})},
        "the template encrypts with KMS and has no CustomRoleArn",
    ),
    "a role with a path": (
        "ECR409",
        with_role("arn:aws:iam::111122223333:role/team/create"),
        "has a path",
    ),
    "a referred role with a path": ("ECR409", lent(Path="/team/"), "Role has the path '/team/'"),
    "a role that may nothing": (
        "ECR409",
        lent(Policies=inline("s3:GetObject")),
        "Role may not ecr:CreateRepository",
    ),
    "a role that may nothing at all": ("ECR409", lent(), "Role may not ecr:CreateRepository"),
    "a role whose policies give it other things": (
        "ECR409",
        {
            **lent(ManagedPolicyArns=[{"Ref": "Managed"}], RoleName="create"),
            "Managed": policy("AWS::IAM::ManagedPolicy", "s3:GetObject"),
            "Named": policy("AWS::IAM::Policy", "s3:PutObject", Roles=["create", "other"]),
            "More": policy("AWS::IAM::RolePolicy", "s3:*", RoleName={"Ref": "Role"}),
        },
        "Role may not ecr:CreateRepository",
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
        "Role may not ecr:CreateRepository",
    ),
    "a role that may not tag": (
        "ECR409",
        {
            "Payments": creation_template(
                CustomRoleArn=get_att("Role"), ResourceTags=[{"Key": "team", "Value": "a"}]
            ),
            "Role": lent(Policies=inline("ecr:CreateRepository"))["Role"],
        },
        "Role may not ecr:TagResource",
    ),
    "a template's role that is none": (
        "ECR409",
        with_role(get_att("Q"), Q={"Type": "AWS::SQS::Queue"}),
        "not a role",
    ),
    "a plain value of any shape": (
        "ECR420",
        secret(Name="ecr-pullthroughcache/a", SecretString="password"),
        "the secret's value stands in the template",
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
        "the secret has no username",
    ),
}


@pytest.mark.parametrize(("rule", "resources", "message"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_told(rule: str, resources: dict[str, Any], message: str) -> None:
    """The rule says what is wrong."""
    parameters = {"Given": {"Type": "String"}}
    found = check([template(resources, Parameters=parameters)])

    assert any(message in each.message for each in found if each.rule == rule), [
        f"{each.rule} {each.message}" for each in found
    ]
