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
        "Policy of one owns this setting of the registry already",
        [template(_ONE, name="one"), template({"Api": repository()}, name="two")],
    ),
    "ECR310": example(
        {"Copies": copies(HOME)},
        "the destination is this registry itself",
        {"Copies": copies(ELSEWHERE)},
    ),
    "ECR311": example(
        {"Copies": copies(ELSEWHERE, prefix="payments/*")},
        "prefix 'payments/*' must be the beginning of names, not a pattern; write 'payments/'",
        {"Copies": copies(ELSEWHERE, prefix="payments/")},
    ),
    "ECR312": example(
        {"Copies": copies(*[ELSEWHERE] * 11)},
        "the quota is 10 rules, these are 11",
        {"Copies": copies(*[ELSEWHERE] * 10)},
    ),
    "ECR313": example(
        _chain(ELSEWHERE),
        "payments/* goes to 111122223333/eu-west-1, and from there not on to "
        "111122223333/eu-north-1",
        _chain(ELSEWHERE, ("111122223333", "eu-north-1")),
    ),
    "ECR314": example(
        _pair({"Other": repository(RepositoryName="storefront/web")}),
        "'payments/api' has no repository and no template in 111122223333/eu-west-1",
        _pair({"Payments": creation_template()}),
    ),
    "ECR315": example(
        _pair({"Api": _API}, ImageTagMutability="MUTABLE"),
        "'payments/api' is MUTABLE here and IMMUTABLE in 111122223333/eu-west-1",
        _pair({"Api": _API}),
        "ECR012",
    ),
    "ECR316": example(
        _partner("777788889999"),
        "the registry policy of 444455556666/eu-central-1 does not let 111122223333 replicate",
        _partner("111122223333"),
    ),
    "ECR320": example(
        _scanning("BASIC", "CONTINUOUS_SCAN"),
        "BASIC scanning is never continuous; use ENHANCED, or scan on push",
        _scanning("ENHANCED", "CONTINUOUS_SCAN"),
    ),
    "ECR321": example(
        _signing("release"),
        "the signing profile must be given by its ARN",
        _signing(_PROFILE),
    ),
    "ECR322": example(
        _excluded("arn:aws:iam::111122223333:root"),
        "'arn:aws:iam::111122223333:root' must be the ARN of a role or user",
        _excluded("arn:aws:iam::111122223333:role/scanner"),
    ),
}
