"""Scanning: what a registry scans, and requests that contradict each other."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs.model.scanning import Scanning, filters_of
from tests.support.errors import rejection_test, rejects

TOKEN = "${Token[Filter.1]}"
MANY = tuple(f"team{n}/*" for n in range(101))


REJECTED: dict[str, tuple[Any, ...]] = {
    "continuous basic scanning": (
        ("BASIC", {"continuous": ("*",)}),
        "continuous: scanning-basic-continuous",
    ),
    "101 filters on push": (("BASIC", {"on_push": MANY}), "on_push: scanning-filter-count"),
    "101 continuous filters": (
        ("ENHANCED", {"continuous": MANY}),
        "continuous: scanning-filter-count",
    ),
    "an empty filter": (("BASIC", {"on_push": ("",)}), "on_push[0]: scanning-filter-length"),
    "256 characters": (("BASIC", {"on_push": ("a" * 256,)}), "on_push[0]: scanning-filter-length"),
    "a trailing slash": (
        ("BASIC", {"on_push": ("a", "team/")}),
        "on_push[1]: scanning-filter-format",
    ),
    "two separators": (
        ("ENHANCED", {"continuous": ("a--b",)}),
        "continuous[0]: scanning-filter-format",
    ),
    # The API's own pattern takes minutes to reject this one.
    "a long invalid filter": (
        ("BASIC", {"on_push": ("a" * 254 + "-",)}),
        "on_push[0]: scanning-filter-format",
    ),
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
