"""Examples of the rules for policies."""

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
    assumed_by,
    document,
    example,
    get_att,
    inline,
    key,
    kms,
    resource,
    sent,
    service_role,
)

PULL = ["ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
ORGANIZATION = {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}}
_OWN_ORGANIZATION = {"StringEquals": {"aws:ResourceOrgID": "${aws:PrincipalOrgID}"}}
_ARN = f"{HERE}:repository/payments/*"
_TEXT = "Api.Properties.RepositoryPolicyText"
_STATEMENT = f"{_TEXT}.Statement[0]"
_ACTION, _PRINCIPAL = f"{_STATEMENT}.Action", f"{_STATEMENT}.Principal"
_REGISTRY = "Policy.Properties.PolicyText.Statement[0]"
_TRUST = "Task.Properties.AssumeRolePolicyDocument.Statement[0]"
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
    """Return an ECS task's role with a policy of one statement; one that pulls may log in."""
    login = inline("ecr:GetAuthorizationToken") if action == PULL else []
    return {"Task": service_role("ecs-tasks", Policies=[*inline(action, **parts), *login])}


def pulled_by(principal: Any, **parts: Any) -> dict[str, Any]:
    """Return a repository that a principal may pull from."""
    return open_to(PULL, Principal=principal, **parts)


def anyone_with(operator: str, condition_key: str, value: Any) -> dict[str, Any]:
    """Return a repository that everyone may pull from under a condition."""
    return pulled_by("*", Condition={operator: {condition_key: value}})


def trusting(principal: Any, action: str = "sts:AssumeRole", **parts: Any) -> dict[str, Any]:
    """Return a role that may pull, with the statement of its trust policy."""
    trust = {**allow(action, Principal=principal), **parts}
    return {
        "Task": assumed_by(
            trust, Policies=role(PULL, Resource=_ARN)["Task"]["Properties"]["Policies"]
        )
    }


def may_also(statements: Any) -> dict[str, Any]:
    """Return a role that may log in, with one more statement or several."""
    more = statements if isinstance(statements, list) else [statements]
    policy = document(allow("ecr:GetAuthorizationToken", Resource="*"), *more)
    inlined = {"PolicyName": "a", "PolicyDocument": policy}
    return {"Task": service_role("ecs-tasks", Policies=[inlined])}


def _if(then: Any, otherwise: Any) -> dict[str, Any]:
    return {"Fn::If": ["IsProduction", then, otherwise]}


def _managed(name: str) -> dict[str, Any]:
    arn = {"Fn::Sub": f"arn:${{AWS::Partition}}:iam::aws:policy/{name}"}
    return {"Task": service_role("ecs-tasks", ManagedPolicyArns=[arn])}


def _unversioned(*statements: Any) -> dict[str, Any]:
    """Return a repository with a policy without a version, that is of the old one."""
    return api(RepositoryPolicyText={"Statement": list(statements)})


def _old_role(arn: str) -> dict[str, Any]:
    """Return a role with a policy of the old version."""
    statements = [allow(PULL, Resource=arn), allow("ecr:GetAuthorizationToken", Resource="*")]
    document = {"Version": "2008-10-17", "Statement": statements}
    policies = [{"PolicyName": "Inline", "PolicyDocument": document}]
    return {"Task": service_role("ecs-tasks", Policies=policies)}


def key_of_images(*statements: Any, **properties: Any) -> dict[str, Any]:
    """Return a repository with a key that has these statements."""
    return kms(get_att("Key"), Key=key(KeyPolicy=document(*statements), **properties))


def _may(action: str) -> dict[str, Any]:
    return open_to(action, Principal=_PARTNER)


def _puller(arn: Any) -> dict[str, Any]:
    return role(PULL, Resource=arn)


def _keyed(**parts: Any) -> dict[str, Any]:
    return key_of_images(allow("kms:*", Principal="*", Resource="*", **parts))


