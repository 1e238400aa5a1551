"""How far a statement for everyone is open, by its conditions."""

from typing import Any

import pytest

from ecr_constructs.cloudformation.iam_policy import Condition
from ecr_constructs.cloudformation.openness import Limit, openness_of

ACCOUNT, ORGANIZATION = "aws:PrincipalAccount", "aws:PrincipalOrgID"
PATHS, ARN, ADDRESS = "aws:PrincipalOrgPaths", "aws:PrincipalArn", "aws:SourceIp"
ENDPOINT, USER = "aws:SourceVpce", "aws:userid"
UNIT = "o-a1b2c3d4e5/r-ab12/ou-ab12-11111111/*"
UNRESOLVED = "${Token[unknown.0123456789abcdef]}"

# Operator, key, values: who satisfies the condition.
CASES: dict[Limit, list[tuple[str, str, Any]]] = {
    Limit.LIMITED: [
        ("StringEquals", ACCOUNT, "111122223333"),
        ("StringLike", ACCOUNT, ["111122223333", "444455556666"]),
        ("StringEqualsIfExists", ACCOUNT, "111122223333"),
        ("ForAllValues:StringEquals", ACCOUNT, "111122223333"),
        ("stringequals", "AWS:PRINCIPALACCOUNT", "111122223333"),
        ("StringEquals", ACCOUNT, "${aws:ResourceAccount}"),
        ("StringEquals", "aws:ResourceAccount", "${aws:PrincipalAccount}"),
        ("StringEquals", "aws:ResourceOrgID", "${aws:PrincipalOrgID}"),
        ("StringEquals", ORGANIZATION, "o-a1b2c3d4e5"),
        ("ForAnyValue:StringLike", PATHS, UNIT),
        ("ForAnyValue:StringEquals", PATHS, UNIT.removesuffix("*")),
        ("ArnLike", ARN, "arn:aws:iam::111122223333:role/*"),
        ("StringLike", ARN, "arn:aws:iam::111122223333*"),
        ("StringLike", ARN, "arn:aws*:iam::111122223333:role/${aws:PrincipalTag/team}"),
        ("ArnLike", "aws:SourceArn", "arn:aws:s3:::images"),
        ("StringEquals", ENDPOINT, "vpce-0a1b2c3d4e5f6a7b8"),
        ("IpAddress", ADDRESS, "203.0.113.0/24"),
        ("IpAddress", ADDRESS, ["10.0.0.0/8", "2001:db8::/33"]),
        ("StringLike", USER, "AROAEXAMPLEEXAMPLE123:*"),
        ("Bool", "aws:PrincipalIsAWSService", "true"),
        ("StringEquals", "aws:PrincipalServiceName", "lambda.amazonaws.com"),
        ("StringLike", "sns:Endpoint", "*@acme.example"),
        ("StringEquals", "sts:ExternalId", "secret"),
    ],
    Limit.STRANGERS: [
        ("StringLike", ACCOUNT, "1*"),
        ("StringLike", ACCOUNT, ["111122223333", "????????????"]),
        ("StringEquals", ACCOUNT, "${aws:PrincipalAccount}"),
        ("StringEquals", ACCOUNT, "${aws:PrincipalTag/account}"),
        ("StringEquals", ORGANIZATION, "${aws:PrincipalOrgID, 'o-a1b2c3d4e5'}"),
        ("StringLike", ORGANIZATION, ["o-a1b2c3d4e5", "o-*"]),
        ("StringLike", ORGANIZATION, "o-??????????"),
        ("ForAnyValue:StringLike", PATHS, "o-*/r-ab12/*"),
        ("ForAnyValue:StringLike", PATHS, "o-a1b2c3d4e5*"),
        ("ArnLike", ARN, "arn:aws:iam::*:role/ci"),
        ("ArnLike", ARN, "arn:*"),
        ("StringLike", ARN, "arn:aws:iam::????????????:role/ci"),
        ("StringLike", ENDPOINT, "vpce-*"),
        ("StringLike", ENDPOINT, "*"),
        ("IpAddress", ADDRESS, "0.0.0.0/0"),
        ("IpAddress", ADDRESS, ["0.0.0.0/1", "128.0.0.0/1"]),
        ("IpAddress", ADDRESS, ["::/1", "8000::/1"]),
        ("IpAddress", "aws:VpcSourceIp", "10.0.0.0/8"),
        ("StringLike", USER, "*:session"),
        ("StringLike", "aws:PrincipalServiceName", "*.amazonaws.com"),
        ("StringLike", "sns:Endpoint", "*"),
    ],
    Limit.EVERYONE: [
        ("StringEqualsIfExists", ORGANIZATION, "o-a1b2c3d4e5"),
        ("ForAllValues:StringLike", PATHS, UNIT),
        ("StringNotEquals", ACCOUNT, "111122223333"),
        ("NotIpAddress", ADDRESS, "10.0.0.0/8"),
        ("Null", ORGANIZATION, "false"),
        ("Bool", "aws:PrincipalIsAWSService", "false"),
        ("StringEquals", "aws:PrincipalIsAWSService", "false"),
        ("Bool", "aws:SecureTransport", "true"),
        ("StringEquals", "aws:PrincipalTag/team", "payments"),
        ("StringEquals", "aws:ResourceAccount", "111122223333"),
        ("StringEquals", "aws:ResourceOrgID", ["${aws:PrincipalOrgID}", "o-a1b2c3d4e5"]),
        ("StringEqualsIfExists", "aws:PrincipalOrg", "o-a1b2c3d4e5"),
        ("IpAddress", "acme:Address", "10.0.0.0/8"),
        ("DateGreaterThan", "aws:CurrentTime", "2020-01-01T00:00:00Z"),
    ],
    Limit.NOBODY: [
        ("StringEquals", ACCOUNT, "44445555666"),
        ("StringLike", ACCOUNT, "acme*"),
        ("StringLike", ACCOUNT, "1111?"),
        ("StringEquals", ACCOUNT, []),
        ("StringEquals", ACCOUNT, "${$}{aws:ResourceAccount}"),
        ("StringEquals", "aws:ResourceOrgID", "${$}{aws:PrincipalOrgID}"),
        ("StringEquals", ORGANIZATION, "o-*"),
        ("StringLike", ORGANIZATION, "*|o-*"),
        ("StringEquals", PATHS, "o-a1b2c3d4e5"),
        ("StringEquals", PATHS, UNIT),
        ("StringEquals", ARN, "arn:aws:iam::111122223333:role/*"),
        ("StringEquals", ARN, "deployer"),
        ("StringEquals", ARN, "arn:aws:iam"),
        ("ArnLike", ARN, "arn:aws:iam::1234:role/ci"),
        ("StringEquals", ENDPOINT, "vpc-0a1b2c3d4e5f6a7b8"),
        ("StringLike", ENDPOINT, "eni-*"),
        ("IpAddress", ADDRESS, "everywhere"),
        ("StringEquals", "aws:SourceVpcEndpoint", "vpce-0a1b2c3d4e5f6a7b8"),
    ],
    Limit.UNKNOWN: [
        ("StringEquals", ACCOUNT, UNRESOLVED),
        ("StringLike", ORGANIZATION, ["o-a1b2c3d4e5", UNRESOLVED]),
        ("IpAddress", ADDRESS, UNRESOLVED),
        ("Bool", "aws:PrincipalIsAWSService", UNRESOLVED),
        ("StringEquals", UNRESOLVED, UNRESOLVED),
        ("StringEqual", ORGANIZATION, "o-a1b2c3d4e5"),
    ],
}


