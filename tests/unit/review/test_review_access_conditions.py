"""What each condition means for the principals of a statement."""

from typing import Any

import pytest

from tests.support.rule_examples.access import PULL
from tests.support.rule_examples.build import ROOT, allow
from tests.unit.review.access_sides import NARROWED, WIDENED, access_changes, having, summaries

ORGANIZATION, SECOND = "o-a1b2c3d4e5", "o-b1b2c3d4e5"
ROLE = "arn:aws:iam::444455556666:role"
FUNCTION = "arn:aws:lambda:eu-central-1:444455556666:function"
PATH = f"{ORGANIZATION}/r-ab12/ou-ab12-11111111"
PARTNER = {"AWS": ROOT}
LAMBDA = {"Service": "lambda.amazonaws.com"}


def when(operator: str, key: str, *values: Any) -> dict[str, Any]:
    """Return conditions of one test."""
    return {operator: {key: list(values)}}


YES, NO = "true", False
ORG_ID, ACCOUNT_ID = "aws:PrincipalOrgID", "aws:PrincipalAccount"
WITHIN = when("StringEquals", ORG_ID, ORGANIZATION)
ANYONE: dict[str, Any] = {}

# The principal, the narrower conditions, the wider ones, and the widening from the first to the
# second; the reverse narrows.
WIDER: dict[str, tuple[Any, dict[str, Any], dict[str, Any], str]] = {
    "an organization dropped": ("*", WITHIN, ANYONE, "every AWS account may pull"),
    "a second organization": (
        "*",
        WITHIN,
        when("StringEquals", ORG_ID, SECOND, ORGANIZATION),
        f"organization {SECOND} may pull",
    ),
    "any organization": ("*", WITHIN, when("StringLike", ORG_ID, "o-*"), "every AWS account"),
    "organizations by their beginning": (
        "*",
        WITHIN,
        when("StringLike", ORG_ID, "o-a*"),
        "organization o-a* may pull",
    ),
    "an organization if there is one": (
        "*",
        WITHIN,
        when("StringEqualsIfExists", ORG_ID, ORGANIZATION),
        "every AWS account if aws:PrincipalOrgID is absent may pull",
    ),
    "a pattern that is taken literally": (
        "*",
        when("StringEquals", ORG_ID, "o-*"),
        WITHIN,
        f"organization {ORGANIZATION} may pull",
    ),
    "a unit's organization": (
        "*",
        when("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", f"{PATH}/*"),
        when("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", f"{ORGANIZATION}/*"),
        f"organization {ORGANIZATION}/* may pull",
    ),
    "any unit": (
        "*",
        when("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", f"{PATH}/*"),
        when("ForAnyValue:StringLike", "aws:PrincipalOrgPaths", "*"),
        "every AWS account: * matches every organization",
    ),
    "another account": (
        "*",
        when("StringEquals", ACCOUNT_ID, "444455556666"),
        when("StringEquals", ACCOUNT_ID, "444455556666", "777788889999"),
        "account 777788889999 may pull",
    ),
    "accounts by pattern": (
        "*",
        when("StringEquals", ACCOUNT_ID, "444455556666"),
        when("StringLike", ACCOUNT_ID, "4444????????"),
        "accounts 4444???????? may pull",
    ),
    "a role's account": (
        "*",
        when("ArnEquals", "aws:PrincipalArn", f"{ROLE}/ci"),
        when("StringEquals", "kms:CallerAccount", "444455556666"),
        "account 444455556666 may pull",
    ),
    "every role": (
        "*",
        when("ArnLike", "aws:PrincipalArn", f"{ROLE}/ci"),
        when("ArnEquals", "aws:PrincipalArn", f"{ROLE}/*"),
        "every role of account 444455556666 may pull",
    ),
    "a role of any account": (
        "*",
        when("ArnLike", "aws:PrincipalArn", f"{ROLE}/ci"),
        when("ArnLike", "aws:PrincipalArn", "arn:aws:iam::*:role/ci"),
        "role ci of accounts * may pull",
    ),
    "a service for anybody": (
        LAMBDA,
        when("StringEquals", "aws:SourceAccount", "444455556666"),
        ANYONE,
        "the service lambda.amazonaws.com may pull",
    ),
    "any function": (
        LAMBDA,
        when("ArnLike", "aws:SourceArn", f"{FUNCTION}:pay"),
        when("ArnLike", "aws:SourceArn", f"{FUNCTION}:*"),
        f"the service lambda.amazonaws.com if aws:SourceArn is {FUNCTION}:* may pull",
    ),
    "from anywhere": (
        "*",
        when("StringEquals", "aws:SourceVpce", "vpce-1"),
        ANYONE,
        "every AWS account may pull",
    ),
    "with another tag": (
        PARTNER,
        when("StringEquals", "aws:ResourceTag/team", "pay"),
        when("StringEquals", "AWS:ResourceTag/team", "pay", "web"),
        "account 444455556666 if AWS:ResourceTag/team is web may pull",
    ),
    "with any tag": (
        PARTNER,
        when("StringEquals", "aws:PrincipalTag/team", "pay"),
        when("Null", "aws:PrincipalTag/team", NO),
        "account 444455556666 if there is aws:PrincipalTag/team may pull",
    ),
    "without a tag too": (
        PARTNER,
        when("Null", "aws:PrincipalTag/team", "true"),
        when("StringNotLike", "aws:PrincipalTag/team", "pay*"),
        "account 444455556666 if aws:PrincipalTag/team is not pay* may pull",
    ),
    "whatever the case": (
        PARTNER,
        when("StringEquals", "aws:PrincipalTag/team", "Pay"),
        when("StringEqualsIgnoreCase", "aws:PrincipalTag/team", "PAY"),
        "account 444455556666 if aws:PrincipalTag/team is pay may pull",
    ),
    "but for fewer": (
        PARTNER,
        when("StringNotEquals", "aws:PrincipalTag/team", "pay", "web"),
        when("StringNotEquals", "aws:PrincipalTag/team", "web"),
        "account 444455556666 if aws:PrincipalTag/team is not web may pull",
    ),
    "but for one": (
        PARTNER,
        when("StringLike", "aws:PrincipalTag/team", "pay-*"),
        when("StringNotEquals", "aws:PrincipalTag/team", "web"),
        "account 444455556666 if aws:PrincipalTag/team is not web may pull",
    ),
    "without encryption": (
        PARTNER,
        when("Bool", "aws:SecureTransport", not NO),
        ANYONE,
        "account 444455556666 may pull",
    ),
    "from a wider network": (
        PARTNER,
        when("IpAddress", "aws:SourceIp", "10.1.0.0/16"),
        when("IpAddress", "aws:SourceIp", "10.0.0.0/8"),
        "account 444455556666 if aws:SourceIp is 10.0.0.0/8 may pull",
    ),
    "from a wider network of six": (
        "*",
        when("IpAddress", "aws:SourceIp", "2001:db8:1::/48"),
        when("IpAddress", "aws:SourceIp", "2001:db8::/32"),
        "every AWS account if aws:SourceIp is 2001:db8::/32 may pull",
    ),
    "from outside of a smaller network": (
        PARTNER,
        when("NotIpAddress", "aws:SourceIp", "10.0.0.0/8", "2001:db8::/32"),
        when("NotIpAddress", "aws:SourceIp", "10.1.0.0/16"),
        "account 444455556666 if aws:SourceIp is not 10.1.0.0/16 may pull",
    ),
    "from a network beside": (
        PARTNER,
        when("IpAddress", "aws:SourceIp", "192.0.2.0/24"),
        when("NotIpAddress", "aws:SourceIp", "10.0.0.0/8", "2001:db8::/32"),
        "account 444455556666 if aws:SourceIp is not 10.0.0.0/8 and 2001:db8::/32 may pull",
    ),
    "with one more key of tags": (
        PARTNER,
        when("ForAllValues:StringEquals", "aws:TagKeys", "team"),
        when("ForAllValues:StringLike", "aws:TagKeys", "team", "cost-*"),
        "account 444455556666 if aws:TagKeys only cost-* and team may pull",
    ),
    "without tags or with some": (
        PARTNER,
        when("Null", "aws:TagKeys", "true"),
        when("ForAllValues:StringEquals", "aws:TagKeys", "team"),
        "account 444455556666 if aws:TagKeys only team may pull",
    ),
    "one condition of two": (
        PARTNER,
        {**WITHIN, **when("Bool", "aws:SecureTransport", "true")},
        WITHIN,
        f"account 444455556666 if aws:PrincipalOrgID is {ORGANIZATION} may pull",
    ),
}


