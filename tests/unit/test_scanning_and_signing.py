"""Scanning and signing: which images a registry scans and signs."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs.model.scanning import Scanning, filter_matches, filters_of
from ecr_constructs.model.signing import SigningRule, signing_errors
from tests.support.errors import rejection_test, rejects

TOKEN = "${Token[Filter.1]}"
MANY = tuple(f"team{n}/*" for n in range(101))


FORMAT, COUNT = "scanning-filter-format", "scanning-filter-count"
REJECTED: dict[str, tuple[Any, ...]] = {
    "continuous basic scan": (
        ("BASIC", {"continuous": ("*",)}),
        "continuous: scanning-basic-continuous",
    ),
    "101 filters on push": (("BASIC", {"on_push": MANY}), f"on_push: {COUNT}"),
    "101 continuous filters": (("ENHANCED", {"continuous": MANY}), f"continuous: {COUNT}"),
    "an empty filter": (("BASIC", {"on_push": ("",)}), "on_push[0]: scanning-filter-length"),
    "256 characters": (("BASIC", {"on_push": ("a" * 256,)}), "on_push[0]: scanning-filter-length"),
    "a trailing slash": (("BASIC", {"on_push": ("a", "team/")}), f"on_push[1]: {FORMAT}"),
    "two separators": (("ENHANCED", {"continuous": ("a--b",)}), f"continuous[0]: {FORMAT}"),
    # The API's own pattern takes minutes to reject this one.
    "a long invalid filter": (("BASIC", {"on_push": ("a" * 254 + "-",)}), f"on_push[0]: {FORMAT}"),
    "one filter with both frequencies": (
        ("ENHANCED", {"on_push": ("a*", "b*"), "continuous": ("b*",)}),
        "scanning-filter-frequency",
    ),
    "several problems": (
        ("BASIC", {"on_push": ("A",), "continuous": ("B",)}),
        "continuous: scanning-basic-continuous",
        "on_push[0]: scanning-filter-format",
        "continuous[0]: scanning-filter-format",
    ),
}
test_rejects = rejection_test(lambda scan_type, filters: Scanning(scan_type, **filters), REJECTED)


@pytest.mark.parametrize(
    "pattern", ["*", "a", "a" * 255, "team/*", "*-prod", "a.b/c_d-e", "**", TOKEN]
)
def test_accepts(pattern: str) -> None:
    assert [("SCAN_ON_PUSH", [pattern])] == Scanning("BASIC", on_push=(pattern,)).rules()


@pytest.mark.parametrize(
    ("scanning", "rules", "words"),
    [
        (Scanning("BASIC"), [], "BASIC, nothing"),
        (
            Scanning("ENHANCED", ("b", "a"), ("d", "c")),
            [("SCAN_ON_PUSH", ["a", "b"]), ("CONTINUOUS_SCAN", ["c", "d"])],
            "ENHANCED, on push b, a; continuously d, c",
        ),
        (
            Scanning("ENHANCED", continuous=("*",)),
            [("CONTINUOUS_SCAN", ["*"])],
            "ENHANCED, continuously *",
        ),
    ],
    ids=["nothing", "both", "continuously"],
)
def test_rules(scanning: Scanning, rules: list[tuple[str, list[str]]], words: str) -> None:
    """There is a rule for each frequency that has filters, which are in order."""
    assert (rules, words) == (scanning.rules(), str(scanning))


BASIC, ENHANCED = Scanning("BASIC", ("a",)), Scanning("ENHANCED", continuous=("a",))
CONFLICTS: dict[str, tuple[Any, ...]] = {
    "two scanners": ((BASIC, ENHANCED), "scanning-type-conflict"),
    "two frequencies": ((Scanning("ENHANCED", ("a",)), ENHANCED), "scanning-filter-frequency"),
}
test_conflicts = rejection_test(Scanning.joined, CONFLICTS)


def requests() -> st.SearchStrategy[Scanning]:
    """Requests that do not contradict each other."""
    on_push = st.lists(st.sampled_from(["a", "b*", "*"]), max_size=3)
    continuous = st.lists(st.sampled_from(["c", "d*"]), max_size=3)
    return st.builds(
        lambda a, b: Scanning("ENHANCED", filters_of("on_push", a), filters_of("continuous", b)),
        on_push,
        continuous,
    )


@given(requests(), requests(), requests())
def test_joining_does_not_depend_on_order(a: Scanning, b: Scanning, c: Scanning) -> None:
    assert a.joined(b).rules() == b.joined(a).rules()
    assert a.joined(b).joined(c).rules() == a.joined(b.joined(c)).rules()
    assert a.joined(a) == a


def test_filters_are_a_list_without_duplicates() -> None:
    """A filter that is listed twice counts once; a string is not a list."""
    assert ("b", "a") == filters_of("on_push", ["b", "a", "b"])
    with rejects("on_push: list-is-string"):
        filters_of("on_push", "team/*")


@pytest.mark.parametrize(
    ("pattern", "name", "expected"),
    [
        ("*", "team/api", True),
        ("team/*", "team/api", True),
        ("team/*", "my/team/api", False),
        ("*/api", "team/api", True),
        ("t**i", "team/api", True),
        ("team", "my-team/api", True),
        ("prod", "team/api", False),
        ("a.i", "team/api", False),
    ],
)
def test_a_filter_selects_names(pattern: str, name: str, *, expected: bool) -> None:
    """Without a wildcard every name that contains it."""
    assert expected == filter_matches(pattern, name)


STEM = "arn:aws:signer:eu-central-1:111122223333:/signing-profiles/"
PROFILE = f"{STEM}prod"
SIGNING_TOKEN = "${Token[Value.1]}"


SIGNING_RULES: dict[str, tuple[Any, ...]] = {
    "a name": (("prod", ()), "profile_arn: signing-profile-format"),
    "the ARN of a version": ((f"{PROFILE}/abcdef", ()), "profile_arn: signing-profile-format"),
    "a short profile name": ((f"{STEM}p", ()), "profile_arn: signing-profile-format"),
    "a wildcard": ((f"{STEM}*", ()), "profile_arn: signing-profile-format"),
    "201 characters": ((STEM + "p" * (201 - len(STEM)), ()), "profile_arn: signing-profile-length"),
    "101 filters": ((PROFILE, MANY), "filters: signing-filter-count"),
    "an empty filter": ((PROFILE, ("",)), "filters[0]: signing-filter-format"),
    "257 characters": ((PROFILE, ("a" * 257,)), "filters[0]: signing-filter-format"),
    "a trailing slash": ((PROFILE, ("a", "team/")), "filters[1]: signing-filter-format"),
}
test_signing_rules = rejection_test(SigningRule, SIGNING_RULES)


@pytest.mark.parametrize(
    "profile",
    [
        PROFILE,
        STEM + "p" * (200 - len(STEM)),
        "arn:aws-us-gov:signer:us-gov-west-1:111122223333:/signing-profiles/Prod_2",
        SIGNING_TOKEN,
        f"{STEM}{SIGNING_TOKEN}{'p' * 200}",
    ],
)
def test_accepts_profiles(profile: str) -> None:
    """The ARN of a profile is accepted, a deploy-time one too."""
    assert profile == SigningRule(profile, ("a*", SIGNING_TOKEN)).profile_arn


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
        (["store/*"], SIGNING_TOKEN, True),
        (["store/*", SIGNING_TOKEN], "payments/api", True),
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
