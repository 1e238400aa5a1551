"""CloudWatch alarms on metrics of Amazon ECR: metrics that exist, and settings that are valid."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

from ecr_constructs.checks.rule import (
    ECR_GUIDE,
    Problem,
    each_choice,
    error_rule,
    warning_rule,
)
from ecr_constructs.cloudformation.graph import Resource
from ecr_constructs.cloudformation.resource_types import ALARM, REPOSITORY
from ecr_constructs.cloudformation.template import Place
from ecr_constructs.model.enums import enum
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.usage import PULLS_DIMENSION, PULLS_METRIC, PULLS_NAMESPACE

NAMESPACE, METRIC, DIMENSION = PULLS_NAMESPACE, PULLS_METRIC, PULLS_DIMENSION
# Only services of AWS write to namespaces that begin with AWS/.
_LIKE_NAMESPACE = re.compile(
    r"aws[/:](?:amazon)?(?:ecr.*|elastic-?container-?registry)", re.IGNORECASE
)
# A program of yours may write to a namespace with such a name, but hardly this metric.
_SHORT_NAMESPACE = re.compile(r"(?:amazon[/:]?)?ecr|aws/.*", re.IGNORECASE)
# A search, and a query of Metrics Insights.
_IN_EXPRESSION = re.compile(
    r"""MetricName\s*=\s*["']?(?P<searched>\w+)|SELECT\s+\w+\((?P<queried>\w+)\)""", re.IGNORECASE
)


class _Metric(NamedTuple):
    """A metric of an alarm."""

    path: Place
    namespace: Any
    name: Any
    dimensions: Any


def _metrics_of(alarm: Resource) -> Iterator[_Metric]:
    """Yield the metrics of an alarm: its own, and those of its metric math."""
    path: Place = ("Properties",)
    names = ("Namespace", "MetricName", "Dimensions")
    yield _Metric(path, *map(alarm.get, names))
    for index, item in alarm.mappings("Metrics"):
        stat = item.get("MetricStat")
        metric = stat.get("Metric") if isinstance(stat, Mapping) else None
        if isinstance(metric, Mapping):
            place = (*path, "Metrics", index, "MetricStat", "Metric")
            yield _Metric(place, *map(metric.get, names))


def _is_about_ecr(metric: _Metric) -> bool:
    namespace = metric.namespace
    if not isinstance(namespace, str):
        return False
    if namespace == "AWS/Usage":
        return ("Service", "ECR") in _pairs(metric.dimensions)
    is_like = _LIKE_NAMESPACE.fullmatch(namespace) is not None
    is_metric = str(metric.name).lower() == METRIC.lower()
    return is_like or (is_metric and _SHORT_NAMESPACE.fullmatch(namespace) is not None)


def _pairs(dimensions: Any) -> list[tuple[Any, Any]]:
    entries = dimensions if isinstance(dimensions, list) else []
    return [
        (entry.get("Name"), entry.get("Value")) for entry in entries if isinstance(entry, Mapping)
    ]


@warning_rule(
    "ECR530",
    "An alarm uses a metric that Amazon ECR publishes",
    types=[ALARM],
    why="CloudWatch accepts any name: an alarm on a metric that does not exist never gets data. "
    "ECR publishes only RepositoryPullCount, with the dimension RepositoryName.",
    remedy=f"Write Namespace: {NAMESPACE}, MetricName: {METRIC} and the one dimension {DIMENSION}. "
    "For pushes and findings use an event rule.",
    source=f"{ECR_GUIDE}/ecr-repository-metrics.html",
)
@each_choice
def _existing_metric(resource: Resource) -> Iterator[Problem]:
    for metric in _metrics_of(resource):
        if _is_about_ecr(metric) and metric.namespace != "AWS/Usage":
            yield from _metric_problems(resource, metric)
    for index, item in resource.mappings("Metrics"):
        expression = item.get("Expression")
        if isinstance(expression, str) and NAMESPACE in expression:
            path = ("Properties", "Metrics", index, "Expression")
            for match in _IN_EXPRESSION.finditer(expression):
                name = match["searched"] or match["queried"]
                if name != METRIC:
                    yield Problem(path, f"{NAMESPACE} has no metric {name!r}", f"Write {METRIC}.")


def _metric_problems(resource: Resource, metric: _Metric) -> Iterator[Problem]:
    path, namespace, name = metric.path, metric.namespace, metric.name
    if namespace != NAMESPACE:
        message = f"Amazon ECR does not publish to the namespace {namespace!r}"
        yield Problem((*path, "Namespace"), message, f"Write {NAMESPACE}.")
    if isinstance(name, str) and name != METRIC and not is_unresolved(name):
        message = f"{NAMESPACE} has no metric {name!r}"
        remedy = f"Write {METRIC}." if name.lower() == METRIC.lower() else None
        yield Problem((*path, "MetricName"), message, remedy)
        return
    if not resource.is_known or is_unresolved(metric.dimensions):
        return
    pairs = _pairs(metric.dimensions)
    names = [name for name, _ in pairs]
    if names != [DIMENSION] and not any(map(is_unresolved, names)):
        message = f"the metric has the one dimension {DIMENSION}, got {', '.join(map(str, names))}"
        place = (*path, "Dimensions") if metric.dimensions is not None else path
        yield Problem(place, message, f"Write the one dimension {DIMENSION}.")
    for index, (key, value) in enumerate(pairs):
        if key == DIMENSION and (reason := _not_a_name(resource, value)) is not None:
            place = (*path, "Dimensions", index, "Value")
            yield Problem(place, reason, "Write the name of a repository, which Ref gives.")


