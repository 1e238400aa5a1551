"""Scanning: what a registry scans, and requests that contradict each other."""

import re
from typing import get_args

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs.model import scanning
from ecr_constructs.model.scanning import Scanning, ScanType, filters_of
from tests.support.service_models import fits, resource_schema, shape

TOKEN = "${Token[Filter.1]}"
MANY = tuple(f"team{n}/*" for n in range(101))
NAME = "must be a repository name, in which '*' stands for anything; it ends in a letter"
REFUSED: dict[str, tuple[ScanType, dict[str, tuple[str, ...]], str]] = {
    "continuous basic scanning": (
        "BASIC",
        {"continuous": ("*",)},
        "BASIC scanning is never continuous; use ENHANCED, or scan on push",
    ),
    "101 filters on push": (
        "BASIC",
        {"on_push": MANY},
        "at most 100 filters are scanned on push, these are 101; a filter with '*' covers several",
    ),
    "101 continuous filters": (
        "ENHANCED",
        {"continuous": MANY},
        "at most 100 filters are scanned continuously, these are 101",
    ),
    "an empty filter": (
        "BASIC",
        {"on_push": ("",)},
        "filter '' must be 1 to 255 characters long, is 0",
    ),
    "256 characters": (
        "BASIC",
        {"on_push": ("a" * 256,)},
        "must be 1 to 255 characters long, is 256",
    ),
    "a trailing slash": ("BASIC", {"on_push": ("team/",)}, f"filter 'team/' {NAME}"),
    "two separators": ("ENHANCED", {"continuous": ("a--b",)}, f"filter 'a--b' {NAME}"),
    "upper case": ("BASIC", {"on_push": ("Team",)}, f"filter 'Team' {NAME}"),
    # The API's own pattern takes longer than anyone waits to say no to this one.
    "a long faulty filter": ("BASIC", {"on_push": ("a" * 254 + "-",)}, NAME),
    "one filter of both kinds": (
        "ENHANCED",
        {"on_push": ("a*", "b*"), "continuous": ("b*",)},
        "'b*' is to be scanned both on push and continuously; choose one",
    ),
}


@pytest.mark.parametrize(("scan_type", "filters", "fault"), REFUSED.values(), ids=REFUSED)
def test_refuses(scan_type: ScanType, filters: dict[str, tuple[str, ...]], fault: str) -> None:
    """What ECR refuses raises an error that says what is allowed."""
    with pytest.raises(ValueError, match=re.escape(fault)):
        Scanning(scan_type, **filters)


def test_lists_every_fault() -> None:
    """A configuration with several faults is refused once, with all of them."""
    with pytest.raises(ValueError, match=re.escape("BASIC, on push A; continuously B")) as refusal:
        Scanning("BASIC", on_push=("A",), continuous=("B",))

    assert 3 == str(refusal.value).count("\n  - ")


@pytest.mark.parametrize(
    "each", ["*", "a", "a" * 255, "team/*", "*-prod", "a.b/c_d-e", "**", TOKEN]
)
def test_accepts(each: str) -> None:
    """A filter that ECR accepts is scanned, a deploy-time one too."""
    assert [("SCAN_ON_PUSH", [each])] == Scanning("BASIC", on_push=(each,)).rules()


# The API's pattern is slow on long texts, so these are short.
@given(st.lists(st.sampled_from(["a", "0", "*", ".", "_", "-", "/", "A", "\n"]), max_size=9))
def test_filters_agree_with_the_service_model(pieces: list[str]) -> None:
    """A filter is sound exactly if it fits ECR's own model."""
    each = "".join(pieces)
    try:
        Scanning("BASIC", on_push=(each,))
    except ValueError:
        accepted = False
    else:
        accepted = True

    assert fits("ecr", "ScanningRepositoryFilterValue", each) == accepted


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


def test_two_scanners_are_refused() -> None:
    """A registry has one scanner; the refusal shows both requests."""
    basic, enhanced = Scanning("BASIC", on_push=("a*",)), Scanning("ENHANCED", continuous=("b*",))

    fault = "asked for both: BASIC, on push a* and ENHANCED, continuously b*"
    with pytest.raises(ValueError, match=re.escape(fault)):
        basic.joined(enhanced)


def test_joining_is_judged() -> None:
    """Two sound requests may contradict each other."""
    with pytest.raises(ValueError, match="'a' is to be scanned both on push and continuously"):
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
    """Whoever asks first, and however often, the same is scanned."""
    assert a.joined(b).rules() == b.joined(a).rules()
    assert a.joined(b).joined(c).rules() == a.joined(b.joined(c)).rules()
    assert a.joined(a) == a


def test_a_bare_string_is_refused() -> None:
    """A string where a list is meant is refused with the list to write."""
    with pytest.raises(ValueError, match=re.escape("on_push must be a list of strings")):
        filters_of("on_push", "team/*")


def test_filters_are_named_once() -> None:
    """A filter that is named twice counts once."""
    assert ("b", "a") == filters_of("on_push", ["b", "a", "b"])
