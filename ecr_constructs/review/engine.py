"""Everything that is to be said of a pull request."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime

from ecr_constructs.cloudformation.graph import TemplateSet
from ecr_constructs.review import access, replication_graph
from ecr_constructs.review.analyzers import (
    findings,
    images,
    lifecycle,
    protection,
    removal,
    replacement,
    replication,
    settings,
)
from ecr_constructs.review.analyzers import uncategorized as others
from ecr_constructs.review.change import Change
from ecr_constructs.review.comparison import Comparison
from ecr_constructs.review.inventories import Inventories

_JUDGES: tuple[Callable[[Comparison], Iterable[Change]], ...] = (
    replacement.changes,
    removal.changes,
    protection.changes,
    access.changes,
    lifecycle.changes,
    images.changes,
    settings.changes,
    replication.changes,
)


@dataclass(frozen=True, slots=True)
class Review:
    """What a pull request does.

    Attributes:
        changes: What it does, the worst first, in a stable order.
        findings: What ``check`` found that is new, that was there before, and that is gone.
        replication: What is copied from registry to registry on either side.
    """

    changes: tuple[Change, ...]
    findings: findings.Counts
    replication: tuple[replication_graph.Edge, ...] = ()


def review(
    base: TemplateSet,
    head: TemplateSet,
    *,
    inventories: Inventories | None = None,
    now: datetime | None = None,
) -> Review:
    """Return what it will do to deploy one side of an app over the other.

    Args:
        base: What is deployed; as `load_sides` reads it, as is head.
        head: What is wanted.
        inventories: The images of repositories, as `read_inventories` reads them. Default: it
            is not said which images go.
        now: When the images are looked at. Default: now.
    """
    comparison = Comparison(base, head, inventories or Inventories(), now)
    found = [change for judge in _JUDGES for change in judge(comparison)]
    judged, counts = findings.judged(comparison)
    found += judged
    found += others.changes(comparison, found)
    ordered = tuple(sorted(found, key=lambda each: each.order))
    return Review(ordered, counts, replication_graph.edges(comparison))
