"""Pull through caches: the nine upstreams, their credentials, prefixes, images and permissions."""

from typing import Any
from unittest.mock import Mock

import pytest

from ecr_constructs.model.pull_through_cache import PullThroughRule
from ecr_constructs.model.upstreams import Upstream, secret_name_errors
from tests.support.errors import by_code, rejection_test
from tests.support.service_models import shape

TOKEN = "${Token[A.1]}"
HERE = ("111122223333", "eu-central-1")
REGIONS = ["eu-central-1", "eu-west-1", "cn-north-1"]
SECRET = (
    "arn:aws:secretsmanager:eu-central-1:111122223333:secret:ecr-pullthroughcache/docker-hub-aBcDeF"
)
OTHER_SECRET = SECRET.replace("eu-central-1:111122223333", "eu-west-1:444455556666")
ROLE = "arn:aws:iam::111122223333:role/reader"

UPSTREAMS = {
    "docker-hub": (Upstream.docker_hub(SECRET), "registry-1.docker.io", "docker-hub"),
    "github-container-registry": (Upstream.github(SECRET), "ghcr.io", "github"),
    "gitlab-container-registry": (Upstream.gitlab(SECRET), "registry.gitlab.com", "gitlab"),
    "azure-container-registry": (
        Upstream.azure("acme.azurecr.io", SECRET),
        "acme.azurecr.io",
        "azure",
    ),
    "chainguard": (Upstream.chainguard(SECRET), "cgr.dev", "chainguard"),
    "ecr-public": (Upstream.ecr_public(), "public.ecr.aws", "ecr-public"),
    "k8s": (Upstream.kubernetes(), "registry.k8s.io", "kubernetes"),
    "quay": (Upstream.quay(), "quay.io", "quay"),
    "ecr": (Upstream.ecr(account="444455556666", region="eu-west-1"), None, "ecr"),
}


@pytest.mark.parametrize("registry", UPSTREAMS)
def test_upstreams(registry: str) -> None:
    """Each upstream has ECR's name, its host and the console's prefix."""
    upstream, url, prefix = UPSTREAMS[registry]

    assert (registry, url, prefix) == (upstream.registry, upstream.url, upstream.default_prefix)


def test_every_upstream_of_the_service_model_is_there() -> None:
    """There is a factory for each registry that ECR's own model lists, and no other."""
    assert set(shape("ecr", "UpstreamRegistry")["enum"]) == set(UPSTREAMS)


def test_a_credential_or_role_and_its_arn_are_the_same() -> None:
    secret, role = Mock(secret_arn=SECRET), Mock(role_arn=ROLE)
    elsewhere = {"account": "444455556666", "region": "eu-west-1"}

    assert (
        SECRET == Upstream.github(SECRET).credential_arn == Upstream.github(secret).credential_arn
    )
    for upstream in (Upstream.ecr(**elsewhere, role=ROLE), Upstream.ecr(**elsewhere, role=role)):
        assert ROLE == upstream.role_arn


def test_words() -> None:
    """An upstream is named by its host, a registry of ECR by account and Region."""
    upstream = Upstream.ecr(account="444455556666", region="eu-west-1")

    assert ("quay.io", "444455556666/eu-west-1") == (str(Upstream.quay()), str(upstream))


REJECTED = by_code(
    {
        "credential-name-prefix": {
            "another name": lambda: Upstream.docker_hub(
                SECRET.replace("ecr-pullthroughcache/", "")
            ),
            "no name": lambda: Upstream.docker_hub(
                "arn:aws:secretsmanager:eu-central-1:111122223333:secret:ecr-pullthroughcache/"
            ),
            "another name with a deploy-time partition": lambda: Upstream.docker_hub(
                f"arn:{TOKEN}:secretsmanager:eu-central-1:111122223333:secret:docker-hub"
            ),
        },
        "credential-format": {"no secret": lambda: Upstream.github("ecr-pullthroughcache/github")},
        "credential-length": {"a long ARN": lambda: Upstream.gitlab(SECRET + "a" * 600)},
        "azure-registry-format": {
            "an Azure URL": lambda: Upstream.azure("https://acme.azurecr.io", SECRET)
        },
        "account: account-id-format": {
            "an account": lambda: Upstream.ecr(account="4444", region="eu-west-1")
        },
    }
)
test_rejects = rejection_test(lambda make: make(), REJECTED)


PARTNER = "444455556666"
UNREACHABLE: dict[str, tuple[Any, ...]] = {
    "another secret": (
        Upstream.docker_hub(OTHER_SECRET),
        "credential-account",
        "credential-region",
    ),
    "itself": (Upstream.ecr(account=HERE[0], region=HERE[1]), "upstream-is-cache"),
    "an unknown Region": (Upstream.ecr(account=PARTNER, region="eu-moon-1"), "upstream-region"),
    "another partition": (Upstream.ecr(account=PARTNER, region="cn-north-1"), "upstream-partition"),
}
test_unreachable = rejection_test(
    lambda upstream: upstream.errors_from(*HERE, REGIONS), UNREACHABLE
)


DEPLOY_TIME: dict[str, tuple[Any, ...]] = {
    "the cache": ((Upstream.docker_hub(OTHER_SECRET), TOKEN, TOKEN),),
    "a secret": ((Upstream.docker_hub(TOKEN), *HERE),),
    "parts of a secret": (
        (Upstream.docker_hub(f"arn:aws:secretsmanager:{TOKEN}:{TOKEN}:secret:{TOKEN}"), *HERE),
    ),
    "a URL": ((Upstream.azure(TOKEN, SECRET), *HERE),),
    "an upstream": ((Upstream.ecr(account=TOKEN, region=TOKEN), *HERE),),
    "the registry itself": ((Upstream.ecr(account=HERE[0], region=HERE[1]), TOKEN, TOKEN),),
    "nothing": ((Upstream.quay(), *HERE),),
}
test_deploy_time_values_pass = rejection_test(
    lambda upstream, *here: upstream.errors_from(*here, REGIONS), DEPLOY_TIME
)


@pytest.mark.parametrize(
    ("upstream", "needed"),
    [
        (Upstream.quay(), False),
        (Upstream.ecr(account=HERE[0], region="eu-west-1"), False),
        (Upstream.ecr(account="444455556666", region="eu-west-1"), True),
        (Upstream.ecr(account=TOKEN, region="eu-west-1"), True),
    ],
    ids=["quay", "own account", "another account", "a deploy-time account"],
)
def test_needs_a_role(upstream: Upstream, *, needed: bool) -> None:
    assert needed == upstream.needs_role(HERE[0])


SECRET_NAMES = {
    "": ["docker-hub", "a/b_c+d=e.f@g", TOKEN],
    "secret-name-prefix": ["ecr-pullthroughcache/docker-hub"],
    "secret-name-characters": ["", "docker hub"],
    "secret-name-length": ["a" * 500],
}
test_secret_names = rejection_test(secret_name_errors, by_code(SECRET_NAMES))


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
