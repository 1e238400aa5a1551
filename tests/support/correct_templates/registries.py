"""Registries, caches and creation templates without a mistake."""

from typing import Any

from ecr_constructs.cloudformation.resource_types import (
    PULL_TIME_EXCLUSION,
    SECRET,
    SIGNING,
    SIGNING_PROFILE,
)
from tests.support.correct_templates.values import UNKNOWN, one_of_two
from tests.support.rule_examples.build import (
    ABSENT,
    HERE,
    OWN_ROOT,
    allow,
    attached,
    cache,
    document,
    get_att,
    inline,
    key,
    lent,
    one_template,
    policy,
    quay,
    resource,
    scanning,
    service_role,
    upstream,
    with_role,
)
from tests.support.rule_examples.statements import PARTNER, PULL, registry, role

ALL_BUT_IAM = {"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}


def pulled_through(prefix: str, **others: Any) -> dict[str, Any]:
    """Return a cache, and a role that may pull images from repositories with a prefix."""
    task = role("ecr:BatchGetImage", Resource=f"{HERE}:repository/{prefix}/*")
    return {**cache(), **task, **others}


CORRECT: dict[str, dict[str, Any]] = {
    # Pull through caches and their secrets.
    "another upstream": upstream("acme.io", UpstreamRegistry=UNKNOWN),
    "a prefix that is not known": cache(EcrRepositoryPrefix=UNKNOWN),
    "a URL that is not known": cache(UpstreamRegistryUrl=UNKNOWN),
    "a cache of every repository": {"Quay": quay("ROOT")},
    "a secret of a parameter": cache(CredentialArn=UNKNOWN),
    "a secret of a stack": cache(CredentialArn=get_att("Stack", "Outputs.Arn"))
    | {"Stack": {"Type": "AWS::CloudFormation::Stack"}},
    "a credential in several parts": cache()
    | {
        "Login": resource(
            SECRET,
            {
                "Name": "ecr-pullthroughcache/a",
                "SecretString": {"Fn::Join": ["", [UNKNOWN]]},
            },
        )
    },
    "a secret of no cache": {
        "Login": resource(SECRET, {"Name": "app/login", "SecretString": '{"user": "a"}'})
    },
    "a cache that everyone of the account may fill": pulled_through(
        "hub",
        **registry(
            ["ecr:BatchImportUpstreamImage", "ecr:CreateRepository"],
            Principal={"AWS": OWN_ROOT},
            Resource="*",
        ),
    ),
    "a cache whose repositories say who may": pulled_through(
        "hub", **one_template(Prefix="hub", RepositoryPolicy=UNKNOWN)
    ),
    "who pulls what is no cache's": pulled_through("payments"),
    # Roles of caches and creation templates.
    "a role of many": cache(CustomRoleArn=UNKNOWN),
    "a role of a cache": cache(CustomRoleArn=get_att("Role")) | {"Role": service_role("ecr")},
    "a role that is not known": with_role(get_att("Maker"), Maker={"Type": "Custom::Role"}),
    "a role with more policies": lent(Policies=inline(["s3:GetObject"]))
    | attached(document(allow("ecr:CreateRepository", Resource="*")), "AWS::IAM::ManagedPolicy"),
    "a role with a policy of AWS": lent(
        ManagedPolicyArns=["arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryFullAccess"]
    ),
    "a role with a policy that is not known": lent() | attached(UNKNOWN),
    "a role with what may be a policy": lent(Policies=[*inline(["s3:*"]), UNKNOWN]),
    "a policy that may be anyone's": {
        **lent(),
        "More": policy("AWS::IAM::Policy", "ecr:CreateRepository", Roles=[UNKNOWN]),
    },
    "a policy of a role's name": {
        **lent(RoleName="create"),
        "More": policy("AWS::IAM::RolePolicy", "ecr:CreateRepository", RoleName="create"),
    },
    "all but something": lent() | attached(document(ALL_BUT_IAM), "AWS::IAM::ManagedPolicy"),
    "a template for pushes": one_template(Prefix="ROOT", AppliedFor=["CREATE_ON_PUSH"]),
    "occasions that are not known": one_template(AppliedFor=UNKNOWN),
    # Registries.
    "one of two": one_of_two(
        registry(PULL, Principal=PARTNER, Resource=f"{HERE}:repository/*")["Policy"]
    ),
    "signing that is not known": {"Signing": resource(SIGNING, {"Rules": UNKNOWN})},
    "an exclusion not known": {"It": resource(PULL_TIME_EXCLUSION, {"PrincipalArn": UNKNOWN})},
    "a scan type that is not known": scanning(ScanType=UNKNOWN, Rules=[]),
    "a profile for images": {
        "Signing": resource(SIGNING, {"Rules": [{"SigningProfileArn": get_att("Profile")}]}),
        "Profile": resource(SIGNING_PROFILE, {"PlatformId": "Notation-OCI-SHA384-ECDSA"}),
    },
    "a key that lets the role use it": {
        **lent(Policies=inline("ecr:CreateRepository")),
        **one_template(
            CustomRoleArn=get_att("Role"),
            EncryptionConfiguration={"EncryptionType": "KMS", "KmsKey": get_att("Key")},
        ),
        "Key": key(
            KeyPolicy=document(allow("kms:*", Principal={"AWS": get_att("Role")}, Resource="*"))
        ),
    },
    "a key whose policy is not known": {
        **lent(Policies=inline("ecr:CreateRepository")),
        **one_template(
            CustomRoleArn=get_att("Role"),
            EncryptionConfiguration={"EncryptionType": "KMS", "KmsKey": get_att("Key")},
        ),
        "Key": key(KeyPolicy=document(UNKNOWN)),
    },
    "a creation template of pushes and a cache": one_template(
        AppliedFor=["CREATE_ON_PUSH", "PULL_THROUGH_CACHE"],
        ImageTagMutability="MUTABLE",
        LifecyclePolicy=ABSENT,
    ),
}
