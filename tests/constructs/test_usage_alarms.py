"""Alarms before a quota is reached."""

import aws_cdk as cdk
import pytest

from ecr_constructs import ScanAlerts, UsageAlarms
from ecr_constructs.model.usage import API_ACTIONS
from tests.support.constructs import ACCOUNT, ENV, Template, new_app, of_type, template

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


def test_each_quota_has_an_alarm(rendered: Template) -> None:
    """Eight rates, the repositories, and the images of the repository that is named."""
    watched = [
        {
            item["Name"]: item["Value"]
            for item in alarm["Metrics"][1]["MetricStat"]["Metric"]["Dimensions"]
        }
        for alarm in of_type(rendered, "AWS::CloudWatch::Alarm").values()
    ]

    assert [entry["Resource"] for entry in watched] == [
        *API_ACTIONS,
        "RepositoryCount",
        "ImagesPerRepositoryCount",
    ]
    assert watched[-1]["ResourceId"] == "repository/payments/api"


def test_an_alarm_is_raised_in_percent_of_the_quota(rendered: Template) -> None:
    """Quota and use are asked of AWS; nobody calling is no reason for an alarm."""
    [topic] = of_type(rendered, "AWS::SNS::Topic")
    alarms = of_type(rendered, "AWS::CloudWatch::Alarm").values()
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
    [properties] = of_type(rendered, kind).values()
    [result] = [
        item for item in properties[document]["Statement"] if item["Principal"] == CLOUDWATCH
    ]

    assert (action, CONDITION) == (result["Action"], result["Condition"])
