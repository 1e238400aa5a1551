"""Examples of the rules for the template as a whole: functions, parameters, suppressions."""

from typing import Any

from ecr_constructs.cloudformation.resource_types import TOPIC
from tests.support.rule_examples.build import (
    ELSEWHERE,
    HERE,
    OWN_ROOT,
    Problems,
    allow,
    api,
    cache,
    creation_template,
    document,
    example,
    get_att,
    key,
    kms,
    repository,
    resource,
    template,
    written,
)
from tests.support.rule_examples.statements import PULL, role


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
_PAYMENTS = {"Payments": creation_template()}
_SOUND = _suppressed(rule="ECR012", reason="A build cache: its one tag moves with each build")
_SUPPRESSION = "Api.Metadata.ecr-constructs.suppress[0]"
_WAITING = {"Type": "AWS::CloudFormation::WaitConditionHandle"}

EXAMPLES = {
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

_ROLE = "Task.Properties.Policies[0].PolicyDocument.Statement[0].Resource"

PROBLEMS: Problems = {
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
