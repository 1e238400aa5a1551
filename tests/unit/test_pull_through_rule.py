"""Pull through cache rules: prefixes, images and permissions."""

from typing import Any

import pytest

from ecr_constructs.model.pull_through_cache import PullThroughRule
from ecr_constructs.model.upstreams import Upstream
from tests.support.errors import rejection_test

TOKEN = "${Token[A.1]}"
DIGEST = "sha256:" + "0" * 64
HUB = PullThroughRule(
    Upstream.docker_hub(
        "arn:aws:secretsmanager:eu-central-1:111122223333:secret:ecr-pullthroughcache/hub-aBcDeF"
    ),
    "docker-hub",
)
QUAY = PullThroughRule(Upstream.quay(), "quay")
TEAM = PullThroughRule(Upstream.ecr(account="444455556666", region="eu-west-1"), "cache", "team")

PREFIXES: dict[str, tuple[Any, ...]] = {
    "valid": (("quay", None),),
    "nested": (("a/b", "team"),),
    "ROOT": (("ROOT", None),),
    "ROOT on both sides": (("ROOT", "ROOT"),),
    "deploy-time": ((TOKEN, TOKEN),),
    "short": (("q", None), "repository_prefix: namespace-length"),
    "empty": (
        ("", None),
        "repository_prefix: namespace-length",
        "repository_prefix: namespace-format",
    ),
    "long": (("q" * 31, None), "repository_prefix: namespace-length"),
    "capitals": (("Quay", None), "repository_prefix: namespace-format"),
    "upstream": (("quay", "Team"), "upstream_repository_prefix: namespace-format"),
    "an upstream prefix for ROOT": (
        ("ROOT", "team"),
        "upstream_repository_prefix: cache-upstream-prefix-with-root",
    ),
}
test_prefixes = rejection_test(
    lambda prefix, upstream: PullThroughRule(Upstream.quay(), prefix, upstream).errors(), PREFIXES
)


@pytest.mark.parametrize(
    ("rule", "image", "name"),
    [
        (HUB, "library/nginx:1.27", "docker-hub/library/nginx:1.27"),
        (HUB, "grafana/grafana", "docker-hub/grafana/grafana"),
        (QUAY, f"argoproj/argocd@{DIGEST}", f"quay/argoproj/argocd@{DIGEST}"),
        (QUAY, f"argoproj/argocd:v3@{DIGEST}", f"quay/argoproj/argocd:v3@{DIGEST}"),
        (QUAY, TOKEN, f"quay/{TOKEN}"),
        (TEAM, "api", "cache/api"),
        (PullThroughRule(Upstream.quay(), "ROOT"), "argoproj/argocd", "argoproj/argocd"),
        (PullThroughRule(HUB.upstream, "nginx", "library"), "nginx:1", "nginx/nginx:1"),
    ],
)
def test_names_images(rule: PullThroughRule, image: str, name: str) -> None:
    """An image is pulled by its upstream's name below the prefix."""
    assert name == rule.name_for(image)


IMAGES_REJECTED: dict[str, tuple[Any, ...]] = {
    "a host": ((QUAY, "quay.io/argoproj/argocd"), "host"),
    "Docker's host": ((HUB, "docker.io/library/nginx"), "host"),
    "a URL": ((QUAY, "https://quay.io/argoproj/argocd"), "host"),
    "an official image": ((HUB, "nginx:1.27"), "official"),
    "capitals": ((QUAY, "Argo/argocd"), "format"),
    "half a digest": ((QUAY, "argo/argocd@sha256:00"), "format"),
    "no name": ((QUAY, ""), "format"),
}
test_rejects_images = rejection_test(
    PullThroughRule.name_for, IMAGES_REJECTED, prefix="upstream-image-"
)


def test_pull_actions() -> None:
    """A pull through a cache creates the repository and imports the image; it may tag too."""
    actions = [
        "ecr:BatchCheckLayerAvailability",
        "ecr:BatchGetImage",
        "ecr:BatchImportUpstreamImage",
        "ecr:CreateRepository",
        "ecr:GetDownloadUrlForLayer",
    ]

    assert actions == QUAY.pull_actions(tagging=False)
    assert [*actions, "ecr:TagResource"] == QUAY.pull_actions(tagging=True)


def test_the_upstream_role_is_limited_to_both_sides() -> None:
    """The role reads the upstream's repositories and writes the cache's."""
    images, login = TEAM.upstream_role_statements(
        "arn:aws:ecr:eu-central-1:111122223333:repository/", "aws"
    )

    assert [
        "arn:aws:ecr:eu-central-1:111122223333:repository/cache/*",
        "arn:aws:ecr:eu-west-1:444455556666:repository/team/*",
    ] == images["Resource"]
    assert ("ecr:GetAuthorizationToken", "*") == (login["Action"], login["Resource"])
