"""Report what is replaced: recreated, with its content left behind or lost."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ecr_constructs.cloudformation.resource_types import (
    CACHE,
    CREATION_TEMPLATE,
    KEY,
    PUBLIC_REPOSITORY,
    PULL_TIME_EXCLUSION,
    REPOSITORY,
    SINGLETONS,
)
from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.model.lifecycle.json_text import compact
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.review.change import Change
from ecr_constructs.review.comparison import name_of, replacing_properties
from ecr_constructs.review.deletion_outcome import deletion_outcome
from ecr_constructs.review.phrases import format_value, images_of, join_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ecr_constructs.cloudformation.graph import Resource
    from ecr_constructs.review.comparison import Comparison, Pair

# Types with unique names: AWS rejects the replacement while the old resource exists.
_UNIQUELY_NAMED = (
    REPOSITORY,
    PUBLIC_REPOSITORY,
    CACHE,
    CREATION_TEMPLATE,
    PULL_TIME_EXCLUSION,
    "AWS::KMS::Alias",
    *SINGLETONS,
)
# Types whose content is not in the replacement.
_WITH_CONTENT = (REPOSITORY, PUBLIC_REPOSITORY, KEY)


def changes(comparison: Comparison) -> Iterator[Change]:
    """Yield the resources that are replaced."""
    for pair in comparison.pairs:
        if pair.sides is None:
            continue
        if pair.is_moved:
            yield _moved(comparison, pair, *pair.sides)
        elif differs := replacing_properties(pair):
            yield _replaced(comparison, pair, *pair.sides, differs)


def _replaced(
    comparison: Comparison,
    pair: Pair,
    before: Resource,
    after: Resource,
    differs: Mapping[str, tuple[Any, Any]],
) -> Change:
    """Return the replacement that changed create-only properties cause."""
    names = join_names(differs)
    values = [
        f"{name} changes from {format_value(old)} to {format_value(new)}"
        for name, (old, new) in differs.items()
    ]
    details = [f"CloudFormation cannot change {names} in place: {'; '.join(values)}."]
    if pair.type in _UNIQUELY_NAMED and name_of(before) == name_of(after) is not None:
        details.append(
            "The deployment fails: CloudFormation creates the replacement first, and AWS rejects "
            f"the duplicate name {pair.name}. Revert the change, or rename it and copy the content."
        )
    outcome = deletion_outcome(after, "UpdateReplacePolicy", images_of(comparison, before))
    sure = any(None in pair_values for pair_values in differs.values()) or not is_unresolved(
        compact(list(differs.values()))
    )
    return Change(
        kind="replaced",
        severity=Severity.ERROR
        if pair.type in _WITH_CONTENT or outcome.is_lost
        else Severity.WARNING,
        stack=pair.stack,
        resource=after.id,
        repository=pair.name,
        summary=f"{pair.label} {'is' if sure else 'may be'} replaced ({names}): {outcome.phrase}",
        before={name: old for name, (old, _) in differs.items()},
        after={name: new for name, (_, new) in differs.items()},
        details=tuple(details),
        properties=tuple(differs),
    )


def _moved(comparison: Comparison, pair: Pair, before: Resource, after: Resource) -> Change:
    """Return the replacement that another logical ID or stack causes."""
    old, new = before.stack.template.stack, after.stack.template.stack
    if old == new:
        how = f"its logical id {before.id} becomes {after.id}"
    else:
        how = f"it moves from stack {old} to stack {new}"
    details = [
        "CloudFormation treats them as two resources: it creates a new one and removes the old one."
    ]
    if pair.type in _UNIQUELY_NAMED:
        details.append(
            f"The deployment fails while the old {pair.label} exists. Keep its logical id and "
            "stack (override_logical_id), or move it with cdk refactor or cdk import."
        )
    outcome = deletion_outcome(before, "DeletionPolicy", images_of(comparison, before))
    return Change(
        kind="replaced",
        severity=Severity.ERROR
        if pair.type in _WITH_CONTENT or outcome.is_lost
        else Severity.WARNING,
        stack=pair.stack,
        resource=after.id,
        repository=pair.name,
        summary=f"{pair.label} is replaced ({how}): {outcome.phrase}",
        before={"stack": old, "resource": before.id},
        after={"stack": new, "resource": after.id},
        details=tuple(details),
    )
