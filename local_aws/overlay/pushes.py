"""Pushes and deletions: what changes the images of a repository, and its replicas with it.

A copy is made at once, where ECR takes seconds. It is made of a push only, and never of a copy.
EventBridge is told as ECR tells it, except of scans; and caches fetch nothing.
"""

# ruff: noqa: SLF001 - ministack offers its stores and handlers by private names only

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ministack.core.iam_evaluator import EvalContext, evaluate_resource_policy
from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import ecr, eventbridge

from local_aws.overlay import images, registry, scans
from local_aws.overlay.operations import RejectedError, now, operation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local_aws.overlay.images import Image
    from local_aws.overlay.operations import Members

# ECR documents that a failure has a code, not which codes there are.
ACCESS_DENIED = "AccessDenied"
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/slr-replication.html
REPLICATION_ROLE = (
    "role/aws-service-role/replication.ecr.amazonaws.com/AWSServiceRoleForECRReplication"
)
TAG_IMMUTABLE = "ImageTagAlreadyExists"


def _send(
    kind: str, name: str, digest: str, tag: str | None, *, failed: bool = False, **others: str
) -> None:
    """Tell EventBridge of an image; of a replica, with the repository that it arrived in."""
    detail = {
        "result": "FAILED" if failed else "SUCCESS",
        "repository-name": name,
        "image-digest": digest,
        **({"image-tag": tag} if tag else {}),
        **{member.replace("_", "-"): value for member, value in others.items()},
    }
    entry = {
        "Source": "aws.ecr",
        "DetailType": f"ECR {kind} Action",
        "Detail": json.dumps(detail),
        "Resources": [ecr._repo_arn(name)] if kind == "Replication" else [],
    }
    eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)


def push(name: str, raw: bytes, media_type: str | None, tag: str | None) -> Image:
    """Store a manifest, tell of it and replicate it."""
    image = images.store(name, raw, media_type, tag)
    scans.on_push(name, image)
    _send("Image", name, image["imageDigest"], tag, action_type="PUSH")
    _replicate(name, image, tag)
    return image


@operation("PutImage")
def put_image(members: Members) -> Members:
    """Push a manifest through the API, which rejects what the registry accepts twice."""
    name, tag = members["repositoryName"], members.get("imageTag")
    text = members["imageManifest"]
    same = [image for image in images.all_of(name) if image["imageManifest"] == text]
    if same and (tag is None or tag in same[0]["imageTags"]):
        message = f"Image with digest '{same[0]['imageDigest']}' and tag '{tag}' already exists "
        place = f"in the repository with name '{name}' in registry with id '{get_account_id()}'"
        raise RejectedError(message + place, "ImageAlreadyExistsException")
    image = push(name, text.encode(), members.get("imageManifestMediaType"), tag)
    image_id = {"imageDigest": image["imageDigest"], **({"imageTag": tag} if tag else {})}
    return {"image": images.with_manifest(image, image_id)}


@operation("BatchDeleteImage")
def batch_delete(members: Members) -> Members:
    """Delete images, here and where deletions are replicated to."""
    name = members["repositoryName"]
    answer = images.delete(name, members["imageIds"])
    for gone in answer["imageIds"]:
        _send("Image", name, gone["imageDigest"], gone.get("imageTag"), action_type="DELETE")
    for account, region in _destinations(name, deletes=True):
        with request_scope(account, region):
            if name in ecr._repositories:
                images.delete(name, answer["imageIds"])
    return answer


@operation("UpdateImageStorageClass")
def update_storage_class(members: Members) -> Members:
    """Archive an image, or restore it at once, which takes ECR some minutes."""
    name, target = members["repositoryName"], members["targetStorageClass"]
    image = images.get(name, members["imageId"])
    if target == "ARCHIVE":
        image |= {"imageStatus": "ARCHIVED", "lastArchivedAt": now()}
    else:
        image |= {"imageStatus": "ACTIVE", "lastActivatedAt": now()}
    action = {"action_type": "UPDATE_STORAGE_CLASS", "target_storage_class": target}
    _send("Image", name, image["imageDigest"], None, **action)
    return {
        "registryId": get_account_id(),
        "repositoryName": name,
        "imageId": members["imageId"],
        "imageStatus": image["imageStatus"],
    }


