"""Repositories without a mistake, and values that may be correct."""

from typing import Any

from ecr_constructs.cloudformation.resource_types import AUTO_DELETE_IMAGES
from tests.support.correct_templates.values import UNKNOWN, one_of_two
from tests.support.rule_examples.build import (
    ABSENT,
    KEEPS,
    api,
    get_att,
    key,
    kms,
    one_template,
    repository,
    resource,
    rule,
    scanning,
)
from tests.support.rule_examples.repositories import tag_filters
from tests.support.rule_examples.statements import role

EXCLUDING = {"ImageTagMutability": "IMMUTABLE_WITH_EXCLUSION"}
ARCHIVE = rule(1, "transition", images=50, tagStatus="any")
IN_ARCHIVE = {"storageClass": "archive", "countType": "sinceImageTransitioned"}
EXPIRE = rule(2, tagStatus="any", **IN_ARCHIVE, countUnit="days", countNumber=365)

PARTLY_KNOWN = (
    '{"rules":[{"rulePriority":${Given},"selection":{"tagStatus":"tagged",'
    '"tagPatternList":["${Given}*","v${Given}"],"countType":"imageCountMoreThan",'
    '"countNumber":${Given}},"action":{"type":"${Given}"}},{"rulePriority":9,"selection":'
    '{"tagStatus":"tagged","tagPrefixList":["${Given}"],"countType":"sinceImagePushed",'
    '"countUnit":"days","countNumber":9},"action":{"type":"expire"}}]}'
)


def filtered(**properties: Any) -> dict[str, Any]:
    """Return a repository with exclusion filters."""
    filters = properties.pop("filters")
    return api(ImageTagMutabilityExclusionFilters=filters, **properties)


def unscanned(**properties: Any) -> dict[str, Any]:
    """Return a repository that does not scan on push by itself."""
    return api(ImageScanningConfiguration=ABSENT, **properties)


