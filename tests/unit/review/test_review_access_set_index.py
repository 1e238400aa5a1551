"""Principals are found by what they require, with the same answers as comparing each pair."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ecr_constructs.cloudformation.graph import TemplateSet
from ecr_constructs.review.access.difference import Permissions, parts_in
from ecr_constructs.review.access.grants import grants_of, is_about
from ecr_constructs.review.access.principals import covers
from ecr_constructs.review.access.set_index import SetIndex
from tests.support.rule_examples.build import allow, document, resource, template
from tests.unit.review.access_sides import all_changes, having, pulls
from tests.unit.review.test_review_access_laws import POLICIES, statements, with_references

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ecr_constructs.review.access.difference import Place

LONG = "x" * 5_000
RESOURCES = [
    *("*", "arn:aws:ecr:*:111122223333:repository/pay*", "arn:aws:ecr:eu-west-1:*:repository/*"),
    "arn:aws:ecr:eu-west-1:111122223333:repository/payments/api",
    {"Fn::Sub": "arn:aws:ecr:${AWS::Region}:${AWS::AccountId}:repository/payments/*"},
    {"Fn::Sub": "arn:aws:ecr:${AWS::Region}:${AWS::AccountId}:repository/payments/api"},
    "${Token[unknown]}",
]
CONDITIONS: list[dict[str, Any]] = [
    {},
    *({"IpAddress": {"aws:SourceIp": net}} for net in ("10.0.0.0/8", "10.1.0.0/16", "::/0")),
    {"NumericLessThan": {"aws:MultiFactorAuthAge": "100"}},
    {"NumericLessThan": {"aws:MultiFactorAuthAge": "50"}},
    *(
        {operator: {"aws:PrincipalTag/team": value}}
        for operator in ("StringEquals", "StringEqualsIgnoreCase", "StringLike", "StringNotLike")
        for value in ("web", "Web", "we*", "W?b", "ΑΣ", "ΑΣ*", LONG, f"{LONG}*", "${aws:userid}")
    ),
    {"ForAnyValue:StringLike": {"aws:PrincipalTag/team": "w*"}},
    {"ForAllValues:StringLike": {"aws:PrincipalTag/team": "w*"}},
    {"Null": {"aws:PrincipalTag/team": "true"}},
    {"Strange": {"aws:PrincipalTag/team": "web"}},
]


@st.composite
def places(draw: st.DrawFn) -> list[Place]:
    """Draw principals and resources of a registry policy."""
    resources = st.sampled_from(RESOURCES)
    listed = [
        {
            **draw(statements()),
            "Resource": draw(resources),
            "Condition": draw(st.sampled_from(CONDITIONS)),
        }
        for _ in range(draw(st.integers(1, 6)))
    ]
    return _places(listed)


def _places(policy: Sequence[Any]) -> list[Place]:
    body = resource("AWS::ECR::RegistryPolicy", {"PolicyText": document(*policy)})
    [registry] = TemplateSet([template({"Registry": body})]).of_type("AWS::ECR::RegistryPolicy")
    return [(grant.principals, grant.what) for grant in grants_of(registry, "registry")]


def _allow(resource: Any = "*", **more: Any) -> dict[str, Any]:
    return allow("ecr:ReplicateImage", Principal="*", Resource=resource, **more)


@given(places())
@example(_places([_allow(Condition=condition) for condition in CONDITIONS]))
@example(_places([_allow(resource=name) for name in RESOURCES]))
def test_whatever_may_contain_a_set_is_found(listed: list[Place]) -> None:
    """None is missed that contains another one, or may contain it."""
    index = SetIndex(map(parts_in, listed))
    for narrow in listed:
        around = [
            position
            for position, wide in enumerate(listed)
            if covers(wide[0], narrow[0]) is not False and is_about(narrow[1], wide[1]) is not False
        ]

        assert {*around} <= {*index.around(parts_in(narrow))}


def _compared(base: Any, head: Any) -> tuple[object, object]:
    """Return the changes, and those that result if each pair is compared."""
    by_value = all_changes(base, head)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(SetIndex, "around", lambda index, _: list(range(len(index))))
        return by_value, all_changes(base, head)


@given(POLICIES, POLICIES)
def test_the_changes_are_those_of_all_pairs(one: list[Any], other: list[Any]) -> None:
    """Policies of repositories have the same changes as if each pair of principals is compared."""
    by_value, by_pair = _compared(having(*one), having(*other))

    assert by_pair == by_value


@given(with_references(), with_references())
def test_the_changes_of_roles_are_those_of_all_pairs(
    one: dict[str, Any], other: dict[str, Any]
) -> None:
    """Policies of roles have the same changes as if each pair of resources is compared."""
    by_value, by_pair = _compared(one, other)

    assert by_pair == by_value


ACCOUNTS = [f"{100_000_000_000 + number}" for number in range(300)]
ROLES = [f"arn:aws:iam::444455556666:role/r{account}" for account in ACCOUNTS]
PATTERNS = {"ArnLike": {"aws:PrincipalArn": [f"{role}-*" for role in ROLES]}}
ADDRESSES = [f"10.0.{number // 200}.{number % 200}" for number in range(300)]
NETWORKS = {"IpAddress": {"aws:SourceIp": ADDRESSES}}
MANY: dict[str, dict[str, Any]] = {
    "accounts": {"Principal": {"AWS": ACCOUNTS}, "Resource": "*"},
    "roles of one account": {"Principal": {"AWS": ROLES}, "Resource": "*"},
    "role patterns": {"Principal": "*", "Condition": PATTERNS, "Resource": "*"},
    "networks": {"Principal": "*", "Condition": NETWORKS, "Resource": "*"},
    "resources": {"Principal": "*", "Resource": [f"{RESOURCES[3]}/{n}" for n in ACCOUNTS]},
}


@pytest.mark.parametrize("parts", MANY.values(), ids=MANY)
def test_few_pairs_are_compared(parts: dict[str, Any]) -> None:
    """Of hundreds of sets, each is compared with itself, and with no other."""
    listed = _places([allow("ecr:ReplicateImage", **parts)])
    index = SetIndex(map(parts_in, listed))

    assert len(ACCOUNTS) == len(index)
    for position, place in enumerate(listed):
        assert [position] == index.around(parts_in(place))


ELSEWHERE = "arn:aws:iam::444455556666:role"
DENIED: dict[str, list[Any]] = {
    "another role": [f"{ELSEWHERE}/other"],
    "the same role": [f"{ELSEWHERE}/ci"],
    "the account": ["444455556666"],
    "another account": ["777788889999"],
    "a session": ["arn:aws:sts::444455556666:assumed-role/ci/run"],
    "both": [f"{ELSEWHERE}/ci", "777788889999"],
}
ALLOWED: dict[str, dict[str, Any]] = {
    "a role": {"Principal": {"AWS": f"{ELSEWHERE}/ci"}},
    "an account": {"Principal": {"AWS": "444455556666"}},
    "roles": {"Principal": "*", "Condition": {"ArnLike": {"aws:PrincipalArn": f"{ELSEWHERE}/c*"}}},
    "an organization": {
        "Principal": "*",
        "Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-a1b2c3d4e5"}},
    },
    "any of two": {
        "Principal": "*",
        "Condition": {"ForAnyValue:StringEquals": {"aws:PrincipalAccount": "444455556666"}},
    },
}


@pytest.mark.parametrize("allowed", ALLOWED.values(), ids=ALLOWED)
@pytest.mark.parametrize("denied", DENIED.values(), ids=DENIED)
def test_dropped_denials_are_those_of_all_pairs(denied: list[Any], allowed: dict[str, Any]) -> None:
    """A denial is only reported where somebody is allowed what it denied."""
    statement = pulls(**allowed)
    denial = {"Effect": "Deny", "Action": "ecr:*", "Principal": {"AWS": denied}}
    with pytest.MonkeyPatch.context() as patch:
        by_name = all_changes(having(statement, denial), having(statement))
        patch.setattr(Permissions, "meeting", lambda permissions, _: iter(permissions.actions))
        by_pair = all_changes(having(statement, denial), having(statement))

    assert by_pair == by_name
