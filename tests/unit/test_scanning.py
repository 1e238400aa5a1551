"""Scanning: what a registry scans, and requests that contradict each other."""

import re
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs.model import scanning
from ecr_constructs.model.scanning import Scanning, ScanType, filters_of
from ecr_constructs.model.validation import ValidationError
from tests.support.errors import codes, rejects
from tests.support.service_models import fits, resource_schema, shape

TOKEN = "${Token[Filter.1]}"
MANY = tuple(f"team{n}/*" for n in range(101))
REJECTED: dict[str, tuple[ScanType, dict[str, tuple[str, ...]], list[str]]] = {
    "continuous basic scanning": (
        "BASIC",
        {"continuous": ("*",)},
        ["continuous: scanning-basic-continuous"],
    ),
    "101 filters on push": ("BASIC", {"on_push": MANY}, ["on_push: scanning-filter-count"]),
    "101 continuous filters": (
        "ENHANCED",
        {"continuous": MANY},
        ["continuous: scanning-filter-count"],
    ),
    "an empty filter": ("BASIC", {"on_push": ("",)}, ["on_push[0]: scanning-filter-length"]),
    "256 characters": ("BASIC", {"on_push": ("a" * 256,)}, ["on_push[0]: scanning-filter-length"]),
    "a trailing slash": (
        "BASIC",
        {"on_push": ("a", "team/")},
        ["on_push[1]: scanning-filter-format"],
    ),
    "two separators": (
        "ENHANCED",
        {"continuous": ("a--b",)},
        ["continuous[0]: scanning-filter-format"],
    ),
    # The API's own pattern takes minutes to reject this one.
    "a long invalid filter": (
        "BASIC",
        {"on_push": ("a" * 254 + "-",)},
        ["on_push[0]: scanning-filter-format"],
    ),
    "one filter with both frequencies": (
        "ENHANCED",
        {"on_push": ("a*", "b*"), "continuous": ("b*",)},
        ["scanning-filter-frequency"],
    ),
    "several problems": (
        "BASIC",
        {"on_push": ("A",), "continuous": ("B",)},
        [
            "continuous: scanning-basic-continuous",
            "on_push[0]: scanning-filter-format",
            "continuous[0]: scanning-filter-format",
        ],
    ),
}


@pytest.mark.parametrize(("scan_type", "filters", "problems"), REJECTED.values(), ids=REJECTED)
def test_rejects(
    scan_type: ScanType, filters: dict[str, tuple[str, ...]], problems: list[str]
) -> None:
    """A configuration that ECR rejects raises one error with every problem."""
    with rejects(*problems):
        Scanning(scan_type, **filters)


@pytest.mark.parametrize(
    "pattern", ["*", "a", "a" * 255, "team/*", "*-prod", "a.b/c_d-e", "**", TOKEN]
)
def test_accepts(pattern: str) -> None:
    """A filter that ECR accepts becomes a rule, a deploy-time one too."""
    assert [("SCAN_ON_PUSH", [pattern])] == Scanning("BASIC", on_push=(pattern,)).rules()


# The API's pattern is slow on long texts, so these are short.
@given(st.lists(st.sampled_from(["a", "0", "*", ".", "_", "-", "/", "A", "\n"]), max_size=9))
def test_filters_agree_with_the_service_model(pieces: list[str]) -> None:
    """A filter is valid exactly if it fits ECR's own model."""
    item = "".join(pieces)
    try:
        Scanning("BASIC", on_push=(item,))
    except ValueError:
        accepted = False
    else:
        accepted = True

    assert fits("ecr", "ScanningRepositoryFilterValue", item) == accepted


def test_limits_are_the_published_ones() -> None:
    """The limits equal those of ECR's API model and of CloudFormation's resource schema."""
    definitions = resource_schema("AWS::ECR::RegistryScanningConfiguration")["definitions"]

    assert scanning.FILTER_MAX_LENGTH == shape("ecr", "ScanningRepositoryFilterValue")["max"]
    assert scanning.FILTER_MAX_LENGTH == definitions["Filter"]["maxLength"]
    assert scanning.MAX_FILTERS_PER_RULE == shape("ecr", "ScanningRepositoryFilterList")["max"]
    assert (
        scanning.MAX_FILTERS_PER_RULE
        == (definitions["ScanningRule"]["properties"]["RepositoryFilters"]["maxItems"])
    )
    assert set(get_args(ScanType)) == set(shape("ecr", "ScanType")["enum"])
    assert {"SCAN_ON_PUSH", "CONTINUOUS_SCAN"} < set(shape("ecr", "ScanFrequency")["enum"])


@pytest.mark.parametrize(
    ("each", "rules", "words"),
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
def test_rules(each: Scanning, rules: list[tuple[str, list[str]]], words: str) -> None:
    """There is a rule for each frequency that has filters, which are in order."""
    assert (rules, words) == (each.rules(), str(each))


def test_two_scanners_are_rejected() -> None:
    """A registry has one scanner; the error shows both requests."""
    basic, enhanced = Scanning("BASIC", on_push=("a*",)), Scanning("ENHANCED", continuous=("b*",))

    with pytest.raises(ValidationError, match=re.escape(f"{basic} and {enhanced}")) as caught:
        basic.joined(enhanced)

    assert [("", "scanning-type-conflict")] == codes(caught.value)


def test_joined_requests_are_validated() -> None:
    """Two valid requests may contradict each other."""
    with rejects("scanning-filter-frequency"):
        Scanning("ENHANCED", on_push=("a",)).joined(Scanning("ENHANCED", continuous=("a",)))


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
    """Requests in any order, and repeated ones, yield the same rules."""
    assert a.joined(b).rules() == b.joined(a).rules()
    assert a.joined(b).joined(c).rules() == a.joined(b.joined(c)).rules()
    assert a.joined(a) == a


def test_filters_are_a_list_without_duplicates() -> None:
    """A filter that is listed twice counts once; a string is not a list."""
    assert ("b", "a") == filters_of("on_push", ["b", "a", "b"])
    with rejects("on_push: list-is-string"):
        filters_of("on_push", "team/*")
