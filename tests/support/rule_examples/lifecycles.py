"""Examples of the rules for lifecycle policies."""

from typing import Any

from ecr_constructs.cloudformation.resource_types import PULL_TIME_EXCLUSION
from tests.support.rule_examples.build import (
    ABSENT,
    OWN_ROLE,
    UNTAGGED,
    Example,
    Problems,
    api,
    example,
    one_template,
    quay,
    repository,
    resource,
    rule,
)

TEXT = "Api.Properties.LifecyclePolicy.LifecyclePolicyText"
_TAGGED: dict[str, Any] = {"tagStatus": "tagged"}
_ANY: dict[str, Any] = {"tagStatus": "any"}
_RELEASES = rule(1, images=100, **_TAGGED, tagPatternList=["v*"])
_UNPULLED = rule(
    1, "transition", countType="sinceImagePulled", countUnit="days", countNumber=90, **_ANY
)
_FROM_ARCHIVE = rule(
    2,
    countType="sinceImageTransitioned",
    countUnit="days",
    countNumber=365,
    storageClass="archive",
    **_ANY,
)


def _policies(wrong: list[dict[str, Any]], right: list[dict[str, Any]]) -> Example:
    return example(api(*wrong), TEXT, api(*right))


def _tagged(priority: int, days: int | None = None, images: int | None = None, **tags: Any) -> Any:
    return rule(priority, days=days, images=images, **_TAGGED, **tags)


def _cached(policy: dict[str, Any]) -> dict[str, Any]:
    return {"Quay": quay(), "Base": repository(policy, RepositoryName="quay/base")}


EXAMPLES = {
    "ECR101": _policies([_tagged(1, images=0)], [_RELEASES]),
    "ECR102": example(api(LifecyclePolicy=ABSENT), "Api.Properties", api(UNTAGGED)),
    "ECR111": _policies(
        [_tagged(1, 90, tagPatternList=["*"]), _tagged(2, images=9, tagPatternList=["v*"])],
        [_tagged(1, images=9, tagPatternList=["v*"]), _tagged(2, 90, tagPatternList=["*"])],
    ),
    "ECR112": _policies(
        [_tagged(1, images=100, tagPrefixList=["v", "release-"])],
        [
            _tagged(1, images=100, tagPrefixList=["v"]),
            _tagged(2, images=100, tagPrefixList=["release-"]),
        ],
    ),
    "ECR113": _policies(
        [_tagged(1, images=100, tagPatternList=[".*-release"])],
        [_tagged(1, images=100, tagPatternList=["*-release"])],
    ),
    "ECR114": example(_cached(UNTAGGED), TEXT.replace("Api", "Base"), _cached(_RELEASES)),
    "ECR115": _policies([rule(1, days=30, **_ANY)], [_RELEASES, rule(2, days=30, **_ANY)]),
    "ECR116": example(
        api(_UNPULLED),
        TEXT,
        {
            **api(_UNPULLED),
            "Scanner": resource(PULL_TIME_EXCLUSION, {"PrincipalArn": f"{OWN_ROLE}/scanner"}),
        },
    ),
    "ECR117": _policies(
        [rule(1, "transition", days=90, storageClass="archive", **_ANY)],
        [rule(1, "transition", days=90, tagStatus="untagged"), _FROM_ARCHIVE],
    ),
}

_V = _tagged(1, images=9, tagPatternList=["v*"])
PROBLEMS: Problems = {
    ("ECR101", TEXT): {
        "duplicate lifecycle priority": (api(_V, rule(1, images=9, **_ANY)), "rulePriority"),
        "count 0": (api(rule(1, images=0, **_ANY)), "countNumber"),
        "tagged without tags": (api(_tagged(1, images=9)), "tagPatternList"),
        "missing countUnit": (
            api(rule(1, **_ANY, countType="sinceImagePushed", countNumber=9)),
            "countUnit",
        ),
        "any not last": (api(rule(1, images=9, **_ANY), {**_V, "rulePriority": 2}), "any"),
        "unknown action": (api(rule(1, "delete", images=9, **_ANY)), "delete"),
        "a policy that is no JSON": (
            api(LifecyclePolicy={"LifecyclePolicyText": "rules:"}),
            "JSON",
        ),
    },
    ("ECR101", "Payments.Properties.LifecyclePolicy"): {
        "a policy that is too long": (
            one_template(LifecyclePolicy='{"rules": []}' + " " * 30_720),
            "30,720",
        ),
    },
    ("ECR102", "Payments.Properties"): {
        "a template without a policy": one_template(LifecyclePolicy=ABSENT)
    },
}
