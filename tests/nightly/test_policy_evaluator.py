"""The tests' own evaluator of policies, against what AWS documents."""

import json
from typing import Any

import pytest

from tests.support.policy_evaluator import Caller, Service, World

HOME, FAR = "111122223333", "444455556666"
ORGANIZATION, UNIT = "o-abcdefghij", "o-abcdefghij/r-ab12/ou-ab12-11111111/"
PULL = "ecr:BatchGetImage"
REPOSITORY = f"arn:aws:ecr:eu-central-1:{HOME}:repository/payments/api"
PREFIX = {"Fn::Sub": "arn:aws:ecr:*:${AWS::AccountId}:repository/pay*"}
ROLE, ROOT = f"arn:aws:iam::{HOME}:role/Role", f"arn:aws:iam::{HOME}:root"
FAR_ROLE = f"arn:aws:iam::{FAR}:role/deployer"
Body = dict[str, Any]


def allow(**more: Any) -> Body:
    """Return a statement of a repository policy that allows pulling, to everyone at first."""
    return {"Effect": "Allow", "Action": PULL, "Principal": "*", **more}


def deny(**more: Any) -> Body:
    """Return the same that denies."""
    return {**allow(**more), "Effect": "Deny"}


def document(*statements: Body) -> Body:
    """Return a policy document."""
    return {"Version": "2012-10-17", "Statement": list(statements)}


def world(*policy: Body, identity: Body | None = None, boundary: Body | None = None) -> World:
    """Return one stack with a repository, a role, and their policies."""
    role: Body = {}
    resources: Body = {
        "Api": {
            "Type": "AWS::ECR::Repository",
            "Properties": {
                "RepositoryName": "payments/api",
                "Tags": [{"Key": "team", "Value": "payments"}],
                "RepositoryPolicyText": document(*policy),
            },
        },
        "Role": {"Type": "AWS::IAM::Role", "Properties": role},
    }
    if identity:
        resources["Policy"] = {
            "Type": "AWS::IAM::Policy",
            "Properties": {"PolicyDocument": document(identity), "Roles": [{"Ref": "Role"}]},
        }
    if boundary:
        role["PermissionsBoundary"] = {"Ref": "Boundary"}
        resources["Boundary"] = {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {"PolicyDocument": document(boundary)},
        }
    return World.of(({"Resources": resources}, HOME, "eu-central-1"))


def own(**more: Any) -> Body:
    """Return a statement of a role's own policy that allows pulling from the repository."""
    resource = {"Fn::GetAtt": ["Api", "Arn"]}
    return {"Effect": "Allow", "Action": [PULL], "Resource": resource, **more}


def tagged(service: str, team: str) -> Body:
    """Return the condition that a repository is of a team."""
    return {"StringEquals": {f"{service}:ResourceTag/team": team}}


