"""Report images in use that a lifecycle policy change deletes or archives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecr_constructs.cloudformation.lifecycle import policy_of
from ecr_constructs.cloudformation.resource_types import REPOSITORY
from ecr_constructs.model.lifecycle.simulation.engine import in_utc
from ecr_constructs.model.lifecycle.simulation.image_uses import use_conflicts
from ecr_constructs.review.phrases import subject

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from ecr_constructs.model.lifecycle import LifecyclePolicy
    from ecr_constructs.model.lifecycle.simulation.image_uses import UseConflict
    from ecr_constructs.review.change import Change
    from ecr_constructs.review.comparison import Comparison, Pair

DAYS = 90
"""How far ahead the effects of a policy on images in use are looked for."""


def changes(comparison: Comparison) -> Iterator[Change]:
    """Yield the images in use that only the new policy deletes or archives, or earlier."""
    now = in_utc(comparison.now)
    for pair in comparison.of_type(REPOSITORY):
        if pair.sides is None or pair.sides[1] in comparison.replacements:
            continue
        old, new = pair.values("LifecyclePolicy")
        if old == new or not comparison.inventories.uses_of(pair.sides[1]):
            continue
        before, after = map(policy_of, pair.sides)
        if after.policy is None:
            # `lifecycle` reports that it is not known.
            continue
        earlier = {} if before.policy is None else _conflicts(comparison, pair, before.policy, now)
        for digest, conflict in _conflicts(comparison, pair, after.policy, now).items():
            former = earlier.get(digest)
            if former is None or former.event.at > conflict.event.at:
                yield _change(pair, conflict)


def _conflicts(
    comparison: Comparison, pair: Pair, policy: LifecyclePolicy, now: datetime
) -> dict[str, UseConflict]:
    assert pair.sides is not None
    inventory = comparison.inventories.of(pair.sides[1])
    assert inventory is not None
    uses = comparison.inventories.uses_of(pair.sides[1])
    forecast = policy.forecast(inventory, days=DAYS, now=now)
    return {item.event.image.digest: item for item in use_conflicts(forecast, uses)}


def _change(pair: Pair, conflict: UseConflict) -> Change:
    return pair.change(
        "image-in-use",
        conflict.severity,
        f"{subject(pair)}: {conflict.sentence}",
        after=conflict.to_json(),
        details=tuple(f"Used by {user.name} ({user.state})." for user in conflict.users),
        properties=("LifecyclePolicy",),
    )
