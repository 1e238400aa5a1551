"""Names of repositories, their prefixes, and tags: what ECR accepts, and what to write instead."""

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs.model.names import (
    check_repository_name,
    cover,
    covers,
    filter_errors,
    partial_name_errors,
    repository_name_errors,
    shared,
)
from ecr_constructs.model.tags import check_tags
from tests.support.errors import by_code, rejection_test, rejects

HOST = "111122223333.dkr.ecr.eu-central-1.amazonaws.com"

REMEDIES = {
    "Payments/API": "write 'payments/api'",
    "payments/api:1.0": "write 'payments/api'",
    " payments api ": "write 'payments-api'",
    "payments\n": "write 'payments'",
    "käse/brot": "",
    f"{HOST}/payments/api:1.0": "write 'payments/api'",
    "https://111122223333.dkr-ecr.eu-central-1.on.aws/api@sha256:0": "write 'api'",
}


REJECTED: dict[str, tuple[Any, ...]] = {
    "empty": ("", "length", "slashes"),
    "one character": ("a", "length"),
    "257 characters": ("a" * 257, "length"),
    "upper case": ("Payments/API", "characters"),
    "a tag": ("payments/api:1.0", "characters"),
    "letters of another alphabet": ("käse/brot", "characters"),
    "a line break at the end": ("payments\n", "characters"),
    "leading slash": ("/api", "slashes"),
    "trailing slash": ("api/", "slashes"),
    "double slash": ("payments//api", "slashes"),
    "leading dot": (".api", "separators"),
    "trailing hyphen": ("api-", "separators"),
    "two dots": ("a..b", "separators"),
    "three underscores": ("a___b", "separators"),
    "mixed separators": ("a.-b", "separators"),
    "hyphen at a slash": ("team/-api", "separators"),
    "several problems, each once": ("a" * 256 + "//-/", "length", "slashes", "separators"),
    "an image URI": (f"{HOST}/payments/api:1.0", "is-uri"),
}
test_rejects = rejection_test(check_repository_name, REJECTED, prefix="repository-name-")


@pytest.mark.parametrize(("name", "remedy"), REMEDIES.items())
def test_suggests_a_valid_name(name: str, remedy: str) -> None:
    """The remedy is a valid name, where one is near."""
    [error] = repository_name_errors(name)

    assert remedy == error.remedy


ACCEPTED = [
    *("ab", "a" * 256, "payments/api", "a--b", "a__b", "a---b.c_d/0", "0/1/2", "team.a/api-v2"),
    *("${Token[TOKEN.1]}", "Team-${Token[Name.27]}"),
]
test_accepts = rejection_test(check_repository_name, by_code({"": ACCEPTED}))


MARK = "${Token[unknown]}"
PARTLY_KNOWN = {
    "nothing is known": (MARK, []),
    "several parts": (f"{MARK}/app-{MARK}", []),
    "separators around a part": (f"app__{MARK}.x", []),
    "one letter": (f"a{MARK}", []),
    "256 letters": ("a" * 256 + MARK, []),
    "257 letters": ("a" * 257 + MARK, ["length"]),
    "capitals": (f"MyApp-{MARK}", ["characters"]),
    "a slash first": (f"/{MARK}", ["slashes"]),
    "two separators": (f"app._{MARK}", ["separators"]),
    "a URI": (f"111122223333.dkr.ecr.{MARK}.amazonaws.com/api", ["is-uri"]),
}


@pytest.mark.parametrize(("name", "codes"), PARTLY_KNOWN.values(), ids=PARTLY_KNOWN)
def test_a_partly_known_name_is_judged_as_far_as_it_goes(name: str, codes: list[str]) -> None:
    """An error does not repeat what is not known."""
    errors = list(partial_name_errors(name, repository_name_errors))

    assert [f"repository-name-{code}" for code in codes] == [error.code for error in errors]
    assert not [error for error in errors if "Token" in error.text or "aa" in error.text]


FILTERS = {
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


@pytest.mark.parametrize(("prefix", "codes", "remedy"), FILTERS.values(), ids=FILTERS)
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


TAGS: dict[str, tuple[Any, ...]] = {
    "no tag": ({},),
    "the longest": ({"k" * 127: "v" * 255},),
    "begins like aws": ({"awesome": "x"},),
    "50 tags": ({f"k{n}": "v" for n in range(50)},),
    "deploy-time": ({"${Token[Key.1]}": "${Token[Value.2]}"},),
    "51 tags": ({f"k{n}": "v" for n in range(51)}, "tags: tag-count"),
    "an empty key": ({"": "v"}, "tags['']: tag-key-length"),
    "a long key": ({"k" * 128: "v"}, f"tags['{'k' * 128}']: tag-key-length"),
    "a reserved key": ({"aws:team": "v"}, "tags['aws:team']: tag-key-reserved-prefix"),
    "reserved in capitals": ({"AWS:team": "v"}, "tags['AWS:team']: tag-key-reserved-prefix"),
    "an empty value": ({"team": ""}, "tags['team']: tag-value-length"),
    "a long value": ({"team": "v" * 256}, "tags['team']: tag-value-length"),
    "a number": ({"cost": 7}, "tags['cost']: tag-value-type"),
    "None": ({"cost": None}, "tags['cost']: tag-value-type"),
    "several problems": (
        {"": "", "aws:a": 1},
        "tags['']: tag-key-length",
        "tags['']: tag-value-length",
        "tags['aws:a']: tag-key-reserved-prefix",
        "tags['aws:a']: tag-value-type",
    ),
}
test_tags = rejection_test(check_tags, TAGS)
