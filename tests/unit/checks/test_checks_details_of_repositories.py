"""What rules about repositories say of faults besides those of their examples."""

from typing import Any

import pytest

from ecr_constructs.checks import check
from ecr_constructs.cloudformation.resource_types import (
    REPLICATION,
)
from tests.support.rule_examples.build import (
    ABSENT,
    UNTAGGED,
    creation_template,
    get_att,
    key,
    repository,
    resource,
    template,
)
from tests.support.rule_examples.parts import (
    kms,
)

FILTER = {
    "ImageTagMutabilityExclusionFilterValue": "a*b*c*",
    "ImageTagMutabilityExclusionFilterType": "WILDCARD",
}
FAULTS: dict[str, tuple[str, dict[str, Any], str]] = {
    "a destination without a Region": (
        "ECR001",
        {
            "Copies": resource(
                REPLICATION,
                {"ReplicationConfiguration": {"Rules": [{"Destinations": [{"RegistryId": "1"}]}]}},
            )
        },
        "Region is missing",
    ),
    "a list where a choice is due": (
        "ECR004",
        {"Api": repository(ImageTagMutability=["MUTABLE"])},
        "ImageTagMutability must be text, got a list",
    ),
    "a missing property": ("ECR001", {"T": creation_template(Prefix=ABSENT)}, "Prefix is missing"),
    "an object where text is due": (
        "ECR004",
        {"Api": repository(LifecyclePolicy={"LifecyclePolicyText": {"rules": [UNTAGGED]}})},
        "LifecyclePolicyText must be text, got an object",
    ),
    "a text where a list is due": (
        "ECR004",
        {"Api": repository(Tags="team")},
        "Tags must be a list, got 'team'",
    ),
    "a list where text is due": (
        "ECR004",
        {"Api": repository(RepositoryName=["a"])},
        "RepositoryName must be text, got a list",
    ),
    "no truth": (
        "ECR004",
        {"Api": repository(EmptyOnDelete="perhaps")},
        "EmptyOnDelete must be true or false, got 'perhaps'",
    ),
    "a choice like no other": (
        "ECR004",
        {"Api": repository(ImageTagMutability="xyz")},
        "got 'xyz'",
    ),
    "too short": (
        "ECR005",
        {"Api": repository(EncryptionConfiguration={"EncryptionType": "KMS", "KmsKey": ""})},
        "KmsKey may have 1 to 2,048 characters, has 0",
    ),
    "a tag twice": (
        "ECR010",
        {"Api": repository(Tags=[{"Key": "a", "Value": "1"}, {"Key": "a", "Value": 2}])},
        "key 'a' stands 2 times",
    ),
    "a setting without filters": (
        "ECR011",
        {"Api": repository(ImageTagMutability="MUTABLE_WITH_EXCLUSION")},
        "MUTABLE_WITH_EXCLUSION needs ImageTagMutabilityExclusionFilters",
    ),
    "a filter with three wildcards": (
        "ECR011",
        {"Api": repository(ImageTagMutabilityExclusionFilters=[FILTER])},
        "filter 'a*b*c*' may hold at most 2 '*', holds 3",
    ),
    "no filter": (
        "ECR011",
        {
            "Api": repository(
                ImageTagMutability="IMMUTABLE_WITH_EXCLUSION",
                ImageTagMutabilityExclusionFilters=[],
            )
        },
        "the list is empty",
    ),
    "filters of what is not known": (
        "ECR011",
        {
            "Api": repository(
                ImageTagMutability={"Ref": "Given"}, ImageTagMutabilityExclusionFilters=[FILTER]
            )
        },
        "may hold at most 2",
    ),
    "explicitly not scanned": (
        "ECR013",
        {"Api": repository(ImageScanningConfiguration={"ScanOnPush": False})},
        "images are not scanned on push",
    ),
    "no key": ("ECR020", kms(get_att("Other"), Other={"Type": "AWS::S3::Bucket"}), "not a key"),
    "no key either": ("ECR020", kms("payments"), "'payments' is no key"),
    "a key's id": (
        "ECR025",
        kms({"Ref": "Key"}, Key=key()),
        "Ref gives the id of Key, not its ARN",
    ),
    "a key's id as text": (
        "ECR025",
        kms("1234abcd-12ab-34cd-56ef-1234567890ab"),
        "'1234abcd-12ab-34cd-56ef-1234567890ab' is the id of a key, not its ARN",
    ),
    "an alias of the stack": (
        "ECR025",
        kms({"Ref": "Alias"}, Alias={"Type": "AWS::KMS::Alias"}),
        "Alias is an alias",
    ),
    "AES256 with a key": (
        "ECR020",
        {"Api": repository(EncryptionConfiguration={"EncryptionType": "AES256", "KmsKey": "x"})},
        "AES256 takes no key",
    ),
    "a key of another Region": (
        "ECR021",
        kms("arn:aws:kms:eu-west-1:111122223333:key/1"),
        "the key must be in the repository's Region, eu-central-1; it is in eu-west-1",
    ),
    "a policy that is no JSON": (
        "ECR101",
        {"Api": repository(LifecyclePolicy={"LifecyclePolicyText": "rules:"})},
        "the lifecycle policy is not JSON",
    ),
    "a policy that is too long": (
        "ECR101",
        {"T": creation_template(LifecyclePolicy='{"rules": []}' + " " * 30_720)},
        "the policy may be 30,720 characters long",
    ),
    "a template without a policy": (
        "ECR102",
        {"T": creation_template(LifecyclePolicy=ABSENT)},
        "every image is kept for ever",
    ),
}


@pytest.mark.parametrize(("rule", "resources", "message"), FAULTS.values(), ids=FAULTS)
def test_a_fault_is_told(rule: str, resources: dict[str, Any], message: str) -> None:
    """The rule says what is wrong."""
    parameters = {"Given": {"Type": "String"}}
    found = check([template(resources, Parameters=parameters)])

    assert any(message in each.message for each in found if each.rule == rule), [
        f"{each.rule} {each.message}" for each in found
    ]
