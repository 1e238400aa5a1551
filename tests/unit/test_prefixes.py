"""Prefixes of repository names: what ECR accepts, what they cover, and how to find some."""

from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs.model.names import cover, covers, filter_errors, shared
from tests.support.errors import rejects

REJECTED = {
    "empty": ("", ["prefix-length"], ""),
    "one character": ("a", ["prefix-length"], ""),
    "257 characters": ("a" * 257, ["prefix-length"], ""),
    "a wildcard": ("payments/*", ["prefix-is-pattern"], "write 'payments/'"),
    "a wildcard in the middle": ("pay*/api", ["prefix-is-pattern"], "write 'pay'"),
    "a wildcard with too little before it": ("*", ["prefix-length", "prefix-is-pattern"], ""),
    "upper case": ("Payments", ["prefix-format"], ""),
    "leading slash": ("/payments", ["prefix-format"], ""),
    "double slash": ("payments//api", ["prefix-format"], ""),
    "a line break": ("payments\n", ["prefix-format"], ""),
}


@pytest.mark.parametrize(("prefix", "codes", "remedy"), REJECTED.values(), ids=REJECTED)
def test_filter_is_rejected(prefix: str, codes: list[str], remedy: str) -> None:
    """A replication prefix that ECR rejects has a code, and a remedy where one is near."""
    errors = list(filter_errors(prefix))

    assert codes == [error.code for error in errors]
    assert remedy == errors[-1].remedy


@pytest.mark.parametrize("prefix", ["ab", "a/", "a" * 256, "payments/", "pay", "a-", "a.b_c-/d"])
def test_filter_is_accepted(prefix: str) -> None:
    """A prefix may end anywhere in a name, behind a slash too."""
    assert [] == list(filter_errors(prefix))


@pytest.mark.parametrize(
    ("listed", "name", "expected"),
    [
        ([], "payments/api", True),
        (["payments/"], "payments/api", True),
        (["payments"], "payments-old/api", True),
        (["payments/"], "payments", False),
        (["store/", "payments/"], "payments/api", True),
        (["store/"], "payments/api", False),
    ],
)
def test_covers(listed: list[str], name: str, *, expected: bool) -> None:
    """A rule covers the names that begin with one of its prefixes, and all if it has none."""
    assert expected == covers(listed, name)


# --- laws -------------------------------------------------------------------------------------


def names() -> st.SearchStrategy[str]:
    """Repository names that often begin alike."""
    parts = st.lists(st.sampled_from(["aa", "aab", "b0", "aa-b"]), min_size=1, max_size=3)
    return parts.map("/".join)


def listed_prefixes() -> st.SearchStrategy[list[str]]:
    """Prefixes that cover some of those names."""
    return st.lists(st.builds(lambda name, end: name[:end], names(), st.integers(2, 8)), max_size=3)


@given(listed_prefixes(), listed_prefixes(), names())
def test_shared_prefixes_cover_what_both_cover(
    some: list[str], others: list[str], name: str
) -> None:
    """A name is covered by both exactly if a shared prefix begins it, whichever comes first."""
    both = covers(some, name) and covers(others, name)

    assert both == any(map(name.startswith, shared(some, others)))
    assert shared(some, others) == shared(others, some)


@given(st.lists(names(), max_size=8), st.lists(names(), max_size=4))
def test_cover_covers_all_that_is_wanted_and_nothing_unwanted(
    wanted: list[str], unwanted: list[str]
) -> None:
    """The prefixes are valid and minimal; it fails exactly where no prefix separates the names."""
    if any(other.startswith(name) for name in wanted for other in unwanted):
        with rejects("prefix-ambiguous"):
            cover(wanted, unwanted)
        return
    prefixes = cover(wanted, unwanted)

    assert all(any(map(name.startswith, prefixes)) for name in wanted)
    assert not any(name.startswith(prefix) for name in unwanted for prefix in prefixes)
    assert not any(p != q and p.startswith(q) for p in prefixes for q in prefixes)
    assert [] == [error for prefix in prefixes for error in filter_errors(prefix)]
    # Each is needed, and none could end at an earlier slash.
    for prefix in prefixes:
        assert any(name.startswith(prefix) for name in wanted)
        parts = prefix.rstrip("/").split("/")
        for end in range(1, len(parts)):
            shorter = "/".join(parts[:end]) + "/"
            assert any(name.startswith(shorter) for name in unwanted)


@given(st.lists(names(), max_size=8), st.lists(names(), max_size=4), st.randoms())
def test_cover_does_not_depend_on_order(
    wanted: list[str], unwanted: list[str], random: Random
) -> None:
    if any(other.startswith(name) for name in wanted for other in unwanted):
        return
    shuffled = [*wanted, *wanted]
    random.shuffle(shuffled)

    assert cover(wanted, unwanted) == cover(shuffled, reversed(unwanted))


@pytest.mark.parametrize(
    ("wanted", "unwanted", "expected"),
    [
        ([], ["store/web"], ()),
        (["payments/api", "payments/worker"], ["store/web"], ("payments/",)),
        (["payments/api", "store/web"], [], ("payments/", "store/")),
        (
            ["payments/api", "payments/worker"],
            ["payments/tool"],
            ("payments/api", "payments/worker"),
        ),
        (["payments/core/api"], ["payments/tool"], ("payments/core/",)),
        (["api"], ["tool"], ("api",)),
        (["a/b", "ab"], ["ac"], ("a/", "ab")),
        (["api", "api-v2", "api/x"], [], ("api",)),
    ],
)
def test_cover(wanted: list[str], unwanted: list[str], expected: tuple[str, ...]) -> None:
    """The namespaces are as short as what must not be covered allows."""
    assert expected == cover(wanted, unwanted)


def test_cover_names_both_that_no_prefix_separates() -> None:
    """The error names the wanted repository and the one that begins with its name."""
    with pytest.raises(ValueError, match="'payments/api' begins 'payments/api-v2'"):
        cover(["payments/api"], ["payments/api-v2"])