def _not_a_name(resource: Resource, value: Any) -> str | None:
    if not isinstance(value, str):
        return None
    target = resource.assembly.referred_to(value)
    if target is not None and target.type == REPOSITORY and not value.endswith(".Ref]}"):
        return f"the dimension is the name of {target.id}, not another attribute"
    if ":" in value.partition("${")[0] or ".dkr" in value:
        return f"{value!r} is not the name of a repository"
    return "a dimension has no wildcards" if "*" in value else None


_PERIODS = (10, 20, 30)
_MINUTE, _HOUR, _DAY = 60, 3_600, 86_400
_MISSING = ("breaching", "notBreaching", "ignore", "missing")
_ACTIONS = ("AlarmActions", "OKActions", "InsufficientDataActions")


@error_rule(
    "ECR531",
    "An alarm on a metric of Amazon ECR is valid",
    types=[ALARM],
    why="CloudWatch rejects the alarm.",
    remedy="Write a value that PutMetricAlarm accepts.",
    source="https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html",
)
@each_choice
def _valid_alarm(resource: Resource) -> Iterator[Problem]:
    if not any(map(_is_about_ecr, _metrics_of(resource))):
        return
    for name, options in (
        ("ComparisonOperator", enum("cloudwatch", "ComparisonOperator")),
        ("Statistic", enum("cloudwatch", "Statistic")),
        ("TreatMissingData", _MISSING),
    ):
        value = resource.text(name)
        if value is not None and value not in options:
            near = next((item for item in options if item.lower().startswith(value.lower())), None)
            remedy = f"Write {near or ' or '.join(options)}."
            yield Problem(("Properties", name), f"{name} has no value {value!r}", remedy)
    yield from _missing_settings(resource)
    yield from _period_problems(resource)
    for name in _ACTIONS:
        actions = resource.get(name)
        for index, action in enumerate(actions if isinstance(actions, list) else ()):
            if isinstance(action, str) and not _may_be_arn(resource, action):
                remedy = "Write the ARN of the topic, which Ref gives."
                message = f"{action!r} is not the ARN of an action"
                yield Problem(("Properties", name, index), message, remedy)


# What an alarm needs, by what it watches; one of several names is enough. Anomaly detection has a
# ThresholdMetricId instead of a threshold.
# https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
_NEEDED = (
    ("ComparisonOperator",),
    ("EvaluationPeriods",),
    ("Threshold", "ThresholdMetricId"),
)
_NEEDED_BY_METRIC = (("Period",), ("Statistic", "ExtendedStatistic"))


def _missing_settings(alarm: Resource) -> Iterator[Problem]:
    needed = (*_NEEDED, *(_NEEDED_BY_METRIC if alarm.get("MetricName") is not None else ()))
    for names in needed if alarm.is_known else ():
        if all(alarm.get(name) is None for name in names):
            message = f"an alarm on a metric needs {' or '.join(names)}"
            yield Problem(("Properties",), message, f"Add {names[0]}.")


def _may_be_arn(resource: Resource, value: str) -> bool:
    if value.endswith(".TopicName]}") and resource.assembly.referred_to(value) is not None:
        return False
    return value.startswith("arn:") or is_unresolved(value)


def _period_problems(resource: Resource) -> Iterator[Problem]:
    period, count = _number(resource, "Period"), _number(resource, "EvaluationPeriods")
    if period is not None and period not in _PERIODS and (period < 1 or period % _MINUTE):
        message = f"Period must be 10, 20, 30 or a multiple of 60 seconds, got {period}"
        yield Problem(("Properties", "Period"), message, f"Write {max(1, period // 60) * 60}.")
    if count is not None and count < 1:
        message = f"EvaluationPeriods must be at least 1, got {count}"
        yield Problem(("Properties", "EvaluationPeriods"), message, "Write 1.")
    if period is not None and count is not None:
        most = _DAY if period < _HOUR else 7 * _DAY
        if period * count > most:
            message = f"an alarm looks back {most:,} seconds at most, got {period * count:,}"
            remedy = f"Write {most // max(1, period)}."
            yield Problem(("Properties", "EvaluationPeriods"), message, remedy)


def _number(resource: Resource, name: str) -> int | None:
    value = resource.get(name)
    return int(value) if re.fullmatch(r"\d{1,9}", str(value)) else None
