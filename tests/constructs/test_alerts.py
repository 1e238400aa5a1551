"""Alerts of findings and alarms of quotas: who is told what, and that AWS can tell them."""

import math
from collections.abc import Callable
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_kms as kms
from aws_cdk import aws_sns as sns

from ecr_constructs import EcrChecks, PullAlarms, Registry, Repository, ScanAlerts, UsageAlarms
from ecr_constructs.model.usage import API_ACTIONS
from tests.support.constructs import (
    ACCOUNT,
    ENV,
    Template,
    allow,
    children,
    new_app,
    of_type,
    template,
    warnings_of,
)
from tests.support.errors import rejects
from tests.support.event_patterns import EVENTS, Event, changed, matches
from tests.support.input_transformers import transformed

EVENTBRIDGE = {"Service": "events.amazonaws.com"}
FOUND = changed("inspector-finding", "detail", "awsAccountId", to=ACCOUNT)


def allowed(policy: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the statements of a policy that allow."""
    return [item for item in policy["Statement"] if item["Effect"] == "Allow"]


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """Return the template of alerts from CRITICAL, by mail to two."""
    stack = cdk.Stack(new_app(tmp_path_factory.mktemp("cdk.out")), "Stack", env=ENV)
    ScanAlerts(stack, "Alerts", severity="CRITICAL", emails=["a@example.com", "b@example.com"])
    return template(stack)


def told(rendered: Template, event: Event) -> list[list[str]]:
    """Return the messages that the topic gets for an event."""
    return [
        transformed(transformer["InputPathsMap"], transformer["InputTemplate"], event)
        for item in of_type(rendered, "AWS::Events::Rule").values()
        if matches(item["EventPattern"], event)
        for target in item["Targets"]
        for transformer in [target["InputTransformer"]]
    ]


def test_one_message_for_one_event(rendered: Template) -> None:
    """A severe scan and a severe finding each match one rule; no documented event matches both."""
    grave = changed("inspector-finding", "detail", "severity", to="CRITICAL")
    grave["detail"]["awsAccountId"] = ACCOUNT

    [[result, *_]] = told(rendered, EVENTS["scan-completed"])
    assert result == "Found in my-repository-name, CRITICAL or above: {CRITICAL: 10, MEDIUM: 9}"
    [[result, *_]] = told(rendered, grave)
    assert result == "CRITICAL in amazon/amazon-ecs-sample: CVE-2019-17498 - libssh2"
    assert ["scan-completed"] == [name for name in EVENTS if told(rendered, EVENTS[name])]


@pytest.mark.parametrize(
    "event",
    [
        FOUND,
        changed("scan-completed", "detail", "finding-severity-counts", to={"HIGH": 3}),
        EVENTS["inspector-scan"],
    ],
    ids=["a lesser finding", "a lesser scan", "the sum of a scan"],
)
def test_nothing_below_the_severity(rendered: Template, event: Event) -> None:
    """Less severe events match no rule."""
    assert [] == told(rendered, event)


def test_the_topic_is_encrypted_with_a_key_that_eventbridge_may_use(rendered: Template) -> None:
    """Neither policy has a condition for EventBridge: SNS and KMS would reject it."""
    [(topic_id, topic)] = of_type(rendered, "AWS::SNS::Topic").items()
    [(key_id, key)] = of_type(rendered, "AWS::KMS::Key").items()
    [policy] = of_type(rendered, "AWS::SNS::TopicPolicy").values()

    assert topic["KmsMasterKeyId"] == {"Fn::GetAtt": [key_id, "Arn"]}
    assert key["EnableKeyRotation"]
    assert allowed(key["KeyPolicy"])[1:] == [
        allow(["kms:Decrypt", "kms:GenerateDataKey*"], "*", **EVENTBRIDGE)
    ]
    [statement] = allowed(policy["PolicyDocument"])
    publish = allow("sns:Publish", {"Ref": topic_id}, **EVENTBRIDGE)
    assert {**publish, "Sid": statement.get("Sid")} == {"Sid": None, **statement}


def test_what_is_not_delivered_is_kept(rendered: Template) -> None:
    """Both rules have the same queue, which only they may send to."""
    [(queue_id, queue)] = of_type(rendered, "AWS::SQS::Queue").items()
    [policy] = of_type(rendered, "AWS::SQS::QueuePolicy").values()
    rules = of_type(rendered, "AWS::Events::Rule")

    assert queue == {"MessageRetentionPeriod": 14 * 24 * 3600, "SqsManagedSseEnabled": True}
    arn = {"Fn::GetAtt": [queue_id, "Arn"]}
    assert [[item["DeadLetterConfig"] for item in rules[rule]["Targets"]] for rule in rules] == [
        [{"Arn": arn}]
    ] * 2
    sources = {"aws:SourceArn": [{"Fn::GetAtt": [rule, "Arn"]} for rule in rules]}
    assert allowed(policy["PolicyDocument"]) == [
        allow("sqs:SendMessage", arn, condition={"ArnEquals": sources}, **EVENTBRIDGE)
    ]


def test_subscribers_are_written_to(rendered: Template) -> None:
    """Each address has a subscription of its own."""
    [topic_id] = of_type(rendered, "AWS::SNS::Topic")
    result = of_type(rendered, "AWS::SNS::Subscription").values()

    assert list(result) == [
        {"Endpoint": address, "Protocol": "email", "TopicArn": {"Ref": topic_id}}
        for address in ("a@example.com", "b@example.com")
    ]


def test_a_topic_of_ones_own_is_opened_to_eventbridge(stack: cdk.Stack) -> None:
    """Its policy and its key's admit EventBridge; no other topic is made."""
    topic = sns.Topic(stack, "Mine", master_key=kms.Key(stack, "MyKey"))
    alerts = ScanAlerts(stack, "Alerts", topic=topic)
    alone = template(stack)

    assert alerts.topic is topic
    [key] = of_type(alone, "AWS::KMS::Key").values()
    assert EVENTBRIDGE in [item["Principal"] for item in allowed(key["KeyPolicy"])]
    [policy] = of_type(alone, "AWS::SNS::TopicPolicy").values()
    assert [EVENTBRIDGE] == [entry["Principal"] for entry in allowed(policy["PolicyDocument"])]
    assert 1 == len(of_type(alone, "AWS::SNS::Topic"))


def test_an_imported_topic_is_warned_of(stack: cdk.Stack) -> None:
    """Its policy is somebody else's, and must admit EventBridge all the same."""
    arn = f"arn:aws:sns:eu-central-1:{ACCOUNT}:alerts"
    ScanAlerts(stack, "Alerts", topic=sns.Topic.from_topic_arn(stack, "Imported", arn))

    assert ["ecr-constructs:topicPolicy"] == warnings_of(stack)


KEY_ARN = f"arn:aws:kms:eu-central-1:{ACCOUNT}:key/11112222-3333-4444-5555-666677778888"


def test_an_imported_key_of_a_topic_is_warned_of(stack: cdk.Stack) -> None:
    """Its policy must admit EventBridge, too."""
    topic = sns.Topic(stack, "Mine", master_key=kms.Key.from_key_arn(stack, "Key", KEY_ARN))
    ScanAlerts(stack, "Alerts", topic=topic)

    assert ["ecr-constructs:topicKey"] == warnings_of(stack)


def _of_aws(stack: cdk.Stack) -> sns.ITopic:
    key = kms.Alias.from_alias_name(stack, "Key", "alias/aws/sns")
    return sns.Topic(stack, "Topic", master_key=key)


def _far_import(stack: cdk.Stack) -> sns.ITopic:
    return sns.Topic.from_topic_arn(stack, "Far", f"arn:aws:sns:eu-west-1:{ACCOUNT}:alerts")


def _far_topic(stack: cdk.Stack) -> sns.ITopic:
    env = cdk.Environment(account=ACCOUNT, region="eu-west-1")
    other = cdk.Stack(cdk.Stage(stack, "Stage"), "Other", env=env)
    return sns.Topic(other, "Topic", topic_name="alerts")


SILENT: dict[str, tuple[Callable[[cdk.Stack], sns.ITopic], str]] = {
    "a key of AWS": (_of_aws, "topic: topic-key-of-aws"),
    "an import of another Region": (_far_import, "topic: topic-region"),
    "a stack of another Region": (_far_topic, "topic: topic-region"),
}


@pytest.mark.parametrize(("topic", "problem"), SILENT.values(), ids=SILENT)
def test_a_topic_at_which_nothing_would_arrive(
    stack: cdk.Stack, topic: Callable[[cdk.Stack], sns.ITopic], problem: str
) -> None:
    """Deployed, it would be silent."""
    with rejects(problem):
        ScanAlerts(stack, "Alerts", topic=topic(stack))


def test_an_agnostic_stack_has_no_link(app: cdk.App) -> None:
    """Which console it would be is known only at deployment."""
    stack = cdk.Stack(app, "Agnostic")
    ScanAlerts(stack, "Alerts")
    rules = of_type(template(stack), "AWS::Events::Rule").values()

    assert not any("https://console" in str(item) for item in rules)
    assert any(
        {"Ref": "AWS::AccountId"} in rule["EventPattern"]["detail"].get("awsAccountId", [])
        for rule in rules
    )


def test_both_scanners_are_heard_whichever_is_on(stack: cdk.Stack) -> None:
    """The rules do not depend on what the registry scans with: that may change."""
    Registry(stack, "Registry").scan_enhanced(continuous=["payments/*"])
    ScanAlerts(stack, "Alerts")

    assert 2 == len(of_type(template(stack), "AWS::Events::Rule"))


# --- quotas -----------------------------------------------------------------------------------

CLOUDWATCH = {"Service": "cloudwatch.amazonaws.com"}
CONDITION = {
    "ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:eu-central-1:{ACCOUNT}:alarm:*"},
    "StringEquals": {"aws:SourceAccount": ACCOUNT},
}


