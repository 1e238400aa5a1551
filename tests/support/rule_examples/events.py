"""Examples of the rules for events, topics, GitHub Actions, and the template as a whole."""

from typing import Any

from ecr_constructs.cloudformation.resource_types import (
    ALARM,
    EVENT_RULE,
    KEY,
    TOPIC,
    TOPIC_POLICY,
)
from ecr_constructs.cloudformation.resource_types import QUEUE as SQS
from tests.support.rule_examples.access import PULL, role
from tests.support.rule_examples.build import (
    ABSENT,
    ELSEWHERE,
    EVERYTHING,
    HERE,
    HOME,
    HOST,
    OWN_ROOT,
    QUEUE,
    Problems,
    allow,
    api,
    asks,
    cache,
    ci_role,
    creation_template,
    document,
    example,
    get_att,
    key,
    kms,
    repository,
    resource,
    scanning,
    sent,
    template,
    written,
)

UUID = "1d397906-81bf-459e-9a8d-eae79c0bc5f3"
BITBUCKET = "api.bitbucket.org/2.0/workspaces/acme/pipelines-config/identity/oidc"
CIRCLECI = f"oidc.circleci.com/org/{UUID}"
PUSH, SCAN, FOUND = "ECR Image Action", "ECR Image Scan", "Inspector2 Finding"
_PATTERN = "Rule.Properties.EventPattern"
_TOPIC_KEY = "Topic.Properties.KmsMasterKeyId"
_TRUST = "Push.Properties.AssumeRolePolicyDocument.Statement[0]"
_SUBJECT = f"{_TRUST}.Condition.StringLike.{HOST}:sub"
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


def github(*, sub: Any = "repo:acme/payments:*", aud: Any = "sts.amazonaws.com") -> dict[str, Any]:
    """Return a role that GitHub Actions may assume."""
    condition = {"StringEquals": {f"{HOST}:aud": aud}, "StringLike": {f"{HOST}:sub": sub}}
    present = {name: test for name, test in condition.items() if ABSENT not in test.values()}
    return ci_role(HOST, **present)


def ci(issuer: str, sub: Any, operator: str = "StringLike", claim: str = "sub") -> dict[str, Any]:
    """Return a role that another CI system may assume."""
    test = {} if sub is ABSENT else {operator: {f"{issuer}:{claim}": sub}}
    return ci_role(issuer, **{"StringEquals": {f"{issuer}:aud": "audience"}, **test})


def _encrypted(principal: Any) -> dict[str, Any]:
    context = {"StringEquals": {"kms:EncryptionContext:aws:ecr:arn": principal}}
    statement = allow("kms:*", Principal={"AWS": OWN_ROOT}, Resource="*", Condition=context)
    configuration = {"EncryptionType": "KMS", "KmsKey": get_att("Key")}
    return {
        **api(RepositoryName="payments/api", EncryptionConfiguration=configuration),
        "Key": key(KeyPolicy=document(statement)),
    }


def _suppressed(**entry: str) -> dict[str, Any]:
    moving = repository(ImageTagMutability="MUTABLE")
    return {"Api": {**moving, "Metadata": {"ecr-constructs": {"suppress": [entry]}}}}


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


def _stage(default: str) -> dict[str, Any]:
    return {"Type": "String", "Default": default, "AllowedValues": ["dev", "prod"]}


def _exporting(at: tuple[str, str]) -> Any:
    outputs = {"Key": {"Value": get_att("Key"), "Export": {"Name": "key"}}}
    return template({"Key": key()}, at, "keys", Outputs=outputs)