@pytest.mark.parametrize("case", WIDER)
def test_wider_condition_widens(case: str) -> None:
    """A wider condition widens only; the reverse narrows only."""
    principal, narrow, wide, expected = WIDER[case]
    base, head = (
        having(allow(PULL, Principal=principal, Condition=condition))
        for condition in (narrow, wide)
    )
    widened, narrowed = summaries(base, head), summaries(head, base)

    assert [WIDENED] == list(widened)
    assert [NARROWED] == list(narrowed)
    assert expected in widened[WIDENED][0]
    assert 1 == len(widened[WIDENED]) == len(narrowed[NARROWED])


# The principal, and two conditions of which neither implies the other.
OTHERS: dict[str, tuple[Any, dict[str, Any], dict[str, Any]]] = {
    "organizations": ("*", WITHIN, when("StringEquals", ORG_ID, SECOND)),
    "inside and outside": ("*", WITHIN, when("StringNotEquals", ORG_ID, ORGANIZATION)),
    "there and not there": (
        PARTNER,
        when("Null", "aws:PrincipalTag/team", "true"),
        when("Null", "aws:PrincipalTag/team", "false"),
    ),
    "keys": (PARTNER, WITHIN, when("Bool", "aws:SecureTransport", "true")),
    "networks of two kinds": (
        PARTNER,
        when("IpAddress", "aws:SourceIp", "10.0.0.0/8"),
        when("IpAddress", "aws:SourceIp", "2001:db8::/32"),
    ),
    "a network and all but a part of it": (
        PARTNER,
        when("IpAddress", "aws:SourceIp", "10.0.0.0/8"),
        when("NotIpAddress", "aws:SourceIp", "10.1.0.0/16", "2001:db8::/32"),
    ),
    "a six and all but a part of it": (
        PARTNER,
        when("IpAddress", "aws:SourceIp", "2001:db8::/32"),
        when("NotIpAddress", "aws:SourceIp", "2001:db8:1::/48"),
    ),
    "a pattern and all but one of it": (
        PARTNER,
        when("StringLike", "aws:PrincipalTag/team", "pay-*"),
        when("StringNotEquals", "aws:PrincipalTag/team", "pay-a"),
    ),
    "patterns, one in the other": (
        PARTNER,
        when("StringLike", "aws:PrincipalTag/team", "pay-*"),
        when("StringNotLike", "aws:PrincipalTag/team", "pay-a-*"),
    ),
    "patterns that overlap": (
        PARTNER,
        when("StringLike", "aws:PrincipalTag/team", "pay-*"),
        when("StringNotLike", "aws:PrincipalTag/team", "*-api"),
    ),
    "one letter or many": (
        PARTNER,
        when("StringLike", "aws:PrincipalTag/team", "a*"),
        when("StringLike", "aws:PrincipalTag/team", "?b"),
    ),
    "one in any case, and all but it": (
        PARTNER,
        when("StringEqualsIgnoreCase", "aws:PrincipalTag/team", "pay"),
        when("StringNotEquals", "aws:PrincipalTag/team", "Pay"),
    ),
    "one whose case does not matter": (
        PARTNER,
        when("StringEqualsIgnoreCase", "aws:PrincipalTag/team", "pay"),
        when("StringEquals", "aws:PrincipalTag/team", "web"),
    ),
}


