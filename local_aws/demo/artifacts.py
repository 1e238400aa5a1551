"""What the demo pushes: one artifact of every kind a company keeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from local_aws import images

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local_aws.images import Artifact


@dataclass(frozen=True, slots=True)
class Push:
    """An artifact on its way into a registry.

    Attributes:
        what: What it is, in a sentence.
        repository: Where it goes.
        tags: Its tags.
        artifact: What is pushed.
        client: The client that pushes it, one of those that push-commands knows.
        commands: What a user types in place of what push-commands prints, `{to}` being the
            repository; for what `docker buildx` pushes by itself.
    """

    what: str
    repository: str
    tags: tuple[str, ...]
    artifact: Artifact
    client: str = "docker"
    commands: tuple[str, ...] = ()


def pushes(environment: str) -> Iterator[Push]:
    """Yield what is pushed to an environment, in order."""
    yield from _TO[environment]()


def _to_dev() -> Iterator[Push]:
    api = "payments/api"
    yield Push(
        "A build of the payments API. In dev, tags may move.",
        api,
        ("latest",),
        images.image("payments API, first build"),
    )
    yield Push(
        "The next build, under the same tag.",
        api,
        ("latest",),
        images.image("payments API, second build"),
    )
    options = "type=registry,image-manifest=true"
    yield Push(
        "The cache of that build.",
        "platform/build-cache",
        ("payments-api",),
        images.build_cache("payments API"),
        commands=(f"docker buildx build --cache-to {options},ref={{to}}:payments-api .",),
    )


def _to_prod() -> Iterator[Push]:
    api = "payments/api"
    yield Push(
        "A release of the payments API. In prod, tags stay where they are.",
        api,
        ("v1.0.0",),
        images.image("payments API, release"),
    )
    yield Push(
        "Another image under the tag of the release.",
        api,
        ("v1.0.0",),
        images.image("payments API, changed after its release"),
    )
    build = "docker buildx build --push"
    yield Push(
        "The image of a Lambda function; Lambda takes no index, so no provenance beside it.",
        "payments/fraud-scoring",
        ("v3",),
        images.image("fraud scoring"),
        commands=(f"{build} --platform linux/amd64 --provenance=false --tag {{to}}:v3 .",),
    )
    for what, version in (
        ("A base image for two architectures; `stable` is excepted from immutability.", "3.12.7"),
        ("Its next patch, which `stable` moves to.", "3.12.8"),
    ):
        yield Push(
            what,
            "platform/base-python",
            (version, "stable"),
            images.index(f"Python {version}"),
            commands=(
                f"{build} --platform linux/amd64,linux/arm64 --tag {{to}}:{version} .",
                f"docker buildx imagetools create --tag {{to}}:stable {{to}}:{version}",
            ),
        )
    yield Push(
        "A Helm chart.",
        "platform/charts/service",
        ("1.4.0",),
        images.helm_chart("How a service is run", name="service", version="1.4.0"),
        client="helm",
    )


_TO = {"dev": _to_dev, "prod": _to_prod}
