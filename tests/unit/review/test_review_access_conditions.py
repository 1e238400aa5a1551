"""What each condition means for the principals of a statement."""

from typing import Any

import pytest

from tests.support.rule_examples.build import ROOT
from tests.unit.review.access_sides import (
    ACCOUNT,
    NARROWED,
    ORG_ID,
    WIDENED,
    access_changes,
    having,
    pulls,
)

Conditions = str | dict[str, Any]

# A principal, and the beginning of its principal sets.
ANYONE: tuple[Any, str] = ("*", "")
PARTNER: tuple[Any, str] = ({"AWS": ROOT}, ACCOUNT)
LAMBDA: tuple[Any, str] = ({"Service": "lambda.amazonaws.com"}, "(service) is lambda.amazonaws.com")
SECOND = "o-b1b2c3d4e5"
ROLE = "arn:aws:iam::444455556666:role"
FUNCTION = "arn:aws:lambda:eu-central-1:444455556666:function"
UNIT = f"{ORG_ID}/r-ab12/ou-ab12-11111111"
# Short names of condition keys.
KEYS = {
    "org": "aws:PrincipalOrgID",
    "paths": "aws:PrincipalOrgPaths",
    "account": "aws:PrincipalAccount",
    "arn": "aws:PrincipalArn",
    "source": "aws:SourceArn",
    "team": "aws:PrincipalTag/team",
    "keys": "aws:TagKeys",
    "ip": "aws:SourceIp",
    "tls": "aws:SecureTransport",
    "age": "aws:MultiFactorAuthAge",
}
BY_CI, ANY_CI = f"ArnLike arn {ROLE}/ci", "arn:aws:iam::*:role/ci"
IN_ACCOUNT, PATHS = "StringEquals account 444455556666", "ForAnyValue:StringLike paths"
INVOKED, IPV6 = f"ArnLike source {FUNCTION}", "2001:db8::/32"
NOT_WEB, OUTSIDE = "team is not web", f"NotIpAddress ip 10.0.0.0/8 {IPV6}"
NOT_OWN_TEAM = "StringNotEquals team ${aws:PrincipalTag/team}"
OWN_TEAM = "StringEquals team ${aws:PrincipalTag/team}"
ONLY_TEAM = "ForAllValues:StringEquals keys team"
WITHIN, TLS = f"StringEquals org {ORG_ID}", "Bool tls true"


def statement(principal: Any, conditions: Conditions) -> dict[str, Any]:
    """Return a policy with conditions, written as ``operator key values`` between semicolons."""
    written: dict[str, Any] = {}
    if isinstance(conditions, str):
        for condition in filter(None, conditions.split("; ")):
            operator, key, *values = condition.split()
            written[operator] = {KEYS.get(key, key): values}
    else:
        for operator, tests in conditions.items():
            written[operator] = {KEYS[key]: values for key, values in tests.items()}
    return having(pulls(Principal=principal, Condition=written))


def principal_set(constraints: str) -> str:
    """Return the code of constraints in which the keys have short names."""
    listed = [constraint.partition(" ") for constraint in constraints.split(" & ")]
    return " & ".join(f"{KEYS.get(key, key).lower()} {how}".strip() for key, _, how in listed)


