"""Examples of the rules for the access that a policy grants, and to which principals."""

import json
from typing import Any

from ecr_constructs.cloudformation.resource_types import REGISTRY_POLICY, TOPIC_POLICY
from tests.support.rule_examples.build import (
    ABSENT,
    HERE,
    HOME,
    OIDC,
    OWN_ROLE,
    OWN_ROOT,
    ROOT,
    Problems,
    allow,
    api,
    document,
    example,
    resource,
    sent,
    service_role,
)
from tests.support.rule_examples.statements import (
    ABSENT_VALUE,
    ACCOUNT,
    ACTION,
    ARN,
    FILLS,
    LAMBDA,
    MORE,
    ORGANIZATION,
    PARTNER,
    PRINCIPAL,
    PULL,
    REGISTRY,
    STATEMENT,
    TASK,
    TEXT,
    TRUST,
    anyone_with,
    key_of_images,
    may_also_by,
    open_to,
    partner_may,
    public_repository,
    pulled_by,
    puller,
    registry,
    role,
    trusting,
)


def _if(then: Any, otherwise: Any) -> dict[str, Any]:
    return {"Fn::If": ["IsProduction", then, otherwise]}


def _managed(name: str) -> dict[str, Any]:
    arn = {"Fn::Sub": f"arn:${{AWS::Partition}}:iam::aws:policy/{name}"}
    return {"Task": service_role("ecs-tasks", ManagedPolicyArns=[arn])}


def _keyed(**parts: Any) -> dict[str, Any]:
    return key_of_images(allow("kms:*", Principal="*", Resource="*", **parts))


_OWN_KEY = allow("kms:*", Principal={"AWS": OWN_ROOT}, Resource="*")

EXAMPLES = {
    "ECR206": example(pulled_by("*"), PRINCIPAL, pulled_by("*", Condition=ORGANIZATION)),
    "ECR208": example(partner_may("ecr:*"), ACTION, pulled_by(PARTNER)),
    "ECR209": example(pulled_by(LAMBDA), PRINCIPAL, pulled_by(LAMBDA, Condition=ACCOUNT)),
    "ECR211": example(
        role([*PULL, "ecr:GetAuthorizationToken"], Resource=ARN),
        f"{TASK}.Resource",
        role("ecr:GetAuthorizationToken", Resource="*"),
    ),
    "ECR212": example(role("ecr:*", Resource="*"), f"{TASK}.Action", puller(ARN)),
    "ECR213": example(
        _keyed(),
        "Key.Properties.KeyPolicy.Statement[0].Principal",
        _keyed(Condition={"StringEquals": {"kms:CallerAccount": HOME[0]}}),
    ),
    "ECR215": example(
        trusting({"AWS": "*"}),
        f"{TRUST}.Principal",
        trusting({"AWS": "*"}, Condition=ORGANIZATION),
    ),
    "ECR216": example(
        registry(FILLS, Principal=PARTNER, Resource="*"),
        f"{REGISTRY}.Resource",
        registry(FILLS, Principal=PARTNER, Resource=ARN),
    ),
    "ECR217": example(
        key_of_images(allow("kms:Decrypt", Principal={"AWS": f"{OWN_ROLE}/app"}, Resource="*")),
        "Key.Properties.KeyPolicy",
        key_of_images(_OWN_KEY),
    ),
    "ECR218": example(
        open_to([*PULL, "ecr:GetAuthorizationToken"], Principal=PARTNER),
        ACTION,
        pulled_by(PARTNER),
    ),
    "ECR219": example(
        _managed("AmazonECRPowerUser"),
        "Task.Properties.ManagedPolicyArns[0]",
        _managed("AmazonEC2ContainerRegistryPowerUser"),
    ),
}
_TOPIC_POLICY = {"Topics": [{"Ref": "Topic"}]}


def _topic(**statement: Any) -> dict[str, Any]:
    policy = {**_TOPIC_POLICY, "PolicyDocument": document(allow("sns:Subscribe", **statement))}
    return {
        "Rule": sent(),
        "Topic": resource("AWS::SNS::Topic", {}),
        "Policy": resource(TOPIC_POLICY, policy),
    }


