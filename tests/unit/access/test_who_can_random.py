"""`who-can` against the tests' own evaluator of policies, for random accounts."""

from tests.support.who_can_cases import counts

CASES = 60


def test_no_answer_is_wrong() -> None:
    """A yes or a no is what the evaluator says for every request; the nightly tier tries more."""
    seen, wrong = counts(seed=20_261_127, many=CASES)

    assert [] == wrong
    assert seen["yes"] > CASES / 2
    assert seen["no"] > CASES
    assert seen["needlessly"] < seen.total() * 0.1
