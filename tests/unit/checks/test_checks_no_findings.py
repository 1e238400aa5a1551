"""Templates that are, or may be, correct: no rule reports anything."""

from typing import Any

import pytest

from ecr_constructs.checks import Template, check
from ecr_constructs.cloudformation.resource_types import PUBLIC_REPOSITORY
from tests.support.correct_templates import CORRECT
from tests.support.correct_templates.values import UNKNOWN
from tests.support.rule_examples.build import allow, api, document, get_att, key, resource, template
from tests.support.rule_examples.consumers import reads, storage

VIRGINIA, GOVCLOUD = ("111122223333", "us-east-1"), ("111122223333", "us-gov-west-1")


@pytest.mark.parametrize("resources", CORRECT.values(), ids=CORRECT)
def test_a_correct_template_has_no_finding(resources: dict[str, Any]) -> None:
    """A value that may be correct is not reported."""
    sections: dict[str, Any] = {
        "Parameters": {"Given": {"Type": "String", "Default": "Payments"}},
        "Conditions": {
            "Never": {"Fn::Equals": ["a", "b"]},
            "Perhaps": {"Fn::Equals": [UNKNOWN, "a"]},
            "PerhapsNot": {"Fn::Equals": [UNKNOWN, "b"]},
        },
    }
    findings = check([template(resources, **sections)])
    assert [] == [f"{item.rule} {item.message}" for item in findings]


def test_dual_layer_encryption_in_govcloud() -> None:
    """KMS_DSSE is valid where it exists."""
    configuration = {"EncryptionType": "KMS_DSSE", "KmsKey": get_att("Key")}
    resources = api(EncryptionConfiguration=configuration) | {"Key": key()}
    assert [] == check([template(resources, GOVCLOUD)])


def test_a_public_repository_may_be_public() -> None:
    """A policy of a public repository is not asked to narrow anyone."""
    text = document(allow("ecr-public:Describe*", Principal="*"))
    tags = [{"Key": "team", "Value": "cli"}]
    cli = resource(PUBLIC_REPOSITORY, {"RepositoryPolicyText": text, "Tags": tags})
    assert [] == check([template({"Cli": cli}, VIRGINIA)])


@pytest.mark.parametrize("at", [("111122223333", "cn-north-1"), (None, None)], ids=["China", "any"])
def test_layers_of_another_partition(at: tuple[str | None, str | None]) -> None:
    """The bucket of the layers is in the partition of the endpoint, which may be unknown."""
    bucket = "arn:aws-cn:s3:::prod-cn-north-1-starport-layer-bucket/*"
    findings = check([Template("template", {"Resources": storage(reads(bucket))}, *at)])
    assert [] == [f"{item.rule} {item.message}" for item in findings]
