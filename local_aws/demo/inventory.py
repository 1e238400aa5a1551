"""Show what exists in a registry: read from ECR and KMS, not from what was deployed."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from botocore.exceptions import ClientError

from ecr_constructs import LifecyclePolicy, TagMutability
from local_aws import images
from local_aws.demo import screen

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from ecr_constructs.environment.resolution import ResolvedEnvironment
    from ecr_constructs.model.registry_id import RegistryId
    from local_aws.endpoint import Endpoint

_KINDS = {
    images.OCI_CONFIG: "image",
    images.HELM_CONFIG: "Helm chart",
    images.BUILDKIT_CACHE: "build cache",
}
# Names and digests are never wrapped, so that they can be copied.
_WHOLE: dict[str, Any] = {"no_wrap": True}
_TAGS: dict[str, Any] = {"min_width": 10, "max_width": 20}


@dataclass(frozen=True, slots=True)
class Repository:
    """A repository as ECR describes it, in words; `images` as DescribeImages answers."""

    name: str
    mutability: str
    key: str
    scans: str
    pullers: tuple[str, ...]
    retention: tuple[str, ...]
    images: list[dict[str, Any]]


def read(aws: Endpoint, environment: ResolvedEnvironment, registry: RegistryId) -> list[Repository]:
    """Read an environment's repositories in a registry, sorted."""
    place = {"account": registry.account, "region": registry.region}
    ecr, kms = aws.client("ecr", **place), aws.client("kms", **place)
    names = sorted(repository.name for repository in environment.repositories)
    described = {
        repository["repositoryName"]: repository
        for page in ecr.get_paginator("describe_repositories").paginate()
        for repository in page["repositories"]
    }
    return [_repository(ecr, kms, described[name]) for name in names if name in described]


def show(repositories: Sequence[Repository]) -> None:
    """Print their settings, retention and images."""
    encryption = {"": "AES-256"}
    columns = {"Repository": _WHOLE, "Tags": _TAGS, "Encryption": _WHOLE, "Scan": _WHOLE}
    screen.table(
        {**columns, "May pull": {"min_width": 12}},
        (
            (
                repository.name,
                repository.mutability,
                encryption.get(repository.key, "own key"),
                repository.scans,
                "\n".join(repository.pullers),
            )
            for repository in repositories
        ),
    )
    for key in dict.fromkeys(repository.key for repository in repositories if repository.key):
        screen.say(f"own key: {key}")
    sharing: dict[tuple[str, ...], list[str]] = {}
    for repository in repositories:
        sharing.setdefault(repository.retention, []).append(repository.name)
    screen.table(
        {"Retention": {}, "Repositories": {}},
        (("\n".join(rules) + "\n", ", ".join(names)) for rules, names in sharing.items()),
    )
    columns = {"Repository": _WHOLE, "Tags": _TAGS, "Kind": {}}
    screen.table(
        {**columns, "Bytes": _WHOLE | {"justify": "right"}, "Digest": _WHOLE},
        (row for repository in repositories for row in _image_rows(repository)),
    )


def who_may_pull(policy_text: str | None) -> tuple[str, ...]:
    """Return the organizations, accounts and roles that a repository policy allows to pull.

    Without one, roles of the account may, if IAM allows them to.
    """
    statements = _list(json.loads(policy_text)["Statement"]) if policy_text else []
    pullers = [
        puller
        for statement in statements
        if statement["Effect"] == "Allow"
        and {"ecr:BatchGetImage", "ecr:*", "*"} & set(_list(statement["Action"]))
        for puller in _principals(statement)
    ]
    return tuple(dict.fromkeys(pullers)) or ("this account",)


def short(digest: str) -> str:
    """Shorten a digest as `docker images` does."""
    return digest[: len("sha256:") + 12]


def _principals(statement: dict[str, Any]) -> Iterator[str]:
    equals = statement.get("Condition", {}).get("StringEquals", {})
    if organizations := equals.get("aws:PrincipalOrgID"):
        yield from (f"organization {organization}" for organization in _list(organizations))
        return
    principal = statement["Principal"]
    kinds = principal if isinstance(principal, dict) else {"AWS": principal}
    for identifiers in kinds.values():
        for identifier in _list(identifiers):
            root = re.fullmatch(r"arn:[^:]+:iam::(\d{12}):root", identifier)
            yield f"account {root[1]}" if root else identifier


def _repository(ecr: Any, kms: Any, details: dict[str, Any]) -> Repository:
    name = details["repositoryName"]
    filters = details.get("imageTagMutabilityExclusionFilters", [])
    is_immutable = details["imageTagMutability"].startswith("IMMUTABLE")
    lifecycle = _policy(ecr.get_lifecycle_policy, name, "lifecyclePolicyText")
    policy = LifecyclePolicy.from_json(lifecycle) if lifecycle else LifecyclePolicy()
    pages = ecr.get_paginator("describe_images").paginate(repositoryName=name)
    return Repository(
        name=name,
        mutability=str(TagMutability(is_immutable, tuple(entry["filter"] for entry in filters))),
        key=_key(kms, details["encryptionConfiguration"].get("kmsKey")),
        scans="on push" if details["imageScanningConfiguration"]["scanOnPush"] else "no",
        pullers=who_may_pull(_policy(ecr.get_repository_policy, name, "policyText")),
        retention=policy.in_words(),
        images=[image for page in pages for image in page["imageDetails"]],
    )


def _policy(get: Callable[..., dict[str, str]], name: str, member: str) -> str | None:
    """Return a policy of a repository, or None if it has none."""
    try:
        return get(repositoryName=name)[member]
    except ClientError as error:
        if error.response["Error"]["Code"].endswith("PolicyNotFoundException"):
            return None
        raise


def _key(kms: Any, arn: str | None) -> str:
    if arn is None:
        return ""
    aliases = ", ".join(alias["AliasName"] for alias in kms.list_aliases(KeyId=arn)["Aliases"])
    is_rotated = kms.get_key_rotation_status(KeyId=arn)["KeyRotationEnabled"]
    rotation = "rotated every year" if is_rotated else "not rotated"
    return f"{aliases or 'no alias'}, {rotation}, {arn}"


def _image_rows(repository: Repository) -> Iterator[tuple[str, str, str, str, str]]:
    """Yield a row for each image with a tag, and one for the others."""
    untagged = []
    for image in repository.images:
        size = image["imageSizeInBytes"]
        if not (tags := image.get("imageTags")):
            untagged.append(size)
            continue
        kind = image.get("artifactMediaType", "")
        is_index = image["imageManifestMediaType"] == images.OCI_INDEX
        name = "index of images" if is_index else _KINDS.get(kind, kind)
        yield repository.name, ", ".join(tags), name, f"{size:,}", short(image["imageDigest"])
    if untagged:
        yield repository.name, f"{len(untagged)} untagged", "", f"{sum(untagged):,}", ""


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
