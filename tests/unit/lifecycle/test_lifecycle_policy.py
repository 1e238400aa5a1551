"""Lifecycle policies: errors, numbering, reading, writing, comparison, presets."""

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs import LifecyclePolicy, LifecycleRule, Retention
from ecr_constructs.model.lifecycle.policy import protect
from tests.support.errors import by_code, rejection_test, rejects
from tests.support.strategies import documents, listed_rules, policies, rules, storage_class

UNTAGGED = LifecycleRule.expire_untagged(after_days=7)
RELEASES = LifecycleRule.keep_last(100, tag_patterns=["v*"])
REST = LifecycleRule.expire(after_days=90)
ARCHIVED = LifecycleRule.expire_archived(after_days=365)


def at(priority: int, **fields: Any) -> LifecycleRule:
    """Return a rule with a priority, of prefixes that no other rule of that priority has."""
    valid = {"tag_status": "tagged", "tag_prefix_list": [f"p{priority}"]}
    return LifecycleRule(
        **{**valid, "count_type": "imageCountMoreThan", "count_number": 1, **fields},
        rule_priority=priority,
    )


def numbers(policy: LifecyclePolicy) -> list[int | None]:
    """Return the priorities of a policy's rules."""
    return [rule.rule_priority for rule in policy.rules]


REJECTED = by_code(
    {
        "rules: rule-count": {"fifty-one rules": [at(n) for n in range(1, 52)]},
        "rules: rule-priority-duplicate": {
            "a duplicate priority": [at(3), at(3, tag_prefix_list=["x"])]
        },
        "rules: untagged-duplicate": {"untagged twice": [UNTAGGED, UNTAGGED]},
        "rules[0].rulePriority: rule-priority-order": {
            "any twice": [REST, LifecycleRule.keep_last(3)],
            "any before a numbered rule": [at(5, tag_status="any", tag_prefix_list=[]), at(6)],
        },
        "rules[1].selection.tagPrefixList: tag-prefixes-duplicate": {
            "a duplicate set of prefixes": [
                LifecycleRule.keep_last(1, tag_prefixes=["a", "b"]),
                LifecycleRule.keep_last(2, tag_prefixes=["b", "a"]),
            ]
        },
        "policy-length": {"a long text": [at(n, description="x" * 1000) for n in range(1, 31)]},
    }
) | {
    "several problems": (
        [UNTAGGED, UNTAGGED, at(3), at(3)],
        "rules: rule-priority-duplicate",
        "rules: untagged-duplicate",
        "rules[3].selection.tagPrefixList: tag-prefixes-duplicate",
    )
}
test_rejects = rejection_test(lambda listed: LifecyclePolicy(*listed), REJECTED)


def test_the_longest_policy() -> None:
    """A text of exactly 30,720 characters is accepted, one of 30,721 is not."""
    listed = [at(n, description="x" * 1000) for n in range(1, 27)]
    room = 30_720 - len(LifecyclePolicy(*listed, at(27, description="")).to_json())

    assert len(LifecyclePolicy(*listed, at(27, description="x" * room)).to_json()) == 30_720
    with rejects("policy-length"):
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
    assert [rule.to_dict() for rule in expected] == list(map(_unnumbered, policy.rules))


def test_numbers_around_given_priorities() -> None:
    """Given priorities stay; the others follow the rule before them and skip used numbers."""
    policy = LifecyclePolicy(UNTAGGED, at(2), RELEASES, at(10), REST)

    assert numbers(policy) == [1, 2, 3, 10, 11]
    statuses = ["untagged", "tagged", "tagged", "tagged", "any"]
    assert statuses == [rule.tag_status for rule in policy.rules]


def test_leaves_the_given_rules_alone() -> None:
    """Numbering copies the rules: the same rule can be used in many policies."""
    LifecyclePolicy(REST)

    assert REST.rule_priority is None


def test_with_rules_lists_them_after_the_others() -> None:
    """Added rules come after the existing ones, but before those for any image."""
    policy = LifecyclePolicy(UNTAGGED, REST).with_rules(RELEASES)

    assert LifecyclePolicy(UNTAGGED, RELEASES, REST) == policy


def test_a_policy_without_rules_keeps_every_image() -> None:
    """The empty policy is false, and has no rules but a phrase."""
    policy = LifecyclePolicy()

    assert (False, ()) == (bool(policy), policy.rules)
    assert ('{"rules":[]}', ("keep every image",)) == (policy.to_json(), policy.in_words())


def test_compares_numbered_rules() -> None:
    """Policies are equal if their rules are, whether they were numbered or given numbers."""
    chosen = LifecyclePolicy(at(1))
    numbered = LifecyclePolicy(LifecycleRule.keep_last(1, tag_prefixes=["p1"]))

    assert chosen == numbered
    assert {chosen} == {numbered}
    assert chosen != LifecyclePolicy()
    assert chosen != chosen.to_json()


def test_shows_itself_as_code() -> None:
    policy = LifecyclePolicy(UNTAGGED, RELEASES)

    assert policy == eval(repr(policy))  # noqa: S307 - the promise of a repr


