"""What protects images less than it did, and what protects them more.

Each judge tells what one side has and the other lacks. Asked both ways round, it tells what is
weakened and what is strengthened, so that a change taken back is the opposite of the change.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ecr_constructs.cloudformation.resource_types import (
    CREATION_TEMPLATE,
    KEY,
    REPOSITORY,
    SCANNING,
    SIGNING,
)
from ecr_constructs.review.analyzers.settings import creation, keys, mutability, scanning, signing
from ecr_constructs.review.change import Change
from ecr_constructs.review.subjects import subject

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from ecr_constructs.cloudformation.graph import Resource
    from ecr_constructs.review.analyzers.settings.loss import Loss
    from ecr_constructs.review.comparison import Comparison, Pair

_JUDGES: Mapping[str, Sequence[Callable[[Resource, Resource], Iterator[Loss]]]] = {
    REPOSITORY: (mutability.lost, scanning.lost_on_push),
    CREATION_TEMPLATE: (mutability.lost, creation.lost_encryption, creation.lost_occasions),
    KEY: (keys.lost,),
}
# Without these resources a registry has settings too.
_REGISTRY_JUDGES: Mapping[str, Callable[[Resource | None, Resource | None], Iterator[Loss]]] = {
    SCANNING: scanning.lost,
    SIGNING: signing.lost,
}


def changes(comparison: Comparison) -> Iterator[Change]:
    """Yield what is weakened and what is strengthened."""
    for pair in comparison.of_type(*_JUDGES, *_REGISTRY_JUDGES):
        if judge := _REGISTRY_JUDGES.get(pair.type):
            yield from _changes(
                pair, judge(pair.before, pair.after), judge(pair.after, pair.before)
            )
        elif pair.sides is not None:
            before, after = pair.sides
            for each in _JUDGES[pair.type]:
                yield from _changes(pair, each(before, after), each(after, before))


def _changes(pair: Pair, losses: Iterator[Loss], gains: Iterator[Loss]) -> Iterator[Change]:
    for loss in losses:
        yield Change(
            kind="weakened",
            severity=loss.severity,
            summary=f"{subject(pair)}: {loss.weaker}",
            details=loss.details,
            **_common(pair, loss),
        )
    for gain in gains:
        yield Change(
            kind="strengthened",
            severity="note",
            summary=f"{subject(pair)}: {gain.stronger}",
            **_common(pair, gain),
        )


def _common(pair: Pair, loss: Loss) -> dict[str, Any]:
    values = {name: pair.values(name) for name in loss.properties}
    return {
        "stack": pair.stack,
        "resource": pair.resource.id,
        "repository": pair.name,
        "before": {name: before for name, (before, _) in values.items()},
        "after": {name: after for name, (_, after) in values.items()},
        # Of what comes or goes, everything is said.
        "properties": loss.properties if pair.sides else (),
    }
