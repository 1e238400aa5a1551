"""Faults that none of the usual validators finds; each is found here, by the rule for it."""

from typing import Any

import pytest

from ecr_constructs.checks import check
from ecr_constructs.cloudformation.resource_types import REPLICATION, SCANNING
from tests.support.rule_examples import EXAMPLES
from tests.support.rule_examples.access import PULL, open_to, role
from tests.support.rule_examples.build import (
    ABSENT,
    ELSEWHERE,
    repository,
    resource,
    rule,
    template,
)
from tests.support.rule_examples.events import github
from tests.support.rule_examples.registries import copies

ANY: dict[str, Any] = {"tagStatus": "any"}
TAGGED: dict[str, Any] = {"tagStatus": "tagged", "tagPatternList": ["v*"]}
SINCE_PUSH: dict[str, Any] = {"countType": "sinceImagePushed", "countNumber": 9}
LATEST = {
    "ImageTagMutabilityExclusionFilterType": "WILDCARD",
    "ImageTagMutabilityExclusionFilterValue": "latest",
}


def api(*rules: dict[str, Any], **properties: Any) -> dict[str, Any]:
    return {"Api": repository(*rules, **properties)}


FAULTS = {
    "duplicate lifecycle priority": (
        "ECR101",
        api(rule(1, images=9, **TAGGED), rule(1, images=9, **ANY)),
    ),
    "count 0": ("ECR101", api(rule(1, images=0, **ANY))),
    "tagged without tags": ("ECR101", api(rule(1, images=9, tagStatus="tagged"))),
    "missing countUnit": ("ECR101", api(rule(1, **ANY, **SINCE_PUSH))),
    "any not last": ("ECR101", api(rule(1, images=9, **ANY), rule(2, images=9, **TAGGED))),
    "unknown action": ("ECR101", api(rule(1, "delete", images=9, **ANY))),
    "replication to its own Region": (
        "ECR310",
        {"Copies": copies(("111122223333", "eu-central-1"))},
    ),
    "replication to its own Region, by pseudo parameters": (
        "ECR310",
        {
            "Copies": resource(
                REPLICATION,
                {
                    "ReplicationConfiguration": {
                        "Rules": [
                            {
                                "Destinations": [
                                    {
                                        "RegistryId": {"Ref": "AWS::AccountId"},
                                        "Region": {"Ref": "AWS::Region"},
                                    }
                                ]
                            }
                        ]
                    }
                },
            )
        },
    ),
    "replication to an unknown Region": (
        "ECR310",
        {"Copies": copies(("111122223333", "eu-middle-1"))},
    ),
    "eleven replication rules": ("ECR312", {"Copies": copies(*[ELSEWHERE] * 11)}),
    "twenty-six replication rules": ("ECR311", {"Copies": copies(*[ELSEWHERE] * 26)}),
    "exclusion filters without a setting for them": (
        "ECR011",
        api(ImageTagMutabilityExclusionFilters=[LATEST]),
    ),
    "BASIC with CONTINUOUS_SCAN": ("ECR320", EXAMPLES["ECR320"].faulty),
    "registry policy without Resource": ("ECR203", EXAMPLES["ECR203"].faulty),
    "Docker Hub cache without credential": ("ECR401", EXAMPLES["ECR401"].faulty),
    "wrong secret prefix": ("ECR402", EXAMPLES["ECR402"].faulty),
    "KMS template without role": (
        "ECR408",
        {
            "Payments": resource(
                "AWS::ECR::RepositoryCreationTemplate",
                {
                    "Prefix": "payments",
                    "AppliedFor": ["CREATE_ON_PUSH"],
                    "EncryptionConfiguration": {"EncryptionType": "KMS"},
                },
            )
        },
    ),
    "GitHub trust with repo:*": ("ECR510", EXAMPLES["ECR510"].faulty),
    "GitHub trust without sub": ("ECR510", github(sub=ABSENT)),
    "KMS without a customer key": ("ECR023", EXAMPLES["ECR023"].faulty),
    "o-* as organization": ("ECR207", EXAMPLES["ECR207"].faulty),
    "plaintext secret": ("ECR420", EXAMPLES["ECR420"].faulty),
    "unknown event detail-type": (
        "ECR501",
        {
            "Pushed": resource(
                "AWS::Events::Rule",
                {
                    "EventPattern": {"source": ["aws.ecr"], "detail-type": ["ECR Image Pushed"]},
                    "Targets": [{"Arn": "arn:aws:sqs:eu-central-1:111122223333:q", "Id": "Q"}],
                },
            )
        },
    ),
    "rule without target": ("ECR503", EXAMPLES["ECR503"].faulty),
    "EmptyOnDelete with DeletionPolicy Delete": ("ECR015", EXAMPLES["ECR015"].faulty),
    "no DeletionPolicy": ("ECR016", api(DeletionPolicy=ABSENT)),
    "malformed ECR ARN in an identity policy": (
        "ECR210",
        role(PULL, Resource="arn:aws:ecr:eu-central-1:repository/payments/api"),
    ),
    "open to everyone": ("ECR206", open_to(PULL, Principal="*")),
    "three scanning rules": (
        "ECR320",
        {
            "Scanning": resource(
                SCANNING,
                {
                    "ScanType": "BASIC",
                    "Rules": [
                        {
                            "ScanFrequency": "SCAN_ON_PUSH",
                            "RepositoryFilters": [{"Filter": "*", "FilterType": "WILDCARD"}],
                        }
                    ]
                    * 3,
                },
            )
        },
    ),
}


@pytest.mark.parametrize(("expected", "given"), FAULTS.values(), ids=FAULTS)
def test_a_fault_that_others_miss(expected: str, given: Any) -> None:
    """The fault is found."""
    templates = [template(given)] if isinstance(given, dict) else given

    assert expected in {each.rule for each in check(templates)}
