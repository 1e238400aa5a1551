"""Wildcards: what a pattern matches, and that no pattern decides how long that takes."""

from functools import cache
from typing import ClassVar, SupportsIndex

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs.model.wildcards import matcher
from ecr_constructs.review.access.values import apart, pattern, within

TEXTS = st.text("ab\n?", max_size=8)
PATTERNS = st.text("ab\n*?", max_size=8)


def slowly(wild: str, text: str, *, single: bool) -> bool:
    """Return whether a pattern matches, by trying every number of characters for each star."""

    @cache
    def rest(mine: int, yours: int) -> bool:
        if mine == len(wild):
            return yours == len(text)
        if wild[mine] == "*":
            return rest(mine + 1, yours) or (yours < len(text) and rest(mine, yours + 1))
        is_same = yours < len(text) and (
            wild[mine] == text[yours] or (single and wild[mine] == "?")
        )
        return is_same and rest(mine + 1, yours + 1)

    return rest(0, 0)


@given(PATTERNS, TEXTS)
def test_a_pattern_matches_what_a_slow_reading_does(wild: str, text: str) -> None:
    """A star stands for any number of characters, a question mark for one or for itself."""
    assert slowly(wild, text, single=False) == matcher(wild)(text)
    assert slowly(wild, text, single=True) == matcher(wild, single=".")(text)


@given(PATTERNS, PATTERNS)
def test_two_patterns_are_apart_if_no_text_matches_both(one: str, other: str) -> None:
    """The texts that a slow search finds, with both patterns read from the left."""

    @cache
    def meet(mine: int, yours: int) -> bool:
        if mine == len(one) or yours == len(other):
            return not (one[mine:] + other[yours:]).strip("*")
        if "*" in (one[mine], other[yours]):
            ahead = [(mine + (one[mine] == "*"), yours + (other[yours] == "*"))]
            ahead += [(mine + 1, yours), (mine, yours + 1)]
            return any(
                meet(*place)
                for place in ahead
                # A literal is passed over by a star of the other pattern only.
                if (place[0] == mine or one[mine] == "*" or other[yours] == "*")
                and (place[1] == yours or other[yours] == "*" or one[mine] == "*")
            )
        is_same = one[mine] == other[yours] or "?" in (one[mine], other[yours])
        return is_same and meet(mine + 1, yours + 1)

    assert meet(0, 0) is not apart(pattern(one), pattern(other))


class Counted(str):
    """A text that counts how often it is searched."""

    __slots__ = ()
    searches: ClassVar[int] = 0

    def find(
        self, sub: str, start: SupportsIndex | None = None, end: SupportsIndex | None = None, /
    ) -> int:
        """Count the search."""
        Counted.searches += 1
        return super().find(sub, start, end)


@pytest.mark.parametrize("stars", [4, 64, 1024])
def test_each_piece_is_looked_for_once(stars: int) -> None:
    """However the text repeats what stands between the stars, which took hours."""
    Counted.searches = 0

    assert not matcher(f"{'*a' * stars}*b*")(Counted("a" * 5_000))
    assert stars + 1 == Counted.searches


@pytest.mark.parametrize(
    ("wild", "text"),
    [
        ("*a" * 500 + "*b", "a" * 5_000),
        ("*?" * 500 + "!", "a" * 5_000),
        ("ecr:" + "*?" * 12 + "!", "ecr:BatchCheckLayerAvailability"),
        ("*a?" * 300 + "*b*", "a" * 2_000),
    ],
)
def test_a_hostile_pattern_is_answered(wild: str, text: str) -> None:
    """A matcher that backtracks would not finish any of these."""
    assert not matcher(wild, single=".")(text)
    narrow, wide = pattern(text), pattern(wild)
    assert within(narrow, wide) is False
    assert apart(narrow, wide) is True
    assert apart(wide, pattern(wild[::-1] + "z")) is not None


def test_patterns_that_are_too_long_to_compare_are_not_known() -> None:
    """Neither is within the other, nor are they disjoint, as far as anybody computed."""
    long, longer = pattern("*a" * 5_000), pattern("*b" * 5_000)

    assert within(long, longer) is None
    assert apart(long, longer) is None
    assert within(long, long) is True
