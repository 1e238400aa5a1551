"""Examples of the rules for repositories, their encryption and what becomes of them."""

from typing import Any

from ecr_constructs.cloudformation.resource_types import (
    PUBLIC_REPOSITORY,
    REPLICATION,
)
from tests.support.rule_examples.build import (
    ABSENT,
    ELSEWHERE,
    HOME,
    UNTAGGED,
    Problems,
    creation_template,
    example,
    get_att,
    key,
    repository,
    resource,
    template,
)
from tests.support.rule_examples.parts import (
    kms,
)

_VIRGINIA = ("111122223333", "us-east-1")
_PUBLIC = {"Cli": resource(PUBLIC_REPOSITORY, {"Tags": [{"Key": "team", "Value": "cli"}]})}
_FILTERS = [
    {
        "ImageTagMutabilityExclusionFilterType": "WILDCARD",
        "ImageTagMutabilityExclusionFilterValue": "latest",
    }
]
_KMS = {"EncryptionType": "KMS", "KmsKey": get_att("Key")}
_ALIAS = {"EncryptionType": "KMS", "KmsKey": "alias/ecr"}
_ROLE = "arn:aws:iam::111122223333:role/create"


def _encrypted(**configuration: Any) -> dict[str, Any]:
    return {"Api": repository(EncryptionConfiguration=configuration)}


EXAMPLES = {
    "ECR001": example(
        {"Api": repository(repositoryName="payments/api")},
        "Api.Properties.repositoryName",
        {"Api": repository(RepositoryName="payments/api")},
    ),
    "ECR002": example(
        {"Api": repository(RepositoryName="Payments/API")},
        "Api.Properties.RepositoryName",
        {"Api": repository(RepositoryName="payments/api")},
    ),
    "ECR003": example(
        [
            template({"Api": repository(RepositoryName="payments/api")}, name="one"),
            template({"Copy": repository(RepositoryName="payments/api")}, name="two"),
        ],
        "Copy.Properties.RepositoryName",
        [
            template({"Api": repository(RepositoryName="payments/api")}, name="one"),
            template({"Copy": repository(RepositoryName="payments/api")}, ELSEWHERE, "two"),
        ],
    ),
    "ECR004": example(
        {"Api": repository(ImageTagMutability="Immutable")},
        "Api.Properties.ImageTagMutability",
        {"Api": repository(ImageTagMutability="IMMUTABLE")},
    ),
    "ECR005": example(
        {"Payments": creation_template(Description="d" * 257)},
        "Payments.Properties.Description",
        {"Payments": creation_template(Description="d" * 256)},
    ),
    "ECR006": example(
        _PUBLIC,
        "Cli.Type",
        [template(_PUBLIC, _VIRGINIA)],
    ),
    "ECR010": example(
        {"Api": repository(Tags=[{"Key": "aws:team", "Value": "payments"}])},
        "Api.Properties.Tags",
        {"Api": repository(Tags=[{"Key": "team", "Value": "payments"}])},
    ),
    "ECR011": example(
        {"Api": repository(ImageTagMutabilityExclusionFilters=_FILTERS)},
        "Api.Properties.ImageTagMutabilityExclusionFilters",
        {
            "Api": repository(
                ImageTagMutability="IMMUTABLE_WITH_EXCLUSION",
                ImageTagMutabilityExclusionFilters=_FILTERS,
            )
        },
    ),
    "ECR012": example(
        {"Api": repository(ImageTagMutability=ABSENT)},
        "Api.Properties",
        {"Api": repository(ImageTagMutability="IMMUTABLE")},
    ),
    "ECR013": example(
        {"Api": repository(ImageScanningConfiguration=ABSENT)},
        "Api.Properties",
        {
            "Api": repository(ImageScanningConfiguration=ABSENT),
            "Scanning": resource(
                "AWS::ECR::RegistryScanningConfiguration", {"ScanType": "ENHANCED", "Rules": []}
            ),
        },
    ),
    "ECR015": example(
        {"Api": repository(EmptyOnDelete=True, DeletionPolicy="Delete")},
        "Api.Properties.EmptyOnDelete",
        {"Api": repository(EmptyOnDelete=True)},
    ),
    "ECR016": example(
        {"Api": repository(DeletionPolicy=ABSENT, UpdateReplacePolicy=ABSENT)},
        "Api.DeletionPolicy",
        {"Api": repository()},
    ),
    "ECR017": example(
        {"Api": repository(EncryptionConfiguration=_KMS), "Key": key(DeletionPolicy="Delete")},
        "Key.DeletionPolicy",
        {"Api": repository(EncryptionConfiguration=_KMS), "Key": key()},
    ),
    "ECR018": example(
        [template({"Cli": resource(PUBLIC_REPOSITORY, {})}, _VIRGINIA)],
        "Cli.Properties",
        [template(_PUBLIC, _VIRGINIA)],
    ),
    "ECR020": example(
        {"T": creation_template(EncryptionConfiguration=_ALIAS, CustomRoleArn=_ROLE)},
        "T.Properties.EncryptionConfiguration.KmsKey",
        {"T": creation_template(EncryptionConfiguration=_KMS, CustomRoleArn=_ROLE), "Key": key()},
    ),
    "ECR025": example(
        {"Api": repository(EncryptionConfiguration=_ALIAS)},
        "Api.Properties.EncryptionConfiguration.KmsKey",
        {"Api": repository(EncryptionConfiguration=_KMS), "Key": key()},
    ),
    "ECR021": example(
        _encrypted(EncryptionType="KMS_DSSE", KmsKey=f"arn:aws:kms:{HOME[1]}:111122223333:key/1"),
        "Api.Properties.EncryptionConfiguration",
        [
            template(
                _encrypted(
                    EncryptionType="KMS_DSSE",
                    KmsKey="arn:aws-us-gov:kms:us-gov-west-1:111122223333:key/1",
                ),
                ("111122223333", "us-gov-west-1"),
            )
        ],
    ),
    "ECR022": example(
        _encrypted(EncryptionType="AES256"),
        "Api.Properties.EncryptionConfiguration",
        {"Api": repository()},
    ),
    "ECR023": example(
        _encrypted(EncryptionType="KMS"),
        "Api.Properties.EncryptionConfiguration",
        {"Api": repository(EncryptionConfiguration=_KMS), "Key": key()},
    ),
    "ECR024": example(
        {"Api": repository(EncryptionConfiguration=_KMS), "Key": key(EnableKeyRotation=False)},
        "Key.Properties.EnableKeyRotation",
        {"Api": repository(EncryptionConfiguration=_KMS), "Key": key()},
    ),
}

