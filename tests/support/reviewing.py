"""What one judge of a review says."""

from collections.abc import Callable, Iterable
from datetime import datetime

from ecr_constructs.review import Change, Inventories
from ecr_constructs.review.comparison import Comparison
from tests.support.compared import Given, sides
from tests.support.rule_examples.build import HOME

Judge = Callable[[Comparison], Iterable[Change]]


def judged(
    judge: Judge,
    before: Given,
    after: Given,
    at: tuple[str | None, str | None] = HOME,
    *,
    inventories: Inventories | None = None,
    now: datetime | None = None,
) -> list[Change]:
    """Return what a judge says of two sides."""
    base, head = sides(before, after, at)
    return list(judge(Comparison(base, head, inventories or Inventories(), now)))
