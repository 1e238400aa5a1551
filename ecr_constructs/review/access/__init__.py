"""To come."""

from collections.abc import Iterator

from ecr_constructs.review.change import Change
from ecr_constructs.review.comparison import Comparison


def changes(_: Comparison) -> Iterator[Change]:
    """Yield nothing yet."""
    yield from ()
