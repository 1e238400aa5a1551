"""Keys: whether they can be used, how often they are rotated, how long a deletion waits.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kms-key.html
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from ecr_constructs.review.analyzers.settings.loss import Loss, flag

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ecr_constructs.cloudformation.graph import Resource

_DEFAULT_PERIOD, _DEFAULT_WINDOW = 365, 30
_NUMBER = re.compile(r"[0-9]{1,9}", re.ASCII)


def lost(had: Resource, has: Resource) -> Iterator[Loss]:
    """Yield what a key was better for."""
    if _enabled(had) and _enabled(has) is False:
        yield Loss(
            weaker=f"it is disabled: {_unreadable(has)}",
            stronger="it is enabled",
            properties=("Enabled",),
            severity="error",
        )
    if _rotated(had) and _rotated(has) is False:
        yield Loss(
            weaker="it is no longer rotated",
            stronger="it is rotated",
            properties=("EnableKeyRotation",),
        )
    one, other = (_number(each, "RotationPeriodInDays", _DEFAULT_PERIOD) for each in (had, has))
    if _rotated(had) and _rotated(has) and one is not None and other is not None and one < other:
        yield Loss(
            weaker=f"it is rotated every {other:,} days, no longer every {one:,}",
            stronger=f"it is rotated every {one:,} days, no longer every {other:,}",
            properties=("RotationPeriodInDays",),
        )
    one, other = (_number(each, "PendingWindowInDays", _DEFAULT_WINDOW) for each in (had, has))
    if one is not None and other is not None and one > other:
        said = "days to take back its deletion, no longer"
        yield Loss(
            weaker=f"there are {other:,} {said} {one:,}",
            stronger=f"there are {one:,} {said} {other:,}",
            properties=("PendingWindowInDays",),
        )


def _enabled(key: Resource) -> bool | None:
    return flag(key, "Enabled", default=True)


def _rotated(key: Resource) -> bool | None:
    return flag(key, "EnableKeyRotation", default=False)


def _unreadable(key: Resource) -> str:
    user = key.assembly.user_of_key(key)
    name = user.text("RepositoryName") if user else None
    if user is None:
        return "what it encrypts cannot be read"
    return f"images of {name or user.id}, and of all that it encrypts, cannot be pulled or pushed"


def _number(key: Resource, name: str, default: int) -> int | None:
    value = key.get(name)
    if value is None:
        return default
    return int(str(value)) if _NUMBER.fullmatch(str(value)) else None