FILTER = {
    "ImageTagMutabilityExclusionFilterValue": "a*b*c*",
    "ImageTagMutabilityExclusionFilterType": "WILDCARD",
}
PROBLEMS: Problems = {
    "no DeletionPolicy": (
        "ECR016",
        {"Api": repository(DeletionPolicy=ABSENT)},
        "Api.DeletionPolicy",
    ),
    "filters for tags that are mutable by default": (
        "ECR011",
        {"Api": repository(ImageTagMutability=ABSENT, ImageTagMutabilityExclusionFilters=_FILTERS)},
        "Api.Properties.ImageTagMutabilityExclusionFilters",
        "MUTABLE",
    ),
    "a destination without a Region": (
        "ECR001",
        {
            "Copies": resource(
                REPLICATION,
                {"ReplicationConfiguration": {"Rules": [{"Destinations": [{"RegistryId": "1"}]}]}},
            )
        },
        "Copies.Properties.ReplicationConfiguration.Rules[0].Destinations[0]",
        "Region",
    ),
    "a list where a choice is due": (
        "ECR004",
        {"Api": repository(ImageTagMutability=["MUTABLE"])},
        "Api.Properties.ImageTagMutability",
    ),
    "a missing property": (
        "ECR001",
        {"T": creation_template(Prefix=ABSENT)},
        "T.Properties",
        "Prefix",
    ),
    "an object where text is due": (
        "ECR004",
        {"Api": repository(LifecyclePolicy={"LifecyclePolicyText": {"rules": [UNTAGGED]}})},
        "Api.Properties.LifecyclePolicy.LifecyclePolicyText",
    ),
    "a text where a list is due": (
        "ECR004",
        {"Api": repository(Tags="team")},
        "Api.Properties.Tags",
        "team",
    ),
    "a list where text is due": (
        "ECR004",
        {"Api": repository(RepositoryName=["a"])},
        "Api.Properties.RepositoryName",
    ),
    "no truth": (
        "ECR004",
        {"Api": repository(EmptyOnDelete="perhaps")},
        "Api.Properties.EmptyOnDelete",
        "perhaps",
    ),
    "a choice like no other": (
        "ECR004",
        {"Api": repository(ImageTagMutability="xyz")},
        "Api.Properties.ImageTagMutability",
        "xyz",
    ),
    "too short": (
        "ECR005",
        {"Api": repository(EncryptionConfiguration={"EncryptionType": "KMS", "KmsKey": ""})},
        "Api.Properties.EncryptionConfiguration.KmsKey",
        "2,048",
    ),
    "a tag twice": (
        "ECR010",
        {"Api": repository(Tags=[{"Key": "a", "Value": "1"}, {"Key": "a", "Value": 2}])},
        "Api.Properties.Tags",
    ),
    "a setting without filters": (
        "ECR011",
        {"Api": repository(ImageTagMutability="MUTABLE_WITH_EXCLUSION")},
        "Api.Properties.ImageTagMutability",
        "MUTABLE_WITH_EXCLUSION",
    ),
    "a filter with three wildcards": (
        "ECR011",
        {"Api": repository(ImageTagMutabilityExclusionFilters=[FILTER])},
        "Api.Properties.ImageTagMutabilityExclusionFilters",
        "a*b*c*",
    ),
    "no filter": (
        "ECR011",
        {
            "Api": repository(
                ImageTagMutability="IMMUTABLE_WITH_EXCLUSION",
                ImageTagMutabilityExclusionFilters=[],
            )
        },
        "Api.Properties.ImageTagMutabilityExclusionFilters",
    ),
    "filters of what is not known": (
        "ECR011",
        {
            "Api": repository(
                ImageTagMutability={"Ref": "Given"}, ImageTagMutabilityExclusionFilters=[FILTER]
            )
        },
        "Api.Properties.ImageTagMutabilityExclusionFilters",
    ),
    "explicitly not scanned": (
        "ECR013",
        {"Api": repository(ImageScanningConfiguration={"ScanOnPush": False})},
        "Api.Properties.ImageScanningConfiguration",
    ),
    "no key": (
        "ECR020",
        kms(get_att("Other"), Other={"Type": "AWS::S3::Bucket"}),
        "Api.Properties.EncryptionConfiguration.KmsKey",
        "Other",
    ),
    "no key either": (
        "ECR020",
        kms("payments"),
        "Api.Properties.EncryptionConfiguration.KmsKey",
        "payments",
    ),
    "a key's id": (
        "ECR025",
        kms({"Ref": "Key"}, Key=key()),
        "Api.Properties.EncryptionConfiguration.KmsKey",
        "Ref",
    ),
    "a key's id as text": (
        "ECR025",
        kms("1234abcd-12ab-34cd-56ef-1234567890ab"),
        "Api.Properties.EncryptionConfiguration.KmsKey",
        "1234abcd-12ab-34cd-56ef-1234567890ab",
    ),
    "an alias of the stack": (
        "ECR025",
        kms({"Ref": "Alias"}, Alias={"Type": "AWS::KMS::Alias"}),
        "Api.Properties.EncryptionConfiguration.KmsKey",
        "Alias",
    ),
    "AES256 with a key": (
        "ECR020",
        {"Api": repository(EncryptionConfiguration={"EncryptionType": "AES256", "KmsKey": "x"})},
        "Api.Properties.EncryptionConfiguration.KmsKey",
        "AES256",
    ),
    "a key of another Region": (
        "ECR021",
        kms("arn:aws:kms:eu-west-1:111122223333:key/1"),
        "Api.Properties.EncryptionConfiguration",
        "eu-west-1",
    ),
    "a policy that is no JSON": (
        "ECR101",
        {"Api": repository(LifecyclePolicy={"LifecyclePolicyText": "rules:"})},
        "Api.Properties.LifecyclePolicy.LifecyclePolicyText",
        "JSON",
    ),
    "a policy that is too long": (
        "ECR101",
        {"T": creation_template(LifecyclePolicy='{"rules": []}' + " " * 30_720)},
        "T.Properties.LifecyclePolicy",
        "30,720",
    ),
    "a template without a policy": (
        "ECR102",
        {"T": creation_template(LifecyclePolicy=ABSENT)},
        "T.Properties",
    ),
}
