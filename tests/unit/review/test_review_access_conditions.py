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
}
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


# The principal, the narrower conditions, the wider ones, and the rest of the wider principal set.
WIDER: dict[str, tuple[tuple[Any, str], Conditions, Conditions, str]] = {
    "an organization dropped": (ANYONE, WITHIN, "", ""),
    "a second organization": (ANYONE, WITHIN, f"{WITHIN} {SECOND}", f"org is {SECOND}"),
    "any organization": (ANYONE, WITHIN, "StringLike org o-*", ""),
    "organizations by their beginning": (ANYONE, WITHIN, "StringLike org o-a*", "org is o-a*"),
    "an organization if there is one": (
        ANYONE,
        WITHIN,
        f"StringEqualsIfExists org {ORG_ID}",
        "org absent",
    ),
    "a pattern that is taken literally": (
        ANYONE,
        "StringEquals org o-*",
        WITHIN,
        f"org is {ORG_ID}",
    ),
    "a unit's organization": (
        ANYONE,
        f"ForAnyValue:StringLike paths {UNIT}/*",
        f"ForAnyValue:StringLike paths {ORG_ID}/*",
        f"paths is {ORG_ID}/*",
    ),
    "any unit": (
        ANYONE,
        f"ForAnyValue:StringLike paths {UNIT}/*",
        "ForAnyValue:StringLike paths *",
        "",
    ),
    "another account": (
        ANYONE,
        "StringEquals account 444455556666",
        "StringEquals account 444455556666 777788889999",
        "account is 777788889999",
    ),
    "accounts by pattern": (
        ANYONE,
        "StringEquals account 444455556666",
        "StringLike account 4444????????",
        "account is 4444????????",
    ),
    "a role's account": (
        ANYONE,
        f"ArnEquals arn {ROLE}/ci",
        "StringEquals kms:CallerAccount 444455556666",
        "account is 444455556666",
    ),
    "every role": (
        ANYONE,
        f"ArnLike arn {ROLE}/ci",
        f"ArnEquals arn {ROLE}/*",
        f"account is 444455556666 & arn is {ROLE}/*",
    ),
    "a role of any account": (
        ANYONE,
        f"ArnLike arn {ROLE}/ci",
        "ArnLike arn arn:aws:iam::*:role/ci",
        "arn is arn:aws:iam::*:role/ci",
    ),
    "a service for anyone": (LAMBDA, "StringEquals aws:SourceAccount 444455556666", "", ""),
    "any function": (
        LAMBDA,
        f"ArnLike source {FUNCTION}:pay",
        f"ArnLike source {FUNCTION}:*",
        f"source is {FUNCTION}:*",
    ),
    "from anywhere": (ANYONE, "StringEquals aws:SourceVpce vpce-1", "", ""),
    "another tag": (
        PARTNER,
        "StringEquals aws:ResourceTag/team pay",
        "StringEquals AWS:ResourceTag/team pay web",
        "aws:resourcetag/team is web",
    ),
    "any tag": (PARTNER, "StringEquals team pay", {"Null": {"team": [False]}}, "team is *"),
    "without a tag too": (PARTNER, "Null team true", "StringNotLike team pay*", "team is not pay*"),
    "whatever the case": (
        PARTNER,
        "StringEquals team Pay",
        "StringEqualsIgnoreCase team PAY",
        "team is pay",
    ),
    "fewer exceptions": (
        PARTNER,
        "StringNotEquals team pay web",
        "StringNotEquals team web",
        "team is not web",
    ),
    "all but one": (
        PARTNER,
        "StringLike team pay-*",
        "StringNotEquals team web",
        "team is not web",
    ),
    # Under StringEquals an asterisk is an asterisk.
    "a literal asterisk": (PARTNER, "StringEquals team b*", "StringLike team b*", "team is b*"),
    "without encryption": (PARTNER, {"Bool": {"tls": [True]}}, "", ""),
    "a wider network": (
        PARTNER,
        "IpAddress ip 10.1.0.0/16",
        "IpAddress ip 10.0.0.0/8",
        "ip is 10.0.0.0/8",
    ),
    "a wider network of IPv6": (
        ANYONE,
        "IpAddress ip 2001:db8:1::/48",
        "IpAddress ip 2001:db8::/32",
        "ip is 2001:db8::/32",
    ),
    "outside of a smaller network": (
        PARTNER,
        "NotIpAddress ip 10.0.0.0/8 2001:db8::/32",
        "NotIpAddress ip 10.1.0.0/16",
        "ip is not 10.1.0.0/16",
    ),
    "outside of other networks": (
        PARTNER,
        "IpAddress ip 192.0.2.0/24",
        "NotIpAddress ip 10.0.0.0/8 2001:db8::/32",
        "ip is not 10.0.0.0/8,2001:db8::/32",
    ),
    "one more key of tags": (
        PARTNER,
        "ForAllValues:StringEquals keys team",
        "ForAllValues:StringLike keys team cost-*",
        "keys only cost-*,team",
    ),
    "without tags or with some": (
        PARTNER,
        "Null keys true",
        "ForAllValues:StringEquals keys team",
        "keys only team",
    ),
    "one condition of two": (PARTNER, f"{WITHIN}; {TLS}", WITHIN, f"org is {ORG_ID}"),
}
WILDCARDS = {"any organization": "o-*", "any unit": "*"}


