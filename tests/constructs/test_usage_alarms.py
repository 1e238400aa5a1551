"""Alarms before a quota is reached."""

from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_sns as sns

from ecr_constructs import ScanAlerts, UsageAlarms
from ecr_constructs.model.usage import API_ACTIONS
from tests.support.constructs import ACCOUNT, ENV, Template, new_app, rejects_value, template
from tests.support.errors import rejects

CLOUDWATCH = {"Service": "cloudwatch.amazonaws.com"}
CONDITION = {
    "ArnLike": {"aws:SourceArn": f"arn:aws:cloudwatch:eu-central-1:{ACCOUNT}:alarm:*"},
    "StringEquals": {"aws:SourceAccount": ACCOUNT},
}


@pytest.fixture(scope="module")
def rendered(tmp_path_factory: pytest.TempPathFactory) -> Template:
    """Return the template of alarms that tell the topic of scan alerts."""
    stack = cdk.Stack(new_app(tmp_path_factory.mktemp("cdk.out")), "Stack", env=ENV)
    alerts = ScanAlerts(stack, "Alerts")
    UsageAlarms(stack, "Usage", topic=alerts.topic, percent=75, repositories=["payments/api"])
    return template(stack)


def of_type(rendered: Template, kind: str) -> list[dict[str, Any]]:
    """Return the properties of the resources of a type."""
    return [
        resource["Properties"]
        for resource in rendered["Resources"].values()
        if resource["Type"] == kind
    ]


def test_each_quota_has_an_alarm(rendered: Template) -> None:
    """Eight rates, the repositories, and the images of the repository that is named."""
    watched = [
        {
            item["Name"]: item["Value"]
            for item in alarm["Metrics"][1]["MetricStat"]["Metric"]["Dimensions"]
        }
        for alarm in of_type(rendered, "AWS::CloudWatch::Alarm")
    ]

    assert [entry["Resource"] for entry in watched] == [
        *API_ACTIONS,
        "RepositoryCount",
        "ImagesPerRepositoryCount",
    ]
    assert watched[-1]["ResourceId"] == "repository/payments/api"


def test_an_alarm_is_raised_in_percent_of_the_quota(rendered: Template) -> None:
    """Quota and use are asked of AWS; nobody calling is no reason for an alarm."""
    [topic] = [
        logical_id
        for logical_id, resource in rendered["Resources"].items()
        if resource["Type"] == "AWS::SNS::Topic"
    ]
    alarms = of_type(rendered, "AWS::CloudWatch::Alarm")
    [puts] = [item for item in alarms if "PutImage" in item["AlarmDescription"]]

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


@pytest.mark.parametrize(
    ("kind", "document", "action"),
    [
        ("AWS::SNS::TopicPolicy", "PolicyDocument", "sns:Publish"),
        ("AWS::KMS::Key", "KeyPolicy", ["kms:Decrypt", "kms:GenerateDataKey*"]),
    ],
)
def test_cloudwatch_may_publish(
    rendered: Template, kind: str, document: str, action: str | list[str]
) -> None:
    """Topic and key admit the alarms of this account and Region, and no others."""
    [properties] = of_type(rendered, kind)
    [result] = [
        item for item in properties[document]["Statement"] if item["Principal"] == CLOUDWATCH
    ]

    assert (action, CONDITION) == (result["Action"], result["Condition"])


def test_a_registry_has_its_alarms_once(app: cdk.App) -> None:
    """A second set would raise each alarm twice."""
    stacks = [cdk.Stack(app, name, env=ENV) for name in ("One", "Two")]
    topics = [sns.Topic(stack, "Topic") for stack in stacks]
    UsageAlarms(stacks[0], "Usage", topic=topics[0])

    with rejects("Two/Usage: defined-twice"):
        UsageAlarms(stacks[1], "Usage", topic=topics[1])


@pytest.mark.parametrize(
    ("settings", "value"),
    [
        ({"percent": 0}, "0"),
        ({"repositories": "payments/api"}, "'payments/api'"),
        ({"repositories": ["Payments"]}, "Payments"),
    ],
    ids=str,
)
def test_rejects(stack: cdk.Stack, settings: dict[str, Any], value: str) -> None:
    """What no quota or repository can be is rejected."""
    topic = sns.Topic(stack, "Topic")

    with rejects_value(value):
        UsageAlarms(stack, "Usage", topic=topic, **settings)
