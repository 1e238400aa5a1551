"""Pushes and deletions: what changes the images of a repository, and its replicas with it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ministack.core.responses import get_account_id

from local_aws.overlay import events, images, replication
from local_aws.overlay.operations import RejectedError, operation

if TYPE_CHECKING:
    from local_aws.overlay.images import Image
    from local_aws.overlay.operations import Members


def push(name: str, raw: bytes, media_type: str | None, tag: str | None) -> Image:
    """Store a manifest, tell of it and replicate it."""
    image = images.store(name, raw, media_type, tag)
    events.image_action("PUSH", name, image["imageDigest"], tag)
    replication.replicate(name, image, tag)
    return image


@operation("PutImage")
def put_image(members: Members) -> Members:
    """Push a manifest through the API, which rejects what the registry accepts twice."""
    name, tag = members["repositoryName"], members.get("imageTag")
    text = members["imageManifest"]
    same = [image for image in images.all_of(name) if image["imageManifest"] == text]
    if same and (tag is None or tag in same[0]["imageTags"]):
        code = "ImageAlreadyExistsException"
        message = f"Image with digest '{same[0]['imageDigest']}' and tag '{tag}' already exists "
        registry = f"in the repository with name '{name}' in registry with id '{get_account_id()}'"
        raise RejectedError(code, message + registry)
    image = push(name, text.encode(), members.get("imageManifestMediaType"), tag)
    shown = ("registryId", "repositoryName", "imageManifest", "imageManifestMediaType")
    image_id = {"imageDigest": image["imageDigest"], **({"imageTag": tag} if tag else {})}
    return {"image": {**{member: image[member] for member in shown}, "imageId": image_id}}


@operation("BatchDeleteImage")
def batch_delete(members: Members) -> Members:
    """Delete images, here and where deletions are replicated to."""
    name = members["repositoryName"]
    answer = images.delete(name, members["imageIds"])
    for gone in answer["imageIds"]:
        events.image_action("DELETE", name, gone["imageDigest"], gone.get("imageTag"))
    replication.replicate_deletion(name, answer["imageIds"])
    return answer
