"""CloudWatch's metrics of the use of ECR's quotas, and of pulls.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/monitoring-usage.html
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.names import repository_name_errors
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import (
    duplicate_errors,
    item_errors,
    raise_if_invalid,
    reject,
    require_list,
)

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


# --- https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-repository-metrics.html ---------

PULLS_NAMESPACE, PULLS_METRIC, PULLS_DIMENSION = "AWS/ECR", "RepositoryPullCount", "RepositoryName"
# An alarm looks at one day at most.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
MAX_PERIOD_MINUTES = 24 * 60
# Not a number, and what JSON cannot hold, would end the process of CDK.
_MOST = 10**15


def check_pull_alarms(
    repositories: Sequence[str],
    more_than: float | None,
    fewer_than: float | None,
    period_minutes: int,
) -> None:
    """Reject alarms that would never be raised or that CloudWatch rejects."""
    require_list("repositories", repositories)
    value = {"more_than": more_than, "fewer_than": fewer_than, "period_minutes": period_minutes}
    raise_if_invalid(
        "pull alarms",
        value,
        (
            *_pull_alarm_errors(repositories, more_than, fewer_than),
            *_period_errors(period_minutes),
        ),
    )


def _pull_alarm_errors(
    repositories: Sequence[str], more_than: float | None, fewer_than: float | None
) -> Iterator[Diagnostic]:
    if not repositories:
        yield Diagnostic("pull-alarms-repositories-missing", "name at least one", "repositories")
    yield from item_errors("repositories", repositories, repository_name_errors)
    yield from duplicate_errors("pull-alarms-repository-duplicate", "repositories", repositories)
    if more_than is None and fewer_than is None:
        message, remedy = "no number of pulls is given", "write more_than=1000 or fewer_than=1"
        yield Diagnostic("pull-alarms-threshold-missing", message, "more_than", remedy)
    for path, number, least in (("more_than", more_than, 0), ("fewer_than", fewer_than, 1)):
        if number is not None and not is_unresolved(number) and not least <= number <= _MOST:
            message = f"must be a number from {least} to {_MOST:,}, which is {number}"
            yield Diagnostic("pull-alarms-threshold-range", message, path)


def _period_errors(minutes: int) -> Iterator[Diagnostic]:
    if not 1 <= minutes <= MAX_PERIOD_MINUTES or minutes != int(minutes):
        message = f"must be a whole number of minutes, from 1 to {MAX_PERIOD_MINUTES}"
        yield Diagnostic("pull-alarms-period-range", message, "period_minutes")
