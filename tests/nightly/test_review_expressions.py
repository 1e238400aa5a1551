"""Each property of the types that matter to ECR, with each pair of expressions."""

import pytest

from tests.unit.review.test_review_expressions import (
    DIFFERENT,
    TYPES,
    properties,
    reported,
    silent,
)


def test_the_comparison_is_complete() -> None:
    """There are thousands of pairs."""
    assert len(TYPES) > 30
    assert sum(len(properties(kind)) for kind in TYPES) * len(DIFFERENT) > 8_000


@pytest.mark.parametrize("kind", TYPES)
def test_a_different_expression_is_never_silent(kind: str) -> None:
    """Wherever an expression differs, the review has a change."""
    assert [] == silent(kind)


@pytest.mark.parametrize("kind", TYPES)
def test_equal_expressions_are_no_change(kind: str) -> None:
    """Expressions with the same value in each deployment are no change."""
    assert [] == reported(kind)
