"""Policies that nobody needs to narrow."""

from typing import Any

from tests.support.correct_templates.values import UNKNOWN
from tests.support.rule_examples.build import (
    ABSENT,
    HERE,
    HOME,
    OWN_ROOT,
    allow,
    api,
    assumed_by,
    document,
    get_att,
    resource,
    service_role,
)
from tests.support.rule_examples.statements import (
    ORGANIZATION,
    PARTNER,
    PULL,
    anyone_with,
    key_of_images,
    may_also,
    open_to,
    pulled_by,
    registry,
    role,
    trusting,
)

INSECURE = {"Bool": {"aws:SecureTransport": "false"}}
ORG_ID, CALLER = "aws:PrincipalOrgID", "aws:PrincipalArn"
NO_ORGANIZATION = {"Null": {ORG_ID: "true"}}
UNIT = {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*"}
PATHS = {"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": "o-a1b2c3d4e5/r-ab12/*"}}
LOGINS = (
    allow([*PULL, "ecr:GetAuthorizationToken"], Resource=f"{HERE}:repository/a"),
    allow("ecr:GetAuthorizationToken", Resource="*"),
)


def policy_of(statement: Any) -> dict[str, Any]:
    """Return a repository with a policy of this content."""
    return api(RepositoryPolicyText={"Statement": statement})


def denied(condition: dict[str, Any]) -> dict[str, Any]:
    """Return a repository with a policy that denies everyone under a condition."""
    statement = {"Effect": "Deny", "Principal": "*", "Action": "ecr:*"}
    return policy_of({**statement, "Condition": condition})