_NAME = "Api.Properties.RepositoryName"
_KEY = "Api.Properties.EncryptionConfiguration.KmsKey"
_LOOP: dict[str, Any] = {"Fn::ForEach::Apis": ["Name", ["a", "b"], {"Api${Name}": repository()}]}
_IF_PROD: dict[str, Any] = {
    "Parameters": {"Stage": {"Type": "String"}},
    "Conditions": {"IsProd": {"Fn::Equals": [{"Ref": "Stage"}, "prod"]}},
}
TWICE = """\
Resources:
  Cache:
    Type: AWS::ECR::RepositoryCreationTemplate
    Properties: {Prefix: quay, AppliedFor: [PULL_THROUGH_CACHE]}
  Cache:
    Type: AWS::ECR::RepositoryCreationTemplate
    Properties: {Prefix: docker-hub, AppliedFor: [PULL_THROUGH_CACHE]}
"""
_CIRCLECI_MAIN = f"org/{UUID}/project/{UUID}/user/*/vcs-origin/*/vcs-ref/refs/heads/main"
_PAYMENTS = {"Payments": creation_template()}
_SOUND = _suppressed(rule="ECR012", reason="A build cache: its one tag moves with each build")
_SUPPRESSION = "Api.Metadata.ecr-constructs.suppress[0]"
_WAITING = {"Type": "AWS::CloudFormation::WaitConditionHandle"}

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
    "ECR510": example(github(sub="repo:*"), _SUBJECT, github()),
    "ECR511": example(github(aud=ABSENT), _TRUST, github()),
    "ECR512": example(github(sub="repo:acme/*"), _SUBJECT, github()),
    "ECR513": example(
        ci("gitlab.com", ABSENT),
        _TRUST,
        ci("gitlab.com", "project_path:acme/payments:ref_type:branch:ref:main"),
    ),
    "ECR514": example(ci(CIRCLECI, ABSENT), _TRUST, ci(CIRCLECI, _CIRCLECI_MAIN)),
    "ECR530": example(
        alarm(MetricName="RepositorySizeInBytes"), "Alarm.Properties.MetricName", alarm()
    ),
    "ECR531": example(
        alarm(ComparisonOperator="GreaterThan"), "Alarm.Properties.ComparisonOperator", alarm()
    ),
    "ECR605": example(
        api(RepositoryName={"Fn::Join": ["-", "payments"]}),
        _NAME,
        api(RepositoryName={"Fn::Join": ["/", ["payments", "api"]]}),
    ),
    "ECR606": example(
        {"Api": {**repository(), "Condition": "IsProd"}},
        "Resources.Api.Condition",
        [
            template(
                {"Api": {**repository(), "Condition": "IsProd"}},
                Conditions={"IsProd": {"Fn::Equals": [{"Ref": "AWS::Region"}, "eu-central-1"]}},
            )
        ],
    ),
    "ECR607": example(
        [template(api(), Outputs={"Uri": {"Value": get_att("Api", "Uri")}})],
        "Outputs.Uri.Value",
        [template(api(), Outputs={"Uri": {"Value": get_att("Api", "RepositoryUri")}})],
    ),
    "ECR608": example(
        [template(api(), Parameters={"Stage": _stage("test")})],
        "Parameters.Stage.Default",
        [template(api(), Parameters={"Stage": _stage("dev")})],
    ),
    "ECR612": example(
        [template(api(), Parameters={"Stage": {"Type": "string"}})],
        "Parameters.Stage.Type",
        [template(api(), Parameters={"Stage": {"Type": "String"}})],
    ),
    "ECR609": example(
        [template(_LOOP)],
        "Resources.Fn::ForEach::Apis",
        [template(_LOOP, Transform="AWS::LanguageExtensions")],
    ),
    "ECR610": example(
        [template({**kms(get_att("Key")), "Key": {**key(), "Condition": "IsProd"}}, **_IF_PROD)],
        _KEY,
        [
            template(
                {
                    "Api": {**kms(get_att("Key"))["Api"], "Condition": "IsProd"},
                    "Key": {**key(), "Condition": "IsProd"},
                },
                **_IF_PROD,
            )
        ],
    ),
    "ECR611": example(
        [_exporting(ELSEWHERE), template(kms({"Fn::ImportValue": "key"}))],
        _KEY,
        [_exporting(ELSEWHERE), template(kms(get_att("Key"), Key=key()))],
    ),
    "ECR601": example(
        kms(get_att("Kee"), Key=key()),
        "Api.Properties.EncryptionConfiguration.KmsKey",
        kms(get_att("Key"), Key=key()),
    ),
    "ECR602": example(
        _encrypted(get_att("Api")), "Api", _encrypted(f"{HERE}:repository/payments/api")
    ),
    "ECR603": example({f"Wait{n}": _WAITING for n in range(501)}, "Resources", _PAYMENTS),
    "ECR604": written(TWICE, "Resources.Cache", _PAYMENTS),
    "ECR901": example(_suppressed(rule="ECR012"), _SUPPRESSION, _SOUND),
    "ECR902": example(
        _suppressed(rule="ECR013", reason="Scanned elsewhere"), _SUPPRESSION, _SOUND, "ECR012"
    ),
}