@pytest.mark.parametrize("case", WIDER)
def test_wider_condition_widens(case: str) -> None:
    """A wider condition widens only; the reverse narrows only."""
    (principal, prefix), narrow, wide, rest = WIDER[case]
    base, head = (statement(principal, conditions) for conditions in (narrow, wide))
    [widened], [narrowed] = access_changes(base, head), access_changes(head, base)

    expected = " & ".join(filter(None, (prefix, principal_set(rest)))) or "*"
    assert (WIDENED, NARROWED) == (widened.kind, narrowed.kind)
    assert (expected, "allow pull") == widened.codes[:2]
    wildcard = [f"wildcard {WILDCARDS[case]}"] if case in WILDCARDS else []
    assert wildcard == [code for code in widened.codes if code.startswith("wildcard")]


# The principal, and two conditions of which neither implies the other.
OTHERS: dict[str, tuple[tuple[Any, str], Conditions, Conditions]] = {
    "organizations": (ANYONE, WITHIN, f"StringEquals org {SECOND}"),
    "inside and outside": (ANYONE, WITHIN, f"StringNotEquals org {ORG_ID}"),
    "present and absent": (PARTNER, "Null team true", "Null team false"),
    "keys": (PARTNER, WITHIN, TLS),
    "networks of two kinds": (PARTNER, "IpAddress ip 10.0.0.0/8", "IpAddress ip 2001:db8::/32"),
    "a network and all but a part of it": (
        PARTNER,
        "IpAddress ip 10.0.0.0/8",
        "NotIpAddress ip 10.1.0.0/16 2001:db8::/32",
    ),
    "an IPv6 network and all but a part of it": (
        PARTNER,
        "IpAddress ip 2001:db8::/32",
        "NotIpAddress ip 2001:db8:1::/48",
    ),
    "a pattern and all but one of it": (
        PARTNER,
        "StringLike team pay-*",
        "StringNotEquals team pay-a",
    ),
    "patterns, one in the other": (PARTNER, "StringLike team pay-*", "StringNotLike team pay-a-*"),
    "patterns that overlap": (PARTNER, "StringLike team pay-*", "StringNotLike team *-api"),
    "one letter or many": (PARTNER, "StringLike team a*", "StringLike team ?b"),
    "one in any case, and all but it": (
        PARTNER,
        "StringEqualsIgnoreCase team pay",
        "StringNotEquals team Pay",
    ),
    "one whose case does not matter": (
        PARTNER,
        "StringEqualsIgnoreCase team pay",
        "StringEquals team web",
    ),
}


@pytest.mark.parametrize("case", OTHERS)
def test_other_condition_does_both(case: str) -> None:
    """A condition in place of one that is neither narrower nor wider widens and narrows."""
    (principal, _), *both = OTHERS[case]
    changes = access_changes(*(statement(principal, conditions) for conditions in both))

    assert [WIDENED, NARROWED] == [change.kind for change in changes]
    assert all("allow pull" in change.codes for change in changes)


def many(teams: int) -> Conditions:
    """Return conditions with more combinations than are compared one by one."""
    tags, costs = (" ".join(f"t{number}" for number in range(count)) for count in (teams, 40))
    return f"StringEquals team {tags}; StringLike aws:PrincipalTag/cost {costs}"


# Conditions that cannot be compared.
DOUBTFUL: dict[str, tuple[Conditions, Conditions]] = {
    "numbers": ("NumericLessThan age 60", "NumericLessThan age 600"),
    "an unknown operator": ("StringMatches team pay", "StringMatches team web"),
    "no network": ("IpAddress ip 10.0.0.0/8 home", "IpAddress ip 10.0.0.0/8 office"),
    "a network as text": ("IpAddress ip 10.0.0.0/8", "StringLike ip 10.?.*"),
    "a network and another text": ("IpAddress ip 10.0.0.0/8", "StringNotEquals ip 10.0.0.1"),
    "negated sets": (
        "ForAnyValue:StringNotEquals keys pay",
        "ForAnyValue:StringNotEquals keys web",
    ),
    "an unknown value": (
        "StringLike team a-?",
        {"StringEquals": {"team": {"Fn::Sub": "${Prefix}-x"}}},
    ),
    "an unknown value and a known one": (
        {"StringEquals": {"team": {"Ref": "Team"}}},
        "StringNotEquals team pay",
    ),
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
