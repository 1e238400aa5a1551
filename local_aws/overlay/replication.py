"""Replication: copies of what is pushed, in other Regions and accounts.

A copy is made at once, where ECR takes seconds. It is made of a push only, and never of a copy.
"""

# ruff: noqa: SLF001 - ministack offers its stores and handlers by private names only

from __future__ import annotations

from typing import TYPE_CHECKING

from ministack.core.iam_evaluator import EvalContext, evaluate_resource_policy
from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import ecr

from local_aws.overlay import events, images, registry, templates
from local_aws.overlay.operations import operation

if TYPE_CHECKING:
    from collections.abc import Iterator

    from local_aws.overlay.images import Image
    from local_aws.overlay.operations import Members

# ECR documents that a failure has a code, not which codes there are.
ACCESS_DENIED = "AccessDenied"
TAG_IMMUTABLE = "ImageTagAlreadyExists"


def _destinations(name: str, *, deletes: bool = False) -> Iterator[tuple[str, str]]:
    """Yield account and Region of each place that the repository is replicated to."""
    here = (get_account_id(), get_region())
    for rule in registry.replication_rules():
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
    """Tell whether the policy of this registry lets the account `source` do `action`."""
    if source == get_account_id():
        return True
    context = EvalContext(
        principal_arn=f"arn:aws:iam::{source}:root",
        principal_type="Root",
        principal_account=source,
        action=action,
        resource_arn=ecr._repo_arn(name),
        region=get_region(),
    )
    return bool(evaluate_resource_policy(registry.policy(), context).decision == "Allow")


def replicate(name: str, image: Image, tag: str | None) -> None:
    """Copy a pushed image, and what an index lists, to every destination of its repository."""
    source, home = get_account_id(), get_region()
    copied = [*images.children(name, image), image]
    blobs = dict(ecr._layer_blobs.get(name, {}))
    for account, region in _destinations(name):
        with request_scope(account, region):
            failure = _receive(source, name, copied, blobs, tag)
            digest, failed = image["imageDigest"], failure is not None
            events.replication(name, digest, tag, (source, home), failed=failed)
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
        templates.create_repository(name, templates.template_for(name, "REPLICATION") or {})
    for image in copied:
        content = images.manifest(image)
        for blob in [content.get("config", {}), *content.get("layers", [])]:
            if blob.get("digest") in blobs:
                kept = ecr._layer_blobs.setdefault(name, {})
                kept[blob["digest"]] = blobs[blob["digest"]]
        images.store(name, image["imageManifest"].encode(), image["imageManifestMediaType"], None)
    if tag is None:
        return None
    try:
        raw = copied[-1]["imageManifest"].encode()
        images.store(name, raw, None, tag)
    except images.TagImmutableError:
        # The image has arrived all the same, without the tag.
        return TAG_IMMUTABLE
    return None


def replicate_deletion(name: str, image_ids: list[Members]) -> None:
    """Delete the images in every destination whose rule replicates deletions."""
    for account, region in _destinations(name, deletes=True):
        with request_scope(account, region):
            if name in ecr._repositories:
                images.delete(name, image_ids)


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
