"""Repositories: exclusion filters, key ARNs, paging."""

# ruff: noqa: SLF001 - ministack offers its stores and handlers by private names only

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from ministack.core.responses import AccountRegionScopedDict, get_account_id
from ministack.services import ecr, kms

from local_aws.overlay.operations import RejectedError, now, operation, page

if TYPE_CHECKING:
    from local_aws.overlay.operations import HttpAnswer, Members

MANAGED_KEY_ALIAS = "alias/aws/ecr"
PREVIEWS = AccountRegionScopedDict()
"""The last lifecycle policy preview of each repository."""

_STORES = (
    PREVIEWS,
    ecr._images,
    ecr._lifecycle_policies,
    ecr._repo_policies,
    ecr._layer_blobs,
    ecr._manifest_blobs,
    ecr._uploads,
)


def find(name: str) -> Members:
    """Return the record of a repository of the calling account and Region, which must exist."""
    record: Members | None = ecr._repositories.get(name)
    if record is None:
        raise RejectedError(missing(name), "RepositoryNotFoundException")
    return record


def missing(name: str) -> str:
    """Return ECR's sentence about a repository that does not exist."""
    registry = f"the registry with id '{get_account_id()}'"
    return f"The repository with name '{name}' does not exist in {registry}"


def matches(text: str, pattern: str) -> bool:
    """Tell whether a pattern of ECR matches; ``*`` is its only wildcard."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split("*"))), text) is not None


def may_move(repository: Members, tag: str) -> bool:
    """Tell whether `tag`, once given to an image, may be given to another."""
    mutability = repository["imageTagMutability"]
    filters = repository.get("imageTagMutabilityExclusionFilters", [])
    excluded = any(matches(tag, item["filter"]) for item in filters)
    return bool(mutability.startswith("MUTABLE") is not excluded)


def _encryption(configuration: Members | None) -> Members:
    """Return the configuration as ECR reports it: with the ARN of the key."""
    if not configuration or configuration["encryptionType"] == "AES256":
        return {"encryptionType": "AES256"}
    wanted = configuration.get("kmsKey") or MANAGED_KEY_ALIAS
    if wanted == MANAGED_KEY_ALIAS and kms._resolve_key(wanted) is None:
        created = kms._create_key(
            {"Description": "Default key that protects my ECR data when no other key is defined"}
        )
        key_id = json.loads(created[2])["KeyMetadata"]["KeyId"]
        kms._aliases[kms._alias_arn(MANAGED_KEY_ALIAS)] = key_id
    key = kms._resolve_key(wanted)
    return {**configuration, "kmsKey": key["Arn"] if key else wanted}


def _shape(record: Members) -> Members:
    return {name: value for name, value in record.items() if name != "tags"}


@operation("CreateRepository")
def create(members: Members) -> Members:
    """Create a repository; the settings left out are ECR's: mutable, AES-256, no scan."""
    name = members["repositoryName"]
    if name in ecr._repositories:
        message = f"The repository with name '{name}' already exists in the registry with id "
        message += f"'{get_account_id()}'"
        raise RejectedError(message, "RepositoryAlreadyExistsException")
    filters = members.get("imageTagMutabilityExclusionFilters")
    record = {
        "repositoryArn": ecr._repo_arn(name),
        "registryId": get_account_id(),
        "repositoryName": name,
        "repositoryUri": ecr._repo_uri(name),
        "createdAt": now(),
        "imageTagMutability": members.get("imageTagMutability", "MUTABLE"),
        **({"imageTagMutabilityExclusionFilters": filters} if filters else {}),
        "imageScanningConfiguration": {
            "scanOnPush": False,
            **members.get("imageScanningConfiguration", {}),
        },
        "encryptionConfiguration": _encryption(members.get("encryptionConfiguration")),
        "tags": list(members.get("tags", [])),
    }
    ecr._repositories[name] = record
    ecr._images[name] = []
    return {"repository": _shape(record)}


@operation("DescribeRepositories")
def describe(members: Members) -> Members:
    """Describe the named repositories, or a page of all."""
    names = members.get("repositoryNames")
    records = [find(name) for name in names] if names else ecr._repositories.values()
    return page(members, "repositories", [_shape(record) for record in records])


@operation("DeleteRepository")
def delete(members: Members) -> Members:
    """Delete a repository with all that is stored under its name."""
    name = members["repositoryName"]
    record = find(name)
    if ecr._images.get(name) and not members.get("force"):
        message = f"The repository with name '{name}' in registry with id '{get_account_id()}' "
        reason = "cannot be deleted because it still contains images"
        raise RejectedError(message + reason, "RepositoryNotEmptyException")
    for store in (ecr._repositories, *_STORES):
        store.pop(name, None)
    return {"repository": _shape(record)}


@operation("PutImageTagMutability")
def put_tag_mutability(members: Members) -> Members:
    """Set the mutability; filters that are not given again are gone."""
    record = find(members["repositoryName"])
    record.pop("imageTagMutabilityExclusionFilters", None)
    settings = {
        name: members[name]
        for name in ("imageTagMutability", "imageTagMutabilityExclusionFilters")
        if members.get(name)
    }
    record.update(settings)
    return {"registryId": get_account_id(), "repositoryName": record["repositoryName"], **settings}


def missing_in_registry(name: str) -> HttpAnswer | None:
    """Return the registry's answer for a repository that does not exist."""
    if name in ecr._repositories:
        return None
    answer: HttpAnswer = ecr._registry_error(404, "NAME_UNKNOWN", missing(name), {})
    return answer
