"""Report what is removed, and what is less protected against deletion."""

from __future__ import annotations

from typing import TYPE_CHECKING, get_args

from ecr_constructs.cloudformation.resource_types import (
    CACHE,
    CREATION_TEMPLATE,
    KEY,
    PUBLIC_REPOSITORY,
    PULL_TIME_EXCLUSION,
    REPOSITORY,
)
from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.review.change import Change
from ecr_constructs.review.deletion_outcome import Attribute, deletion_outcome, empties, is_retained
from ecr_constructs.review.phrases import images_of, join_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ecr_constructs.cloudformation.graph import Resource
    from ecr_constructs.review.comparison import Comparison, Pair

# Other analyzers report the settings that exist once per registry.
_TYPES = (REPOSITORY, PUBLIC_REPOSITORY, CACHE, CREATION_TEMPLATE, PULL_TIME_EXCLUSION, KEY)


def removals(comparison: Comparison) -> Iterator[Change]:
    """Yield the resources that are removed."""
    for pair in comparison.of_type(*_TYPES):
        if pair.before is not None and pair.after is None:
            images = images_of(comparison, pair.before)
            outcome = deletion_outcome(pair.before, "DeletionPolicy", images)
            yield Change(
                kind="removed",
                severity=Severity.ERROR if outcome.is_lost else Severity.WARNING,
                stack=pair.stack,
                resource=pair.before.id,
                repository=pair.name,
                summary=f"{pair.label} is removed: {outcome.phrase}",
                before={"type": pair.type, "name": pair.name},
                details=_removal_details(comparison, pair.before),
            )


def _removal_details(comparison: Comparison, resource: Resource) -> tuple[str, ...]:
    stack = resource.stack
    if comparison.head.stacks[comparison.base.stacks.index(stack)].resources:
        return ()
    name = stack.template.stack
    return (
        f"The whole stack {name} is removed from the app; CDK does not delete deployed stacks.",
    )


_WHEN: dict[Attribute, str] = {
    "DeletionPolicy": "its stack is deleted",
    "UpdateReplacePolicy": "it is replaced",
}


def protection_changes(comparison: Comparison) -> Iterator[Change]:
    """Yield the resources whose protection against deletion changes."""
    for pair in comparison.of_type(REPOSITORY, PUBLIC_REPOSITORY, KEY):
        if pair.sides is None:
            continue
        before, after = pair.sides
        if weakened := _open_to(after) - _open_to(before):
            yield _unprotected(pair, before, after, weakened)
        elif strengthened := _open_to(before) - _open_to(after):
            yield Change(
                kind="strengthened",
                severity=Severity.NOTE,
                stack=pair.stack,
                resource=after.id,
                repository=pair.name,
                summary=f"{pair.label} is better protected ({join_names(_names(strengthened))})",
                before=_settings(before),
                after=_settings(after),
                properties=_names(strengthened),
            )


def _open_to(resource: Resource) -> frozenset[tuple[Attribute, bool]]:
    """Return the occasions on which a resource is deleted, and whether its images are too."""
    return frozenset(
        (attribute, emptied)
        for attribute in get_args(Attribute)
        if not is_retained(resource, attribute)
        for emptied in {False, empties(resource)}
    )


def _unprotected(
    pair: Pair, before: Resource, after: Resource, weakened: frozenset[tuple[Attribute, bool]]
) -> Change:
    occasions = [attribute for attribute in _WHEN if any(attribute == name for name, _ in weakened)]
    outcome = deletion_outcome(after, occasions[0])
    return Change(
        kind="unprotected",
        severity=Severity.ERROR if outcome.is_lost else Severity.WARNING,
        stack=pair.stack,
        resource=after.id,
        repository=pair.name,
        summary=f"{pair.label} is no longer protected when "
        f"{' or '.join(_WHEN[attribute] for attribute in occasions)}: {outcome.phrase}",
        before=_settings(before),
        after=_settings(after),
        properties=_names(weakened),
    )


def _names(occasions: frozenset[tuple[Attribute, bool]]) -> tuple[str, ...]:
    emptied = ["EmptyOnDelete"] if any(emptied for _, emptied in occasions) else []
    return (*sorted({name for name, _ in occasions}), *emptied)


def _settings(resource: Resource) -> dict[str, object]:
    return {
        **{name: resource.body.get(name) for name in get_args(Attribute)},
        "EmptyOnDelete": empties(resource),
    }
