"""Tag mutability: the setting, its exclusion filters, and which tags may move."""

from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase
from functools import partial

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs.model.mutability import TagMutability
from tests.support.errors import rejects

REJECTED: dict[str, tuple[Sequence[str], list[str]]] = {
    "six filters": (list("abcdef"), [": mutability-filter-count"]),
    "an empty filter": ([""], ["[0]: mutability-filter-length"]),
    "129 characters": (["a" * 129], ["[0]: mutability-filter-length"]),
    "a slash": (["a", "a/b"], ["[1]: mutability-filter-characters"]),
    "a question mark": (["v?"], ["[0]: mutability-filter-characters"]),
    "three wildcards": (["*a*b*"], ["[0]: mutability-filter-wildcards"]),
    "a filter twice": (["latest", "latest"], ["[1]: mutability-filter-duplicate"]),
    "several problems": (
        ["", "a b", "***"],
        [
            "[0]: mutability-filter-length",
            "[1]: mutability-filter-characters",
            "[2]: mutability-filter-wildcards",
        ],
    ),
    "a bare string": ("latest", [": list-is-string"]),
}


@pytest.mark.parametrize(
    "make",
    [TagMutability.immutable, TagMutability.mutable, partial(TagMutability, is_immutable=True)],
    ids=["immutable", "mutable", "constructor"],
)
@pytest.mark.parametrize(("filters", "problems"), REJECTED.values(), ids=REJECTED)
def test_rejects(
    make: Callable[..., TagMutability], filters: Sequence[str], problems: list[str]
) -> None:
    """Filters that ECR rejects raise one error with every problem."""
    with rejects(*(f"except_for{problem}" for problem in problems)):
        make(except_for=filters)


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
    """The setting is ECR's own name, and the text names the exceptions."""
    assert (mutability.setting, str(mutability)) == (setting, words)


def test_lets_deploy_time_filters_pass() -> None:
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
def test_a_wildcard_matches_any_characters(pattern: str, tag: str) -> None:
    """A filter matches what a shell pattern with the same ``*`` matches."""
    moves = TagMutability.immutable(except_for=[pattern]).may_move(tag)

    assert fnmatchcase(tag, pattern) == moves
