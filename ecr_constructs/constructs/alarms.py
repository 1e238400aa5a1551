"""Alarms for the quotas of ECR, and for pulls."""

from collections.abc import Sequence

from aws_cdk import aws_cloudwatch as cloudwatch
from constructs import Construct

from ecr_constructs.constructs._app_registry import AppRegistry
from ecr_constructs.constructs._arguments import checked
from ecr_constructs.constructs._sns import AnyTopic, grant_publish_to_alarms, topic_of
from ecr_constructs.model.names import check_repository_name
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.usage import (
    API_ACTIONS,
    NAMESPACE,
    PULLS_DIMENSION,
    PULLS_METRIC,
    PULLS_NAMESPACE,
    Usage,
    api_usage,
    check_percent,
    check_pull_alarms,
    images_usage,
    repositories_usage,
)
from ecr_constructs.model.validation import require_list


@checked
class UsageAlarms(Construct):
    """An alarm for each quota of ECR whose usage CloudWatch records, in percent of the quota.

    There is one for the requests per second of each of the eight actions of pushes and pulls, one
    for the number of repositories, and one for the number of images of each listed repository.
    CloudWatch reads the quota from Service Quotas at each evaluation, so a raised quota needs no
    deployment. An alarm without data, for example for an action that is never called, is OK.

    Example::

        UsageAlarms(stack, "Usage", topic=alerts.topic, repositories=["payments/api"])
    """

    def __init__(
        self,
        scope: Construct,
        id: str,
        *,
        topic: AnyTopic,
        percent: float | None = 80,
        repositories: Sequence[str] | None = (),
    ) -> None:
        """Define alarms for the registry of the stack's account and Region.

        Args:
            scope: The stack, or a construct below one.
            id: The construct's id.
            topic: The topic to notify, such as that of `ScanAlerts`. Its policy and its key's allow
                CloudWatch, unless they are imported or it is an ``sns.CfnTopic``, which is a
                warning.
            percent: The threshold in percent of the quota, above 0 and up to 100. Default: 80.
            repositories: Names of repositories whose number of images gets an alarm. Default:
                none.

        Raises:
            ValidationError: An invalid percentage or name; or ``defined-twice``: the app has
                alarms for this account and Region already.
        """
        percent = 80 if percent is None else percent
        repositories = repositories or ()
        check_percent(percent)
        require_list("repositories", repositories)
        for repository in repositories:
            check_repository_name(repository)
        AppRegistry.of(scope).claim(
            "the usage alarms",
            scope,
            id,
            consequence="each alarm would be raised twice",
            hint="name all repositories in one place",
        )

        super().__init__(scope, id)
        notified = topic_of(self, topic)
        grant_publish_to_alarms(self, notified)
        usages = {
            **{action: api_usage(action) for action in API_ACTIONS},
            "Repositories": repositories_usage(),
            **{
                # An id must be known at synthesis, even if the name is not.
                f"Images {index if is_unresolved(repository) else repository}": images_usage(
                    repository
                )
                for index, repository in enumerate(repositories)
            },
        }
        for alarm_id, usage in usages.items():
            _alarm(self, alarm_id, usage, percent, notified.topic_arn)


@checked
class PullAlarms(Construct):
    """Alarms on the number of pulls of repositories, which CloudWatch counts for each of them.

    ``more_than`` finds a build that pulls in a loop, ``fewer_than`` a service that should pull and
    does not. Without pulls CloudWatch has no data, which counts as no pull. Pulls through other
    Regions' replicas count there.

    Example::

        PullAlarms(stack, "Pulls", topic=topic, repositories=["payments/api"], more_than=10_000)
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        topic: AnyTopic,
        repositories: Sequence[str],
        more_than: float | None = None,
        fewer_than: float | None = None,
        period_minutes: int | None = 60,
    ) -> None:
        """Define an alarm for each repository and threshold, in the stack's account and Region.

        Args:
            scope: The stack, or a construct below one.
            construct_id: The construct's id.
            topic: The topic to notify. Its policy and its key's allow CloudWatch, unless they are
                imported.
            repositories: Names of repositories, at least one.
            more_than: The number of pulls in a period above which the alarm is raised, 0 or more.
                Default: no such alarm.
            fewer_than: The number of pulls in a period below which the alarm is raised, 1 or more.
                Default: no such alarm.
            period_minutes: The period in minutes, 1 to 1,440. Default: one hour.

        Raises:
            ValidationError: No repository, an invalid name, no number of pulls
                (``pull-alarms-threshold-missing``), or a number that is out of range.
        """
        period_minutes = 60 if period_minutes is None else period_minutes
        check_pull_alarms(repositories, more_than, fewer_than, period_minutes)
        super().__init__(scope, construct_id)
        notified = topic_of(self, topic)
        grant_publish_to_alarms(self, notified)
        for index, repository in enumerate(repositories):
            # An id must be known at synthesis, even if the name is not.
            part = index if is_unresolved(repository) else repository
            for kind, threshold, operator, missing in (
                ("More", more_than, "GreaterThanThreshold", "notBreaching"),
                ("Fewer", fewer_than, "LessThanThreshold", "breaching"),
            ):
                if threshold is None:
                    continue
                cloudwatch.CfnAlarm(
                    self,
                    f"{kind} {part}",
                    alarm_description=f"Amazon ECR: {kind.lower()} pulls of {repository} than "
                    f"{threshold} in {period_minutes} minutes",
                    alarm_actions=[notified.topic_arn],
                    ok_actions=[notified.topic_arn],
                    namespace=PULLS_NAMESPACE,
                    metric_name=PULLS_METRIC,
                    dimensions=[
                        cloudwatch.CfnAlarm.DimensionProperty(
                            name=PULLS_DIMENSION, value=repository
                        )
                    ],
                    statistic="Sum",
                    period=period_minutes * 60,
                    evaluation_periods=1,
                    threshold=threshold,
                    comparison_operator=operator,
                    treat_missing_data=missing,
                )


def _alarm(scope: Construct, alarm_id: str, usage: Usage, percent: float, topic_arn: str) -> None:
    alarm = cloudwatch.CfnAlarm
    alarm(
        scope,
        alarm_id,
        alarm_description=f"Amazon ECR: {usage.what}, in percent of the quota",
        alarm_actions=[topic_arn],
        ok_actions=[topic_arn],
        comparison_operator="GreaterThanOrEqualToThreshold",
        evaluation_periods=1,
        threshold=percent,
        treat_missing_data="notBreaching",
        metrics=[
            alarm.MetricDataQueryProperty(
                id="percent", expression=usage.expression, label=usage.what, return_data=True
            ),
            alarm.MetricDataQueryProperty(
                id="usage",
                metric_stat=alarm.MetricStatProperty(
                    metric=alarm.MetricProperty(
                        namespace=NAMESPACE,
                        metric_name=usage.metric,
                        dimensions=[
                            alarm.DimensionProperty(name=name, value=value)
                            for name, value in usage.dimensions.items()
                        ],
                    ),
                    period=usage.period,
                    stat=usage.statistic,
                ),
                return_data=False,
            ),
        ],
    )
