"""Examples of the rules for what a registry has once: replication, scanning, signing."""

from collections.abc import Sequence
from typing import Any

from ecr_constructs.checks import Template
from ecr_constructs.cloudformation.resource_types import (
    PULL_TIME_EXCLUSION,
    REGISTRY_POLICY,
    REPLICATION,
    SCANNING,
    SIGNING,
)
from tests.support.rule_examples.access import registry
from tests.support.rule_examples.build import (
    ELSEWHERE,
    HOME,
    PARTNER,
    Problems,
    allow,
    creation_template,
    document,
    example,
    repository,
    resource,
    template,
)

_PROFILE = "arn:aws:signer:eu-central-1:111122223333:/signing-profiles/release"
_ALL = {"Filter": "*", "FilterType": "WILDCARD"}


def copies(*goals: tuple[str, str], prefix: str = "payments/") -> dict[str, Any]:
    """Return a replication configuration with a rule for each destination."""
    rules = [
        {
            "Destinations": [{"RegistryId": account, "Region": region}],
            "RepositoryFilters": [{"Filter": prefix, "FilterType": "PREFIX_MATCH"}],
        }
        for account, region in goals
    ]
    return resource(REPLICATION, {"ReplicationConfiguration": {"Rules": rules}})


def _scanning(scan_type: str, frequency: str) -> dict[str, Any]:
    rules = [{"ScanFrequency": frequency, "RepositoryFilters": [_ALL]}]
    return {"Scanning": resource(SCANNING, {"ScanType": scan_type, "Rules": rules})}


def _signing(profile: str) -> dict[str, Any]:
    return {"Signing": resource(SIGNING, {"Rules": [{"SigningProfileArn": profile}]})}


def _excluded(arn: str) -> dict[str, Any]:
    return {"Scanner": resource(PULL_TIME_EXCLUSION, {"PrincipalArn": arn})}


def _pair(replica: dict[str, Any], **source: Any) -> Sequence[Template]:
    api = repository(RepositoryName="payments/api", **source)
    return [
        template({"Api": api, "Copies": copies(ELSEWHERE)}, name="home"),
        template(replica, ELSEWHERE, "replica"),
    ]


def _chain(*goals: tuple[str, str]) -> Sequence[Template]:
    last = ("111122223333", "eu-north-1")
    return [
        template({"Copies": copies(*goals)}, name="home"),
        template({"Copies": copies(last)}, ELSEWHERE, "replica"),
    ]


def _partner(account: str) -> Sequence[Template]:
    statement = allow(
        ["ecr:CreateRepository", "ecr:ReplicateImage"],
        Principal={"AWS": f"arn:aws:iam::{account}:root"},
        Resource="arn:aws:ecr:eu-central-1:444455556666:repository/payments/*",
    )
    policy = {"Policy": resource(REGISTRY_POLICY, {"PolicyText": document(statement)})}
    return [
        template({"Copies": copies(PARTNER)}, name="home"),
        template(policy, PARTNER, "partner"),
    ]


_ONE = registry(
    "ecr:ReplicateImage",
    Principal={"AWS": "arn:aws:iam::444455556666:root"},
    Resource="arn:aws:ecr:eu-central-1:111122223333:repository/payments/*",
)
_API = repository(RepositoryName="payments/api")

EXAMPLES = {
    "ECR301": example(
        [template(_ONE, name="one"), template(_ONE, name="two")],
        "Policy",
        [template(_ONE, name="one"), template({"Api": repository()}, name="two")],
    ),
    "ECR310": example(
        {"Copies": copies(HOME)},
        "Copies.Properties.ReplicationConfiguration.Rules[0].Destinations[0]",
        {"Copies": copies(ELSEWHERE)},
    ),
    "ECR311": example(
        {"Copies": copies(ELSEWHERE, prefix="payments/*")},
        "Copies.Properties.ReplicationConfiguration.Rules",
        {"Copies": copies(ELSEWHERE, prefix="payments/")},
    ),
    "ECR312": example(
        {"Copies": copies(*[ELSEWHERE] * 11)},
        "Copies.Properties.ReplicationConfiguration.Rules",
        {"Copies": copies(*[ELSEWHERE] * 10)},
    ),
    "ECR313": example(
        _chain(ELSEWHERE),
        "Copies.Properties.ReplicationConfiguration.Rules",
        _chain(ELSEWHERE, ("111122223333", "eu-north-1")),
    ),
    "ECR314": example(
        _pair({"Other": repository(RepositoryName="storefront/web")}),
        "Copies.Properties.ReplicationConfiguration.Rules",
        _pair({"Payments": creation_template()}),
    ),
    "ECR315": example(
        _pair({"Api": _API}, ImageTagMutability="MUTABLE"),
        "Copies.Properties.ReplicationConfiguration.Rules",
        _pair({"Api": _API}),
        "ECR012",
    ),
    "ECR316": example(
        _partner("777788889999"),
        "Copies.Properties.ReplicationConfiguration.Rules",
        _partner("111122223333"),
    ),
    "ECR320": example(
        _scanning("BASIC", "CONTINUOUS_SCAN"),
        "Scanning.Properties.Rules",
        _scanning("ENHANCED", "CONTINUOUS_SCAN"),
    ),
    "ECR321": example(
        _signing("release"),
        "Signing.Properties.Rules[0]",
        _signing(_PROFILE),
    ),
    "ECR322": example(
        _excluded("arn:aws:iam::111122223333:root"),
        "Scanner.Properties.PrincipalArn",
        _excluded("arn:aws:iam::111122223333:role/scanner"),
    ),
}

_OWN = {"RegistryId": {"Ref": "AWS::AccountId"}, "Region": {"Ref": "AWS::Region"}}
_RULES = "Copies.Properties.ReplicationConfiguration.Rules"
PROBLEMS: Problems = {
    "replication to its own Region, by pseudo parameters": (
        "ECR310",
        {
            "Copies": resource(
                REPLICATION, {"ReplicationConfiguration": {"Rules": [{"Destinations": [_OWN]}]}}
            )
        },
        f"{_RULES}[0].Destinations[0]",
    ),
    "replication to an unknown Region": (
        "ECR310",
        {"Copies": copies(("111122223333", "eu-middle-1"))},
        f"{_RULES}[0].Destinations[0]",
        "eu-middle-1",
    ),
    "26 replication rules": ("ECR311", {"Copies": copies(*[ELSEWHERE] * 26)}, _RULES, "26"),
    "three scanning rules": (
        "ECR320",
        {
            "Scanning": resource(
                SCANNING,
                {
                    "ScanType": "BASIC",
                    "Rules": [{"ScanFrequency": "SCAN_ON_PUSH", "RepositoryFilters": [_ALL]}] * 3,
                },
            )
        },
        "Scanning.Properties.Rules",
        "3",
    ),
}
