"""Roles that are reached through others, policies that are not read, and limits."""

from typing import Any

import pytest

from ecr_constructs.review.access.analyzer import ENDPOINT
from ecr_constructs.review.access.identities import MEMBERSHIP, SERVERLESS
from tests.support.rule_examples.build import (
    PARTNER,
    allow,
    document,
    get_att,
    repository,
    resource,
    template,
)
from tests.support.rule_examples.statements import PULL
from tests.unit.review.access_sides import HERE, all_changes, codes, deny
from tests.unit.review.test_review_access_identities import (
    AWS_POLICY,
    ECS,
    GITHUB,
    LOGS,
    PULLING,
    PUSHING,
    TOKEN,
    pulling,
    role,
    token,
)

Resources = dict[str, Any]

API = repository(RepositoryName="payments/api")
ROLES = "arn:aws:iam::111122223333:role"
OWN = "aws:principalaccount is 111122223333"
BY_ACCOUNT = allow("sts:AssumeRole", Principal={"AWS": "111122223333"})
BY_A = allow("sts:AssumeRole", Principal={"AWS": f"{ROLES}/a"})
PUSHER = {"B": role(PUSHING, trust=BY_ACCOUNT, RoleName="b")}
UNNAMED = {"B": role(PUSHING, trust=BY_ACCOUNT)}
OF_A, OF_C = "(identity) is role a", "(identity) is role c"
PUSHES = "allow pull payments/* | allow push payments/*"
PUSHES_AS = PUSHES.replace("allow", "role may allow")
AS_B = "allow assume the role role b"
ASSUMING_B = allow("sts:AssumeRole", Resource=f"{ROLES}/b")
ASSUMING_ALL = allow("sts:AssumeRole", Resource="*")
PASSING = allow("iam:PassRole", Resource=f"{ROLES}/b")
DOWNLOADS = "allow call GetDownloadUrlForLayer payments/*"
FAR = "payments/* of account 111122223333"
OWN_POLICY = "arn:aws:iam::111122223333:policy/company"
OF_ACME = f"{TOKEN} & {GITHUB}:sub is repo:acme/*"
READS = "allow pull every repository | allow import upstream images every repository | allow log in"
LIMITS = "its boundary permits it: ${Limits.Ref}"
MFA = {"Bool": {"aws:MultiFactorAuthPresent": "true"}}


def a(*statements: Any, **properties: Any) -> Resources:
    """Return the role a."""
    return {"A": role(*statements, **{"trust": BY_ACCOUNT, "RoleName": "a", **properties})}


def c(*statements: Any) -> Resources:
    """Return the role c."""
    return {"C": role(*statements, trust=BY_ACCOUNT, RoleName="c")}


def function(*policies: Any, **properties: Any) -> Resources:
    """Return a function of SAM."""
    return {"F": resource(SERVERLESS[0], {"Policies": list(policies), **properties})}


def user(*groups: Any) -> Resources:
    """Return a user in some groups, of which Pushers may push."""
    pushers = resource("AWS::IAM::Group", {"Policies": [{"PolicyDocument": document(PUSHING)}]})
    return {"Eve": resource("AWS::IAM::User", {"Groups": list(groups)}), "Pushers": pushers}


def addition(**properties: Any) -> Resources:
    """Return an addition of users to a group."""
    return {"Addition": resource(MEMBERSHIP, properties)}


def endpoint(policy: Any = None, service: str = "com.amazonaws.eu-central-1.ecr.api") -> Resources:
    """Return a VPC endpoint."""
    own = {} if policy is None else {"PolicyDocument": document(policy)}
    return {"Vpce": resource(ENDPOINT, {"ServiceName": service, **own})}


def bounded(*statements: Any, boundary: Any) -> Resources:
    """Return the role a with a boundary, and a managed policy for it."""
    limits = boundary if isinstance(boundary, list) else []
    policy = resource("AWS::IAM::ManagedPolicy", {"PolicyDocument": document(*limits)})
    value = {"Ref": "Limits"} if limits else boundary
    more = {} if value is None else {"PermissionsBoundary": value}
    return {**a(*statements, **more), "Limits": policy}


