"""Run one analyzer of a review."""

from collections.abc import Callable, Iterable
from datetime import datetime

from ecr_constructs.review import Change, Inventories
from ecr_constructs.review.comparison import Comparison
from tests.support.compared import Given, sides
from tests.support.rule_examples.build import HOME

Analyzer = Callable[[Comparison], Iterable[Change]]


def changes_of(
    analyzer: Analyzer,
    before: Given,
    after: Given,
    at: tuple[str | None, str | None] = HOME,
    *,
    inventories: Inventories | None = None,
    now: datetime | None = None,
) -> list[Change]:
    """Return the changes that an analyzer reports for two sides."""
    base, head = sides(before, after, at)
    return list(analyzer(Comparison(base, head, inventories or Inventories(), now)))
