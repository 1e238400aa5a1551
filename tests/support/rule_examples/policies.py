"""Examples of the rules for what a policy says, and for its conditions."""

from typing import Any

from tests.support.rule_examples.build import (
    ABSENT,
    HERE,
    HOME,
    OWN_ROLE,
    ROOT,
    Problems,
    allow,
    api,
    document,
    example,
    service_role,
)
from tests.support.rule_examples.statements import (
    ACTION,
    ARN,
    FILLS,
    MORE,
    ORGANIZATION,
    OWN_ORGANIZATION,
    PARTNER,
    PRINCIPAL,
    PULL,
    REGISTRY,
    STATEMENT,
    TASK,
    TEXT,
    TRUST,
    anyone_with,
    may_also_by,
    partner_may,
    public_repository,
    pulled_by,
    puller,
    registry,
    role,
    trusting,
)


def _unversioned(*statements: Any) -> dict[str, Any]:
    """Return a repository with a policy without a version, that is of the old one."""
    return api(RepositoryPolicyText={"Statement": list(statements)})


def _old_role(arn: str) -> dict[str, Any]:
    """Return a role with a policy of the old version."""
    statements = [allow(PULL, Resource=arn), allow("ecr:GetAuthorizationToken", Resource="*")]
    document = {"Version": "2008-10-17", "Statement": statements}
    policies = [{"PolicyName": "Inline", "PolicyDocument": document}]
    return {"Task": service_role("ecs-tasks", Policies=policies)}


EXAMPLES = {
    "ECR201": example(pulled_by(ABSENT), STATEMENT, pulled_by(PARTNER)),
    "ECR202": example(
        pulled_by(PARTNER, Resource="*"), f"{STATEMENT}.Resource", pulled_by(PARTNER)
    ),
    "ECR203": example(
        registry("ecr:ReplicateImage", Principal=PARTNER),
        REGISTRY,
        registry("ecr:ReplicateImage", Principal=PARTNER, Resource=ARN),
    ),
    "ECR204": example(partner_may("ecr:GetImage"), ACTION, partner_may("ecr:BatchGetImage")),
    "ECR205": example(
        pulled_by({"AWS": "arn:aws:iam::444455556666:role/*"}),
        PRINCIPAL,
        pulled_by({"AWS": "arn:aws:iam::444455556666:role/deployer"}),
    ),
    "ECR207": example(
        anyone_with("StringLike", "aws:PrincipalOrgID", "o-*"),
        f"{STATEMENT}.Condition.StringLike.aws:PrincipalOrgID",
        pulled_by("*", Condition=ORGANIZATION),
    ),
    "ECR210": example(
        puller(f"{HERE}:payments/api"),
        f"{TASK}.Resource",
        puller(f"{HERE}:repository/payments/api"),
    ),
    "ECR214": example(
        pulled_by(PARTNER, Condition={"StringEqual": {"aws:PrincipalOrg": "o-a1b2c3d4e5"}}),
        f"{STATEMENT}.Condition.StringEqual",
        pulled_by(PARTNER, Condition=ORGANIZATION),
    ),
    "ECR221": example(
        anyone_with("StringEquals", "aws:PrincipalArn", f"{OWN_ROLE}/*"),
        f"{STATEMENT}.Condition.StringEquals.aws:PrincipalArn",
        anyone_with("StringLike", "aws:PrincipalArn", f"{OWN_ROLE}/*"),
    ),
}
_PATHS = ("ForAnyValue:StringLike", "aws:PrincipalOrgPaths")

