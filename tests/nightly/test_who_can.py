"""`who-can` against the tests' own evaluator of policies, for thousands of random accounts."""

from tests.support.who_can_cases import counts

CASES = 3_000


def test_no_answer_is_wrong() -> None:
    """Each answer is that of the evaluator, or it is not known; few are not known needlessly."""
    seen, wrong = counts(seed=7, many=CASES)
    print(f"{CASES:,} accounts: {dict(seen)}")  # noqa: T201 - shown with -s and on failure

    assert [] == wrong
    assert seen["needlessly"] < seen.total() * 0.06