_LITERAL = {"StringEquals": {f"{HOST}:aud": "sts.amazonaws.com", f"{HOST}:sub": "repo:acme/a:*"}}
_ROLE = "Task.Properties.Policies[0].PolicyDocument.Statement[0].Resource"
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
    ("ECR605", _NAME): {
        "an index beyond a list": api(RepositoryName={"Fn::Select": [2, ["a", "b"]]}),
        "an index that is no number": api(RepositoryName={"Fn::Select": ["x", ["a", "b"]]}),
        "an index without a list": api(RepositoryName={"Fn::Select": [2]}),
        "a map that there is not": api(RepositoryName={"Fn::FindInMap": ["Names", "a", "b"]}),
        "a map without keys": api(RepositoryName={"Fn::FindInMap": ["Names"]}),
        "a condition that there is not": api(RepositoryName={"Fn::If": ["IsProd", "a/b", "c/d"]}),
        "a condition without an else": api(RepositoryName={"Fn::If": ["IsProd", "a/b"]}),
        "a function of language extensions": api(RepositoryName={"Fn::ToJsonString": {"a": 1}}),
        "a condition that is a function": api(RepositoryName={"Fn::If": [get_att("A"), "a", "b"]})
        | {"A": resource(TOPIC, {})},
    },
    ("ECR605", f"{_NAME}.Fn::Concat"): {
        "a function that there is not": api(RepositoryName={"Fn::Concat": ["a/", "b"]})
    },
    ("ECR605", f"{_NAME}.Fn::join"): {
        "a function in the wrong case": api(RepositoryName={"Fn::join": ["/", ["a", "b"]]})
    },
    ("ECR605", f"{_NAME}.Fn:Join"): {
        "a function with one colon": api(RepositoryName={"Fn:Join": ["/", ["a", "b"]]})
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
    ("ECR510", _SUBJECT): {
        "any subject": (github(sub="*"), "*"),
        "any owner": (github(sub="repo:*/payments:*"), "repo:*"),
        "no subject of GitHub": (github(sub="acme/payments"), "GitHub"),
    },
    ("ECR510", _TRUST): {"no condition on sub": github(sub=ABSENT)},
    ("ECR510", f"{_TRUST}.Condition.StringEquals.{HOST}:sub", "repo:acme/a:*"): {
        "a wildcard that is taken literally": {
            **ci_role(HOST, get_att("Provider"), **_LITERAL),
            "Provider": resource("AWS::IAM::OIDCProvider", {"Url": f"https://{HOST}"}),
        }
    },
    ("ECR511", f"{_TRUST}.Condition.StringEquals.{HOST}:aud"): {"any audience": github(aud="*")},
    ("ECR513", f"{_TRUST}.Condition.StringLike.gitlab.com:sub"): {
        "any project of GitLab": ci("gitlab.com", "*")
    },
    ("ECR513", f"{_TRUST}.Condition.StringLike.gitlab.example.com:sub"): {
        "any group": ci("gitlab.example.com", "project_path:*/api:ref_type:branch:ref:main")
    },
    ("ECR513", f"{_TRUST}.Condition.StringEquals.gitlab.com:sub", "project_path:acme/api:*"): {
        "a literal wildcard of GitLab": ci("gitlab.com", "project_path:acme/api:*", "StringEquals")
    },
    ("ECR514", f"{_TRUST}.Condition.StringLike.{BITBUCKET}:sub"): {
        "any repository of Bitbucket": (ci(BITBUCKET, "*"), "*"),
        "braces around any repository": ci(BITBUCKET, "{*}:*"),
    },
    ("ECR514", _TRUST): {"no subject of Bitbucket": ci(BITBUCKET, ABSENT)},
    ("ECR514", f"{_TRUST}.Condition.StringLike.{CIRCLECI}:sub"): {
        "any project": ci(CIRCLECI, _CIRCLECI_MAIN.replace(f"project/{UUID}", "project/*"))
    },
    ("ECR601", _ROLE): {
        "an unknown attribute": (api() | role(PULL, Resource=get_att("Api", "ARN")), "Api"),
        "an attribute of what has none": (cache() | role(PULL, Resource=get_att("Hub")), "Hub"),
    },
    ("ECR601", "Api.DependsOn"): {
        "a dependency on nothing": ({"Api": {**repository(), "DependsOn": ["Key", 5]}}, "Key")
    },
    ("ECR601", _NAME): {
        "a variable of nothing": api(RepositoryName={"Fn::Sub": ["${A}-${B.Arn}", {"A": "a"}]}),
        "a name of nothing": (api(RepositoryName={"Fn::Sub": "${Stage}"}), "Stage"),
        "an attribute as text": api(RepositoryName={"Fn::GetAtt": "B.Name"}),
    },
    ("ECR602", "Api"): {"itself as its dependency": {"Api": {**repository(), "DependsOn": "Api"}}},
}
