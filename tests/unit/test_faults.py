"""How a refusal is worded."""

import re

import pytest

from ecr_constructs.model.validation import check_list, refusal, refuse


def test_refusal_has_a_line_for_each_fault() -> None:
    """A refusal names what was given and then each fault on its own line."""
    assert (
        refusal("tag", "x", ["is short", "is ugly"])
        == "Invalid tag (value: x):\n  - is short\n  - is ugly"
    )


def test_refuse_raises_once_for_all_faults() -> None:
    """Any fault raises; the faults may come from a generator."""
    with pytest.raises(ValueError, match=re.escape(refusal("tag", "x", ["a", "b"]))):
        refuse("tag", "x", iter(["a", "b"]))


def test_refuse_returns_without_faults() -> None:
    """A value without faults is not refused."""
    assert refuse("tag", "x", iter([])) is None  # type: ignore[func-returns-value]


def test_check_list() -> None:
    """A string is refused where a list is meant, with the list to write."""
    with pytest.raises(ValueError, match=re.escape("got the string 'abc'; write ['abc']")):
        check_list("except_for", "abc")


@pytest.mark.parametrize("value", [[], ["abc"], ("abc",), frozenset({"abc"})], ids=str)
def test_check_list_accepts_collections(value: object) -> None:
    """A collection is no bare string."""
    assert check_list("except_for", value) is None  # type: ignore[func-returns-value]
