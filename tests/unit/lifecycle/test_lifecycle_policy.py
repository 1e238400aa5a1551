"""A lifecycle policy: numbering, reading, writing, comparing."""

import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs import LifecyclePolicy, LifecycleRule
from tests.support.strategies import documents, listed_rules, policies, rules, storage_class

UNTAGGED = LifecycleRule.expire_untagged(after_days=7)
RELEASES = LifecycleRule.keep_last(100, tag_patterns=["v*"])
REST = LifecycleRule.expire(after_days=90)
ARCHIVED = LifecycleRule.expire_archived(after_days=365)


def at(priority: int, **fields: Any) -> LifecycleRule:
    """Return a rule with a priority, of prefixes that no other rule of that priority has."""
    sound = {"tag_status": "tagged", "tag_prefix_list": [f"p{priority}"]}
    return LifecycleRule(
        **{**sound, "count_type": "imageCountMoreThan", "count_number": 1, **fields},
        rule_priority=priority,
    )


def numbers(policy: LifecyclePolicy) -> list[int | None]:
    """Return the priorities of a policy's rules."""
    return [rule.rule_priority for rule in policy.rules]


REFUSED = {
    "fifty-one rules": (
        [at(n) for n in range(1, 52)],
        "may hold 50 rules, holds 51",
    ),
    "a priority twice": (
        [at(3), at(3, tag_prefix_list=["x"])],
        "rules use rulePriority 3 2 times; each must be unique",
    ),
    "untagged twice": (
        [UNTAGGED, UNTAGGED],
        "rules may select untagged images of the standard class once, rules[0], rules[1] all do",
    ),
    "any twice": (
        [REST, LifecycleRule.keep_last(3)],
        "rules[0].rulePriority must be the highest of the standard rules, 3 or more",
    ),
    "any before a numbered rule": (
        [at(5, tag_status="any", tag_prefix_list=[]), at(6)],
        "rules[0].rulePriority must be the highest of the standard rules, 7 or more",
    ),
    "a set of prefixes twice": (
        [
            LifecycleRule.keep_last(1, tag_prefixes=["a", "b"]),
            LifecycleRule.keep_last(2, tag_prefixes=["b", "a"]),
        ],
        "rules[1].selection.tagPrefixList selects what rules[0] selects",
    ),
    "a long text": (
        [at(n, description="x" * 1000) for n in range(1, 31)],
        "may be 30,720 characters long as compact JSON, is 35,",
    ),
}


@pytest.mark.parametrize(("listed", "fault"), REFUSED.values(), ids=REFUSED)
def test_refuses(listed: list[LifecycleRule], fault: str) -> None:
    """Rules that ECR refuses together raise an error that says which ones."""
    with pytest.raises(ValueError, match=re.escape(fault)):
        LifecyclePolicy(*listed)


def test_lists_every_fault() -> None:
    """Several faults between rules are said in one error."""
    with pytest.raises(ValueError, match="Invalid lifecycle policy") as refusal:
        LifecyclePolicy(UNTAGGED, UNTAGGED, at(3), at(3))

    assert str(refusal.value).count("\n  - ") == 3


def test_a_refusal_does_not_repeat_a_long_policy() -> None:
    """An error stays readable whatever the length of the policy."""
    with pytest.raises(ValueError, match="30,720") as refusal:
        LifecyclePolicy(*[at(n, description="x" * 1000) for n in range(1, 31)])

    assert len(str(refusal.value)) < 2000


def test_takes_the_longest_policy() -> None:
    """A text of exactly 30,720 characters is accepted, one of 30,721 is not."""
    listed = [at(n, description="x" * 1000) for n in range(1, 27)]
    room = 30_720 - len(LifecyclePolicy(*listed, at(27, description="")).to_json())

    assert len(LifecyclePolicy(*listed, at(27, description="x" * room)).to_json()) == 30_720
    with pytest.raises(ValueError, match=r"is 30,721$"):
        LifecyclePolicy(*listed, at(27, description="x" * (room + 1)))


@pytest.mark.parametrize(
    ("listed", "expected"),
    [
        ([], []),
        ([UNTAGGED, RELEASES, REST], [UNTAGGED, RELEASES, REST]),
        ([REST, UNTAGGED, RELEASES], [UNTAGGED, RELEASES, REST]),
        ([ARCHIVED, REST, UNTAGGED], [UNTAGGED, ARCHIVED, REST]),
    ],
    ids=["none", "any last", "any first", "two storage classes"],
)
def test_numbers_in_the_order_of_the_list(
    listed: list[LifecycleRule], expected: list[LifecycleRule]
) -> None:
    """Rules without a priority are numbered from 1 as listed, those for any image last."""
    policy = LifecyclePolicy(*listed)

    assert [*range(1, len(listed) + 1)] == numbers(policy)
    assert [each.to_dict() for each in expected] == [
        {key: value for key, value in each.to_dict().items() if key != "rulePriority"}
        for each in policy.rules
    ]


def test_numbers_around_given_priorities() -> None:
    """Given priorities stay; the others follow the rule before them and skip what is taken."""
    policy = LifecyclePolicy(UNTAGGED, at(2), RELEASES, at(10), REST)

    assert numbers(policy) == [1, 2, 3, 10, 11]
    assert [each.tag_status for each in policy.rules] == [
        "untagged",
        "tagged",
        "tagged",
        "tagged",
        "any",
    ]


