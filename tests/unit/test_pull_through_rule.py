"""The rule of a pull through cache: its prefixes, its images and what they need."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ecr_constructs.model.pull_through_cache import PullThroughRule
from ecr_constructs.model.upstreams import Upstream
from tests.support.service_models import fits

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

REFUSED: dict[str, tuple[str, str | None, str]] = {
    "short": ("q", None, "prefix 'q' must be at least 2 characters long"),
    "empty": ("", None, "prefix '' must be 1 to 30 characters long, is 0"),
    "long": ("q" * 31, None, "must be 1 to 30 characters long, is 31"),
    "capitals": ("Quay", None, "prefix 'Quay' must be ROOT, or the beginning of a repository"),
    "upstream": ("quay", "Team", "prefix 'Team' must be ROOT, or the beginning of a repository"),
    "an upstream prefix for ROOT": (
        "ROOT",
        "team",
        (
            "an upstream_repository_prefix goes only with a repository_prefix of its own, such as "
            "'team', not with ROOT"
        ),
    ),
}


@pytest.mark.parametrize(("prefix", "upstream_prefix", "fault"), REFUSED.values(), ids=REFUSED)
def test_refuses(prefix: str, upstream_prefix: str | None, fault: str) -> None:
    """A prefix that ECR refuses is named with what is allowed."""
    faults = list(PullThroughRule(Upstream.quay(), prefix, upstream_prefix).faults())

    assert any(fault in each for each in faults)


@pytest.mark.parametrize(
    ("prefix", "upstream_prefix"),
    [("quay", None), ("ROOT", None), ("ROOT", "ROOT"), ("a/b", "team"), (TOKEN, TOKEN)],
)
def test_sound_prefixes(prefix: str, upstream_prefix: str | None) -> None:
    """Sound prefixes pass, deploy-time ones too."""
    assert [] == list(PullThroughRule(Upstream.quay(), prefix, upstream_prefix).faults())


@given(st.text("a0._-/RO", max_size=6) | st.just("ROOT"))
def test_prefixes_agree_with_the_service_model(prefix: str) -> None:
    """A prefix is refused exactly if ECR's own model refuses it."""
    accepted = not list(PullThroughRule(Upstream.quay(), prefix).faults())

    assert fits("ecr", "PullThroughCacheRuleRepositoryPrefix", prefix) == accepted


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


IMAGES = {
    "a host": (QUAY, "quay.io/argoproj/argocd", "is named as in its own registry, without the"),
    "Docker's host": (HUB, "docker.io/library/nginx", "without the host: 'library/nginx:1.27'"),
    "a URL": (QUAY, "https://quay.io/argoproj/argocd", "is named as in its own registry"),
    "an official image": (HUB, "nginx:1.27", "write 'library/nginx:1.27'"),
    "capitals": (QUAY, "Argo/argocd", "must be NAME, NAME:TAG or NAME@sha256:DIGEST"),
    "half a digest": (QUAY, "argo/argocd@sha256:00", "must be NAME, NAME:TAG or NAME@sha256"),
    "no name": (QUAY, "", "must be NAME, NAME:TAG or NAME@sha256:DIGEST"),
}


@pytest.mark.parametrize(("rule", "image", "fault"), IMAGES.values(), ids=IMAGES)
def test_refuses_images(rule: PullThroughRule, image: str, fault: str) -> None:
    """What is no image of the upstream is named with what to write instead."""
    with pytest.raises(ValueError, match=re.escape(fault)):
        rule.name_for(image)


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