EVERYONE = allow("*", Principal="*", Resource="*")
PULLING_ONE = allow(PULL, Principal="*", Resource=f"{HERE}/payments/api")
ANY_REPOSITORY = allow("ecr:*", Resource=f"{HERE}/*")
# Resources beside a repository before and after, and the codes of each change.
CASES: dict[str, tuple[Resources, Resources, *tuple[str, ...]]] = {
    "a trust of a role that may assume a pusher": (
        PUSHER | a(ASSUMING_B),
        PUSHER | a(ASSUMING_B, trust=[BY_ACCOUNT, token("repo:acme/*")]),
        f"+ {OF_ACME} | allow assume the role | {PUSHES_AS} | role may {AS_B}",
    ),
    "a trust that names the first role": (
        {"B": role(PUSHING, trust=BY_A, RoleName="b")} | a(trust=ECS),
        {"B": role(PUSHING, trust=BY_A, RoleName="b")} | a(trust=[ECS, BY_ACCOUNT]),
        f"+ {OWN} | allow assume the role | {PUSHES_AS}",
    ),
    "a role that assumes a pusher": (
        PUSHER | a(),
        PUSHER | a(ASSUMING_B),
        f"+ {OF_A} | {PUSHES} | {AS_B}",
    ),
    "a role that assumes a pusher by reference": (
        PUSHER | a(),
        PUSHER | a(allow("sts:AssumeRole", Resource=get_att("B"))),
        f"+ {OF_A} | {PUSHES} | {AS_B}",
    ),
    "a role that assumes a pusher without a name": (
        UNNAMED | a(),
        UNNAMED | a(allow("sts:AssumeRole", Resource=get_att("B"))),
        f"+ {OF_A} | {PUSHES} | allow assume the role role B",
    ),
    "a role that passes a pusher by reference": (
        PUSHER | a(),
        PUSHER | a(allow("iam:PassRole", Resource=get_att("B"))),
        f"+ {OF_A} | allow pass the role role b",
    ),
    "a role that assumes every role": (
        PUSHER | a(),
        PUSHER | a(ASSUMING_ALL),
        f"+ {OF_A} | {PUSHES} | allow assume the role every role",
    ),
    "every role of one account": (
        a(),
        a(allow("sts:AssumeRole", Resource=f"{ROLES}/*")),
        f"+ {OF_A} | allow assume the role every role",
    ),
    "a role that trusts another one": (
        {"B": role(PUSHING, trust=ECS, RoleName="b")} | a(),
        {"B": role(PUSHING, trust=ECS, RoleName="b")} | a(ASSUMING_B),
    ),
    "two steps": (
        PUSHER | c(ASSUMING_B) | a(),
        PUSHER | c(ASSUMING_B) | a(allow("sts:AssumeRole", Resource=f"{ROLES}/c")),
        f"+ {OF_A} | {PUSHES} | allow assume the role role c",
    ),
    "a cycle": (
        {"B": role(PUSHING, trust=BY_ACCOUNT, RoleName="b")} | a(),
        {"B": role(PUSHING, ASSUMING_ALL, trust=BY_ACCOUNT, RoleName="b")} | a(),
        "+ (identity) is role b | allow assume the role every role",
    ),
    "a condition of the second step": (
        PUSHER | a(),
        PUSHER | a({**ASSUMING_B, "Condition": MFA}),
        f"+ {OF_A} & aws:multifactorauthpresent is true | {PUSHES} | {AS_B}",
    ),
    "two ways, one without a condition": (
        PUSHER | a({**ASSUMING_B, "Condition": MFA}),
        PUSHER | a(ASSUMING_B, {**ASSUMING_B, "Condition": MFA}),
        f"+ {OF_A} | {PUSHES} | {AS_B} | replaces {OF_A} & aws:multifactorauthpresent is true",
    ),
    "a denial of the second step": (
        PUSHER | a(ASSUMING_B, deny("sts:AssumeRole", Resource="*")),
        PUSHER | a(ASSUMING_B, deny("sts:AssumeRole", Resource="*")) | c(LOGS),
    ),
    "a denial of the second step dropped": (
        PUSHER | a(ASSUMING_B, deny("sts:AssumeRole", Resource="*")),
        PUSHER | a(ASSUMING_B),
        f"+ {OF_A} | {PUSHES} | {AS_B}",
    ),
    "two roles that assume each other": (
        {"B": role(PUSHING, ASSUMING_ALL, trust=BY_ACCOUNT, RoleName="b")} | a(LOGS),
        {"B": role(PUSHING, ASSUMING_ALL, trust=BY_ACCOUNT, RoleName="b")} | a(ASSUMING_B),
        f"+ {OF_A} | {PUSHES} | {AS_B}",
    ),
    "a second policy attached": (
        a(ManagedPolicyArns=[OWN_POLICY]),
        a(ManagedPolicyArns=[OWN_POLICY, f"{OWN_POLICY}-two"]),
        f"+ policy-not-read | {OWN_POLICY}-two",
    ),
    "a role of another account": (
        PUSHER | a(),
        PUSHER | a(allow("sts:AssumeRole", Resource="arn:aws:iam::444455556666:role/x")),
    ),
    "a role that passes a pusher": (
        PUSHER | a(),
        PUSHER | a(PASSING),
        f"+ {OF_A} | allow pass the role role b",
    ),
    "a role that passes every role": (
        PUSHER | a(),
        PUSHER | a({**PASSING, "Resource": "*"}),
        f"+ {OF_A} | allow pass the role every role",
    ),
    "a role that passes roles without access": (a(), a({**PASSING, "Resource": "*"})),
    "a role that passes itself": (
        a(PUSHING),
        a(PUSHING, {**PASSING, "Resource": f"{ROLES}/a"}),
    ),
    "an own policy attached": (
        a(),
        a(ManagedPolicyArns=[OWN_POLICY]),
        f"+ policy-not-read | {OWN_POLICY}",
    ),
    "an own policy detached": (
        a(ManagedPolicyArns=[OWN_POLICY]),
        a(),
        f"- policy-not-read | {OWN_POLICY}",
    ),
    "an own policy of the app by its ARN": (
        a(),
        {
            **a(ManagedPolicyArns=[OWN_POLICY]),
            "Managed": resource(
                "AWS::IAM::ManagedPolicy",
                {"ManagedPolicyName": "company", "PolicyDocument": document(PULLING)},
            ),
        },
        "+ (identity) is every holder of policy Managed | allow pull payments/api",
        f"+ {OF_A} | allow pull payments/api",
    ),
    "a list of policies that is not known": (
        a(),
        a(ManagedPolicyArns={"Ref": "Policies"}),
        "+ policy-not-read | ${Policies}",
    ),
    "an unknown policy of AWS": (
        a(),
        a(ManagedPolicyArns=[f"{AWS_POLICY}/Unheard"]),
        f"+ policy-not-read | {AWS_POLICY}/Unheard",
    ),
    "a builder's policy of AWS": (
        a(),
        a(ManagedPolicyArns=[f"{AWS_POLICY}/AmazonEC2ContainerRegistryPullOnly"]),
        f"+ {OF_A} | {READS}",
    ),
    "a function of SAM": (
        function({"Statement": PULLING}),
        function({"Statement": [PUSHING]}, {"S3ReadPolicy": {"BucketName": "x"}}),
        f"+ (identity) is role FRole | {PUSHES} | replaces payments/api",
    ),
    "a function with a policy by its name": (
        function(),
        function("AmazonEC2ContainerRegistryPullOnly", "Unheard"),
        "+ policy-not-read | Unheard",
        f"+ (identity) is role FRole | {READS}",
    ),
    "a function with a role of its own": (
        function({"Statement": PULLING}, Role=f"{ROLES}/x"),
        function({"Statement": PUSHING}, Role=f"{ROLES}/x"),
    ),
    "a new function": (
        {},
        function({"Statement": PULLING}),
        "+ (identity) is role FRole | allow pull payments/api",
    ),
    "a user in a group": (
        user(),
        user({"Ref": "Pushers"}, 7),
        f"+ (identity) is user Eve | {PUSHES}",
    ),
    "a user added to a group": (
        user(),
        user() | addition(GroupName={"Ref": "Pushers"}, Users=[{"Ref": "Eve"}]),
        f"+ (identity) is user Eve | {PUSHES}",
    ),
    "additions that cannot be": (
        user(),
        user()
        | addition(GroupName=7, Users=[{"Ref": "Eve"}])
        | {"More": resource(MEMBERSHIP, {"GroupName": "x", "Users": ["x", {"Ref": "Pushers"}]})},
    ),
    "a boundary that is read": (
        bounded(ANY_REPOSITORY, boundary=[PULLING]),
        bounded(ANY_REPOSITORY, boundary=[PUSHING, deny("ecr:BatchGetImage", Resource="*")]),
        f"+ {OF_A} | allow push payments/* | {DOWNLOADS} | replaces payments/api",
        f"- {OF_A} | allow pull payments/api | deny pull every repository",
    ),
    "a boundary of AWS that changes nothing": (
        bounded(PULLING, boundary=f"{AWS_POLICY}/PowerUserAccess"),
        bounded(PULLING, boundary=None),
    ),
    "a boundary for other repositories": (
        bounded(PULLING, boundary=[pulling(f"{HERE}/search/*")]),
        bounded(PULLING, boundary=None),
        f"+ {OF_A} | allow pull payments/api",
    ),
    "a boundary that overlaps": (
        bounded(pulling(f"{HERE}/*/api"), boundary=[pulling(f"{HERE}/payments/*")]),
        bounded(pulling(f"{HERE}/*/api"), boundary=None),
        f"+ {OF_A} | allow pull */api | replaces {OF_A} & {LIMITS}",
    ),
    "a denial beside a boundary": (
        bounded(PULLING, deny("ecr:*", Resource="*"), boundary=[ANY_REPOSITORY]),
        bounded(PULLING, boundary=[ANY_REPOSITORY]),
        f"+ {OF_A} | allow pull payments/api | deny do anything every repository",
    ),
    "an endpoint for fewer": (
        endpoint(),
        endpoint(PULLING_ONE),
        "- * | allow do everything every repository | replaces payments/api",
    ),
    "an endpoint for more": (
        endpoint(PULLING_ONE),
        endpoint(EVERYONE),
        "+ * | allow do everything every repository | replaces payments/api",
    ),
    "a new endpoint": ({}, endpoint(PULLING_ONE)),
    "an endpoint of another service": (
        endpoint(service="com.amazonaws.eu-central-1.s3"),
        endpoint(PULLING_ONE, service="com.amazonaws.eu-central-1.s3"),
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_everything_that_an_identity_reaches_counts(case: str) -> None:
    """Through roles, groups, boundaries and functions; what is not read is reported."""
    before, after, *expected = CASES[case]

    assert sorted(expected) == sorted(codes({"Api": API, **before}, {"Api": API, **after}))


def test_roles_of_several_stacks_are_followed() -> None:
    """A role assumes one of another stack, in another account only if its trust allows that."""
    trust = allow("sts:AssumeRole", Principal={"AWS": "111122223333"})
    pusher = {"Api": API, "B": role(PUSHING, trust=trust, RoleName="b")}
    far = template(pusher, PARTNER, name="far")
    assuming = allow("sts:AssumeRole", Resource="arn:aws:iam::444455556666:role/b")
    base, head = ([far, template(a(*own), name="near")] for own in ((), (assuming,)))

    assert codes(base, head) == [
        f"+ {OF_A} | allow pull {FAR} | allow push {FAR} | {AS_B} of account 444455556666"
    ]


def test_policies_that_allow_the_same_are_a_note() -> None:
    """Those of a role with access to images; those of another role are not reported here."""
    [same] = all_changes(
        {"Api": API, **a(PULLING, PUSHING)}, {"Api": API, **a(PUSHING, LOGS, PULLING)}
    )

    assert ("other", ("same-access",), ("Policies",)) == (same.kind, same.codes, same.properties)
    assert [] == all_changes(a(LOGS), a())
    assert [] == all_changes(
        {"Api": API, **a(PULLING), "Other": resource("AWS::IAM::User", {})},
        {"Api": API, **a(PULLING, Path="/")},
    )
