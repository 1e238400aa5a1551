"""How much of ECR's quotas an account uses, as CloudWatch knows it.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/monitoring-usage.html
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import raise_if_invalid

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
    """A metric of the use of a quota.

    Attributes:
        what: What is counted, in words.
        metric: The metric's name.
        dimensions: Which of the metrics of this name it is.
        statistic: The statistic that is meaningful.
        period: How often it is published, in seconds.
        expression: The use in percent of the quota, with the metric as ``usage``.
    """

    what: str
    metric: str
    dimensions: Mapping[str, str]
    statistic: str
    period: int
    expression: str


def api_usage(action: str) -> Usage:
    """Return the use of a quota on requests per second, on the average of a minute.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/monitoring-quotas-alarms.html
    """
    return Usage(
        what=f"{action} requests per second",
        metric="CallCount",
        # Part of every metric of calls, though ECR does not tell classes apart:
        # https://docs.aws.amazon.com/AmazonCloudWatch/latest/monitoring/CloudWatch-Usage-Metrics.html
        dimensions={"Class": "None", "Resource": action, "Service": "ECR", "Type": "API"},
        statistic="Sum",
        period=60,
        expression="usage/60/SERVICE_QUOTA(usage)*100",
    )


def repositories_usage() -> Usage:
    """Return how many of the registry's repositories there are."""
    return _resource_usage("repositories", {"Resource": "RepositoryCount"})


def images_usage(repository: str) -> Usage:
    """Return how many of a repository's images there are."""
    dimensions = {
        "Resource": "ImagesPerRepositoryCount",
        "ResourceId": f"repository/{repository}",
    }
    return _resource_usage(f"images in {repository}", dimensions)


def check_percent(percent: float) -> None:
    """Raise a ValueError for what is no part of a quota; a token passes."""
    if not is_unresolved(percent):
        raise_if_invalid("percent of a quota", percent, _percent_errors(percent))


def _percent_errors(percent: float) -> Iterator[str]:
    if not 0 < percent <= 100:  # noqa: PLR2004
        yield "must be more than 0 and at most 100, such as 80"


def _resource_usage(what: str, dimensions: Mapping[str, str]) -> Usage:
    return Usage(
        what=what,
        metric="ResourceCount",
        dimensions={**dimensions, "Service": "ECR", "Type": "RESOURCE"},
        statistic="Maximum",
        period=300,
        expression="usage/SERVICE_QUOTA(usage)*100",
    )