def test_phrases_are_in_order_of_application() -> None:
    policy = LifecyclePolicy(REST, UNTAGGED)

    assert policy.in_words() == (
        "delete untagged images 7 days after their push",
        "delete images 90 days after their push",
    )


def test_writes_compact_json_sorted_by_priority() -> None:
    """The text equals what ECR stores: compact, lowest priority number first."""
    policy = LifecyclePolicy(at(2), at(1))

    assert [rule["rulePriority"] for rule in json.loads(policy.to_json())["rules"]] == [1, 2]
    assert '{"rules":[{"rulePriority":1,"selection":{"tagStatus":"tagged",' in policy.to_json()


@given(documents())
def test_reads_and_writes_the_same(document: Any) -> None:
    """A valid document is written with the same content, sorted by priority."""
    expected = sorted(document["rules"], key=lambda rule: rule["rulePriority"])

    assert {"rules": expected} == LifecyclePolicy.from_json(json.dumps(document)).to_dict()


@given(policies().filter(bool))
def test_written_policies_read_back_as_themselves(policy: LifecyclePolicy) -> None:
    read = LifecyclePolicy.from_json(policy.to_json())

    assert (policy, policy.to_json()) == (read, read.to_json())


@given(listed_rules())
def test_numbering_is_unique_and_keeps_the_order(listed: list[Any]) -> None:
    """Priorities are 1, 2, 3…; rules keep their order, except that `any` is last."""
    policy = LifecyclePolicy(*map(LifecycleRule.from_dict, listed))
    ordered = sorted(listed, key=lambda rule: rule["selection"]["tagStatus"] == "any")

    assert [{"rulePriority": n, **rule} for n, rule in enumerate(ordered, 1)] == (
        policy.to_dict()["rules"]
    )


@given(policies())
def test_any_is_last_of_its_storage_class(policy: LifecyclePolicy) -> None:
    written = policy.to_dict()["rules"]
    for name in ("standard", "archive"):
        selections = [rule["selection"] for rule in written if storage_class(rule) == name]
        assert "any" not in [selection["tagStatus"] for selection in selections[:-1]]


@given(policies())
def test_numbering_again_changes_nothing(policy: LifecyclePolicy) -> None:
    assert policy == LifecyclePolicy(*reversed(policy.rules))


@given(policies(), st.integers(1, 1000))
def test_a_given_priority_stays(policy: LifecyclePolicy, priority: int) -> None:
    """A rule with a priority keeps it, and the others get other numbers."""
    tagged = [rule for rule in policy.rules if rule.tag_status == "tagged"]
    listed = [LifecycleRule.from_dict(_unnumbered(rule)) for rule in tagged]
    extended = LifecyclePolicy(*listed, at(priority, tag_prefix_list=["longer than others"]))

    assert len(set(numbers(extended))) == len(listed) + 1
    assert priority in numbers(extended)


@given(rules())
def test_no_policy_is_too_short(rule: LifecycleRule) -> None:
    """ECR rejects texts under 100 characters; no valid policy with a rule is that short."""
    assert len(LifecyclePolicy(rule).to_json()) >= 100


def _unnumbered(rule: LifecycleRule) -> Any:
    return {key: value for key, value in rule.to_dict().items() if key != "rulePriority"}


# --- presets ------------------------------------------------------------------------------------


def expected(
    *protected: str, untagged: int, keep: int | None = None, days: int | None = None
) -> LifecyclePolicy:
    """Return the policy that protects tags and expires untagged, other or old images."""
    rest = LifecycleRule.keep_last(keep) if keep else LifecycleRule.expire(after_days=days or 0)
    untagged_rule = LifecycleRule.expire_untagged(after_days=untagged)
    return LifecyclePolicy(*protect(protected), untagged_rule, rest)


PRESETS = {
    "development": (Retention.development(), expected(untagged=3, keep=50)),
    "development, protected": (
        Retention.development(protect_tags=["demo-*", "keep"]),
        expected("demo-*", "keep", untagged=3, keep=50),
    ),
    "staging": (Retention.staging(), expected(untagged=7, keep=200)),
    "staging, protected": (
        Retention.staging(protect_tags=["rc-*"]),
        expected("rc-*", untagged=7, keep=200),
    ),
    "production": (Retention.production(), expected("v*", "release-*", untagged=30, days=365)),
    "nothing protected": (Retention.production(protect_tags=[]), expected(untagged=30, days=365)),
}


@pytest.mark.parametrize(("preset", "policy"), PRESETS.values(), ids=PRESETS)
def test_preset(preset: LifecyclePolicy, policy: LifecyclePolicy) -> None:
    """Protecting rules come first, one for each pattern."""
    assert policy == preset


def test_protecting_rules_have_a_description() -> None:
    """The AWS console shows it."""
    assert [rule.description for rule in protect(["v*", "1.*"])] == ["Protect v*", "Protect 1.*"]


@pytest.mark.parametrize("preset", [Retention.development, Retention.staging, Retention.production])
def test_preset_rejects_a_string(preset: Callable[..., LifecyclePolicy]) -> None:
    with rejects("protect_tags: list-is-string"):
        preset(protect_tags="v*")
