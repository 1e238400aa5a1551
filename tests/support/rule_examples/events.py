"""Examples of the rules for events, topics and alarms."""

from typing import Any

from ecr_constructs.cloudformation.resource_types import ALARM, EVENT_RULE, KEY, TOPIC, TOPIC_POLICY
from ecr_constructs.cloudformation.resource_types import QUEUE as SQS
from tests.support.rule_examples.build import (
    ABSENT,
    EVERYTHING,
    HERE,
    HOME,
    OWN_ROOT,
    QUEUE,
    Problems,
    allow,
    api,
    asks,
    document,
    example,
    get_att,
    key,
    resource,
    scanning,
    sent,
)

PUSH, SCAN, FOUND = "ECR Image Action", "ECR Image Scan", "Inspector2 Finding"
_PATTERN = "Rule.Properties.EventPattern"
_TOPIC_KEY = "Topic.Properties.KmsMasterKeyId"
_ENHANCED = scanning(ScanType="ENHANCED", Rules=[EVERYTHING])


def on(*details: Any, source: Any = "aws.ecr", **pattern: Any) -> dict[str, Any]:
    """Return a rule for events of ECR."""
    return {"Rule": asks(source, *details, **pattern)}


def _with_state(state: str) -> dict[str, Any]:
    rule: dict[str, Any] = on(PUSH)["Rule"]
    return {**rule, "Properties": {**rule["Properties"], "State": state}}


def topic(key_id: Any, **target: Any) -> dict[str, Any]:
    """Return a topic for events with a key."""
    return {"Rule": sent(**target), "Topic": resource(TOPIC, {"KmsMasterKeyId": key_id})}


def _topic(
    service: str = "events", *, may_encrypt: bool = True, key_id: Any = None
) -> dict[str, Any]:
    own = allow("kms:*", Principal={"AWS": OWN_ROOT}, Resource="*")
    eventbridge = {"Service": "events.amazonaws.com"}
    actions = ["kms:Decrypt", "kms:GenerateDataKey*"]
    events = allow(actions, Principal=eventbridge, Resource="*")
    publisher = {"Service": f"{service}.amazonaws.com"}
    statement = allow("sns:Publish", Principal=publisher, Resource={"Ref": "Topic"})
    policy = {"Topics": [{"Ref": "Topic"}], "PolicyDocument": document(statement)}
    return {
        **topic(get_att("Key") if key_id is None else key_id),
        "TopicPolicy": resource(TOPIC_POLICY, policy),
        "Key": key(KeyPolicy=document(own, events)) if may_encrypt else key(),
    }


def alarm(**properties: Any) -> dict[str, Any]:
    """Return an alarm on the pulls of a repository."""
    dimensions = [{"Name": "RepositoryName", "Value": "payments/api"}]
    sound = {
        "Namespace": "AWS/ECR",
        "MetricName": "RepositoryPullCount",
        "Dimensions": dimensions,
        "Statistic": "Sum",
        "Period": 3600,
        "EvaluationPeriods": 24,
        "Threshold": 1,
        "ComparisonOperator": "LessThanThreshold",
    }
    return {"Alarm": resource(ALARM, {**sound, **properties})}


