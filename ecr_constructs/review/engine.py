"""Run all analyzers over both sides of a pull request, and report the remaining changes."""

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime

from ecr_constructs.cloudformation.graph import Resource, TemplateSet
from ecr_constructs.cloudformation.resource_types import REPOSITORY
from ecr_constructs.cloudformation.unread import Unread
from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.review import assignments
from ecr_constructs.review.access import analyzer as access
from ecr_constructs.review.analyzers import (
    context,
    findings,
    images,
    lifecycle,
    removal,
    replication,
    settings,
)
from ecr_constructs.review.analyzers.replication import Edge, edges
from ecr_constructs.review.change import Change
from ecr_constructs.review.comparison import Comparison, Pair
from ecr_constructs.review.inventories import Inventories
from ecr_constructs.review.phrases import join_names

_ANALYZERS: tuple[Callable[[Comparison], Iterable[Change]], ...] = (
    removal.replacements,
    removal.removals,
    removal.protection_changes,
    access.changes,
    lifecycle.changes,
    images.changes,
    settings.changes,
    replication.changes,
)


_ATTRIBUTES = (
    *("DeletionPolicy", "UpdateReplacePolicy"),
    *("CreationPolicy", "UpdatePolicy"),
)
# CDK's own record of versions.
_SILENT = ("AWS::CDK::Metadata",)


@dataclass(frozen=True, slots=True)
class Review:
    """The effects of a pull request.

    Attributes:
        changes: The effects, worst first, in a stable order.
        findings: How many findings of ``check`` are new, were there before, and are gone.
        replication: What is replicated between registries on either side.
        unread: The parts of both sides that were not read, so that nothing is known about them.

    Example:
        >>> from ecr_constructs.review import load_sides, review
        >>> base, head = load_sides("main/cdk.out", "cdk.out")  # doctest: +SKIP
        >>> [change.summary for change in review(base, head).changes]  # doctest: +SKIP
    """

    changes: tuple[Change, ...]
    findings: findings.Counts
    replication: tuple[Edge, ...] = ()
    unread: tuple[Unread, ...] = ()


def review(
    base: TemplateSet,
    head: TemplateSet,
    *,
    inventories: Inventories | None = None,
    now: datetime | None = None,
) -> Review:
    """Return the effects of deploying one side of an app over the other.

    Args:
        base: The deployed side; `load_sides` reads both.
        head: The side of the pull request.
        inventories: The images of repositories; `read_inventories` reads them. Default: the
            review does not list the images that a lifecycle policy deletes.
        now: The time at which lifecycle policies are simulated. Default: now.
    """
    comparison = Comparison(base, head, inventories or Inventories(), now)
    changes, unread = assignments.merged(comparison, _changes)
    new_findings, counts = findings.new_findings(comparison)
    changes += [*context.changes(comparison), *new_findings]
    ordered = tuple(sorted(changes, key=lambda change: change.order))
    stacks = dict.fromkeys(stack for side in (base, head) for stack in side.stacks)
    unread += tuple(dict.fromkeys(item for stack in stacks for item in stack.unread))
    return Review(ordered, counts, edges(comparison), unread)


def _changes(comparison: Comparison) -> Sequence[Change]:
    """Return the changes of resources, without those of findings."""
    changes = [change for analyze in _ANALYZERS for change in analyze(comparison)]
    return [*changes, *_others(comparison, changes)]


def _others(comparison: Comparison, reported: Sequence[Change]) -> Iterator[Change]:
    """Yield the changes that are not among the reported ones."""
    handled: dict[tuple[str, str], set[str]] = defaultdict(set)
    for change in reported:
        handled[change.place].update(change.properties or ("",))
    for pair in comparison.pairs:
        place = pair.stack, pair.resource.id
        if pair.type not in _SILENT and (summary := _summary(pair, handled.get(place, set()))):
            code, sentence = summary
            yield pair.change("other", Severity.NOTE, sentence, codes=(code,))


def _summary(pair: Pair, handled: set[str]) -> tuple[str, str] | None:
    """Return what changes, independent of the wording and in words."""
    if pair.before is None:
        return None if "" in handled else ("new", f"{pair.label} is new{_like(pair)}")
    if pair.after is None:
        return None if handled else ("removed", f"{pair.label} is removed")
    names = [name for name in _changed(pair.before, pair.after) if name not in handled]
    if not names or "" in handled:
        return None
    verb = "changes" if len(names) == 1 else "change"
    return f"changed {', '.join(names)}", f"{pair.label}: {join_names(names)} {verb}"


def _like(pair: Pair) -> str:
    if pair.type != REPOSITORY:
        return ""
    tags = pair.resource.text("ImageTagMutability") or "MUTABLE"
    kind = pair.resource.text("EncryptionConfiguration", "EncryptionType") or "AES256"
    return f": {tags}, {kind}"


def _changed(before: Resource, after: Resource) -> Iterator[str]:
    for name in dict.fromkeys((*before.properties, *after.properties)):
        if before.get(name) != after.get(name):
            yield name
    for name in _ATTRIBUTES:
        if before.setting(name) != after.setting(name):
            yield name
    if before.existence != after.existence:
        yield "Condition"