@pytest.mark.parametrize("case", OTHERS)
def test_other_condition_does_both(case: str) -> None:
    """A condition in place of one that is neither narrower nor wider widens and narrows."""
    principal, one, other = OTHERS[case]
    base, head = (
        having(allow(PULL, Principal=principal, Condition=condition)) for condition in (one, other)
    )
    changes = access_changes(base, head)

    assert [WIDENED, NARROWED] == [change.kind for change in changes]
    assert not any("may widen" in change.summary for change in changes)


# What cannot be compared.
DOUBTFUL: dict[str, tuple[dict[str, Any], dict[str, Any]]] = {
    "numbers": (
        when("NumericLessThan", "aws:MultiFactorAuthAge", "60"),
        when("NumericLessThan", "aws:MultiFactorAuthAge", "600"),
    ),
    "an operator that there is not": (
        when("StringMatches", "aws:PrincipalTag/team", "pay"),
        when("StringMatches", "aws:PrincipalTag/team", "web"),
    ),
    "no network": (
        when("IpAddress", "aws:SourceIp", "10.0.0.0/8", "home"),
        when("IpAddress", "aws:SourceIp", "10.0.0.0/8", "office"),
    ),
    "a network as text": (
        when("IpAddress", "aws:SourceIp", "10.0.0.0/8"),
        when("StringLike", "aws:SourceIp", "10.?.*"),
    ),
    "a network and another text": (
        when("IpAddress", "aws:SourceIp", "10.0.0.0/8"),
        when("StringNotEquals", "aws:SourceIp", "10.0.0.1"),
    ),
    "negated sets": (
        when("ForAnyValue:StringNotEquals", "aws:TagKeys", "pay"),
        when("ForAnyValue:StringNotEquals", "aws:TagKeys", "web"),
    ),
    "a value that is not known": (
        when("StringLike", "aws:PrincipalTag/team", "a-?"),
        when("StringEquals", "aws:PrincipalTag/team", {"Fn::Sub": "${Prefix}-x"}),
    ),
    "what is and what is not known": (
        when("StringEquals", "aws:PrincipalTag/team", {"Ref": "Team"}),
        when("StringNotEquals", "aws:PrincipalTag/team", "pay"),
    ),
    "very many": (
        {
            "StringEquals": {"aws:PrincipalTag/team": [f"t{number}" for number in range(40)]},
            "StringLike": {"aws:PrincipalTag/cost": [f"c{number}" for number in range(40)]},
        },
        {
            "StringEquals": {"aws:PrincipalTag/team": [f"t{number}" for number in range(41)]},
            "StringLike": {"aws:PrincipalTag/cost": [f"c{number}" for number in range(40)]},
        },
    ),
}