CORRECT: dict[str, dict[str, Any]] = {
    # Repositories.
    "a function beside properties": api(**{"Fn::Transform": {"Name": "AWS::Include"}}),
    "a function inside of a property": one_template(
        EncryptionConfiguration={"Fn::Transform": {"Name": "x"}, "KmsKey": UNKNOWN}
    ),
    "what is not made": {
        "Api": {**repository(RepositoryName="BAD"), "Condition": "Never"},
        "Copies": repository(),
    },
    "broken functions": api(Tags=[{"Key": "a", "Value": {"Ref": ["b"]}}, {"Fn::Sub": 5}]),
    "a key of a custom resource": kms(get_att("Maker"), Maker={"Type": "Custom::Key"}),
    "a key of a parameter": kms(get_att("It", "Value"), It={"Type": "AWS::SSM::Parameter"}),
    "exclusion filters": filtered(filters=tag_filters("cache-*"), **EXCLUDING),
    "exclusion filters that are not known": filtered(filters=UNKNOWN, **EXCLUDING),
    "filters that may be absent": filtered(filters={"Fn::If": ["Perhaps", [], UNKNOWN]}),
    "a mutability of an unknown condition": api(
        ImageTagMutability={"Fn::If": ["Perhaps", "MUTABLE", "IMMUTABLE"]}
    ),
    "archive rules": api(ARCHIVE, EXPIRE),
    "a name known at deployment": api(RepositoryName={"Fn::Sub": "${Given}/api"}),
    "everything known at deployment": api(
        RepositoryName=UNKNOWN,
        ImageTagMutability=UNKNOWN,
        ImageScanningConfiguration=UNKNOWN,
        LifecyclePolicy={"LifecyclePolicyText": UNKNOWN},
        RepositoryPolicyText=UNKNOWN,
        EncryptionConfiguration=UNKNOWN,
        EmptyOnDelete=UNKNOWN,
        Tags=UNKNOWN,
    ),
    "truth as text": api(ImageScanningConfiguration={"ScanOnPush": "true"}),
    "one of two of a name": one_of_two(repository(RepositoryName="a/b")),
    "parameters between valid characters": api(
        RepositoryName={"Fn::Sub": "${Given}/app__${Given}-x"}
    ),
    "a count and an age beside an unknown number": api(
        LifecyclePolicy={"LifecyclePolicyText": {"Fn::Sub": PARTLY_KNOWN}}
    ),
    "a policy with an unknown rule": api(
        LifecyclePolicy={"LifecyclePolicyText": {"Fn::Sub": '{"rules":[${Given}]}'}}
    ),
    "a policy with unknown structure": api(
        LifecyclePolicy={"LifecyclePolicyText": {"Fn::Sub": '{"rules":[{${Given}]}'}}
    ),
    "the standard storage class": api(rule(1, images=9, tagStatus="any", storageClass="standard")),
    "AES256 that is declared": api(EncryptionConfiguration={"EncryptionType": "AES256"}),
    "imported material": kms(get_att("Key"), Key=key(Origin="EXTERNAL", EnableKeyRotation=False)),
    "a replica key": kms(
        get_att("Key"), Key=resource("AWS::KMS::ReplicaKey", {"PrimaryKeyArn": UNKNOWN})
    ),
    "scanning that an unknown filter selects": unscanned(RepositoryName="dev/api")
    | scanning(
        ScanType="BASIC",
        Rules=[
            {
                "ScanFrequency": "SCAN_ON_PUSH",
                "RepositoryFilters": [{"Filter": UNKNOWN, "FilterType": "WILDCARD"}],
            }
        ],
    ),
    "scanning by unknown filters": unscanned()
    | scanning(
        ScanType="BASIC", Rules=[{"ScanFrequency": "SCAN_ON_PUSH", "RepositoryFilters": UNKNOWN}]
    ),
    "scanning by an unknown rule": unscanned() | scanning(ScanType="BASIC", Rules=[UNKNOWN]),
    "scanning by unknown rules": unscanned() | scanning(ScanType="BASIC", Rules=UNKNOWN),
    "scanning of names that contain a word": unscanned(RepositoryName="dev/api")
    | scanning(
        ScanType="BASIC",
        Rules=[
            {
                "ScanFrequency": "SCAN_ON_PUSH",
                "RepositoryFilters": [{"Filter": "dev", "FilterType": "WILDCARD"}],
            }
        ],
    ),
    "a custom resource that is retained": {
        **api(),
        "Empty": resource(
            AUTO_DELETE_IMAGES, {"RepositoryName": {"Ref": "Api"}, "ServiceToken": "x"}, **KEEPS
        ),
    },
    "a custom resource of an untagged repository": {
        **api(),
        "Empty": resource(
            AUTO_DELETE_IMAGES, {"RepositoryName": {"Ref": "Api"}, "ServiceToken": "x"}
        ),
    },
    "a custom resource of a repository elsewhere": {
        "Empty": resource(AUTO_DELETE_IMAGES, {"RepositoryName": "a", "ServiceToken": "x"}),
    },
    "retained but for a failed creation": api(DeletionPolicy="RetainExceptOnCreate"),
    "a type of a module": {"Api": {"Type": "AWS::ECR::Repository::MODULE"}},
    "attributes of other types": {
        **api(
            Tags=[
                {"Key": "a", "Value": get_att("Stack", "Outputs.A")},
                {"Key": "b", "Value": get_att("Any", "B")},
                {"Key": "c", "Value": get_att("Db", "Endpoint.Address")},
                {"Key": "d", "Value": get_att("New", "Any")},
            ]
        ),
        "Stack": {"Type": "AWS::CloudFormation::Stack"},
        "Any": {"Type": "Custom::Any"},
        "Db": {"Type": "AWS::RDS::DBInstance"},
        "New": {"Type": "AWS::New::Thing"},
    },
    # Functions.
    "functions of valid arguments": api(
        RepositoryName={"Fn::Join": ["/", {"Ref": "Given"}]},
        Tags=[
            {"Key": "a", "Value": {"Fn::Select": [UNKNOWN, ["a"]]}},
            {"Key": "b", "Value": {"Fn::Select": [9, {"Fn::GetAZs": ""}]}},
            {"Key": "c", "Value": {"Fn::FindInMap": [UNKNOWN, "a", "b"]}},
            {"Key": "d", "Value": {"Fn::If": ["Perhaps", "a", "b"]}},
            {"Key": "e", "Value": {"Fn::If": ["Perhaps", {"Fn::Select": [9, ["a"]]}, "b"]}},
        ],
    ),
    "a reference to what exists under the same condition": {
        "Api": {**kms(get_att("Key"))["Api"], "Condition": "Perhaps"},
        "Key": {**key(), "Condition": "Perhaps"},
    },
    "a guarded reference": {
        **api(Tags=[{"Key": "a", "Value": {"Fn::If": ["Perhaps", get_att("Key"), "x"]}}]),
        "Key": {**key(), "Condition": "Perhaps"},
    },
    # Resources that have nothing to do with ECR.
    "resources of others": {
        "Key": {"Type": "AWS::KMS::Key", "Properties": {}},
        "Topic": {"Type": "AWS::SNS::Topic"},
        "Rule": {"Type": "AWS::Events::Rule", "Properties": {"EventPattern": {"source": ["x"]}}},
        **role("s3:*", Resource="*"),
        "Bucket": {"Type": "AWS::S3::Bucket", "Properties": {"BucketName": "Bad"}},
        "Any": {"Type": "Custom::Any"},
    },
}
