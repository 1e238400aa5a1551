"""Report whose access to images is widened, and whose is narrowed."""

from collections.abc import Iterator

from ecr_constructs.review.access import identities, resources
from ecr_constructs.review.change import Change
from ecr_constructs.review.comparison import Comparison


def changes(comparison: Comparison) -> Iterator[Change]:
    """Yield whose access is widened and whose is narrowed, worst first."""
    base, head = (identities.Identities(side) for side in (comparison.base, comparison.head))
    access_changes = [
        *resources.changes(comparison),
        *identities.changes(comparison, base, head),
        *resources.trust_changes(comparison, base, head),
    ]
    yield from sorted(access_changes, key=lambda change: change.order)