_FILLS = ["ecr:CreateRepository", "ecr:ReplicateImage"]
_OWN_KEY = allow("kms:*", Principal={"AWS": OWN_ROOT}, Resource="*")


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
    "ECR215": example(
        trusting({"AWS": "*"}),
        f"{_TRUST}.Principal",
        trusting({"AWS": "*"}, Condition=ORGANIZATION),
    ),
    "ECR216": example(
        registry(_FILLS, Principal=_PARTNER, Resource="*"),
        f"{_REGISTRY}.Resource",
        registry(_FILLS, Principal=_PARTNER, Resource=_ARN),
    ),
    "ECR217": example(
        key_of_images(allow("kms:Decrypt", Principal={"AWS": f"{OWN_ROLE}/app"}, Resource="*")),
        "Key.Properties.KeyPolicy",
        key_of_images(_OWN_KEY),
    ),
    "ECR218": example(
        open_to([*PULL, "ecr:GetAuthorizationToken"], Principal=_PARTNER),
        _ACTION,
        pulled_by(_PARTNER),
    ),
    "ECR219": example(
        _managed("AmazonECRPowerUser"),
        "Task.Properties.ManagedPolicyArns[0]",
        _managed("AmazonEC2ContainerRegistryPowerUser"),
    ),
    "ECR221": example(
        anyone_with("StringEquals", "aws:PrincipalArn", f"{OWN_ROLE}/*"),
        f"{_STATEMENT}.Condition.StringEquals.aws:PrincipalArn",
        anyone_with("StringLike", "aws:PrincipalArn", f"{OWN_ROLE}/*"),
    ),
}


ABSENT_VALUE = {"Ref": "AWS::NoValue"}
_PATHS = ("ForAnyValue:StringLike", "aws:PrincipalOrgPaths")
_PUBLIC = resource("AWS::ECR::PublicRepository", {"Tags": [{"Key": "team", "Value": "cli"}]})
_TOPIC_POLICY = {"Topics": [{"Ref": "Topic"}]}


def _public(action: str) -> dict[str, Any]:
    text = {"RepositoryPolicyText": document(allow(action, Principal="*"))}
    return {"Api": {**_PUBLIC, "Properties": {**_PUBLIC["Properties"], **text}}}


def _topic(**statement: Any) -> dict[str, Any]:
    policy = {**_TOPIC_POLICY, "PolicyDocument": document(allow("sns:Subscribe", **statement))}
    return {
        "Rule": sent(),
        "Topic": resource("AWS::SNS::Topic", {}),
        "Policy": resource(TOPIC_POLICY, policy),
    }


def _text(**statement: Any) -> dict[str, Any]:
    return may_also({"Effect": "Allow", **statement})


