"""CloudWatch's metrics of the use of ECR's quotas.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/monitoring-usage.html
"""

from collections.abc import Mapping
from dataclasses import dataclass

from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import reject

# The requests of pushes and pulls, each with a quota of its own.
API_ACTIONS = (
    "BatchCheckLayerAvailability",
    "BatchGetImage",
    "CompleteLayerUpload",
    "GetAuthorizationToken",
    "GetDownloadUrlForLayer",
    "InitiateLayerUpload",
    "PutImage",
    "UploadLayerPart",
)
NAMESPACE = "AWS/Usage"


@dataclass(frozen=True, slots=True)
class Usage:
    """A metric, and the use of its quota in percent: an expression of the metric ``usage``."""

    what: str
    metric: str
    dimensions: Mapping[str, str]
    statistic: str
    period: int
    expression: str


def api_usage(action: str) -> Usage:
    """Return the use of a quota on requests per second, averaged over a minute.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/monitoring-quotas-alarms.html
    """
    return Usage(
        what=f"{action} requests per second",
        metric="CallCount",
        # Every metric of calls has a class, though ECR has only one:
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Usage-Metrics.html
        dimensions={"Class": "None", "Resource": action, "Service": "ECR", "Type": "API"},
        statistic="Sum",
        period=60,
        expression="usage/60/SERVICE_QUOTA(usage)*100",
    )


def repositories_usage() -> Usage:
    """Return the use of the quota on repositories of the registry."""
    return _resource_usage("repositories", {"Resource": "RepositoryCount"})


def images_usage(repository: str) -> Usage:
    """Return the use of the quota on images of a repository."""
    dimensions = {"Resource": "ImagesPerRepositoryCount", "ResourceId": f"repository/{repository}"}
    return _resource_usage(f"images in {repository}", dimensions)


def check_percent(percent: float) -> None:
    """Reject a number that is not above 0 and at most 100; a deploy-time value passes."""
    if not is_unresolved(percent) and not 0 < percent <= 100:  # noqa: PLR2004
        message = "must be more than 0 and at most 100, such as 80"
        reject("percent of a quota", percent, "quota-percent-range", message)


def _resource_usage(what: str, dimensions: Mapping[str, str]) -> Usage:
    return Usage(
        what=what,
        metric="ResourceCount",
        dimensions={**dimensions, "Service": "ECR", "Type": "RESOURCE"},
        statistic="Maximum",
        period=300,
        expression="usage/SERVICE_QUOTA(usage)*100",
    )
