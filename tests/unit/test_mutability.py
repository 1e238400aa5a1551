"""Tag mutability: the setting, its exclusion filters, and which tags may move."""

import re
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs.model.mutability import TagMutability
from tests.support.service_models import fits
from tests.support.strategies import near_miss_filters

REFUSED = {
    "six filters": (list("abcdef"), "at most 5 filters are allowed, these are 6"),
    "an empty filter": ([""], "'' must be 1 to 128 characters long, is 0"),
    "129 characters": (["a" * 129], "must be 1 to 128 characters long, is 129"),
    "a slash": (["a/b"], "'a/b' may hold only letters, digits, '.', '_', '-' and '*'"),
    "a question mark": (["v?"], "'v?' may hold only letters"),
    "three wildcards": (["*a*b*"], "'*a*b*' may hold at most 2 '*', holds 3"),
    "a filter twice": (["latest", "latest"], "'latest' is listed twice"),
    "a bare string": ("latest", "must be a list of strings, got the string 'latest'; write"),
}


@pytest.mark.parametrize("make", [TagMutability.immutable, TagMutability.mutable])
@pytest.mark.parametrize(("filters", "fault"), REFUSED.values(), ids=REFUSED)
def test_refuses(make: Callable[..., TagMutability], filters: Sequence[str], fault: str) -> None:
    """Filters that ECR refuses raise an error that names the filter and the limit."""
    with pytest.raises(ValueError, match=re.escape(fault)):
        make(except_for=filters)


def test_refuses_without_a_factory() -> None:
    """The class itself judges its filters, so none can reach a template unjudged."""
    with pytest.raises(ValueError, match="at most 2"):
        TagMutability(is_immutable=True, except_for=("***",))


def test_lists_every_fault() -> None:
    """Several faulty filters are refused in one error."""
    with pytest.raises(ValueError, match="Invalid tag mutability exclusion filters") as refusal:
        TagMutability.immutable(except_for=["", "a b", "***"])

    assert str(refusal.value).count("\n  - ") == 3


@pytest.mark.parametrize(
    ("mutability", "setting", "words"),
    [
        (TagMutability.immutable(), "IMMUTABLE", "immutable"),
        (TagMutability.mutable(), "MUTABLE", "mutable"),
        (
            TagMutability.immutable(except_for=["latest", "cache-*"]),
            "IMMUTABLE_WITH_EXCLUSION",
            "immutable, except for latest, cache-*",
        ),
        (
            TagMutability.mutable(except_for=["v*"]),
            "MUTABLE_WITH_EXCLUSION",
            "mutable, except for v*",
        ),
    ],
    ids=str,
)
def test_names_the_setting(mutability: TagMutability, setting: str, words: str) -> None:
    """The setting is ECR's own name for it, with words beside it."""
    assert (mutability.setting, str(mutability)) == (setting, words)


def test_lets_deploy_time_filters_pass() -> None:
    """A filter that is known only at deploy time cannot be judged and passes."""
    filters = ("${Token[A.1]}", "latest")

    assert TagMutability.immutable(except_for=filters).except_for == filters


@pytest.mark.parametrize(
    ("filters", "tag", "matches"),
    [
        ([], "latest", False),
        (["latest"], "latest", True),
        (["latest"], "latest-1", False),
        (["latest"], "not-latest", False),
        (["v*"], "v", True),
        (["v*"], "v1.0", True),
        (["v*"], "rev1", False),
        (["*-dev"], "1.0-dev", True),
        (["*-dev*"], "1-dev-2", True),
        (["*"], "anything", True),
        (["1.0"], "1x0", False),
        (["a", "b*"], "b2", True),
    ],
)
def test_filters_except_the_tags_they_match(filters: list[str], tag: str, *, matches: bool) -> None:
    """A tag that a filter matches behaves the other way."""
    moves = TagMutability.immutable(except_for=filters).may_move(tag)

    assert (matches, not matches) == (
        moves,
        TagMutability.mutable(except_for=filters).may_move(tag),
    )


@given(
    st.text("ab.*", min_size=1).filter(lambda text: text.count("*") <= 2),
    st.text("ab.", min_size=1),
)
def test_a_wildcard_stands_for_any_run_of_characters(pattern: str, tag: str) -> None:
    """A filter matches what a shell pattern with the same ``*`` matches."""
    moves = TagMutability.immutable(except_for=[pattern]).may_move(tag)

    assert fnmatchcase(tag, pattern) == moves


@given(near_miss_filters())
def test_agrees_with_the_service_model(each: str) -> None:
    """A filter of at most two wildcards is refused exactly if ECR's own model refuses it."""
    try:
        accepted = TagMutability.immutable(except_for=[each]).except_for == (each,)
    except ValueError:
        accepted = False

    assert fits("ecr", "ImageTagMutabilityExclusionFilterValue", each) == accepted
