"""What exists in a registry: read from ECR and KMS, not from what was deployed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ecr_constructs import LifecyclePolicy, TagMutability
from local_aws import images
from local_aws.demo.access import who_may_pull

if TYPE_CHECKING:
    from collections.abc import Callable

    from ecr_constructs.environment.resolution import ResolvedEnvironment
    from ecr_constructs.model.registry_id import RegistryId
    from local_aws.endpoint import Endpoint

_KINDS = {
    images.OCI_CONFIG: "image",
    images.HELM_CONFIG: "Helm chart",
    images.BUILDKIT_CACHE: "build cache",
}


@dataclass(frozen=True, slots=True)
class Image:
    """An image of a repository."""

    tags: tuple[str, ...]
    kind: str
    size: int
    digest: str


@dataclass(frozen=True, slots=True)
class Key:
    """A customer managed key that encrypts repositories."""

    arn: str
    aliases: tuple[str, ...]
    is_rotated: bool

    def __str__(self) -> str:
        """Say it in words."""
        rotation = "rotated every year" if self.is_rotated else "not rotated"
        return f"{', '.join(self.aliases) or 'no alias'}, {rotation}, {self.arn}"


@dataclass(frozen=True, slots=True)
class Found:
    """A repository as ECR describes it, in words."""

    name: str
    mutability: str
    key: Key | None
    scans_on_push: bool
    pullers: tuple[str, ...]
    retention: tuple[str, ...]
    images: tuple[Image, ...]


def read(aws: Endpoint, environment: ResolvedEnvironment, registry: RegistryId) -> list[Found]:
    """Read an environment's repositories of a registry, sorted; not the one of `cdk bootstrap`."""
    account, region = registry.account, registry.region
    ecr = aws.client("ecr", account=account, region=region)
    kms = aws.client("kms", account=account, region=region)
    keys: dict[str, Key] = {}
    pages = ecr.get_paginator("describe_repositories").paginate()
    described = {each["repositoryName"]: each for page in pages for each in page["repositories"]}
    names = [each.name for each in environment.repositories]
    return [_found(ecr, kms, described[name], keys) for name in sorted(names) if name in described]


def _found(ecr: Any, kms: Any, repository: dict[str, Any], keys: dict[str, Key]) -> Found:
    name = repository["repositoryName"]
    arn = repository["encryptionConfiguration"].get("kmsKey")
    if arn and arn not in keys:
        keys[arn] = _key(kms, arn)
    policy = _text(ecr.get_repository_policy, name, "policyText")
    lifecycle = _text(ecr.get_lifecycle_policy, name, "lifecyclePolicyText")
    pages = ecr.get_paginator("describe_images").paginate(repositoryName=name)
    return Found(
        name=name,
        mutability=str(_mutability(repository)),
        key=keys.get(arn),
        scans_on_push=repository["imageScanningConfiguration"]["scanOnPush"],
        pullers=who_may_pull(policy),
        retention=(
            LifecyclePolicy.from_json(lifecycle) if lifecycle else LifecyclePolicy()
        ).in_words(),
        images=tuple(_image(detail) for page in pages for detail in page["imageDetails"]),
    )


def _text(get: Callable[..., dict[str, str]], name: str, member: str) -> str | None:
    """Return a policy of a repository, or None if it has none."""
    try:
        return get(repositoryName=name)[member]
    except ClientError as error:
        if error.response["Error"]["Code"].endswith("PolicyNotFoundException"):
            return None
        raise


def _mutability(repository: dict[str, Any]) -> TagMutability:
    filters = repository.get("imageTagMutabilityExclusionFilters", [])
    is_immutable = repository["imageTagMutability"].startswith("IMMUTABLE")
    return TagMutability(is_immutable, tuple(each["filter"] for each in filters))


def _key(kms: Any, arn: str) -> Key:
    aliases = kms.list_aliases(KeyId=arn)["Aliases"]
    rotation = kms.get_key_rotation_status(KeyId=arn)
    return Key(arn, tuple(alias["AliasName"] for alias in aliases), rotation["KeyRotationEnabled"])


def _image(detail: dict[str, Any]) -> Image:
    is_index = detail["imageManifestMediaType"] == images.OCI_INDEX
    artifact = detail.get("artifactMediaType", "")
    return Image(
        tags=tuple(detail.get("imageTags", [])),
        kind="index of images" if is_index else _KINDS.get(artifact, artifact),
        size=detail["imageSizeInBytes"],
        digest=detail["imageDigest"],
    )