def test_leaves_the_given_rules_alone() -> None:
    """Numbering makes new rules: the same rule can stand in many policies."""
    LifecyclePolicy(REST)

    assert REST.rule_priority is None


def test_with_rules_lists_them_after_the_others() -> None:
    """Added rules come after those that are there, but before those for any image."""
    policy = LifecyclePolicy(UNTAGGED, REST).with_rules(RELEASES)

    assert LifecyclePolicy(UNTAGGED, RELEASES, REST) == policy


def test_a_policy_without_rules_keeps_every_image() -> None:
    """The empty policy is false, has no rules, and says what it does."""
    policy = LifecyclePolicy()

    assert (
        bool(policy),
        policy.rules,
        policy.to_json(),
        policy.in_words(),
    ) == (False, (), '{"rules":[]}', ("keep every image",))


def test_compares_what_policies_do() -> None:
    """Policies are equal if their numbered rules are, however they came by their numbers."""
    chosen = LifecyclePolicy(at(1))
    numbered = LifecyclePolicy(LifecycleRule.keep_last(1, tag_prefixes=["p1"]))

    assert chosen == numbered
    assert {chosen} == {numbered}
    assert chosen != LifecyclePolicy()
    assert chosen != chosen.to_json()


def test_shows_itself_as_code() -> None:
    """The representation is an expression that gives the same policy."""
    policy = LifecyclePolicy(UNTAGGED, RELEASES)

    assert policy == eval(repr(policy))  # noqa: S307 - the promise of a repr


def test_says_each_rule_in_words() -> None:
    """A policy says what its rules do in the order in which they are applied."""
    policy = LifecyclePolicy(REST, UNTAGGED)

    assert policy.in_words() == (
        "delete untagged images 7 days after their push",
        "delete images 90 days after their push",
    )


def test_writes_compact_json_sorted_by_priority() -> None:
    """The text is what ECR stores: compact, lowest priority number first."""
    policy = LifecyclePolicy(at(2), at(1))

    assert [each["rulePriority"] for each in json.loads(policy.to_json())["rules"]] == [1, 2]
    assert '{"rules":[{"rulePriority":1,"selection":{"tagStatus":"tagged",' in policy.to_json()


@given(documents())
def test_reads_and_writes_the_same(document: Any) -> None:
    """A sound document is written with the same content, sorted by priority."""
    expected = sorted(document["rules"], key=lambda rule: rule["rulePriority"])

    assert {"rules": expected} == LifecyclePolicy.from_json(json.dumps(document)).to_dict()


@given(policies().filter(bool))
def test_written_policies_read_back_as_themselves(policy: LifecyclePolicy) -> None:
    """Parsing is the inverse of rendering, to the last character."""
    read = LifecyclePolicy.from_json(policy.to_json())

    assert (policy, policy.to_json()) == (read, read.to_json())


@given(listed_rules())
def test_numbering_is_unique_and_keeps_the_order(listed: list[Any]) -> None:
    """Priorities are 1, 2, 3…; among rules of a kind the order of the list stays."""
    policy = LifecyclePolicy(*map(LifecycleRule.from_dict, listed))
    last = [each for each in listed if each["selection"]["tagStatus"] == "any"]
    first = [each for each in listed if each not in last]

    assert [{"rulePriority": n, **each} for n, each in enumerate([*first, *last], 1)] == (
        policy.to_dict()["rules"]
    )


@given(policies())
def test_any_is_last_of_its_storage_class(policy: LifecyclePolicy) -> None:
    """No rule of a storage class stands behind that class's rule for any image."""
    written = policy.to_dict()["rules"]
    for each in ("standard", "archive"):
        statuses = [r["selection"]["tagStatus"] for r in written if storage_class(r) == each]
        assert "any" not in statuses[:-1]


@given(policies())
def test_numbering_again_changes_nothing(policy: LifecyclePolicy) -> None:
    """A policy made of numbered rules has the same numbers, in whatever order they are given."""
    assert policy == LifecyclePolicy(*reversed(policy.rules))


@given(policies(), st.integers(1, 1000))
def test_a_given_priority_stays(policy: LifecyclePolicy, priority: int) -> None:
    """A rule with a priority keeps it, and the others make room."""
    tagged = [each for each in policy.rules if each.tag_status == "tagged"]
    listed = [LifecycleRule.from_dict(_unnumbered(each)) for each in tagged]
    extended = LifecyclePolicy(*listed, at(priority, tag_prefix_list=["longer than others"]))

    assert len(set(numbers(extended))) == len(listed) + 1
    assert priority in numbers(extended)


@given(rules())
def test_every_rule_makes_a_text_that_is_long_enough(rule: LifecycleRule) -> None:
    """ECR refuses texts under 100 characters; no sound policy with a rule is that short."""
    assert len(LifecyclePolicy(rule).to_json()) >= 100


def _unnumbered(rule: LifecycleRule) -> Any:
    return {key: value for key, value in rule.to_dict().items() if key != "rulePriority"}