CORRECT: dict[str, dict[str, Any]] = {
    # Policies.
    "a statement that is not known": policy_of([UNKNOWN]),
    "a statement alone": policy_of(allow(PULL, Principal=PARTNER)),
    "a condition that is not known": pulled_by("*", Condition=UNKNOWN),
    "a test that is not known": pulled_by(
        {"Service": "lambda.amazonaws.com"}, Condition={"StringEquals": UNKNOWN}
    ),
    "a key of its own": pulled_by(PARTNER, Condition={"Null": {"aws:SourceWhatever": "true"}}),
    "an assumed role": pulled_by({"AWS": "arn:aws:sts::444455556666:assumed-role/a/b"}),
    "everything within the account": open_to("ecr:*", Principal={"AWS": OWN_ROOT}),
    "a role of the account": open_to("ecr:*", Principal={"AWS": get_att("Task")})
    | role(PULL, Resource="*"),
    "a Deny for everyone": denied(INSECURE),
    "nobody without an organization": denied(NO_ORGANIZATION),
    "an organization": pulled_by({"AWS": "*"}, Condition=ORGANIZATION),
    "an organization that is not known": anyone_with("StringEquals", ORG_ID, UNKNOWN),
    "its own organization": anyone_with("StringEquals", ORG_ID, "${aws:ResourceOrgID}"),
    "a part of an organization": pulled_by("*", Condition=PATHS),
    "endpoints of an organization": anyone_with("StringEquals", "aws:VpceOrgID", "o-a1b2c3d4e5"),
    "services of AWS": anyone_with("Bool", "aws:PrincipalIsAWSService", "true"),
    "roles of an account": anyone_with("ArnLike", CALLER, "arn:aws:iam::444455556666:role/*"),
    "whoever is not known": anyone_with("ArnEquals", CALLER, UNKNOWN),
    "an action that is not known": role(UNKNOWN, Resource="*"),
    "an operation that is new": role("ecr:StartReplicationBackfill", Resource="*"),
    "all actions of a service": role("ecr:Describe*", Resource="*"),
    "any repository in an ARN": role(PULL, Resource=f"{HERE}:*"),
    "everything that has a tag": role(
        "ecr:*", Resource="*", Condition={"StringEquals": {"aws:ResourceTag/team": "a"}}
    ),
    "a login that another statement allows": {
        "Task": resource("AWS::IAM::ManagedPolicy", {"PolicyDocument": document(*LOGINS)})
    },
    "ARNs with variables": role(
        PULL,
        Resource=[
            {"Fn::Sub": "arn:${AWS::Partition}:ecr:*:${AWS::AccountId}:repository/a/*"},
            "arn:aws:ecr:*:*:repository/${aws:PrincipalTag/team}/*",
            get_att("Api"),
            "arn:aws:ecr:*",
        ],
    )
    | api(),
    # Access that is limited, or that nobody can narrow.
    "the own organization by its resource": anyone_with(
        "StringEquals", "aws:ResourceOrgID", "${aws:PrincipalOrgID}"
    ),
    "the own account by its resource": anyone_with(
        "StringEquals", "aws:PrincipalAccount", "${aws:ResourceAccount}"
    ),
    "units that must be present": pulled_by(
        "*", Condition={"ForAllValues:StringLike": UNIT, "Null": {"aws:PrincipalOrgPaths": "false"}}
    ),
    "everyone but somebody of an organization": open_to(
        PULL, NotPrincipal=PARTNER, Condition=ORGANIZATION
    ),
    "deleting within the account": open_to(
        "ecr:BatchDeleteImage",
        Principal="*",
        Condition={"StringEquals": {"aws:PrincipalAccount": {"Ref": "AWS::AccountId"}}},
    ),
    "a function's service that sets the policy": open_to(
        [*PULL, "ecr:SetRepositoryPolicy", "ecr:DeleteRepositoryPolicy"],
        Principal={"Service": "lambda.amazonaws.com"},
        Condition={"ArnLike": {"aws:SourceArn": f"arn:aws:lambda:*:{HOME[0]}:function:*"}},
    ),
    "deleting everywhere but where it is denied": may_also(
        [
            allow("ecr:BatchDeleteImage", Resource="*"),
            {"Effect": "Deny", "Action": "ecr:BatchDelete*", "NotResource": f"{HERE}:repository/a"},
        ]
    ),
    "a policy of the registry": role("ecr:PutRegistryPolicy", Resource="*"),
    "an administrator": role("*", Resource="*"),
    "pushing to what is not known": role("ecr:PutImage", Resource=UNKNOWN),
    "pushing to a prefix that is not known": role(
        "ecr:PutImage", Resource={"Fn::Sub": f"{HERE}:repository/${{Given}}"}
    ),
    "exceptions that are not known": role("ecr:Put*", Resource=ABSENT, NotResource=UNKNOWN),
    "actions that are not known": may_also(
        {"Effect": "Allow", "NotAction": [UNKNOWN], "Resource": "*"}
    ),
    "replication into every repository": registry(
        ["ecr:CreateRepository", "ecr:ReplicateImage"],
        Principal=PARTNER,
        Resource=f"{HERE}:repository/*",
    ),
    "a role of everyone with a shared secret": trusting(
        "*", Condition={"StringEquals": {"sts:ExternalId": "secret"}}
    ),
    "a role of everyone that has nothing to do with ECR": {
        "Role": assumed_by(allow("sts:AssumeRole", Principal="*"))
    },
    "a Deny for some in a key": key_of_images(
        allow("kms:*", Principal={"AWS": OWN_ROOT}, Resource="*"),
        {"Effect": "Deny", "Principal": "*", "Action": "kms:PutKeyPolicy", "Resource": "*"}
        | {"Condition": {"Bool": {"aws:MultiFactorAuthPresent": "false"}}},
    ),
    "a policy of a key that is not known": key_of_images(UNKNOWN),
    "a Deny of one action": denied({})
    | policy_of({"Effect": "Deny", "Principal": "*", "Action": "ecr:BatchDeleteImage"}),
    "managed policies": {
        "Task": service_role(
            "ecs-tasks",
            ManagedPolicyArns=[
                "arn:aws:iam::aws:policy/AmazonEC2ContainerRegistryReadOnly",
                "arn:aws:iam::aws:policy/service-role/AWSAppRunnerServicePolicyForECRAccess",
                "arn:aws:iam::aws:policy/AmazonECSComputeThatIsNewer",
                "arn:aws:iam::aws:policy/AmazonECRSomethingEntirelyUnheardOfUntilToday",
                get_att("Api"),
            ],
        ),
        **api(),
    },
    "a public ARN": role("ecr-public:PutImage", Resource=f"arn:aws:ecr-public::{HOME[0]}:*"),
    "a policy of others with mistakes": role("s3.GetObject", Resource=ABSENT, Sid="a b"),
}
