"""What is no longer in the app."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecr_constructs.cloudformation.resource_types import (
    CACHE,
    CREATION_TEMPLATE,
    KEY,
    PUBLIC_REPOSITORY,
    PULL_TIME_EXCLUSION,
    REPOSITORY,
)
from ecr_constructs.review.change import Change
from ecr_constructs.review.deletion_outcome import fate_of
from ecr_constructs.review.stock import images_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ecr_constructs.cloudformation.graph import Resource
    from ecr_constructs.review.comparison import Comparison

# What exists once per registry is spoken of by what it did: access, replication, settings.
_TYPES = (REPOSITORY, PUBLIC_REPOSITORY, CACHE, CREATION_TEMPLATE, PULL_TIME_EXCLUSION, KEY)


def changes(comparison: Comparison) -> Iterator[Change]:
    """Yield what is removed."""
    for pair in comparison.of_type(*_TYPES):
        if pair.before is not None and pair.after is None:
            images = images_of(comparison, pair.before)
            fate = fate_of(pair.before, "DeletionPolicy", images)
            yield Change(
                kind="removed",
                severity="error" if fate.is_lost else "warning",
                stack=pair.stack,
                resource=pair.before.id,
                repository=pair.name,
                summary=f"{pair.called} is removed: {fate.phrase}",
                before={"type": pair.type, "name": pair.name},
                details=_details(comparison, pair.before),
            )


def _details(comparison: Comparison, resource: Resource) -> tuple[str, ...]:
    stack = resource.stack
    if comparison.head.stacks[comparison.base.stacks.index(stack)].resources:
        return ()
    gone = f"The whole stack {stack.template.stack} is gone from the app."
    return (f"{gone} CDK leaves what is deployed of it until somebody deletes the stack.",)