_LAYERS = {"Action": PULL, "Resource": ARN}
_REST = {"Effect": "Permit", "Principal": PARTNER, "Action": "ecr:GetImage"}
PROBLEMS: Problems = {
    ("ECR201", TEXT): {
        "a policy that is text": (api(RepositoryPolicyText="everyone"), "JSON"),
        "a policy without statements": (api(RepositoryPolicyText="{}"), "Statement"),
        "a policy with no statement": api(RepositoryPolicyText=document()),
        "a long policy": (pulled_by(PARTNER, Sid="x" * 10_240), "10,240"),
    },
    ("ECR201", f"{TEXT}.Statement"): {
        "an unknown effect": (api(RepositoryPolicyText={"Statement": _REST}), "Permit")
    },
    ("ECR204", ACTION): {
        "an action of another service": (partner_may("s3:GetObject"), "s3:GetObject"),
        "an action without a service": (partner_may("BatchGetImage"), "BatchGetImage"),
        "an action without a service in a policy of others": (partner_may("PutThing"), "PutThing"),
        "a private action in a public policy": public_repository("ecr:PutImage"),
    },
    ("ECR201", f"{TEXT}.Version"): {
        "an unknown version": api(
            RepositoryPolicyText={"Version": "2012-10-18", "Statement": allow(PULL, Principal="*")}
        )
    },
    ("ECR201", MORE): {
        "a principal in an identity policy": may_also_by(**_LAYERS, Principal="*"),
        "an identity policy without a resource": may_also_by(Action=PULL),
        "an element that does not exist": may_also_by(**_LAYERS, Resources="*"),
        "an action and all others": may_also_by(**_LAYERS, NotAction="s3:*"),
    },
    ("ECR201", f"{MORE}.Sid"): {"a Sid with a space": may_also_by(**_LAYERS, Sid="Pull images")},
    ("ECR201", "Task.Properties.Policies[0].PolicyDocument.Statement[0].Sid"): {
        "the same Sid twice": {
            "Task": service_role(
                "ecs-tasks",
                Policies=[
                    {
                        "PolicyName": "a",
                        "PolicyDocument": document(
                            allow("ecr:GetAuthorizationToken", Resource="*", Sid="A"),
                            allow(PULL, Resource=ARN, Sid="A"),
                        ),
                    }
                ],
            )
        }
    },
    ("ECR201", TRUST): {"a resource in a trust policy": trusting(PARTNER, Resource="*")},
    ("ECR204", f"{MORE}.Action"): {
        "a dot for a colon": (
            may_also_by(Action="ecr.BatchGetImage", Resource="*"),
            "ecr.BatchGetImage",
        ),
        "a reading action that is misspelt": (
            may_also_by(Action="ecr:GetRepository", Resource=ARN),
            "ecr:GetRepositoryPolicy",
        ),
    },
    ("ECR204", f"{MORE}.NotAction"): {
        "an exception that does not exist": may_also_by(NotAction="ecr:PushImage", Resource=ARN)
    },
    ("ECR204", f"{TASK}.Action"): {
        "an action like no other": (role("ecr:Xyzzy", Resource="*"), "ecr:Xyzzy")
    },
    ("ECR205", PRINCIPAL): {
        "a short account": (pulled_by({"AWS": "1234"}), "1234"),
        "a short root": pulled_by({"AWS": "arn:aws:iam::1234:root"}),
        "a principal without a kind": (pulled_by(ROOT), "*"),
        "an unknown kind": pulled_by({"Account": ROOT}),
        "a service's short name": (pulled_by({"Service": "lambda"}), "SERVICE"),
    },
    ("ECR205", f"{TRUST}.Principal"): {
        "a wildcard in a trust policy": trusting({"AWS": f"{OWN_ROLE}/*"}),
        "a service's short name in a trust policy": trusting({"Service": "ecs-tasks"}),
        "any identity provider": trusting({"Federated": "*"}, "sts:AssumeRoleWithWebIdentity"),
    },
    ("ECR221", f"{STATEMENT}.Condition.ForAnyValue:StringEquals.aws:PrincipalOrgPaths"): {
        "a path with a literal wildcard": anyone_with(
            "ForAnyValue:StringEquals", "aws:PrincipalOrgPaths", "o-a1b2c3d4e5/r-ab12/*"
        )
    },
    ("ECR221", f"{STATEMENT}.Condition.StringEquals.aws:ResourceOrgID", "2008-10-17"): {
        "a variable in a policy without a version": _unversioned(
            allow(PULL, Principal="*", Condition=OWN_ORGANIZATION)
        ),
    },
    ("ECR221", f"{TASK}.Resource", "2008-10-17"): {
        "a variable in an ARN": _old_role(f"{HERE}:repository/${{aws:PrincipalTag/team}}/*"),
    },
    ("ECR207", f"{STATEMENT}.Condition.{'.'.join(_PATHS)}", "o-*/r-ab12/*"): {
        "a path of any organization": anyone_with(*_PATHS, "o-*/r-ab12/*")
    },
    ("ECR207", f"{STATEMENT}.Condition.StringEquals.aws:PrincipalAccount", "44445555666"): {
        "an account with a digit too few": anyone_with(
            "StringEquals", "aws:PrincipalAccount", "44445555666"
        )
    },
    ("ECR207", f"{STATEMENT}.Condition.StringLike.aws:PrincipalAccount", "1*"): {
        "accounts that begin alike": anyone_with("StringLike", "aws:PrincipalAccount", "1*")
    },
    ("ECR210", f"{TASK}.Resource"): {
        "no ARN": puller("payments/api"),
        "another partition": (puller(HERE.replace("aws", "amazon") + ":repository/a"), "amazon"),
        "another service": (puller("arn:aws:s3:::bucket"), "s3"),
        "an ARN without an account field": puller("arn:aws:ecr:eu-central-1:repository/a/b"),
        "no Region": puller("arn:aws:ecr::111122223333:repository/a"),
        "no such Region": (puller(f"arn:aws:ecr:Frankfurt:{HOME[0]}:repository/a"), "Frankfurt"),
        "no account": puller("arn:aws:ecr:eu-central-1::repository/a"),
        "an ARN's short account": (puller("arn:aws:ecr:eu-west-1:1234:repository/a"), "1234"),
        "a name with a tag": (puller(f"{HERE}:repository/a:latest"), "a:latest"),
        "a URI": puller({"Fn::Sub": "${AWS::AccountId}.dkr.ecr.eu-west-1.amazonaws.com/a"}),
        "a Region of ECR Public": role(
            "ecr-public:PutImage", Resource=f"arn:aws:ecr-public:us-east-1:{HOME[0]}:repository/a"
        ),
        "no kind of ECR Public": role(
            "ecr-public:PutImage", Resource=f"arn:aws:ecr-public::{HOME[0]}:image/a"
        ),
    },
    ("ECR210", f"{REGISTRY}.Resource"): {
        "the registry of another account": (
            registry(FILLS, Principal=PARTNER, Resource=f"{HERE[:-12]}999988887777:repository/*"),
            "999988887777",
        ),
        "the registry of another Region": registry(
            FILLS, Principal=PARTNER, Resource=f"arn:aws:ecr:us-east-1:{HOME[0]}:repository/*"
        ),
    },
    ("ECR214", f"{MORE}.Condition.StringEqual"): {
        "an unknown operator of a role": may_also_by(
            **_LAYERS, Condition={"StringEqual": {"aws:ResourceTag/team": "pay"}}
        )
    },
    ("ECR214", f"{MORE}.Condition.StringEquals.ecr:ResourceTags/team"): {
        "a key of ECR that does not exist": may_also_by(
            **_LAYERS, Condition={"StringEquals": {"ecr:ResourceTags/team": "pay"}}
        )
    },
    ("ECR214", f"{STATEMENT}.Condition.StringEquals.aws:SourceVpcEndpoint"): {
        "an endpoint by another name": anyone_with(
            "StringEquals", "aws:SourceVpcEndpoint", "vpce-0a1b2c3d4e5f6a7b8"
        )
    },
    ("ECR214", f"{STATEMENT}.Condition.StringEquals.aws:PrincipalOrg"): {
        "a key that there is not": anyone_with("StringEquals", "aws:PrincipalOrg", "o-a1b2c3d4e5")
    },
}