def condition(operator: str, key: str, values: Any) -> Condition:
    """Return a condition with one value or several."""
    return Condition(operator, key, tuple(values) if isinstance(values, list) else (values,))


@pytest.mark.parametrize(
    ("limit", "parts"),
    [(limit, parts) for limit, cases in CASES.items() for parts in cases],
    ids=lambda value: value.name if isinstance(value, Limit) else " ".join(map(str, value)),
)
def test_a_condition_limits_who_satisfies_it(limit: Limit, parts: tuple[str, str, Any]) -> None:
    """A condition limits access only if strangers cannot satisfy it."""
    assert limit is openness_of([condition(*parts)]).limit


MEMBER = ("Null", PATHS, "false")
WITHIN = ("ForAllValues:StringLike", PATHS, UNIT)
ANY_ENDPOINT = ("StringLike", ENDPOINT, "vpce-*")
NOBODY = ("StringEquals", ACCOUNT, "1234")


@pytest.mark.parametrize(
    ("limit", "cause", "conditions"),
    [
        (Limit.EVERYONE, None, []),
        (Limit.LIMITED, None, [WITHIN, MEMBER]),
        (Limit.LIMITED, None, [ANY_ENDPOINT, ("StringEquals", ORGANIZATION, "o-a1b2c3d4e5")]),
        (Limit.NOBODY, NOBODY, [("StringEquals", ORGANIZATION, "o-a1b2c3d4e5"), NOBODY]),
        (Limit.UNKNOWN, None, [ANY_ENDPOINT, ("StringEquals", ACCOUNT, UNRESOLVED)]),
        (Limit.STRANGERS, ANY_ENDPOINT, [("Bool", "aws:SecureTransport", "true"), ANY_ENDPOINT]),
        (Limit.EVERYONE, None, [("Null", PATHS, "true"), WITHIN]),
    ],
)
def test_all_conditions_must_hold(limit: Limit, cause: Any, conditions: list[Any]) -> None:
    """The narrowest condition decides, and the cause is the condition that matters."""
    judged = openness_of(condition(*parts) for parts in conditions)

    assert (limit, cause and condition(*cause)) == (judged.limit, judged.cause)