EXAMPLES = {
    "ECR501": example(on(FOUND), f"{_PATTERN}.detail-type", on(FOUND, source="aws.inspector2")),
    "ECR502": example(
        _ENHANCED | on(SCAN),
        f"{_PATTERN}.detail-type",
        _ENHANCED | on(FOUND, source="aws.inspector2"),
    ),
    "ECR503": example(on(PUSH, targets=ABSENT), "Rule.Properties", on(PUSH)),
    "ECR504": example(_topic(key_id="alias/aws/sns"), _TOPIC_KEY, _topic()),
    "ECR505": example(_topic("s3"), "Topic", _topic()),
    "ECR506": example(
        on(PUSH, detail={"action-type": ["PUSHED"]}),
        f"{_PATTERN}.detail.action-type",
        on(PUSH, detail={"action-type": ["PUSH"]}),
    ),
    "ECR508": example(
        on(PUSH, detail={"action-type": "PUSH"}),
        f"{_PATTERN}.detail.action-type",
        on(PUSH, detail={"action-type": ["PUSH"]}),
    ),
    "ECR509": example(
        on(PUSH, targets=[{"Arn": "scans", "Id": "Queue"}]),
        "Rule.Properties.Targets[0].Arn",
        on(PUSH),
    ),
    "ECR507": example(_topic(may_encrypt=False), _TOPIC_KEY, _topic()),
    "ECR530": example(
        alarm(MetricName="RepositorySizeInBytes"), "Alarm.Properties.MetricName", alarm()
    ),
    "ECR531": example(
        alarm(ComparisonOperator="GreaterThan"), "Alarm.Properties.ComparisonOperator", alarm()
    ),
}
_DIMENSIONS = [{"Name": "RepositoryName", "Value": "payments/api"}]
_NO_METRIC = dict.fromkeys(("Namespace", "MetricName", "Dimensions", "Statistic", "Period"), ABSENT)


def _dimension(value: Any) -> list[dict[str, Any]]:
    return [{"Name": "RepositoryName", "Value": value}]


def _named(value: Any) -> dict[str, Any]:
    return {"repository-name": [value]}


def _with(content: dict[str, Any], **properties: Any) -> dict[str, Any]:
    return {**content, "Properties": {**content["Properties"], **properties}}


def _to_queue() -> dict[str, Any]:
    target = {"Arn": get_att("Queue"), "Id": "Queue"}
    return {**on(PUSH, targets=[target]), "Queue": resource(SQS, {})}


