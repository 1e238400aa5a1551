"""Whether the review reports what an independent evaluator finds, for random pairs of policies.

The nightly tests try thousands of pairs.
"""

from tests.support.policy_pairs import counts


def test_random_pairs_are_compared_as_they_are_evaluated() -> None:
    """No widening is missed, and few are reported where there is none."""
    seen = counts(seed=1, pairs=15)

    assert 0 == seen["missed"]
    assert 1 >= seen["false"]
    assert 4 <= seen["widened"]
