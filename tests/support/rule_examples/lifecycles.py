"""Examples of the rules for lifecycle policies."""

from typing import Any

from ecr_constructs.cloudformation.resource_types import CACHE, PULL_TIME_EXCLUSION
from tests.support.rule_examples.build import (
    ABSENT,
    UNTAGGED,
    Problems,
    example,
    repository,
    resource,
    rule,
)

_TAGGED: dict[str, Any] = {"tagStatus": "tagged"}
_ANY: dict[str, Any] = {"tagStatus": "any"}
_RELEASES = rule(1, images=100, **_TAGGED, tagPatternList=["v*"])
_CACHE = resource(CACHE, {"EcrRepositoryPrefix": "quay", "UpstreamRegistryUrl": "quay.io"})
_UNUSED: dict[str, Any] = {"countUnit": "days", "countNumber": 90, "tagStatus": "any"}


def _api(*rules: dict[str, Any]) -> dict[str, Any]:
    return {"Api": repository(*rules)}


EXAMPLES = {
    "ECR101": example(
        _api(rule(1, tagStatus="tagged", images=0)),
        "Api.Properties.LifecyclePolicy.LifecyclePolicyText",
        _api(_RELEASES),
    ),
    "ECR102": example(
        {"Api": repository(LifecyclePolicy=ABSENT)}, "Api.Properties", _api(UNTAGGED)
    ),
    "ECR111": example(
        _api(
            rule(1, days=90, **_TAGGED, tagPatternList=["*"]),
            rule(2, images=9, **_TAGGED, tagPatternList=["v*"]),
        ),
        "Api.Properties.LifecyclePolicy.LifecyclePolicyText",
        _api(
            rule(1, images=9, **_TAGGED, tagPatternList=["v*"]),
            rule(2, days=90, **_TAGGED, tagPatternList=["*"]),
        ),
    ),
    "ECR112": example(
        _api(rule(1, images=100, **_TAGGED, tagPrefixList=["v", "release-"])),
        "Api.Properties.LifecyclePolicy.LifecyclePolicyText",
        _api(
            rule(1, images=100, **_TAGGED, tagPrefixList=["v"]),
            rule(2, images=100, **_TAGGED, tagPrefixList=["release-"]),
        ),
    ),
    "ECR113": example(
        _api(rule(1, images=100, **_TAGGED, tagPatternList=[".*-release"])),
        "Api.Properties.LifecyclePolicy.LifecyclePolicyText",
        _api(rule(1, images=100, **_TAGGED, tagPatternList=["*-release"])),
    ),
    "ECR114": example(
        {"Quay": _CACHE, "Base": repository(UNTAGGED, RepositoryName="quay/base")},
        "Base.Properties.LifecyclePolicy.LifecyclePolicyText",
        {"Quay": _CACHE, "Base": repository(_RELEASES, RepositoryName="quay/base")},
    ),
    "ECR115": example(
        _api(rule(1, days=30, **_ANY)),
        "Api.Properties.LifecyclePolicy.LifecyclePolicyText",
        _api(_RELEASES, rule(2, days=30, **_ANY)),
    ),
    "ECR116": example(
        _api(rule(1, "transition", countType="sinceImagePulled", **_UNUSED)),
        "Api.Properties.LifecyclePolicy.LifecyclePolicyText",
        {
            **_api(rule(1, "transition", countType="sinceImagePulled", **_UNUSED)),
            "Scanner": resource(
                PULL_TIME_EXCLUSION, {"PrincipalArn": "arn:aws:iam::111122223333:role/scanner"}
            ),
        },
    ),
    "ECR117": example(
        _api(rule(1, "transition", days=90, storageClass="archive", **_ANY)),
        "Api.Properties.LifecyclePolicy.LifecyclePolicyText",
        _api(
            rule(1, "transition", days=90, tagStatus="untagged"),
            rule(
                2,
                countType="sinceImageTransitioned",
                countUnit="days",
                countNumber=365,
                storageClass="archive",
                **_ANY,
            ),
        ),
    ),
}

_SINCE_PUSH: dict[str, Any] = {"countType": "sinceImagePushed", "countNumber": 9}
_V = {**_TAGGED, "tagPatternList": ["v*"]}
_TEXT = "Api.Properties.LifecyclePolicy.LifecyclePolicyText"
PROBLEMS: Problems = {
    "duplicate lifecycle priority": (
        "ECR101",
        _api(rule(1, images=9, **_V), rule(1, images=9, **_ANY)),
        _TEXT,
        "rulePriority",
    ),
    "count 0": ("ECR101", _api(rule(1, images=0, **_ANY)), _TEXT, "countNumber"),
    "tagged without tags": ("ECR101", _api(rule(1, images=9, **_TAGGED)), _TEXT, "tagPatternList"),
    "missing countUnit": ("ECR101", _api(rule(1, **_ANY, **_SINCE_PUSH)), _TEXT, "countUnit"),
    "any not last": (
        "ECR101",
        _api(rule(1, images=9, **_ANY), rule(2, images=9, **_V)),
        _TEXT,
        "any",
    ),
    "unknown action": ("ECR101", _api(rule(1, "delete", images=9, **_ANY)), _TEXT, "delete"),
}
