"""Run all analyzers over both sides of a pull request, and report the remaining changes."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from ecr_constructs.checks.config import Config
from ecr_constructs.cloudformation.graph import TemplateSet
from ecr_constructs.cloudformation.unread import Unread, unread_of
from ecr_constructs.model.not_known import NotKnown
from ecr_constructs.review.access import analyzer as access
from ecr_constructs.review.access.unread_policies import unread_policies
from ecr_constructs.review.analyzers import (
    alarms,
    alerts,
    connections,
    context,
    extra_tags,
    findings,
    images,
    images_in_use,
    lifecycle,
    removal,
    repeated,
    replication,
    rest,
    settings,
    stacks,
)
from ecr_constructs.review.analyzers.replication import Edge, edges
from ecr_constructs.review.assignments import merged
from ecr_constructs.review.change import Change
from ecr_constructs.review.comparison import Comparison
from ecr_constructs.review.disclosure import without_secrets
from ecr_constructs.review.inventories import Inventories
from ecr_constructs.review.recipes.engine import recipes
from ecr_constructs.review.recipes.recipe import Recipe

_ANALYZERS: tuple[Callable[[Comparison], Iterable[Change]], ...] = (
    removal.replacements,
    removal.removals,
    removal.protection_changes,
    removal.type_changes,
    removal.name_conflicts,
    access.changes,
    lifecycle.changes,
    images.changes,
    images_in_use.changes,
    settings.changes,
    extra_tags.changes,
    replication.changes,
    alerts.changes,
    alarms.changes,
    connections.changes,
    stacks.changes,
)


@dataclass(frozen=True, slots=True)
class Review:
    """The effects of a pull request.

    Attributes:
        changes: The effects, worst first, in a stable order.
        findings: How many findings of ``check`` are new, were there before, and are gone.
        replication: What is replicated between registries on either side.
        unread: The parts of both sides that were not read, so that nothing is known about them.
        recipes: The steps of changes that need more than a deployment.
        not_known: Where images may be in use that were not looked at.

    Example:
        >>> from ecr_constructs.review import load_sides, review
        >>> base, head = load_sides("main/cdk.out", "cdk.out")  # doctest: +SKIP
        >>> [change.summary for change in review(base, head).changes]  # doctest: +SKIP
    """

    changes: tuple[Change, ...]
    findings: findings.Counts
    replication: tuple[Edge, ...] = ()
    unread: tuple[Unread, ...] = ()
    recipes: tuple[Recipe, ...] = ()
    not_known: tuple[NotKnown, ...] = ()


def review(
    base: TemplateSet,
    head: TemplateSet,
    *,
    inventories: Inventories | None = None,
    now: datetime | None = None,
    config: Config | None = None,
) -> Review:
    """Return the effects of deploying one side of an app over the other.

    Args:
        base: The deployed side; `load_sides` reads both.
        head: The side of the pull request.
        inventories: The images of repositories; `read_inventories` reads them. Default: the
            review does not list the images that a lifecycle policy deletes.
        now: The time at which lifecycle policies are simulated. Default: now.
        config: The configuration of the checks. Default: every rule that is on by default.
    """
    config = config or Config()
    base, head = (_completed(side, config) for side in (base, head))
    comparison = Comparison(base, head, inventories or Inventories(), now)
    changes, unread = merged(comparison, _changes)
    new_findings, counts = findings.new_findings(comparison, config)
    changes += [*context.changes(comparison), *new_findings]
    changes = list(without_secrets(repeated.joined(changes), comparison))
    ordered = tuple(sorted(changes, key=lambda change: change.order))
    unread += (*_unread(base, head), *unread_policies(head))
    not_known = tuple(comparison.inventories.not_known)
    return Review(ordered, counts, edges(comparison), unread, recipes(comparison), not_known)


def _unread(base: TemplateSet, head: TemplateSet) -> Iterator[Unread]:
    """Yield the parts of both sides that are not read, once if both sides have them."""
    for pair in zip(head.stacks, base.stacks, strict=True):
        parts: dict[object, Unread] = {}
        for part in (part for stack in pair for part in unread_of(stack)):
            parts.setdefault((part.code, part.resource, part.path), part)
        yield from parts.values()


def _completed(side: TemplateSet, config: Config) -> TemplateSet:
    """Return a side with what the configuration adds to its templates."""
    if not config.overrides:
        return side
    return TemplateSet([config.completed(stack.template) for stack in side.stacks])


def _changes(comparison: Comparison) -> Sequence[Change]:
    """Return the changes of resources, without those of findings."""
    changes = [change for analyze in _ANALYZERS for change in analyze(comparison)]
    return [*changes, *rest.changes(comparison, changes)]
