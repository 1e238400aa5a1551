"""Images in use that the lifecycle policies of a snapshot delete or archive."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from ecr_constructs.model.lifecycle.simulation.image_uses import UseConflict, use_conflicts
from ecr_constructs.model.not_known import NotKnown

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from ecr_constructs.model.lifecycle import Inventory
    from ecr_constructs.snapshot.usage.images import RepositoryImages
    from ecr_constructs.snapshot.usage.in_use import InUse


class PolicyConflicts(NamedTuple):
    """What the lifecycle policies do to images in use.

    Attributes:
        conflicts: The images in use that a policy deletes or archives, with their repositories.
        not_known: The repositories with images in use of which that is not known.
    """

    conflicts: list[tuple[RepositoryImages, UseConflict]]
    not_known: list[NotKnown]


def policy_conflicts(
    result: InUse,
    *,
    days: int,
    now: datetime | None = None,
    changed: Callable[[RepositoryImages, Inventory], Inventory] = lambda _, inventory: inventory,
) -> PolicyConflicts:
    """Return what the lifecycle policies do to images in use, one repository after the other.

    Args:
        result: Who uses which image.
        days: How far to look ahead.
        now: The instant of the evaluation. Default: now.
        changed: Returns the images of a repository as they will be. Default: as they are.
    """
    answer = PolicyConflicts([], [])
    for repository in result.images.repositories:
        users = result.users_of(repository)
        if not users:
            continue
        policy, reason = repository.policy()
        if policy is None:
            answer.not_known.append(NotKnown(str(repository), "GetLifecyclePolicy", reason))
        elif not repository.answer.is_known:
            # Without all images, a count marks others.
            reason = repository.answer.reason
            answer.not_known.append(NotKnown(str(repository), "DescribeImages", reason))
        else:
            images = changed(repository, repository.inventory())
            forecast = policy.forecast(images, days=days, now=now)
            answer.conflicts.extend((repository, item) for item in use_conflicts(forecast, users))
    return answer
