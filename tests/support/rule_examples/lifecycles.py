"""Examples of the rules for lifecycle policies."""

from typing import Any

from ecr_constructs.cloudformation.resource_types import CACHE, PULL_TIME_EXCLUSION
from tests.support.rule_examples.build import ABSENT, UNTAGGED, example, repository, resource, rule

_TAGGED, _ANY = {"tagStatus": "tagged"}, {"tagStatus": "any"}
_RELEASES = rule(1, images=100, **_TAGGED, tagPatternList=["v*"])
_CACHE = resource(CACHE, {"EcrRepositoryPrefix": "quay", "UpstreamRegistryUrl": "quay.io"})
_UNUSED: dict[str, Any] = {"countUnit": "days", "countNumber": 90, "tagStatus": "any"}


def _api(*rules: dict[str, Any]) -> dict[str, Any]:
    return {"Api": repository(*rules)}


EXAMPLES = {
    "ECR101": example(
        _api(rule(1, tagStatus="tagged", images=0)),
        "rules[0].selection.tagStatus: tagged needs exactly one of tagPatternList and tagPrefix",
        _api(_RELEASES),
    ),
    "ECR102": example(
        {"Api": repository(LifecyclePolicy=ABSENT)}, "every image is kept for ever", _api(UNTAGGED)
    ),
    "ECR111": example(
        _api(
            rule(1, days=90, **_TAGGED, tagPatternList=["*"]),
            rule(2, images=9, **_TAGGED, tagPatternList=["v*"]),
        ),
        "Rule 2 (images tagged v*) never acts",
        _api(
            rule(1, images=9, **_TAGGED, tagPatternList=["v*"]),
            rule(2, days=90, **_TAGGED, tagPatternList=["*"]),
        ),
    ),
    "ECR112": example(
        _api(rule(1, images=100, **_TAGGED, tagPrefixList=["v", "release-"])),
        "Rule 1 selects only images with tags for ALL of v*, release-*",
        _api(
            rule(1, images=100, **_TAGGED, tagPrefixList=["v"]),
            rule(2, images=100, **_TAGGED, tagPrefixList=["release-"]),
        ),
    ),
    "ECR113": example(
        _api(rule(1, images=100, **_TAGGED, tagPatternList=[".*-release"])),
        "No tag can match the pattern '.*-release' of rule 1, because no tag begins with '.'",
        _api(rule(1, images=100, **_TAGGED, tagPatternList=["*-release"])),
    ),
    "ECR114": example(
        {"Quay": _CACHE, "Base": repository(UNTAGGED, RepositoryName="quay/base")},
        "Rule 1 deletes untagged images, and images that are pulled by digest through a cache are",
        {"Quay": _CACHE, "Base": repository(_RELEASES, RepositoryName="quay/base")},
    ),
    "ECR115": example(
        _api(rule(1, days=30, **_ANY)),
        "Rule 1 deletes every image, even those in use, after 30 days without a push",
        _api(_RELEASES, rule(2, days=30, **_ANY)),
    ),
    "ECR116": example(
        _api(rule(1, "transition", countType="sinceImagePulled", **_UNUSED)),
        "Rule 1 counts from the last pull, including the pulls of scanners and mirrors",
        {
            **_api(rule(1, "transition", countType="sinceImagePulled", **_UNUSED)),
            "Scanner": resource(
                PULL_TIME_EXCLUSION, {"PrincipalArn": "arn:aws:iam::111122223333:role/scanner"}
            ),
        },
    ),
    "ECR117": example(
        _api(rule(1, "transition", days=90, storageClass="archive", **_ANY)),
        "Rule 1 archives images that are archived already: it never acts",
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
