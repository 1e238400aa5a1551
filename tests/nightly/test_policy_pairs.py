"""The access review against the independent evaluator, for thousands of random pairs."""

from tests.support.policy_pairs import counts

PAIRS = 7_000


def test_thousands_of_pairs() -> None:
    """No widening is missed; at most 2 % are false, and as few only say that access may widen."""
    seen = counts(seed=20_261_127, pairs=PAIRS)
    print(f"{PAIRS:,} pairs of policies: {dict(seen)}")  # noqa: T201 - shown with -s and on failure

    assert 0 == seen["missed"]
    assert seen["false"] <= PAIRS * 0.02
    assert seen["vague"] <= PAIRS * 0.02
    assert PAIRS == seen.total()
