"""Lifecycle rules in words."""

import pytest
from hypothesis import given

from ecr_constructs import LifecycleRule
from ecr_constructs.model.lifecycle.words import rule_in_words
from tests.support.strategies import rules

WORDS = [
    (LifecycleRule.expire_untagged(after_days=1), "delete untagged images 1 day after their push"),
    (LifecycleRule.expire(after_days=90), "delete images 90 days after their push"),
    (
        LifecycleRule.expire(after_days=3, tag_patterns=["pr-*", "*-dev"]),
        "delete images tagged pr-* and *-dev 3 days after their push",
    ),
    (LifecycleRule.keep_last(1000), "keep the newest 1,000 images, delete the older ones"),
    (
        LifecycleRule.keep_last(5, tag_prefixes=["v"]),
        "keep the newest 5 images tagged v*, delete the older ones",
    ),
    (LifecycleRule.protect("prod-*"), "keep every image tagged prod-*"),
    (LifecycleRule.keep_last(999_999), "keep every image"),
    (
        LifecycleRule.archive(not_pulled_for_days=90),
        "archive images 90 days after their last pull",
    ),
    (
        LifecycleRule(
            tag_status="untagged",
            count_type="imageCountMoreThan",
            count_number=9,
            action="transition",
        ),
        "keep the newest 9 untagged images, archive the older ones",
    ),
    (
        LifecycleRule.expire_archived(after_days=365),
        "delete archived images 365 days after they were archived",
    ),
]


@pytest.mark.parametrize(("rule", "words"), WORDS, ids=[words for _, words in WORDS])
def test_says_what_a_rule_does(rule: LifecycleRule, words: str) -> None:
    """A rule says which images go, and when."""
    assert words == rule_in_words(rule)


@given(rules())
def test_every_rule_has_words(rule: LifecycleRule) -> None:
    """Every sound rule can be said, and says its number unless it keeps everything."""
    words = rule_in_words(rule)

    assert words.startswith(("keep ", "delete ", "archive "))
    said = rule.count_number == 1 or str(rule.count_number) in words.replace(",", "")
    assert rule.protects or said
