"""Events, topics and alarms without a mistake."""

from typing import Any

from ecr_constructs.cloudformation.resource_types import (
    EVENT_RULE,
    TOPIC_INLINE_POLICY,
    TOPIC_POLICY,
)
from tests.support.correct_templates.values import UNKNOWN
from tests.support.rule_examples.build import (
    ABSENT,
    EVERYTHING,
    HERE,
    OWN_ROLE,
    QUEUE,
    allow,
    api,
    asks,
    document,
    get_att,
    resource,
    scanning,
)
from tests.support.rule_examples.events import FOUND, PUSH, SCAN, alarm, on, topic

ENHANCED = scanning(ScanType="ENHANCED", Rules=[EVERYTHING])
EVENTBRIDGE = {"Service": "events.amazonaws.com"}
PUBLISH = document(allow("sns:Publish", Principal=EVENTBRIDGE, Resource="*"))


def subscribed(**properties: Any) -> dict[str, Any]:
    """Return a topic of image events with a policy."""
    kind = TOPIC_INLINE_POLICY if "TopicArn" in properties else TOPIC_POLICY
    return topic(UNKNOWN) | {"Policy": resource(kind, {"PolicyDocument": PUBLISH, **properties})}


CORRECT: dict[str, dict[str, Any]] = {
    # Alarms.
    "an alarm on pulls": api()
    | alarm(
        Dimensions=[{"Name": "RepositoryName", "Value": {"Ref": "Api"}}],
        AlarmActions=[{"Ref": "Topic"}, "arn:aws:sns:x", UNKNOWN],
        Period=10,
        EvaluationPeriods=UNKNOWN,
    )
    | {"Topic": {"Type": "AWS::SNS::Topic"}},
    "an alarm on a metric of one's own": alarm(
        Namespace="Acme/ECR", MetricName="ImageCount", ComparisonOperator="x"
    ),
    "an alarm on usage": alarm(
        Namespace="AWS/Usage",
        MetricName="CallCount",
        Dimensions=[
            {"Name": "Type", "Value": "API"},
            {"Name": "Resource", "Value": "PutImage"},
            {"Name": "Service", "Value": "ECR"},
            {"Name": "Class", "Value": "None"},
        ],
    ),
    "an alarm that is not known": alarm(MetricName=UNKNOWN, Dimensions=UNKNOWN, Namespace=UNKNOWN),
    "an unknown metric of ECR": alarm(MetricName=UNKNOWN),
    "dimensions that are not known": alarm(Dimensions=UNKNOWN),
    "a dimension that is no text": alarm(Dimensions=[{"Name": "RepositoryName", "Value": 5}]),
    "a dimension that is not known": alarm(Dimensions=[{"Name": UNKNOWN, "Value": 5}]),
    "metric math": alarm(
        Namespace=ABSENT,
        MetricName=ABSENT,
        Dimensions=ABSENT,
        Metrics=[
            {"Id": "a", "Expression": "SEARCH('{AWS/ECR,RepositoryName}', 'Sum', 60)"},
            {"Id": "b", "Expression": 'SELECT SUM(RepositoryPullCount) FROM "AWS/ECR"'},
            {"Id": "c", "MetricStat": UNKNOWN},
            {"Id": "d", "Expression": "a + b"},
        ],
    ),
    # Events and their topics.
    "a pattern as text": {
        "Rule": resource(
            EVENT_RULE,
            {
                "EventPattern": '{"source": ["aws.ecr"], "detail-type": ["ECR Image Action"]}',
                "Targets": [QUEUE],
            },
        )
    },
    "patterns that are not known": {
        "Text": resource(EVENT_RULE, {"EventPattern": "{", "Targets": [QUEUE]}),
        "Unknown": resource(EVENT_RULE, {"EventPattern": UNKNOWN, "Targets": [QUEUE]}),
        "Schedule": resource(EVENT_RULE, {"ScheduleExpression": "rate(1 day)"}),
    },
    "an API call of public repositories": on(
        "AWS API Call via CloudTrail", source="aws.ecr-public"
    ),
    "an event of one's own": on(PUSH, source="acme.images"),
    "every event but one": on({"anything-but": ["ECR Image Scan"]}),
    "every field that events have": on(PUSH, account=["1"], extra=[{"exists": False}]),
    "a name that begins with a text": on(PUSH, detail={"repository-name": [{"prefix": "a/"}]}),
    "a name that is a number": on(PUSH, detail={"repository-name": [5, {"suffix": "b"}]}),
    "findings of Inspector": on(
        FOUND,
        source="aws.inspector2",
        detail={
            "severity": ["HIGH", "CRITICAL"],
            "resources": {
                "type": ["AWS_ECR_CONTAINER_IMAGE"],
                "details": {"awsEcrContainerImage": {"repositoryName": ["a"]}},
            },
        },
    ),
    "scans of Inspector name a repository by its ARN": on(
        "Inspector2 Scan",
        source="aws.inspector2",
        detail={"repository-name": [f"{HERE}:repository/a"]},
    ),
    "alternatives of counts": on(
        SCAN,
        detail={
            "finding-severity-counts": {
                "$or": [{"HIGH": [{"numeric": [">", 0]}]}, {"CRITICAL": [{"numeric": [">", 0]}]}]
            }
        },
    ),
    "alternatives that are not known": on(PUSH, detail={"$or": [UNKNOWN, {"result": ["SUCCESS"]}]}),
    "a nested value of a plain field": on(PUSH, detail={"image-tag": {"x": ["y"]}}),
    "targets of every kind": {
        **on(
            PUSH,
            targets=[
                {"Arn": get_att("Queue"), "Id": "a", "RoleArn": UNKNOWN},
                {"Arn": get_att("Code"), "Id": UNKNOWN},
                {"Arn": get_att("Topic", "TopicArn"), "Id": "c", "RoleArn": UNKNOWN},
                {"Arn": UNKNOWN, "Id": UNKNOWN},
            ],
        ),
        "Queue": {"Type": "AWS::SQS::Queue"},
        "Code": {"Type": "AWS::Lambda::Function"},
        "Topic": {"Type": "AWS::SNS::Topic"},
    },
    "a queue that EventBridge may send to": {
        **on(PUSH, targets=[{"Arn": get_att("Queue"), "Id": "Queue"}]),
        "Queue": {"Type": "AWS::SQS::Queue"},
        "Policy": resource(
            "AWS::SQS::QueuePolicy",
            {
                "Queues": [{"Ref": "Queue"}],
                "PolicyDocument": document(
                    allow("sqs:SendMessage", Principal=EVENTBRIDGE, Resource="*")
                ),
            },
        ),
    },
    "a queue with a policy of its own": {
        **on(PUSH, targets=[{"Arn": get_att("Queue"), "Id": "Queue"}]),
        "Queue": {"Type": "AWS::SQS::Queue"},
        "Policy": resource(
            "AWS::SQS::QueueInlinePolicy", {"Queue": UNKNOWN, "PolicyDocument": UNKNOWN}
        ),
    },
    "a topic without a key": {
        **subscribed(Topics=[{"Ref": "Topic"}]),
        "Topic": {"Type": "AWS::SNS::Topic"},
    },
    "another scanner, perhaps": {
        "Scanning": {**ENHANCED["Scanning"], "Condition": "Perhaps"},
        **on(SCAN),
    },
    "a rule for each scanner": {
        **ENHANCED,
        "Basic": asks("aws.ecr", SCAN),
        "Enhanced": asks("aws.inspector2", FOUND),
    },
    "a basic scan": scanning(ScanType="BASIC", Rules=[]) | on(SCAN),
    "what ECR does by itself": on("AWS Service Event via CloudTrail"),
    "a call of the API": on("AWS API Call via CloudTrail"),
    "a pattern of prefixes": on({"prefix": "ECR"}),
    "a name, and what was done": on(
        PUSH, detail={"action-type": ["PUSH"], "repository-name": ["a"], "image-tag": ["b"]}
    ),
    "a field that no event has": on(
        PUSH, detail={"signature": [{"exists": False}], "result": [{"anything-but": "SUCCESS"}]}
    ),
    "a field of findings that may be newer": on(
        FOUND, source="aws.inspector2", detail={"signature": ["a"]}
    ),
    "details of another event": on("ECR Artifact Action", detail={"action": ["x"]}),
    "a topic that a role publishes to": topic(UNKNOWN, RoleArn=f"{OWN_ROLE}/events"),
    "a topic whose policy is not known": {
        **subscribed(Topics=[{"Ref": "Topic"}], PolicyDocument=UNKNOWN),
        "Others": resource(TOPIC_POLICY, {"Topics": ["arn:aws:sns:x"], "PolicyDocument": PUBLISH}),
    },
    "a policy of what may be the topic": subscribed(Topics=[UNKNOWN]),
    "a topic with a policy of its own": subscribed(TopicArn={"Ref": "Topic"}),
}
