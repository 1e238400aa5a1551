"""Examples of the rules for repositories, their encryption and what becomes of them."""

from typing import Any

from ecr_constructs.cloudformation.resource_types import PUBLIC_REPOSITORY
from tests.support.rule_examples.build import (
    ABSENT,
    ELSEWHERE,
    HOME,
    creation_template,
    example,
    get_att,
    key,
    repository,
    resource,
    template,
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
        "repositoryName is not known here; allowed are EmptyOnDelete, ",
        {"Api": repository(RepositoryName="payments/api")},
    ),
    "ECR002": example(
        {"Api": repository(RepositoryName="Payments/API")},
        "the name 'Payments/API' may hold only a-z, 0-9, '.', '_', '-' and '/', found 'A', 'I', "
        "'P'; write 'payments/api'",
        {"Api": repository(RepositoryName="payments/api")},
    ),
    "ECR003": example(
        [
            template({"Api": repository(RepositoryName="payments/api")}, name="one"),
            template({"Copy": repository(RepositoryName="payments/api")}, name="two"),
        ],
        "'payments/api' is the name of Api of one too",
        [
            template({"Api": repository(RepositoryName="payments/api")}, name="one"),
            template({"Copy": repository(RepositoryName="payments/api")}, ELSEWHERE, "two"),
        ],
    ),
    "ECR004": example(
        {"Api": repository(ImageTagMutability="Immutable")},
        "ImageTagMutability must be one of ",
        {"Api": repository(ImageTagMutability="IMMUTABLE")},
    ),
    "ECR005": example(
        {"Payments": creation_template(Description="d" * 257)},
        "Description may have 0 to 256 characters, has 257",
        {"Payments": creation_template(Description="d" * 256)},
    ),
    "ECR006": example(
        _PUBLIC,
        "AWS::ECR::PublicRepository does not exist in eu-central-1",
        [template(_PUBLIC, _VIRGINIA)],
    ),
    "ECR010": example(
        {"Api": repository(Tags=[{"Key": "aws:team", "Value": "payments"}])},
        "key 'aws:team' begins with 'aws:', which is reserved for AWS",
        {"Api": repository(Tags=[{"Key": "team", "Value": "payments"}])},
    ),
    "ECR011": example(
        {"Api": repository(ImageTagMutabilityExclusionFilters=_FILTERS)},
        "ImageTagMutability IMMUTABLE takes no exclusion filters",
        {
            "Api": repository(
                ImageTagMutability="IMMUTABLE_WITH_EXCLUSION",
                ImageTagMutabilityExclusionFilters=_FILTERS,
            )
        },
    ),
    "ECR012": example(
        {"Api": repository(ImageTagMutability=ABSENT)},
        "tags may be moved: ImageTagMutability is MUTABLE by default",
        {"Api": repository(ImageTagMutability="IMMUTABLE")},
    ),
    "ECR013": example(
        {"Api": repository(ImageScanningConfiguration=ABSENT)},
        "images are not scanned on push",
        {
            "Api": repository(ImageScanningConfiguration=ABSENT),
            "Scanning": resource(
                "AWS::ECR::RegistryScanningConfiguration", {"ScanType": "ENHANCED", "Rules": []}
            ),
        },
    ),
    "ECR015": example(
        {"Api": repository(EmptyOnDelete=True, DeletionPolicy="Delete")},
        "every image is lost when the stack is deleted",
        {"Api": repository(EmptyOnDelete=True)},
    ),
    "ECR016": example(
        {"Api": repository(DeletionPolicy=ABSENT, UpdateReplacePolicy=ABSENT)},
        "DeletionPolicy is not set, UpdateReplacePolicy is not set: it is deleted when the stack "
        "is deleted or the resource is replaced",
        {"Api": repository()},
    ),
    "ECR017": example(
        {"Api": repository(EncryptionConfiguration=_KMS), "Key": key(DeletionPolicy="Delete")},
        "DeletionPolicy is Delete: the key of Api is deleted when the stack is deleted",
        {"Api": repository(EncryptionConfiguration=_KMS), "Key": key()},
    ),
    "ECR018": example(
        [template({"Cli": resource(PUBLIC_REPOSITORY, {})}, _VIRGINIA)],
        "the repository has no tags",
        [template(_PUBLIC, _VIRGINIA)],
    ),
    "ECR020": example(
        {"T": creation_template(EncryptionConfiguration=_ALIAS, CustomRoleArn=_ROLE)},
        "'alias/ecr' is an alias",
        {"T": creation_template(EncryptionConfiguration=_KMS, CustomRoleArn=_ROLE), "Key": key()},
    ),
    "ECR025": example(
        {"Api": repository(EncryptionConfiguration=_ALIAS)},
        "'alias/ecr' is an alias",
        {"Api": repository(EncryptionConfiguration=_KMS), "Key": key()},
    ),
    "ECR021": example(
        _encrypted(EncryptionType="KMS_DSSE", KmsKey=f"arn:aws:kms:{HOME[1]}:111122223333:key/1"),
        "KMS_DSSE exists only in the AWS GovCloud (US) Regions",
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
        "EncryptionType AES256 is the default, and declaring it replaces",
        {"Api": repository()},
    ),
    "ECR023": example(
        _encrypted(EncryptionType="KMS"),
        "KMS without KmsKey means the key aws/ecr",
        {"Api": repository(EncryptionConfiguration=_KMS), "Key": key()},
    ),
    "ECR024": example(
        {"Api": repository(EncryptionConfiguration=_KMS), "Key": key(EnableKeyRotation=False)},
        "the key is never rotated",
        {"Api": repository(EncryptionConfiguration=_KMS), "Key": key()},
    ),
}
