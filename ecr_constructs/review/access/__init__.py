"""Who may newly pull, push, delete, administer or replicate, and who no longer may.

Statements are read into sets of who may do what, and these are compared, never their texts.
"""

from collections.abc import Iterator

from ecr_constructs.review.access import identities, resources, trust
from ecr_constructs.review.change import Change
from ecr_constructs.review.comparison import Comparison


def changes(comparison: Comparison) -> Iterator[Change]:
    """Yield whose access is widened and whose is narrowed, the worst first."""
    base, head = (identities.Identities(each) for each in (comparison.base, comparison.head))
    found = [
        *resources.changes(comparison),
        *identities.changes(comparison, base, head),
        *trust.changes(comparison, base, head),
    ]
    yield from sorted(found, key=lambda change: change.order)