@pytest.fixture(scope="module")
def alarms(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """Return the template of alarms that tell the topic of scan alerts."""
    stack = cdk.Stack(new_app(tmp_path_factory.mktemp("cdk.out")), "Stack", env=ENV)
    alerts = ScanAlerts(stack, "Alerts")
    UsageAlarms(stack, "Usage", topic=alerts.topic, percent=75, repositories=["payments/api"])
    return template(stack)


def test_each_quota_has_an_alarm(alarms: Template) -> None:
    """Eight rates, the repositories, and the images of the repository that is named."""
    watched = [
        {
            item["Name"]: item["Value"]
            for item in alarm["Metrics"][1]["MetricStat"]["Metric"]["Dimensions"]
        }
        for alarm in of_type(alarms, "AWS::CloudWatch::Alarm").values()
    ]

    counts = ["RepositoryCount", "ImagesPerRepositoryCount"]
    assert [entry["Resource"] for entry in watched] == [*API_ACTIONS, *counts]
    assert watched[-1]["ResourceId"] == "repository/payments/api"


def test_an_alarm_is_raised_in_percent_of_the_quota(alarms: Template) -> None:
    """Quota and use are asked of AWS; nobody calling is no reason for an alarm."""
    [topic] = of_type(alarms, "AWS::SNS::Topic")
    defined = of_type(alarms, "AWS::CloudWatch::Alarm").values()
    [puts] = [item for item in defined if "PutImage" in item["AlarmDescription"]]

    assert puts == {
        "AlarmActions": [{"Ref": topic}],
        "AlarmDescription": "Amazon ECR: PutImage requests per second, in percent of the quota",
        "ComparisonOperator": "GreaterThanOrEqualToThreshold",
        "EvaluationPeriods": 1,
        "Metrics": [
            {
                "Expression": "usage/60/SERVICE_QUOTA(usage)*100",
                "Id": "percent",
                "Label": "PutImage requests per second",
                "ReturnData": True,
            },
            {
                "Id": "usage",
                "MetricStat": {
                    "Metric": {
                        "Dimensions": [
                            {"Name": "Class", "Value": "None"},
                            {"Name": "Resource", "Value": "PutImage"},
                            {"Name": "Service", "Value": "ECR"},
                            {"Name": "Type", "Value": "API"},
                        ],
                        "MetricName": "CallCount",
                        "Namespace": "AWS/Usage",
                    },
                    "Period": 60,
                    "Stat": "Sum",
                },
                "ReturnData": False,
            },
        ],
        "OKActions": [{"Ref": topic}],
        "Threshold": 75,
        "TreatMissingData": "notBreaching",
    }


def test_cloudwatch_may_publish(alarms: Template) -> None:
    """Topic and key admit the alarms of this account and Region, and no others."""
    [topic] = of_type(alarms, "AWS::SNS::TopicPolicy").values()
    [key] = of_type(alarms, "AWS::KMS::Key").values()

    assert [("sns:Publish", CONDITION), (["kms:Decrypt", "kms:GenerateDataKey*"], CONDITION)] == [
        (item["Action"], item["Condition"])
        for policy in (topic["PolicyDocument"], key["KeyPolicy"])
        for item in policy["Statement"]
        if item["Principal"] == CLOUDWATCH
    ]


# --- pulls ------------------------------------------------------------------------------------

PULLS = {
    "ComparisonOperator": "GreaterThanThreshold",
    "Dimensions": [{"Name": "RepositoryName", "Value": "payments/api"}],
    "EvaluationPeriods": 1,
    "MetricName": "RepositoryPullCount",
    "Namespace": "AWS/ECR",
    "Period": 3600,
    "Statistic": "Sum",
    "Threshold": 1000,
    "TreatMissingData": "notBreaching",
}
FEWER = {"ComparisonOperator": "LessThanThreshold", "TreatMissingData": "breaching"}
PULL_ALARMS: dict[str, tuple[dict[str, Any], list[dict[str, Any]]]] = {
    "more": ({"more_than": 1000}, [PULLS]),
    "fewer": (
        {"fewer_than": 1, "period_minutes": 1440},
        [{**PULLS, **FEWER, "Threshold": 1, "Period": 86400}],
    ),
    "both": (
        {"more_than": 0, "fewer_than": 5},
        [{**PULLS, "Threshold": 0}, {**PULLS, **FEWER, "Threshold": 5}],
    ),
}


@pytest.mark.parametrize(("keywords", "expected"), PULL_ALARMS.values(), ids=PULL_ALARMS)
def test_alarms_on_pulls(
    app: cdk.App, stack: cdk.Stack, keywords: dict[str, Any], expected: list[dict[str, Any]]
) -> None:
    """The metric is the one that ECR publishes; no data means no pull. The checks agree."""
    cdk.Validations.of(app).add_plugins(EcrChecks(fail_on="warning"))
    topic = sns.Topic(stack, "Topic")
    PullAlarms(stack, "Pulls", topic=topic, repositories=["payments/api"], **keywords)

    rendered = template(stack)
    alarms = of_type(rendered, "AWS::CloudWatch::Alarm").values()
    assert expected == [{key: alarm[key] for key in PULLS} for alarm in alarms]
    assert all(alarm["AlarmActions"] == alarm["OKActions"] for alarm in alarms)
    assert "cloudwatch.amazonaws.com" in str(of_type(rendered, "AWS::SNS::TopicPolicy"))


NO_ALARMS: dict[str, tuple[dict[str, Any], str]] = {
    "no repository": ({"repositories": []}, "repositories: pull-alarms-repositories-missing"),
    "a name": ({"repositories": ["Team/A"]}, "repositories[0]: repository-name-characters"),
    "a duplicate": (
        {"repositories": ["a/b", "a/b"]},
        "repositories[1]: pull-alarms-repository-duplicate",
    ),
    "a string": ({"repositories": "a/b"}, "repositories: list-is-string"),
    "no threshold": ({"more_than": None}, "more_than: pull-alarms-threshold-missing"),
    "below zero": ({"more_than": -1}, "more_than: pull-alarms-threshold-range"),
    "not a number": ({"more_than": math.nan}, "more_than: pull-alarms-threshold-range"),
    "no end": ({"more_than": math.inf}, "more_than: pull-alarms-threshold-range"),
    "hundreds of digits": ({"fewer_than": 10**400}, "fewer_than: pull-alarms-threshold-range"),
    "fewer than none": ({"fewer_than": 0}, "fewer_than: pull-alarms-threshold-range"),
    "no time": ({"period_minutes": 0}, "period_minutes: pull-alarms-period-range"),
    "days": ({"period_minutes": 1441}, "period_minutes: pull-alarms-period-range"),
    "a part": ({"period_minutes": 1.5}, "period_minutes: wrong-type"),
}


@pytest.mark.parametrize(("keywords", "problem"), NO_ALARMS.values(), ids=NO_ALARMS)
def test_alarms_on_pulls_that_are_never_raised(
    stack: cdk.Stack, keywords: dict[str, Any], problem: str
) -> None:
    """They raise, and change nothing."""
    topic = sns.Topic(stack, "Topic")
    settings = {"repositories": ["a/b"], "more_than": 10, **keywords}
    with rejects(problem):
        PullAlarms(stack, "Pulls", topic=topic, **settings)

    assert ["Topic"] == children(stack)


def test_alarms_on_a_repository_of_the_app(stack: cdk.Stack) -> None:
    """Its name may be known only at deploy time, which an id must not be."""
    repository = Repository(stack, "Api")
    settings: Any = {
        "topic": sns.Topic(stack, "Topic"),
        "repositories": [repository.repository_name],
    }
    PullAlarms(stack, "Pulls", more_than=10, **settings)
    UsageAlarms(stack, "Usage", **settings)

    alarms = of_type(template(stack), "AWS::CloudWatch::Alarm").values()
    [alarm] = (item for item in alarms if item.get("Namespace") == "AWS/ECR")
    assert [{"Name": "RepositoryName", "Value": {"Ref": "ApiF70053CD"}}] == alarm["Dimensions"]