_DENIED = {"Effect": "Deny", "Principal": "*", "Action": "ecr:*"}
_GIVEN = json.dumps(document(allow("ecr:*", Principal="*", Resource="${Given}")))
PROBLEMS: Problems = {
    ("ECR206", f"{STATEMENT}.NotPrincipal"): {
        "everyone but somebody": (open_to(PULL, NotPrincipal=PARTNER), "Allow")
    },
    ("ECR206", PRINCIPAL, "vpce-*"): {
        "any endpoint": anyone_with("StringLike", "aws:SourceVpce", "vpce-*")
    },
    ("ECR206", PRINCIPAL, "128.0.0.0/1"): {
        "two halves of the internet": anyone_with(
            "IpAddress", "aws:SourceIp", ["0.0.0.0/1", "128.0.0.0/1"]
        )
    },
    ("ECR206", f"{STATEMENT}.Principal", "17.0.0.0/8"): {
        "parts of a range in two statements": api(
            RepositoryPolicyText=document(
                *(
                    allow(
                        PULL,
                        Principal="*",
                        Condition={"IpAddress": {"aws:SourceIp": f"{number}.0.0.0/8"}},
                    )
                    for number in (16, 17)
                )
            )
        )
    },
    ("ECR206", PRINCIPAL, "${aws:PrincipalOrgID}"): {
        "an organization that is always equal": anyone_with(
            "StringEquals", "aws:PrincipalOrgID", "${aws:PrincipalOrgID}"
        )
    },
    ("ECR206", PRINCIPAL): {
        "everyone from everywhere": anyone_with("IpAddress", "aws:SourceIp", "0.0.0.0/0"),
        "everyone without the key": anyone_with(
            "StringEqualsIfExists", "aws:PrincipalOrgID", "o-a1b2c3d4e5"
        ),
        "a role of that name in any account": anyone_with(
            "ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/ci"
        ),
        "any ARN of IAM": anyone_with("ArnLike", "aws:PrincipalArn", "arn:*"),
        "everyone pushes to a public repository": public_repository("ecr-public:PutImage"),
        "everyone in one branch": pulled_by({"AWS": _if(ROOT, "*")}),
        "everyone in the other branch": pulled_by(_if("*", {"AWS": ROOT})),
        "a condition in one branch only": pulled_by("*", Condition=_if(ORGANIZATION, ABSENT_VALUE)),
    },
    ("ECR206", f"{REGISTRY}.Principal"): {
        "a registry open to everyone": registry(
            "ecr:ReplicateImage", Principal="*", Resource=f"{HERE}:repository/*"
        ),
        "a policy that is mostly known": {
            "Policy": resource(REGISTRY_POLICY, {"PolicyText": {"Fn::Sub": _GIVEN}})
        },
    },
    ("ECR206", f"{TEXT}.Statement[1].Principal"): {
        "a statement in one branch": api(
            RepositoryPolicyText=document(
                allow(PULL, Principal=PARTNER),
                _if(ABSENT_VALUE, allow(PULL, Principal="*")),
            )
        )
    },
    ("ECR208", ACTION, "ecr:*"): {
        "everything to another account": partner_may("ecr:*"),
        "everything to a service": open_to("ecr:*", Principal=LAMBDA, Condition=ACCOUNT),
    },
    ("ECR208", ACTION, "ecr:BatchDeleteImage"): {
        "deleting for an organization": open_to(
            [*PULL, "ecr:BatchDeleteImage", "ecr:SetRepositoryPolicy"],
            Principal="*",
            Condition=ORGANIZATION,
        )
    },
    ("ECR208", f"{STATEMENT}.NotAction", "ecr:DeleteRepository"): {
        "all but one action": api(
            RepositoryPolicyText=document(
                {"Effect": "Allow", "Principal": PARTNER, "NotAction": "ecr:DeleteRepository"}
            )
        )
    },
    ("ECR208", f"{REGISTRY}.Action", "ecr:*"): {
        "everything in a registry": registry("ecr:*", Principal=PARTNER, Resource=ARN)
    },
    ("ECR208", ACTION, "ecr:DeleteRepository"): {
        "deleting for everyone but somebody": open_to("ecr:DeleteRepository", NotPrincipal=PARTNER)
    },
    ("ECR212", f"{TASK}.Action"): {
        "every repository": (role("ecr:*", Resource=f"{HERE}:repository/*"), "deleting"),
        "pushing everywhere": role("ecr:PutImage", Resource="*"),
        "deleting everywhere": role(["ecr:BatchDeleteImage"], Resource=f"{HERE}:repository/*"),
        "opening everywhere": role("ecr:Set*", Resource=f"{HERE}:*"),
        "everywhere by wildcards": role("ecr:Put*", Resource="arn:aws:ecr:*"),
    },
    ("ECR212", f"{MORE}.Action"): {
        "everything on everything": may_also_by(Action="*", Resource="*"),
        "everything but one repository": may_also_by(
            Action="ecr:PutImage", NotResource=f"{HERE}:repository/secret"
        ),
    },
    ("ECR212", f"{MORE}.NotAction"): {
        "everything but a service": may_also_by(NotAction="iam:*", Resource="*")
    },
    ("ECR213", "Policy.Properties.PolicyDocument.Statement[0].NotPrincipal"): {
        "a topic for everyone but somebody": _topic(NotPrincipal=PARTNER, Resource={"Ref": "Topic"})
    },
    ("ECR213", "Key.Properties.KeyPolicy.Statement[1].NotPrincipal"): {
        "a key for everyone but somebody": key_of_images(
            _OWN_KEY, allow("kms:Decrypt", NotPrincipal=PARTNER, Resource="*")
        )
    },
    ("ECR215", f"{TRUST}.NotPrincipal"): {
        "a role for everyone but somebody": trusting(ABSENT, NotPrincipal=PARTNER)
    },
    ("ECR215", f"{TRUST}.Principal", "vstoken.actions.githubusercontent.com"): {
        "a role for every token of an older issuer of GitHub": trusting(
            {"Federated": f"{OIDC}/vstoken.actions.githubusercontent.com"},
            "sts:AssumeRoleWithWebIdentity",
            Condition={
                "StringEquals": {"vstoken.actions.githubusercontent.com:aud": "acme"},
                "NumericEquals": {"vstoken.actions.githubusercontent.com:exp": "1"},
            },
        )
    },
    ("ECR215", f"{TRUST}.Principal", "agent.buildkite.com"): {
        "a role for every organization of a shared provider": trusting(
            {"Federated": f"{OIDC}/agent.buildkite.com"},
            "sts:AssumeRoleWithWebIdentity",
            Condition={"StringLike": {"agent.buildkite.com:sub": "organization:acme*"}},
        )
    },
    ("ECR215", f"{TRUST}.Principal", "cognito-identity.amazonaws.com"): {
        "a role for every identity pool": trusting(
            {"Federated": "cognito-identity.amazonaws.com"}, "sts:AssumeRoleWithWebIdentity"
        )
    },
    ("ECR216", f"{REGISTRY}.Resource"): {
        "everything in any registry": registry(
            FILLS, Principal=PARTNER, Resource="arn:aws:ecr:*:*:*"
        )
    },
    ("ECR216", f"{REGISTRY}.NotResource"): {
        "all repositories but some": registry(
            FILLS, Principal=PARTNER, NotResource=f"{HERE}:repository/secret/*"
        )
    },
    ("ECR217", STATEMENT): {"nobody may do anything": api(RepositoryPolicyText=document(_DENIED))},
    ("ECR217", REGISTRY): {
        "nobody may do anything in a registry": {
            "Policy": resource(
                REGISTRY_POLICY, {"PolicyText": document({**_DENIED, "Resource": "*"})}
            )
        }
    },
    ("ECR217", "Key.Properties.KeyPolicy.Statement[1]"): {
        "a key that nobody may manage": key_of_images(
            _OWN_KEY,
            {"Effect": "Deny", "Principal": "*", "NotAction": "kms:Decrypt", "Resource": "*"},
        )
    },
}
