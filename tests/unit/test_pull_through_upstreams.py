"""The nine upstreams of a pull through cache, and how ECR logs in to them."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from ecr_constructs.model.pull_through_credential import secret_name_errors
from ecr_constructs.model.upstreams import Upstream
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


class Secret:
    """A secret as the model needs it."""

    secret_arn = SECRET


class Role:
    """A role as the model needs it."""

    role_arn = ROLE


@pytest.mark.parametrize("registry", UPSTREAMS)
def test_upstreams(registry: str) -> None:
    """Each upstream has ECR's name, its host and the console's prefix."""
    upstream, url, prefix = UPSTREAMS[registry]

    assert (registry, url, prefix) == (upstream.registry, upstream.url, upstream.default_prefix)


def test_every_upstream_of_the_service_model_is_there() -> None:
    """There is a factory for each registry that ECR's own model lists, and no other."""
    assert set(shape("ecr", "UpstreamRegistry")["enum"]) == set(UPSTREAMS)


def test_a_secret_and_its_arn_are_the_same() -> None:
    """A credential is a secret or the ARN of one."""
    assert Upstream.github(SECRET) == Upstream.github(Secret())
    assert SECRET == Upstream.github(Secret()).credential_arn


def test_a_role_and_its_arn_are_the_same() -> None:
    """The role of an upstream is a role or the ARN of one."""
    given = [
        Upstream.ecr(account="444455556666", region="eu-west-1", role=role)
        for role in (ROLE, Role())
    ]

    assert [ROLE, ROLE] == [each.role_arn for each in given]


def test_words() -> None:
    """An upstream is named by its host, a registry of ECR by account and Region."""
    upstream = Upstream.ecr(account="444455556666", region="eu-west-1")

    assert ("quay.io", "444455556666/eu-west-1") == (str(Upstream.quay()), str(upstream))


REFUSED: dict[str, tuple[Callable[[], Any], str]] = {
    "another name": (
        lambda: Upstream.docker_hub(SECRET.replace("ecr-pullthroughcache/", "")),
        (
            "the secret's name must begin with 'ecr-pullthroughcache/', ECR can read no other; "
            "this one is 'docker-hub-aBcDeF'"
        ),
    ),
    "another name below a partition of CDK": (
        lambda: Upstream.docker_hub(
            f"arn:{TOKEN}:secretsmanager:eu-central-1:111122223333:secret:docker-hub"
        ),
        "this one is 'docker-hub'",
    ),
    "no secret": (
        lambda: Upstream.github("ecr-pullthroughcache/github"),
        "the credential must be a secretsmanager.ISecret or the ARN of a secret",
    ),
    "a long ARN": (
        lambda: Upstream.gitlab(SECRET + "a" * 600),
        "the secret's ARN may be 612 characters long, is",
    ),
    "an Azure URL": (
        lambda: Upstream.azure("https://acme.azurecr.io", SECRET),
        "an Azure registry is given by its host alone: 'NAME.azurecr.io'",
    ),
    "an account": (
        lambda: Upstream.ecr(account="4444", region="eu-west-1"),
        "'4444': an account id has 12 digits",
    ),
}


@pytest.mark.parametrize(("make", "fault"), REFUSED.values(), ids=REFUSED)
def test_refuses(make: Callable[[], Any], fault: str) -> None:
    """What ECR would refuse wherever the cache is, the factory refuses."""
    with pytest.raises(ValueError, match=re.escape(fault)):
        make()


OUT_OF_REACH: dict[str, tuple[Upstream, list[str]]] = {
    "a secret elsewhere": (
        Upstream.docker_hub(OTHER_SECRET),
        [
            "the secret must be in the cache's account, 111122223333; it is in 444455556666",
            "the secret must be in the cache's Region, eu-central-1; it is in eu-west-1",
        ],
    ),
    "itself": (
        Upstream.ecr(account=HERE[0], region=HERE[1]),
        ["111122223333/eu-central-1 is this registry itself; name the one whose images are to be"],
    ),
    "an unknown Region": (
        Upstream.ecr(account="444455556666", region="eu-moon-1"),
        ["'eu-moon-1' is not a Region that the installed aws-cdk-lib knows"],
    ),
    "another partition": (
        Upstream.ecr(account="444455556666", region="cn-north-1"),
        ["444455556666/cn-north-1 is in the partition aws-cn, this registry in aws; images"],
    ),
}


@pytest.mark.parametrize(("upstream", "faults"), OUT_OF_REACH.values(), ids=OUT_OF_REACH)
def test_out_of_reach(upstream: Upstream, faults: list[str]) -> None:
    """What a cache cannot reach from where it is, is refused there."""
    found = list(upstream.faults_from(*HERE, REGIONS))

    assert len(faults) == len(found)
    assert all(each.startswith(fault) for each, fault in zip(found, faults, strict=True))


@pytest.mark.parametrize(
    ("upstream", "account", "region"),
    [
        (Upstream.docker_hub(OTHER_SECRET), TOKEN, TOKEN),
        (Upstream.docker_hub(TOKEN), *HERE),
        (Upstream.docker_hub(f"arn:aws:secretsmanager:{TOKEN}:{TOKEN}:secret:{TOKEN}"), *HERE),
        (Upstream.azure(TOKEN, SECRET), *HERE),
        (Upstream.ecr(account=TOKEN, region=TOKEN), *HERE),
        (Upstream.ecr(account=HERE[0], region=HERE[1]), TOKEN, TOKEN),
        (Upstream.quay(), *HERE),
    ],
)
def test_what_is_not_known_passes(upstream: Upstream, account: str, region: str) -> None:
    """Deploy-time values cannot be judged."""
    assert [] == list(upstream.faults_from(account, region, REGIONS))


@pytest.mark.parametrize(
    ("upstream", "needed"),
    [
        (Upstream.quay(), False),
        (Upstream.ecr(account=HERE[0], region="eu-west-1"), False),
        (Upstream.ecr(account="444455556666", region="eu-west-1"), True),
        (Upstream.ecr(account=TOKEN, region="eu-west-1"), True),
    ],
    ids=["quay", "own account", "another account", "an account not known"],
)
def test_needs_a_role(upstream: Upstream, *, needed: bool) -> None:
    """Only another account's registry, or what may be one, is read with a role."""
    assert needed == upstream.needs_role(HERE[0])


NAMES = {
    "the prefix": (
        "ecr-pullthroughcache/docker-hub",
        "'ecr-pullthroughcache/' is put before the name by itself; write 'docker-hub'",
    ),
    "nothing": ("", "the name may hold only letters, digits and '/_+=.@-', at least one of them"),
    "a space": ("docker hub", "the name may hold only letters, digits and '/_+=.@-'"),
    "a long name": ("a" * 500, "with 'ecr-pullthroughcache/' the name may be 512 characters, is"),
}


@pytest.mark.parametrize(("name", "fault"), NAMES.values(), ids=NAMES)
def test_secret_names(name: str, fault: str) -> None:
    """A name that Secrets Manager or ECR refuses is named with what is allowed."""
    [found] = secret_name_errors(name)

    assert fault in found


@pytest.mark.parametrize("name", ["docker-hub", "a/b_c+d=e.f@g", TOKEN])
def test_sound_secret_names(name: str) -> None:
    """Sound names pass, deploy-time ones too."""
    assert [] == list(secret_name_errors(name))


def test_credential_arns_agree_with_the_service_model() -> None:
    """The longest ARN and the prefix are those of ECR's own model."""
    limits = shape("ecr", "CredentialArn")

    assert (612, True) == (limits["max"], re.fullmatch(limits["pattern"], SECRET) is not None)
