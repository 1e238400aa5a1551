"""When an image was pulled last, which lifecycle policies count by.

ECR writes it down at least every 24 hours; here it is each pull. BatchGetImage is one.
https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-time-update-exclusions.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from local_aws.overlay import authorization, registry
from local_aws.overlay.operations import now

if TYPE_CHECKING:
    from typing import Any


def record(image: dict[str, Any], principal_arn: str) -> None:
    """Record a pull from the registry that is in scope, if its principal is not excluded.

    Args:
        image: The image.
        principal_arn: The user or role that pulls; empty for the root of an account or a service.
    """
    if principal_arn not in registry.EXCLUSIONS:
        image["lastRecordedPullTime"] = now()


def record_of_caller(image: dict[str, Any]) -> None:
    """Record a pull by the caller of the request that is being answered."""
    record(image, authorization.principal_arn(authorization.CALLER.get()))