_LAYERS = {"Action": PULL, "Resource": _ARN}
_DENIED = {"Effect": "Deny", "Principal": "*", "Action": "ecr:*"}
_MORE = _TASK.replace("[0]", "[1]").replace("Policies[1]", "Policies[0]")
_REST = {"Effect": "Permit", "Principal": _PARTNER, "Action": "ecr:GetImage"}
_GIVEN = json.dumps(document(allow("ecr:*", Principal="*", Resource="${Given}")))
PROBLEMS: Problems = {
    ("ECR201", _TEXT): {
        "a policy that is text": (api(RepositoryPolicyText="everyone"), "JSON"),
        "a policy without statements": (api(RepositoryPolicyText="{}"), "Statement"),
        "a policy with no statement": api(RepositoryPolicyText=document()),
        "a long policy": (pulled_by(_PARTNER, Sid="x" * 10_240), "10,240"),
    },
    ("ECR201", f"{_TEXT}.Statement"): {
        "an unknown effect": (api(RepositoryPolicyText={"Statement": _REST}), "Permit")
    },
    ("ECR204", _ACTION): {
        "an action of another service": (_may("s3:GetObject"), "s3:GetObject"),
        "an action without a service": (_may("BatchGetImage"), "BatchGetImage"),
        "an action without a service in a policy of others": (_may("PutThing"), "PutThing"),
        "a private action in a public policy": _public("ecr:PutImage"),
    },
    ("ECR201", f"{_TEXT}.Version"): {
        "an unknown version": api(
            RepositoryPolicyText={"Version": "2012-10-18", "Statement": allow(PULL, Principal="*")}
        )
    },
    ("ECR201", _MORE): {
        "a principal in an identity policy": _text(**_LAYERS, Principal="*"),
        "an identity policy without a resource": _text(Action=PULL),
        "an element that does not exist": _text(**_LAYERS, Resources="*"),
        "an action and all others": _text(**_LAYERS, NotAction="s3:*"),
    },
    ("ECR201", f"{_MORE}.Sid"): {"a Sid with a space": _text(**_LAYERS, Sid="Pull images")},
    ("ECR201", "Task.Properties.Policies[0].PolicyDocument.Statement[0].Sid"): {
        "the same Sid twice": {
            "Task": service_role(
                "ecs-tasks",
                Policies=[
                    {
                        "PolicyName": "a",
                        "PolicyDocument": document(
                            allow("ecr:GetAuthorizationToken", Resource="*", Sid="A"),
                            allow(PULL, Resource=_ARN, Sid="A"),
                        ),
                    }
                ],
            )
        }
    },
    ("ECR201", _TRUST): {"a resource in a trust policy": trusting(_PARTNER, Resource="*")},
    ("ECR204", f"{_MORE}.Action"): {
        "a dot for a colon": (_text(Action="ecr.BatchGetImage", Resource="*"), "ecr.BatchGetImage"),
        "a reading action that is misspelt": (
            _text(Action="ecr:GetRepository", Resource=_ARN),
            "ecr:GetRepositoryPolicy",
        ),
    },
    ("ECR204", f"{_MORE}.NotAction"): {
        "an exception that does not exist": _text(NotAction="ecr:PushImage", Resource=_ARN)
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
    ("ECR205", f"{_TRUST}.Principal"): {
        "a wildcard in a trust policy": trusting({"AWS": f"{OWN_ROLE}/*"}),
        "a service's short name in a trust policy": trusting({"Service": "ecs-tasks"}),
        "any identity provider": trusting({"Federated": "*"}, "sts:AssumeRoleWithWebIdentity"),
    },
    ("ECR221", f"{_STATEMENT}.Condition.ForAnyValue:StringEquals.aws:PrincipalOrgPaths"): {
        "a path with a literal wildcard": anyone_with(
            "ForAnyValue:StringEquals", "aws:PrincipalOrgPaths", "o-a1b2c3d4e5/r-ab12/*"
        )
    },
    ("ECR221", f"{_STATEMENT}.Condition.StringEquals.aws:ResourceOrgID", "2008-10-17"): {
        "a variable in a policy without a version": _unversioned(
            allow(PULL, Principal="*", Condition=_OWN_ORGANIZATION)
        ),
    },
    ("ECR221", f"{_TASK}.Resource", "2008-10-17"): {
        "a variable in an ARN": _old_role(f"{HERE}:repository/${{aws:PrincipalTag/team}}/*"),
    },
    ("ECR206", f"{_STATEMENT}.NotPrincipal"): {
        "everyone but somebody": (open_to(PULL, NotPrincipal=_PARTNER), "Allow")
    },
    ("ECR206", _PRINCIPAL, "vpce-*"): {
        "any endpoint": anyone_with("StringLike", "aws:SourceVpce", "vpce-*")
    },
    ("ECR206", _PRINCIPAL, "128.0.0.0/1"): {
        "two halves of the internet": anyone_with(
            "IpAddress", "aws:SourceIp", ["0.0.0.0/1", "128.0.0.0/1"]
        )
    },
    ("ECR206", f"{_STATEMENT}.Principal", "17.0.0.0/8"): {
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
    ("ECR206", _PRINCIPAL, "${aws:PrincipalOrgID}"): {
        "an organization that is always equal": anyone_with(
            "StringEquals", "aws:PrincipalOrgID", "${aws:PrincipalOrgID}"
        )
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
        "everyone pushes to a public repository": _public("ecr-public:PutImage"),
        "everyone in one branch": pulled_by({"AWS": _if(ROOT, "*")}),
        "everyone in the other branch": pulled_by(_if("*", {"AWS": ROOT})),
        "a condition in one branch only": pulled_by("*", Condition=_if(ORGANIZATION, ABSENT_VALUE)),
    },
    ("ECR206", f"{_REGISTRY}.Principal"): {
        "a registry open to everyone": registry(
            "ecr:ReplicateImage", Principal="*", Resource=f"{HERE}:repository/*"
        ),
        "a policy that is mostly known": {
            "Policy": resource(REGISTRY_POLICY, {"PolicyText": {"Fn::Sub": _GIVEN}})
        },
    },
    ("ECR206", f"{_TEXT}.Statement[1].Principal"): {
        "a statement in one branch": api(
            RepositoryPolicyText=document(
                allow(PULL, Principal=_PARTNER),
                _if(ABSENT_VALUE, allow(PULL, Principal="*")),
            )
        )
    },
    ("ECR207", f"{_STATEMENT}.Condition.{'.'.join(_PATHS)}", "o-*/r-ab12/*"): {
        "a path of any organization": anyone_with(*_PATHS, "o-*/r-ab12/*")
    },
    ("ECR207", f"{_STATEMENT}.Condition.StringEquals.aws:PrincipalAccount", "44445555666"): {
        "an account with a digit too few": anyone_with(
            "StringEquals", "aws:PrincipalAccount", "44445555666"
        )
    },
    ("ECR207", f"{_STATEMENT}.Condition.StringLike.aws:PrincipalAccount", "1*"): {
        "accounts that begin alike": anyone_with("StringLike", "aws:PrincipalAccount", "1*")
    },
    ("ECR208", _ACTION, "ecr:*"): {
        "everything to another account": _may("ecr:*"),
        "everything to a service": open_to("ecr:*", Principal=_LAMBDA, Condition=_ACCOUNT),
    },
    ("ECR208", _ACTION, "ecr:BatchDeleteImage"): {
        "deleting for an organization": open_to(
            [*PULL, "ecr:BatchDeleteImage", "ecr:SetRepositoryPolicy"],
            Principal="*",
            Condition=ORGANIZATION,
        )
    },
    ("ECR208", f"{_STATEMENT}.NotAction", "ecr:DeleteRepository"): {
        "all but one action": api(
            RepositoryPolicyText=document(
                {"Effect": "Allow", "Principal": _PARTNER, "NotAction": "ecr:DeleteRepository"}
            )
        )
    },
    ("ECR208", f"{_REGISTRY}.Action", "ecr:*"): {
        "everything in a registry": registry("ecr:*", Principal=_PARTNER, Resource=_ARN)
    },
    ("ECR208", _ACTION, "ecr:DeleteRepository"): {
        "deleting for everyone but somebody": open_to("ecr:DeleteRepository", NotPrincipal=_PARTNER)
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
        "a URI": _puller({"Fn::Sub": "${AWS::AccountId}.dkr.ecr.eu-west-1.amazonaws.com/a"}),
        "a Region of ECR Public": role(
            "ecr-public:PutImage", Resource=f"arn:aws:ecr-public:us-east-1:{HOME[0]}:repository/a"
        ),
        "no kind of ECR Public": role(
            "ecr-public:PutImage", Resource=f"arn:aws:ecr-public::{HOME[0]}:image/a"
        ),
    },
    ("ECR210", f"{_REGISTRY}.Resource"): {
        "the registry of another account": (
            registry(_FILLS, Principal=_PARTNER, Resource=f"{HERE[:-12]}999988887777:repository/*"),
            "999988887777",
        ),
        "the registry of another Region": registry(
            _FILLS, Principal=_PARTNER, Resource=f"arn:aws:ecr:us-east-1:{HOME[0]}:repository/*"
        ),
    },
    ("ECR212", f"{_TASK}.Action"): {
        "every repository": (role("ecr:*", Resource=f"{HERE}:repository/*"), "deleting"),
        "pushing everywhere": role("ecr:PutImage", Resource="*"),
        "deleting everywhere": role(["ecr:BatchDeleteImage"], Resource=f"{HERE}:repository/*"),
        "opening everywhere": role("ecr:Set*", Resource=f"{HERE}:*"),
        "everywhere by wildcards": role("ecr:Put*", Resource="arn:aws:ecr:*"),
    },
    ("ECR212", f"{_MORE}.Action"): {
        "everything on everything": _text(Action="*", Resource="*"),
        "everything but one repository": _text(
            Action="ecr:PutImage", NotResource=f"{HERE}:repository/secret"
        ),
    },
    ("ECR212", f"{_MORE}.NotAction"): {
        "everything but a service": _text(NotAction="iam:*", Resource="*")
    },
    ("ECR213", "Policy.Properties.PolicyDocument.Statement[0].NotPrincipal"): {
        "a topic for everyone but somebody": _topic(
            NotPrincipal=_PARTNER, Resource={"Ref": "Topic"}
        )
    },
    ("ECR213", "Key.Properties.KeyPolicy.Statement[1].NotPrincipal"): {
        "a key for everyone but somebody": key_of_images(
            _OWN_KEY, allow("kms:Decrypt", NotPrincipal=_PARTNER, Resource="*")
        )
    },
    ("ECR215", f"{_TRUST}.NotPrincipal"): {
        "a role for everyone but somebody": trusting(ABSENT, NotPrincipal=_PARTNER)
    },
    ("ECR215", f"{_TRUST}.Principal", "vstoken.actions.githubusercontent.com"): {
        "a role for every token of an older issuer of GitHub": trusting(
            {"Federated": f"{OIDC}/vstoken.actions.githubusercontent.com"},
            "sts:AssumeRoleWithWebIdentity",
            Condition={
                "StringEquals": {"vstoken.actions.githubusercontent.com:aud": "acme"},
                "NumericEquals": {"vstoken.actions.githubusercontent.com:exp": "1"},
            },
        )
    },
    ("ECR215", f"{_TRUST}.Principal", "agent.buildkite.com"): {
        "a role for every organization of a shared provider": trusting(
            {"Federated": f"{OIDC}/agent.buildkite.com"},
            "sts:AssumeRoleWithWebIdentity",
            Condition={"StringLike": {"agent.buildkite.com:sub": "organization:acme*"}},
        )
    },
    ("ECR215", f"{_TRUST}.Principal", "cognito-identity.amazonaws.com"): {
        "a role for every identity pool": trusting(
            {"Federated": "cognito-identity.amazonaws.com"}, "sts:AssumeRoleWithWebIdentity"
        )
    },
    ("ECR216", f"{_REGISTRY}.Resource"): {
        "everything in any registry": registry(
            _FILLS, Principal=_PARTNER, Resource="arn:aws:ecr:*:*:*"
        )
    },
    ("ECR216", f"{_REGISTRY}.NotResource"): {
        "all repositories but some": registry(
            _FILLS, Principal=_PARTNER, NotResource=f"{HERE}:repository/secret/*"
        )
    },
    ("ECR217", _STATEMENT): {"nobody may do anything": api(RepositoryPolicyText=document(_DENIED))},
    ("ECR217", _REGISTRY): {
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
    ("ECR214", f"{_MORE}.Condition.StringEqual"): {
        "an unknown operator of a role": _text(
            **_LAYERS, Condition={"StringEqual": {"aws:ResourceTag/team": "pay"}}
        )
    },
    ("ECR214", f"{_MORE}.Condition.StringEquals.ecr:ResourceTags/team"): {
        "a key of ECR that does not exist": _text(
            **_LAYERS, Condition={"StringEquals": {"ecr:ResourceTags/team": "pay"}}
        )
    },
    ("ECR214", f"{_STATEMENT}.Condition.StringEquals.aws:SourceVpcEndpoint"): {
        "an endpoint by another name": anyone_with(
            "StringEquals", "aws:SourceVpcEndpoint", "vpce-0a1b2c3d4e5f6a7b8"
        )
    },
    ("ECR214", f"{_STATEMENT}.Condition.StringEquals.aws:PrincipalOrg"): {
        "a key that there is not": anyone_with("StringEquals", "aws:PrincipalOrg", "o-a1b2c3d4e5")
    },
}
