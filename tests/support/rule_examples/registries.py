"""Examples of the rules for what a registry has once: replication, scanning, signing."""

from collections.abc import Sequence
from typing import Any

from ecr_constructs.checks import Template
from ecr_constructs.cloudformation.resource_types import (
    PULL_TIME_EXCLUSION,
    REPLICATION,
    SIGNING,
)
from tests.support.rule_examples.access import registry
from tests.support.rule_examples.build import (
    ELSEWHERE,
    HERE,
    HOME,
    OWN_ROLE,
    OWN_ROOT,
    PARTNER,
    ROOT,
    Problems,
    api,
    creation_template,
    example,
    repository,
    resource,
    scanning,
    template,
)

_RULES = "Copies.Properties.ReplicationConfiguration.Rules"
_NORTH = (HOME[0], "eu-north-1")
_PROFILE = "arn:aws:signer:eu-central-1:111122223333:/signing-profiles/release"
_ALL = {"Filter": "*", "FilterType": "WILDCARD"}


def replication(*rules: dict[str, Any]) -> dict[str, Any]:
    """Return a replication configuration."""
    return resource(REPLICATION, {"ReplicationConfiguration": {"Rules": list(rules)}})


def copies(*goals: tuple[str, str], prefix: str = "payments/") -> dict[str, Any]:
    """Return a replication configuration with a rule for each destination."""
    filters = [{"Filter": prefix, "FilterType": "PREFIX_MATCH"}]
    destinations = [[{"RegistryId": account, "Region": region}] for account, region in goals]
    return replication(
        *({"Destinations": goal, "RepositoryFilters": filters} for goal in destinations)
    )


def _copies(*goals: tuple[str, str], prefix: str = "payments/") -> dict[str, Any]:
    return {"Copies": copies(*goals, prefix=prefix)}


def _scans(scan_type: str, *frequencies: str) -> dict[str, Any]:
    rules = [{"ScanFrequency": name, "RepositoryFilters": [_ALL]} for name in frequencies]
    return scanning(ScanType=scan_type, Rules=rules)


def _signing(*profiles: str) -> dict[str, Any]:
    rules = [{"SigningProfileArn": profile} for profile in profiles]
    return {"Signing": resource(SIGNING, {"Rules": rules})}


def _excluded(*arns: str) -> dict[str, Any]:
    return {
        f"Exclusion{number}": resource(PULL_TIME_EXCLUSION, {"PrincipalArn": arn})
        for number, arn in enumerate(arns)
    }


def _pair(replica: dict[str, Any], **source: Any) -> Sequence[Template]:
    api_ = repository(RepositoryName="payments/api", **source)
    return [
        template({"Api": api_, **_copies(ELSEWHERE)}, name="home"),
        template(replica, ELSEWHERE, "replica"),
    ]


def _chain(*goals: tuple[str, str]) -> Sequence[Template]:
    return [
        template(_copies(*goals), name="home"),
        template(_copies(_NORTH), ELSEWHERE, "second"),
    ]


def _partner(account: str) -> Sequence[Template]:
    admits = registry(
        ["ecr:CreateRepository", "ecr:ReplicateImage"],
        Principal={"AWS": f"arn:aws:iam::{account}:root"},
        Resource=f"{HERE.replace(HOME[0], PARTNER[0])}:repository/payments/*",
    )
    return [template(_copies(PARTNER), name="home"), template(admits, PARTNER, "partner")]


_ONE = registry(
    "ecr:ReplicateImage", Principal={"AWS": ROOT}, Resource=f"{HERE}:repository/payments/*"
)
_API = {"Api": repository(RepositoryName="payments/api")}
_OWN = {"RegistryId": {"Ref": "AWS::AccountId"}, "Region": {"Ref": "AWS::Region"}}
_SCANNER = f"{OWN_ROLE}/scanner"

EXAMPLES = {
    "ECR301": example(
        [template(_ONE, name="one"), template(_ONE, name="two")],
        "Policy",
        [template(_ONE, name="one"), template(api(), name="two")],
    ),
    "ECR310": example(_copies(HOME), f"{_RULES}[0].Destinations[0]", _copies(ELSEWHERE)),
    "ECR311": example(
        _copies(ELSEWHERE, prefix="payments/*"), _RULES, _copies(ELSEWHERE, prefix="payments/")
    ),
    "ECR312": example(_copies(*[ELSEWHERE] * 11), _RULES, _copies(*[ELSEWHERE] * 10)),
    "ECR313": example(_chain(ELSEWHERE), _RULES, _chain(ELSEWHERE, _NORTH)),
    "ECR314": example(
        _pair({"Other": repository(RepositoryName="storefront/web")}),
        _RULES,
        _pair({"Payments": creation_template()}),
    ),
    "ECR315": example(_pair(_API, ImageTagMutability="MUTABLE"), _RULES, _pair(_API), "ECR012"),
    "ECR316": example(_partner("777788889999"), _RULES, _partner(HOME[0])),
    "ECR320": example(
        _scans("BASIC", "CONTINUOUS_SCAN"),
        "Scanning.Properties.Rules",
        _scans("ENHANCED", "CONTINUOUS_SCAN"),
    ),
    "ECR321": example(_signing("release"), "Signing.Properties.Rules[0]", _signing(_PROFILE)),
    "ECR322": example(
        _excluded(OWN_ROOT), "Exclusion0.Properties.PrincipalArn", _excluded(_SCANNER)
    ),
}

PROBLEMS: Problems = {
    ("ECR310", f"{_RULES}[0].Destinations[0]"): {
        "replication to its own Region, by pseudo parameters": {
            "Copies": replication({"Destinations": [_OWN]})
        },
        "replication to an unknown Region": (_copies((HOME[0], "eu-middle-1")), "eu-middle-1"),
    },
    ("ECR311", _RULES): {"26 replication rules": (_copies(*[ELSEWHERE] * 26), "26")},
    ("ECR320", "Scanning.Properties.Rules"): {
        "three scanning rules": (_scans("BASIC", *["SCAN_ON_PUSH"] * 3), "3"),
    },
    ("ECR320", "Scanning.Properties.Rules[1]"): {
        "two scanning rules of a kind": (_scans("BASIC", *["SCAN_ON_PUSH"] * 2), "SCAN_ON_PUSH"),
    },
    ("ECR321", "Signing.Properties.Rules"): {
        "eleven signing rules": (_signing(*(f"{_PROFILE}{number}" for number in range(11))), "10"),
    },
    ("ECR322", "Exclusion1.Properties.PrincipalArn"): {
        "an exclusion twice": (_excluded(_SCANNER, _SCANNER), _SCANNER),
    },
    ("ECR322", "Exclusion0"): {
        "101 exclusions": (_excluded(*(f"{_SCANNER}{number}" for number in range(101))), "100"),
    },
}