@pytest.mark.parametrize("case", DOUBTFUL)
def test_what_cannot_be_compared_is_said(case: str) -> None:
    """Conditions that cannot be compared need a review."""
    base, head = (
        having(allow(PULL, Principal=PARTNER, Condition=condition)) for condition in DOUBTFUL[case]
    )
    changes = access_changes(base, head)

    assert any(
        " access: what account 444455556666" in change.summary
        and change.summary.endswith(" may do cannot be compared; review it")
        for change in changes
    )
    assert [] == access_changes(base, base)


@pytest.mark.parametrize(
    ("text", "other"),
    [
        ("${AWS::Partition}", "aws"),
        ("aws", "aws-cn"),
    ],
)
def test_partition_makes_no_difference(text: str, other: str) -> None:
    """An ARN is the same with a partition that CloudFormation fills in."""
    one, two = (
        having(
            allow(
                PULL, Principal={"AWS": {"Fn::Sub": f"arn:{partition}:iam::444455556666:role/ci"}}
            )
        )
        for partition in (text, other)
    )

    assert [] == access_changes(one, two)


def test_literal_that_looks_like_a_pattern_is_one_value() -> None:
    """Under StringEquals an asterisk is an asterisk."""
    base, head = (
        having(allow(PULL, Principal=PARTNER, Condition=when(operator, "aws:PrincipalTag/a", "b*")))
        for operator in ("StringEquals", "StringLike")
    )

    assert [WIDENED] == [change.kind for change in access_changes(base, head)]