WITHIN_ACCOUNT: dict[str, tuple[World, bool]] = {
    "nothing": (world(), False),
    "its own policy": (world(identity=own()), True),
    "its own policy, of other actions": (world(identity=own(Action="ecr:Put*")), False),
    "its own policy, by wildcard": (world(identity=own(Action="ECR:batchget*")), True),
    "its own policy, of another": (world(identity=own(Resource=f"{REPOSITORY}2")), False),
    "its own policy, by prefix": (world(identity=own(Resource=PREFIX)), True),
    "all but": (world(identity={"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}), True),
    "the repository names it": (world(allow(Principal={"AWS": ROLE})), True),
    "the repository names its account only": (world(allow(Principal={"AWS": ROOT})), False),
    "the repository is open": (world(allow()), True),
    "denied by the repository": (world(deny(), identity=own()), False),
    "denied by its own policy": (world(allow(), identity={**own(), "Effect": "Deny"}), False),
    "within its boundary": (world(identity=own(), boundary=own(Resource="*")), True),
    "beyond its boundary": (world(identity=own(), boundary=own(Action="s3:*")), False),
    "a boundary grants nothing": (world(boundary=own(Resource="*")), False),
    "a boundary limits what the repository gives a role": (
        *(world(allow(Principal={"AWS": ROLE}), boundary=own(Action="s3:*")), False),
    ),
    "by tag": (world(identity=own(Condition=tagged("aws", "payments"))), True),
    "by another tag": (world(identity=own(Condition=tagged("ecr", "search"))), False),
}


@pytest.mark.parametrize(("there", "expected"), WITHIN_ACCOUNT.values(), ids=WITHIN_ACCOUNT)
def test_within_an_account(there: World, *, expected: bool) -> None:
    """Either side suffices, Deny wins, and a boundary limits."""
    assert expected == there.can(there.role("Role"), PULL, "payments/api")


NOBODY = Caller(arn=FAR_ROLE, identity=())
ADMIN = Caller(arn=FAR_ROLE, organization=ORGANIZATION, paths=(UNIT,))
ACROSS: dict[str, tuple[Body, Caller, bool]] = {
    "both sides": (allow(Principal={"AWS": FAR_ROLE}), ADMIN, True),
    "both sides, by account": (allow(Principal={"AWS": f"arn:aws:iam::{FAR}:root"}), ADMIN, True),
    "the repository's side only": (allow(Principal={"AWS": FAR_ROLE}), NOBODY, False),
    "another account": (allow(Principal={"AWS": f"arn:aws:iam::{HOME}:root"}), ADMIN, False),
    "another role": (allow(Principal={"AWS": f"{FAR_ROLE}2"}), ADMIN, False),
}


@pytest.mark.parametrize(("statement", "who", "expected"), ACROSS.values(), ids=ACROSS)
def test_across_accounts(statement: Body, who: Caller, *, expected: bool) -> None:
    """Both sides are needed."""
    assert expected == world(statement).can(who, PULL, "payments/api")


OTHER, OTHER_UNIT = "o-zzzzzzzzzz", f"{ORGANIZATION}/r-ab12/ou-x/*"
INSECURE = {"aws:SecureTransport": "false"}
CONDITIONS: dict[str, tuple[Body, bool]] = {
    "its organization": ({"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}}, True),
    "keys in any case": ({"StringEquals": {"AWS:principalorgid": [ORGANIZATION]}}, True),
    "another organization": ({"StringEquals": {"aws:PrincipalOrgID": OTHER}}, False),
    "no wildcard in StringEquals": ({"StringEquals": {"aws:PrincipalOrgID": "o-*"}}, False),
    "a wildcard in StringLike": ({"StringLike": {"aws:PrincipalOrgID": "o-*"}}, True),
    "its unit": ({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": f"{UNIT}*"}}, True),
    "another unit": ({"ForAnyValue:StringLike": {"aws:PrincipalOrgPaths": OTHER_UNIT}}, False),
    "any value of none": ({"ForAnyValue:StringLike": {"aws:TagKeys": "*"}}, False),
    "all values of none": ({"ForAllValues:StringLike": {"aws:TagKeys": "x"}}, True),
    "its ARN": ({"ArnEquals": {"aws:PrincipalArn": FAR_ROLE}}, True),
    "an ARN's parts apart": ({"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*role/x"}}, False),
    "ARNs like it": ({"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::{FAR}:role/d*"}}, True),
    "not an ARN": ({"ArnNotEquals": {"aws:PrincipalArn": FAR_ROLE}}, False),
    "not another ARN": ({"ArnNotLike": {"aws:PrincipalArn": "arn:aws:iam::1:role/x"}}, True),
    "absent": ({"StringEquals": {"aws:SourceVpce": "vpce-1"}}, False),
    "absent and negated": ({"StringNotEquals": {"aws:SourceVpce": "vpce-1"}}, True),
    "absent, if it exists": ({"StringEqualsIfExists": {"aws:SourceVpce": "vpce-1"}}, True),
    "present, if it exists": ({"StringEqualsIfExists": {"aws:PrincipalOrgID": OTHER}}, False),
    "null": ({"Null": {"aws:SourceVpce": "true"}}, True),
    "not null": ({"Null": {"aws:SourceVpce": False}}, False),
    "bool": ({"Bool": {"aws:SecureTransport": "true"}}, True),
    "not bool": ({"Bool": {"aws:SecureTransport": False}}, False),
    "both of two": (
        *({"StringEquals": {"aws:PrincipalOrgID": ORGANIZATION}, "Bool": INSECURE}, False),
    ),
    "a variable": ({"StringLike": {"aws:PrincipalArn": "*:${aws:PrincipalAccount}:*"}}, True),
    "a variable that is not set": ({"StringLike": {"aws:PrincipalArn": "*${aws:x}"}}, False),
}


@pytest.mark.parametrize(("condition", "expected"), CONDITIONS.values(), ids=CONDITIONS)
def test_conditions(condition: Body, *, expected: bool) -> None:
    """Each operator holds or does not, as AWS documents."""
    there = world(allow(Condition=condition))

    assert expected == there.can(ADMIN, PULL, "payments/api", **{"aws:SecureTransport": "true"})


def test_an_unknown_operator_is_an_error() -> None:
    """What cannot be evaluated is never ignored."""
    there = world(allow(Condition={"BinaryEquals": {"aws:PrincipalArn": "1"}}))
    with pytest.raises(KeyError, match="BinaryEquals"):
        there.can(ADMIN, PULL, "payments/api")


LAMBDA = {"Service": "lambda.amazonaws.com"}
ANOTHER_FUNCTION = {"ArnLike": {"aws:SourceArn": "arn:aws:lambda:*:1:function:*"}}
SERVICES = {
    "named": (allow(Principal=LAMBDA), True),
    "another": (allow(Principal={"Service": ["ecs.amazonaws.com"]}), False),
    "everyone": (allow(), False),
    "for another function": (allow(Principal=LAMBDA, Condition=ANOTHER_FUNCTION), False),
}


@pytest.mark.parametrize(("statement", "expected"), SERVICES.values(), ids=SERVICES)
def test_a_service(statement: Body, *, expected: bool) -> None:
    """A service is allowed by name, with conditions on the caller."""
    function = {"aws:SourceArn": "arn:aws:lambda:eu-central-1:2:function:api"}
    asked = Service("lambda.amazonaws.com")

    assert expected == world(statement).can(asked, PULL, "payments/api", **function)


def test_a_login_is_about_no_repository() -> None:
    """What is about the registry needs the role's own policy, in every account."""
    there = world(identity=own(Action="ecr:GetAuthorizationToken", Resource="*"))

    assert there.can(there.role("Role"), "ecr:GetAuthorizationToken")
    assert not world(identity=own()).can(there.role("Role"), "ecr:GetAuthorizationToken2")
    assert there.can(ADMIN, "ecr:GetAuthorizationToken")
    assert not there.can(NOBODY, "ecr:GetAuthorizationToken")


def test_a_named_user_is_not_limited() -> None:
    """A boundary does not limit what a resource policy gives a user by name."""
    user = Caller(arn=f"arn:aws:iam::{HOME}:user/jo", identity=(), boundary=())

    assert world(allow(Principal={"AWS": user.arn})).can(user, PULL, "payments/api")
    assert not world(allow()).can(user, PULL, "payments/api")


def test_what_does_not_exist_yet() -> None:
    """A repository that ECR will create has what the nearest creation template says."""
    policy = json.dumps(document(allow(Principal={"AWS": FAR_ROLE})))
    templates = {
        name: {"Type": "AWS::ECR::RepositoryCreationTemplate", "Properties": properties}
        for name, properties in {
            "All": {"Prefix": "ROOT"},
            "Quay": {"Prefix": "quay", "RepositoryPolicy": policy},
        }.items()
    }
    there = World.of(({"Resources": templates}, HOME, "eu-central-1"))

    assert there.can(ADMIN, PULL, "quay/argoproj/argocd")
    assert not there.can(ADMIN, PULL, "other/argocd")


def test_stacks_that_refer_to_each_other() -> None:
    """What one stack exports another imports; a registry's policy is about its repositories."""
    exporting: Body = {
        "Resources": {"Api": {"Type": "AWS::ECR::Repository"}},
        "Outputs": {"A": {"Value": {"Fn::GetAtt": ["Api", "Arn"]}, "Export": {"Name": "X:Api"}}},
    }
    registry = allow(Resource=REPOSITORY, Action="ecr:CreateRepository")
    identity = own(Resource={"Fn::ImportValue": "X:Api"})
    importing: Body = {
        "Resources": {
            "Role": {
                "Type": "AWS::IAM::Role",
                "Properties": {"Policies": [{"PolicyDocument": document(identity)}]},
            },
            "Registry": {
                "Type": "AWS::ECR::RegistryPolicy",
                "Properties": {"PolicyText": document(registry)},
            },
        }
    }
    there = World.of((exporting, HOME, "eu-central-1"), (importing, HOME, "eu-central-1"))

    assert there.can(there.role("Role"), PULL, "Api")
    assert there.can(there.role("Role"), "ecr:CreateRepository", "payments/api")
    assert not there.can(there.role("Role"), PULL, "Api", region="eu-west-1")


def test_who_may_assume_a_role() -> None:
    """A trust policy names who, and when."""
    trust = {
        "Effect": "Allow",
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Principal": {"Federated": "arn:idp"},
        "Condition": {"StringLike": {"idp:sub": "repo:acme/*"}},
    }
    role = Caller(arn=ROLE, trust=(trust,))
    ask = "sts:AssumeRoleWithWebIdentity"
    there = world()

    assert there.may_assume(role, {"Federated": "arn:idp"}, ask, **{"idp:sub": "repo:acme/api:x"})
    assert not there.may_assume(role, {"Federated": "arn:idp"}, ask, **{"idp:sub": "repo:evil/x"})
    assert not there.may_assume(role, {"Federated": "arn:other"}, ask, **{"idp:sub": "repo:acme/"})
    assert not there.may_assume(role, {"Federated": "arn:idp"}, "sts:AssumeRole")