def _destinations(name: str, *, deletes: bool = False) -> Iterator[tuple[str, str]]:
    """Yield account and Region of each place that the repository is replicated to."""
    here = (get_account_id(), get_region())
    for rule in registry.setting("replicationConfiguration")["rules"]:
        if deletes and not rule.get("deleteReplication", {}).get("enabled"):
            continue
        filters = [item["filter"] for item in rule["repositoryFilters"]]
        if filters and not name.startswith(tuple(filters)):
            continue
        for destination in rule["destinations"]:
            place = (destination["registryId"], destination["region"])
            if place != here:
                yield place


def _admits(source: str, action: str, name: str) -> bool:
    """Tell whether the policy of this registry allows ECR's role of an account to do `action`."""
    if source == get_account_id():
        return True
    context = EvalContext(
        principal_arn=f"arn:aws:iam::{source}:{REPLICATION_ROLE}",
        principal_type="AssumedRole",
        principal_account=source,
        action=action,
        resource_arn=ecr._repo_arn(name),
        region=get_region(),
    )
    return bool(
        evaluate_resource_policy(registry.setting("policyText"), context).decision == "Allow"
    )


def _replicate(name: str, image: Image, tag: str | None) -> None:
    """Copy a pushed image, and what an index lists, to every destination of its repository."""
    source, home = get_account_id(), get_region()
    copied = [*images.children(name, image), image]
    blobs = dict(ecr._layer_blobs.get(name, {}))
    for account, region in _destinations(name):
        with request_scope(account, region):
            failure = _receive(source, name, copied, blobs, tag)
            origin = {"source_account": source, "source_region": home, "action_type": "REPLICATE"}
            failed = failure is not None
            _send("Replication", name, image["imageDigest"], tag, failed=failed, **origin)
        image.setdefault("replicationStatuses", {})[account, region] = failure


def _receive(
    source: str, name: str, copied: list[Image], blobs: dict[str, bytes], tag: str | None
) -> str | None:
    """Store the copy in this registry; return the code of the failure, if it is one."""
    if not _admits(source, "ecr:ReplicateImage", name):
        return ACCESS_DENIED
    if name not in ecr._repositories:
        if not _admits(source, "ecr:CreateRepository", name):
            return ACCESS_DENIED
        registry.create_repository(name, registry.template_for(name, "REPLICATION") or {})
    for image in copied:
        content = images.manifest(image)
        for blob in [content.get("config", {}), *content.get("layers", [])]:
            if blob.get("digest") in blobs:
                kept = ecr._layer_blobs.setdefault(name, {})
                kept[blob["digest"]] = blobs[blob["digest"]]
        media_type = image["imageManifestMediaType"]
        copy = images.store(name, image["imageManifest"].encode(), media_type, None)
        scans.on_push(name, copy)
    if tag is None:
        return None
    try:
        images.store(name, copied[-1]["imageManifest"].encode(), None, tag)
    except images.TagImmutableError:
        # The image has arrived all the same, without the tag.
        return TAG_IMMUTABLE
    return None


@operation("DescribeImageReplicationStatus")
def describe_status(members: Members) -> Members:
    """Tell how the copying of an image went."""
    name = members["repositoryName"]
    image = images.get(name, members["imageId"])
    return {
        "repositoryName": name,
        "imageId": {**members["imageId"], "imageDigest": image["imageDigest"]},
        "replicationStatuses": [
            {
                "region": region,
                "registryId": account,
                "status": "FAILED" if code else "COMPLETE",
                **({"failureCode": code} if code else {}),
            }
            for (account, region), code in image.get("replicationStatuses", {}).items()
        ],
    }