PROBLEMS: Problems = {
    ("ECR501", f"{_PATTERN}.source"): {
        "a source in capitals": on(PUSH, source="aws.ECR"),
        "the endpoint for a source": on(PUSH, source="ecr.amazonaws.com"),
        "the source of public repositories": on(PUSH, source="aws.ecr-public"),
        "the source of the former Inspector": on(FOUND, source="aws.inspector"),
    },
    ("ECR501", f"{_PATTERN}.action-type"): {
        "a detail beside the details": on(PUSH, **{"action-type": ["PUSH"]})
    },
    ("ECR501", f"{_PATTERN}.detail-type"): {
        "an event of ECR among others": on(
            "ECR Push", "Object Created", source=["aws.ecr", "aws.s3"]
        ),
        "an event in lower case": on("ECR image action"),
        "a prefix of no event": on({"prefix": "Ecr"}),
    },
    ("ECR503", "Rule.Properties.State"): {
        "a disabled rule": {"Rule": _with(on(PUSH)["Rule"], State="DISABLED")}
    },
    ("ECR505", "Queue"): {
        "a queue without a policy": _to_queue(),
        "a queue with the policy of another": {
            **_to_queue(),
            "Policy": resource("AWS::SQS::QueuePolicy", {"Queues": ["https://sqs.x/y"]}),
        },
    },
    ("ECR506", f"{_PATTERN}.detail.repository-name"): {
        "the ARN of a repository": api() | on(PUSH, detail=_named(get_att("Api"))),
        "the URI of a repository": api() | on(PUSH, detail=_named(get_att("Api", "RepositoryUri"))),
        "an ARN as text": on(PUSH, detail=_named(f"{HERE}:repository/a")),
        "the prefix of an ARN": on(PUSH, detail=_named({"prefix": "arn:aws:ecr"})),
        "a URI as text": on(
            PUSH, detail=_named("111122223333.dkr.ecr.eu-central-1.amazonaws.com/a")
        ),
    },
    ("ECR506", f"{_PATTERN}.detail.finding-severity-counts.Critical"): {
        "a severity in lower case": on(
            SCAN, detail={"finding-severity-counts": {"Critical": [{"numeric": [">", 0]}]}}
        )
    },
    ("ECR506", f"{_PATTERN}.detail.$or[1].result"): {
        "a result that there is not": on(
            PUSH, detail={"$or": [{"result": ["SUCCESS"]}, {"result": ["OK"]}]}
        )
    },
    ("ECR506", f"{_PATTERN}.detail.severity"): {
        "a severity of no finding": on(
            FOUND, source="aws.inspector2", detail={"severity": ["High"]}
        )
    },
    ("ECR506", f"{_PATTERN}.detail.resources.details.awsEcrContainerImage.repositoryname"): {
        "a nested field in lower case": on(
            FOUND,
            source="aws.inspector2",
            detail={"resources": {"details": {"awsEcrContainerImage": {"repositoryname": ["a"]}}}},
        )
    },
    ("ECR506", f"{_PATTERN}.detail.action-type", "PU"): {
        "a suffix of no action": on(PUSH, detail={"action-type": [{"suffix": "PU"}]})
    },
    ("ECR508", f"{_PATTERN}.source"): {
        "a source without a list": {
            "Rule": _with(on(PUSH)["Rule"], EventPattern={"source": "aws.ecr"})
        }
    },
    ("ECR508", f"{_PATTERN}.detail.image-tag[0]"): {
        "an operator that there is not": on(PUSH, detail={"image-tag": [{"startswith": "v"}]})
    },
    ("ECR509", "Rule.Properties.Targets"): {
        "six targets": on(PUSH, targets=[{**QUEUE, "Id": str(n)} for n in range(6)])
    },
    ("ECR509", "Rule.Properties.Targets[1].Id"): {
        "two targets of an Id": on(PUSH, targets=[QUEUE, QUEUE])
    },
    ("ECR509", "Rule.Properties.Targets[0].Arn"): {
        "the URL of a queue": {
            **on(PUSH, targets=[{"Arn": {"Ref": "Queue"}, "Id": "Queue"}]),
            "Queue": resource(SQS, {}),
        }
    },
    ("ECR530", "Alarm.Properties.Namespace"): {
        "a namespace without AWS": alarm(Namespace="ECR"),
        "the namespace of another service": alarm(Namespace="AWS/ECS"),
        "a namespace in another case": alarm(Namespace="AWS/Ecr"),
    },
    ("ECR530", "Alarm.Properties.MetricName"): {
        "a metric in another case": alarm(MetricName="RepositoryPullcount")
    },
    ("ECR530", "Alarm.Properties.Dimensions"): {
        "a dimension too many": alarm(
            Dimensions=[*_DIMENSIONS, {"Name": "RegistryId", "Value": HOME[0]}]
        )
    },
    ("ECR530", "Alarm.Properties"): {"no dimension": alarm(Dimensions=ABSENT)},
    ("ECR530", "Alarm.Properties.Dimensions[0].Value"): {
        "a URI as dimension": api() | alarm(Dimensions=_dimension(get_att("Api", "RepositoryUri"))),
        "an ARN as dimension": alarm(Dimensions=_dimension(f"{HERE}:repository/a")),
        "a wildcard as dimension": alarm(Dimensions=_dimension("payments/*")),
    },
    ("ECR530", "Alarm.Properties.Metrics[0].MetricStat.Metric.MetricName"): {
        "a metric of metric math": alarm(
            **_NO_METRIC,
            Metrics=[
                {
                    "Id": "m1",
                    "MetricStat": {
                        "Metric": {"Namespace": "AWS/ECR", "MetricName": "ImageCount"},
                        "Period": 60,
                        "Stat": "Sum",
                    },
                }
            ],
        )
    },
    ("ECR530", "Alarm.Properties.Metrics[0].Expression"): {
        "a query for no metric": alarm(
            **_NO_METRIC,
            Metrics=[{"Id": "q", "Expression": 'SELECT SUM(PushCount) FROM SCHEMA("AWS/ECR")'}],
        )
    },
    ("ECR531", "Alarm.Properties.Period"): {"a period of 45 seconds": alarm(Period="45")},
    ("ECR531", "Alarm.Properties.EvaluationPeriods"): {
        "no evaluation": alarm(EvaluationPeriods=0),
        "more than a week": alarm(EvaluationPeriods=200),
        "more than a day": alarm(Period=60, EvaluationPeriods=1441),
    },
    ("ECR531", "Alarm.Properties.AlarmActions[0]"): {
        "the name of a topic": alarm(AlarmActions=["alerts"]),
        "the attribute of a topic that is its name": alarm(AlarmActions=[get_att("T", "TopicName")])
        | {"T": resource(TOPIC, {})},
    },
    ("ECR531", "Alarm.Properties.TreatMissingData"): {
        "missing data, misspelt": alarm(TreatMissingData="notbreaching")
    },
    ("ECR506", f"{_PATTERN}.detail.tag"): {"half of a field": on(PUSH, detail={"tag": ["latest"]})},
    ("ECR506", f"{_PATTERN}.detail.action"): {
        "the beginning of a field": on(PUSH, detail={"action": ["PUSH"]})
    },
    ("ECR506", f"{_PATTERN}.detail.signature"): {
        "a field of no event": on(PUSH, detail={"signature": [{"exists": True}]})
    },
    ("ECR508", _PATTERN): {
        "a pattern that is not JSON": {
            "Rule": resource(
                EVENT_RULE, {"EventPattern": '{"source":["aws.ecr"],}', "Targets": [QUEUE]}
            )
        }
    },
    ("ECR508", "Rule.Properties"): {
        "a rule that nothing triggers": {"Rule": resource(EVENT_RULE, {"Targets": [QUEUE]})}
    },
    ("ECR508", "Rule.Properties.State"): {
        "a state in the wrong case": {"Rule": _with_state("Enabled")},
        "a state that there is not": {"Rule": _with_state("PAUSED")},
    },
    ("ECR509", "Rule.Properties.Targets[0]"): {
        "a target without an Id": on(PUSH, targets=[{"Arn": QUEUE["Arn"]}]),
        "a target without an ARN": on(PUSH, targets=[{"Id": "Queue"}]),
    },
    ("ECR509", "Rule.Properties.Targets[0].Id"): {
        "an Id with a space": on(PUSH, targets=[{**QUEUE, "Id": "my queue"}])
    },
    ("ECR507", _TOPIC_KEY, "kms:Decrypt and kms:GenerateDataKey"): {
        "a key for an account of an unknown Region": {
            **topic({"Ref": "Key"}),
            "Key": key(
                KeyPolicy=document(
                    allow(
                        "kms:*",
                        Principal={"AWS": {"Fn::Sub": "arn:aws:iam::${Account}:root"}},
                        Resource="*",
                    )
                )
            ),
        }
    },
    ("ECR531", "Alarm.Properties"): {
        "an alarm without periods": alarm(EvaluationPeriods=ABSENT),
        "an alarm without a statistic": alarm(Statistic=ABSENT),
        "an alarm without a threshold": alarm(Threshold=ABSENT),
    },
    ("ECR506", f"{_PATTERN}.detail.repositoryName"): {
        "a misspelt field": on(PUSH, detail={"repositoryName": ["payments/api"]})
    },
    ("ECR506", f"{_PATTERN}.detail.image-tag"): {
        "a field of another event": on(SCAN, detail={"image-tag": ["latest"]})
    },
    ("ECR506", f"{_PATTERN}.detail.scan-status"): {
        "a status that there is not": (on(SCAN, detail={"scan-status": ["COMPLETED"]}), "COMPLETED")
    },
    ("ECR506", f"{_PATTERN}.detail.action-type", "PULL"): {
        "a value of neither event": on(
            *(PUSH, "ECR Replication Action"), detail={"action-type": ["PUSH", "REPLICATE", "PULL"]}
        )
    },
    ("ECR507", _TOPIC_KEY, "kms:Decrypt"): {
        "a key that an alias names": {
            **topic({"Ref": "Alias"}),
            "Alias": resource("AWS::KMS::Alias", {"TargetKeyId": get_att("Key")}),
            "Key": resource(KEY, {}),
        }
    },
}
