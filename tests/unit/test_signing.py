"""Signing rules: what ECR accepts, and whose images they sign."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs.model.signing import SigningRule, signing_errors
from tests.support.errors import rejection_test

STEM = "arn:aws:signer:eu-central-1:111122223333:/signing-profiles/"
PROFILE = f"{STEM}prod"
TOKEN = "${Token[Value.1]}"


REJECTED: dict[str, tuple[Any, ...]] = {
    "a name": (("prod", ()), "profile_arn: signing-profile-format"),
    "the ARN of a version": ((f"{PROFILE}/abcdef", ()), "profile_arn: signing-profile-format"),
    "a short profile name": ((f"{STEM}p", ()), "profile_arn: signing-profile-format"),
    "a wildcard": ((f"{STEM}*", ()), "profile_arn: signing-profile-format"),
    "201 characters": ((STEM + "p" * (201 - len(STEM)), ()), "profile_arn: signing-profile-length"),
    "101 filters": (
        (PROFILE, tuple(f"team{n}/*" for n in range(101))),
        "filters: signing-filter-count",
    ),
    "an empty filter": ((PROFILE, ("",)), "filters[0]: signing-filter-format"),
    "257 characters": ((PROFILE, ("a" * 257,)), "filters[0]: signing-filter-format"),
    "a trailing slash": ((PROFILE, ("a", "team/")), "filters[1]: signing-filter-format"),
}
test_rejects = rejection_test(SigningRule, REJECTED)


@pytest.mark.parametrize(
    "profile",
    [
        PROFILE,
        STEM + "p" * (200 - len(STEM)),
        "arn:aws-us-gov:signer:us-gov-west-1:111122223333:/signing-profiles/Prod_2",
        TOKEN,
        f"{STEM}{TOKEN}{'p' * 200}",
    ],
)
def test_accepts_profiles(profile: str) -> None:
    """The ARN of a profile is accepted, a deploy-time one too."""
    assert profile == SigningRule(profile, ("a*", TOKEN)).profile_arn


def test_ten_rules_are_the_limit() -> None:
    rules = [SigningRule(PROFILE, (f"team{n}/*",)) for n in range(11)]

    assert [] == list(signing_errors(rules[:10]))
    assert ["signing-rule-count"] == [error.code for error in signing_errors(rules)]


@pytest.mark.parametrize(
    ("filters", "name", "expected"),
    [
        ([], "payments/api", True),
        (["payments/*"], "payments/api", True),
        (["payments/*"], "payments", False),
        (["store/*", "*/api"], "payments/api", True),
        (["payments/api"], "payments/api-v2", False),
        (["payments.api"], "payments/api", False),
        (["store/*"], None, True),
        (["store/*"], TOKEN, True),
        (["store/*", TOKEN], "payments/api", True),
        # A matcher that backtracks would not finish this one.
        (["*a" * 127 + "*b"], "a" * 256, False),
    ],
)
def test_may_sign(filters: list[str], name: str | None, *, expected: bool) -> None:
    """Images are signed if a filter matches the whole name; a deploy-time value may match."""
    assert expected == SigningRule(PROFILE, tuple(filters)).may_sign(name)


@given(st.text("ab*", min_size=1, max_size=6), st.text("ab", min_size=1, max_size=6))
def test_filters_match_as_a_slow_reading_does(each: str, name: str) -> None:
    """A star stands for any number of characters, and everything else for itself."""

    def matches(pattern: str, text: str) -> bool:
        if not pattern:
            return not text
        if pattern[0] == "*":
            return any(matches(pattern[1:], text[skip:]) for skip in range(len(text) + 1))
        return text[:1] == pattern[0] and matches(pattern[1:], text[1:])

    assert matches(each, name) == SigningRule(PROFILE, (each,)).may_sign(name)