# The narrower conditions, the wider ones, and the rest of the wider principal set.
Wider = dict[str, tuple[Conditions, Conditions, str]]
FOR_ANYONE: Wider = {
    "an organization dropped": (WITHIN, "", ""),
    "a second organization": (WITHIN, f"{WITHIN} {SECOND}", f"org is {SECOND}"),
    "any organization": (WITHIN, "StringLike org o-*", "org is o-*"),
    "organizations by their beginning": (WITHIN, "StringLike org o-a*", "org is o-a*"),
    "an organization if there is one": (WITHIN, f"StringEqualsIfExists org {ORG_ID}", "org absent"),
    "a pattern that is taken literally": ("StringEquals org o-*", WITHIN, f"org is {ORG_ID}"),
    "a unit's organization": (f"{PATHS} {UNIT}/*", f"{PATHS} {ORG_ID}/*", f"org is {ORG_ID}"),
    "an organization of a unit": (f"{PATHS} {UNIT}/*", WITHIN, f"org is {ORG_ID}"),
    "units alike": (f"{PATHS} {UNIT}/*", f"{PATHS} o-a*", "org is o-a* & paths is o-a*"),
    "any unit": (f"{PATHS} {UNIT}/*", f"{PATHS} *", "org is o-*"),
    "another account": (IN_ACCOUNT, f"{IN_ACCOUNT} 777788889999", "account is 777788889999"),
    "accounts alike": (IN_ACCOUNT, "StringLike account 4444????????", "account is 4444????????"),
    "a role's account": (
        f"ArnEquals arn {ROLE}/ci",
        "StringEquals kms:CallerAccount 444455556666",
        "account is 444455556666",
    ),
    "every role": (BY_CI, f"ArnEquals arn {ROLE}/*", f"account is 444455556666 & arn is {ROLE}/*"),
    "a role of any account": (BY_CI, f"ArnLike arn {ANY_CI}", f"arn is {ANY_CI}"),
    "from anywhere": ("StringEquals aws:SourceVpce vpce-1", "", ""),
    "an IPv6 network": ("IpAddress ip 2001:db8:1::/48", f"IpAddress ip {IPV6}", f"ip is {IPV6}"),
}
FOR_SERVICES: Wider = {
    "a service for anyone": ("StringEquals aws:SourceAccount 444455556666", "", ""),
    "any function": (f"{INVOKED}:pay", f"{INVOKED}:*", f"source is {FUNCTION}:*"),
}
FOR_ACCOUNTS: Wider = {
    "another tag": (
        "StringEquals aws:ResourceTag/team pay",
        "StringEquals AWS:ResourceTag/team pay web",
        "aws:resourcetag/team is web",
    ),
    "any tag": ("StringEquals team pay", {"Null": {"team": [False]}}, "team is *"),
    "without a tag too": ("Null team true", "StringNotLike team pay*", "team is not pay*"),
    "in any case": ("StringEquals team Pay", "StringEqualsIgnoreCase team PAY", "team is pay"),
    "fewer exceptions": ("StringNotEquals team pay web", "StringNotEquals team web", NOT_WEB),
    "all but one": ("StringLike team pay-*", "StringNotEquals team web", NOT_WEB),
    # Under StringEquals an asterisk is an asterisk.
    "a literal asterisk": ("StringEquals team b*", "StringLike team b*", "team is b*"),
    "without encryption": ({"Bool": {"tls": [True]}}, "", ""),
    "a wider network": ("IpAddress ip 10.1.0.0/16", "IpAddress ip 10.0.0.0/8", "ip is 10.0.0.0/8"),
    "outside a smaller network": (OUTSIDE, "NotIpAddress ip 10.1.0.0/16", "ip is not 10.1.0.0/16"),
    "outside of others": ("IpAddress ip 192.0.2.0/24", OUTSIDE, f"ip is not 10.0.0.0/8,{IPV6}"),
    "another key": (ONLY_TEAM, "ForAllValues:StringLike keys team cost-*", "keys only cost-*,team"),
    "without tags or with some": ("Null keys true", ONLY_TEAM, "keys only team"),
    "a larger number": (
        "NumericLessThan age 60",
        "NumericLessThan age 600",
        "age is less than 600",
    ),
    "the number itself": (
        "NumericLessThan age 6",
        "NumericLessThanEquals age 6",
        "age is at most 6",
    ),
    "a number that is there": ("NumericLessThan age 6", "Null age false", "age is *"),
    "a key compared with itself": ("StringEquals team web", OWN_TEAM, "team is *"),
    "a number of many": ("NumericEquals age 6", "NumericGreaterThan age 5", "age is more than 5"),
    "a number not excluded": ("NumericEquals age 6", "NumericNotEquals age 5", "age is not 5"),
    "a later time": (
        "DateLessThan now 2026-01-01T00:00:00Z",
        "DateLessThan now 1798761600",
        "now is before 2027-01-01T00:00:00Z",
    ),
    "an earlier time": (
        "DateGreaterThanEquals now 2026-01-02",
        "DateGreaterThanEquals now 2026-01-01T00:00:00+01:00",
        "now is at least 2025-12-31T23:00:00Z",
    ),
    "one condition of two": (f"{WITHIN}; {TLS}", WITHIN, f"org is {ORG_ID}"),
}
WIDER = {
    case: (*principal, *row)
    for principal, rows in ((ANYONE, FOR_ANYONE), (PARTNER, FOR_ACCOUNTS), (LAMBDA, FOR_SERVICES))
    for case, row in rows.items()
}
WILDCARDS = {"any organization": "o-*", "any unit": "*"}


@pytest.mark.parametrize("case", WIDER)
def test_wider_condition_widens(case: str) -> None:
    """A wider condition widens only; the reverse narrows only."""
    principal, prefix, narrow, wide, rest = WIDER[case]
    base, head = (statement(principal, conditions) for conditions in (narrow, wide))
    [widened], [narrowed] = access_changes(base, head), access_changes(head, base)

    expected = " & ".join(filter(None, (prefix, principal_set(rest)))) or "*"
    assert (WIDENED, NARROWED) == (widened.kind, narrowed.kind)
    assert "allow pull" == widened.codes[1]
    assert sorted(expected.split(" & ")) == sorted(widened.codes[0].split(" & "))
    wildcard = [f"wildcard {WILDCARDS[case]}"] if case in WILDCARDS else []
    assert wildcard == [code for code in widened.codes if code.startswith("wildcard")]


# Two conditions of which neither implies the other.
OTHERS: dict[str, tuple[Conditions, Conditions]] = {
    "organizations": (WITHIN, f"StringEquals org {SECOND}"),
    "a value of many, and only that": ("ForAnyValue:StringEquals keys team", ONLY_TEAM),
    "a key that is there, and one that is not": ("Null team false", NOT_OWN_TEAM),
    "inside and outside": (WITHIN, f"StringNotEquals org {ORG_ID}"),
    "present and absent": ("Null team true", "Null team false"),
    "keys": (WITHIN, TLS),
    "networks of two kinds": ("IpAddress ip 10.0.0.0/8", f"IpAddress ip {IPV6}"),
    "a network without a part": ("IpAddress ip 10.0.0.0/8", f"NotIpAddress ip 10.1.0.0/16 {IPV6}"),
    "an IPv6 network without a part": (f"IpAddress ip {IPV6}", "NotIpAddress ip 2001:db8:1::/48"),
    "a pattern and all but one of it": ("StringLike team pay-*", "StringNotEquals team pay-a"),
    "patterns, one in the other": ("StringLike team pay-*", "StringNotLike team pay-a-*"),
    "patterns that overlap": ("StringLike team pay-*", "StringNotLike team *-api"),
    "one letter or many": ("StringLike team a*", "StringLike team ?b"),
    "one in any case, and others": ("StringEqualsIgnoreCase team pay", "StringNotEquals team Pay"),
    "one whose case does not matter": ("StringEqualsIgnoreCase team pay", "StringEquals team web"),
}


@pytest.mark.parametrize("case", OTHERS)
def test_other_condition_does_both(case: str) -> None:
    """A condition in place of one that is neither narrower nor wider widens and narrows."""
    base, head = (statement("*", conditions) for conditions in OTHERS[case])
    changes = access_changes(base, head)

    assert [WIDENED, NARROWED] == [change.kind for change in changes]
    assert all("allow pull" in change.codes for change in changes)


def many(teams: int) -> Conditions:
    """Return conditions with more combinations than are compared one by one."""
    tags, costs = (" ".join(f"t{number}" for number in range(count)) for count in (teams, 40))
    return f"StringEquals team {tags}; StringLike aws:PrincipalTag/cost {costs}"


# Conditions that cannot be compared.
DOUBTFUL: dict[str, tuple[Conditions, Conditions]] = {
    "no number": ("NumericLessThan age sixty", "NumericLessThan age 600"),
    "numbers that are not finite": ("NumericLessThan age NaN", "NumericLessThan age Infinity"),
    "a number and a text": ("NumericEquals age 60", "StringEquals age 60"),
    "no time": ("DateLessThan now noon", "DateLessThan now 2026-01-01"),
    "an unknown operator": ("StringMatches team pay", "StringMatches team web"),
    "no network": ("IpAddress ip 10.0.0.0/8 home", "IpAddress ip 10.0.0.0/8 office"),
    "a network as text": ("IpAddress ip 10.0.0.0/8", "StringLike ip 10.?.*"),
    "a network and another text": ("IpAddress ip 10.0.0.0/8", "StringNotEquals ip 10.0.0.1"),
    "negations": ("ForAnyValue:StringNotEquals keys pay", "ForAnyValue:StringNotEquals keys web"),
    "unknown text": ("StringLike team a-?", {"StringEquals": {"team": {"Fn::Sub": "${Prefix}-x"}}}),
    "an unknown value": ({"StringEquals": {"team": {"Ref": "Team"}}}, "StringNotEquals team pay"),
    "very many": (many(40), many(41)),
}


@pytest.mark.parametrize("case", DOUBTFUL)
def test_conditions_that_cannot_be_compared_need_a_review(case: str) -> None:
    """At least one direction is unknown; equal conditions are not a change."""
    base, head = (statement(PARTNER[0], conditions) for conditions in DOUBTFUL[case])

    assert ("unknown difference",) in [change.codes for change in access_changes(base, head)]
    assert [] == access_changes(base, base)


@pytest.mark.parametrize(("text", "other"), [("${AWS::Partition}", "aws"), ("aws", "aws-cn")])
def test_partition_makes_no_difference(text: str, other: str) -> None:
    """An ARN is the same with a partition that CloudFormation fills in."""
    one, two = (
        having(pulls({"Fn::Sub": f"arn:{partition}:iam::444455556666:role/ci"}))
        for partition in (text, other)
    )

    assert [] == access_changes(one, two)
