"""The images of a repository: how a manifest is stored and how it is described."""

# ruff: noqa: SLF001 - ministack offers its stores and handlers by private names only

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

from ministack.core.responses import get_account_id
from ministack.services import ecr

from local_aws.overlay import pull_times, repositories
from local_aws.overlay.operations import RejectedError, now, operation, page

if TYPE_CHECKING:
    from local_aws.overlay.operations import Members

    Image = dict[str, Any]

DOCKER_MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


class TagImmutableError(RejectedError):
    """A push that would move an immutable tag."""

    def __init__(self, name: str, tag: str) -> None:
        """Use ECR's words, which are the same for the API and the registry."""
        super().__init__(
            f"The image tag '{tag}' already exists in the '{name}' repository "
            "and cannot be overwritten because the tag is immutable.",
            "ImageTagAlreadyExistsException",
        )


def all_of(name: str) -> list[Image]:
    """Return the images of a repository, oldest first."""
    repositories.find(name)
    images: list[Image] = ecr._images.setdefault(name, [])
    return images


def find(name: str, image_id: Members) -> Image | None:
    """Return the image with this digest, or else with this tag."""
    digest, tag = image_id.get("imageDigest"), image_id.get("imageTag")
    for image in all_of(name):
        if image["imageDigest"] == digest or (digest is None and tag in image["imageTags"]):
            return image
    return None


def get(name: str, image_id: Members) -> Image:
    """Return the image with this digest or tag, which must exist."""
    image = find(name, image_id)
    if image is None:
        digest, tag = (image_id.get(part, "null") for part in ("imageDigest", "imageTag"))
        message = f"The image with imageId {{imageDigest:'{digest}', imageTag:'{tag}'}} does not "
        place = f"exist in the repository '{name}' of the registry with id '{get_account_id()}'"
        raise RejectedError(message + place, "ImageNotFoundException")
    return image


def store(name: str, raw: bytes, media_type: str | None, tag: str | None) -> Image:
    """Store a manifest, and move the tag to it.

    An image pushed again keeps the time of its first push: a new tag does not renew its age.

    Raises:
        TagImmutableError: The tag is another image's and may not move. Nothing is stored.
    """
    digest = "sha256:" + hashlib.sha256(raw).hexdigest()
    holder = find(name, {"imageTag": tag}) if tag else None
    if tag and holder and holder["imageDigest"] != digest:
        if not repositories.may_move(repositories.find(name), tag):
            raise TagImmutableError(name, tag)
        holder["imageTags"].remove(tag)
    image = find(name, {"imageDigest": digest})
    if image is None:
        text = raw.decode()
        media_type = media_type or json.loads(text).get("mediaType", DOCKER_MANIFEST)
        image = {
            "registryId": get_account_id(),
            "repositoryName": name,
            "imageDigest": digest,
            "imageTags": [],
            "imageManifest": text,
            "imageManifestMediaType": media_type,
            "imagePushedAt": now(),
        }
        all_of(name).append(image)
        ecr._manifest_blobs.setdefault(name, {})[digest] = raw
    if tag and tag not in image["imageTags"]:
        image["imageTags"].append(tag)
    return image


def is_pullable(image: Image) -> bool:
    """Tell whether an image is not archived: until it is restored, a pull fails.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/archive-image.html
    """
    return bool(image.get("imageStatus", "ACTIVE") == "ACTIVE")


def manifest(image: Image) -> Members:
    """Return the manifest as JSON."""
    return dict(json.loads(image["imageManifest"]))


def subject(image: Image) -> str | None:
    """Return the digest of the image that an artifact is about; None if it is about none."""
    digest: str | None = (manifest(image).get("subject") or {}).get("digest")
    return digest


def children(name: str, image: Image) -> list[Image]:
    """Return the images that an index lists and the repository has."""
    listed = [{"imageDigest": item["digest"]} for item in manifest(image).get("manifests", [])]
    return [child for item in listed if (child := find(name, item))]


def described(name: str, image: Image) -> Members:
    """Describe an image as DescribeImages does.

    The size is the compressed one, of configuration and layers; of an index it is "the max size
    of all manifests in the list" (API reference, ImageDetail).
    """
    content = manifest(image)
    blobs = [content.get("config") or {}, *content.get("layers", [])]
    sizes = [described(name, child)["imageSizeInBytes"] for child in children(name, image)]
    shown = {
        "registryId": image["registryId"],
        "repositoryName": name,
        "imageDigest": image["imageDigest"],
        "imageTags": list(image["imageTags"]),
        "imageSizeInBytes": max(sizes, default=sum(blob.get("size", 0) for blob in blobs)),
        "imagePushedAt": image["imagePushedAt"],
        "imageManifestMediaType": image["imageManifestMediaType"],
        "artifactMediaType": content.get("artifactType") or blobs[0].get("mediaType"),
        "lastRecordedPullTime": image.get("lastRecordedPullTime"),
        "subjectManifestDigest": subject(image),
        "imageStatus": image.get("imageStatus", "ACTIVE"),
        "lastArchivedAt": image.get("lastArchivedAt"),
        "lastActivatedAt": image.get("lastActivatedAt"),
    }
    return {member: value for member, value in shown.items() if value not in (None, [])}


def _has_status(image: Image, members: Members) -> bool:
    """Tell whether the filter selects an image; archived ones only if it asks for them."""
    tags: str = members.get("filter", {}).get("tagStatus", "ANY")
    status: str = members.get("filter", {}).get("imageStatus", "ACTIVE")
    tags_fit = tags == "ANY" or (tags == "TAGGED") == bool(image["imageTags"])
    return tags_fit and status in ("ANY", image.get("imageStatus", "ACTIVE"))


@operation("DescribeImages")
def describe(members: Members) -> Members:
    """Describe the listed images, or a page of those with the tag status asked for."""
    name, image_ids = members["repositoryName"], members.get("imageIds")
    if image_ids:
        listed = [get(name, image_id) for image_id in image_ids]
    else:
        listed = [image for image in all_of(name) if _has_status(image, members)]
    return page(members, "imageDetails", [described(name, image) for image in listed])


@operation("ListImages")
def list_images(members: Members) -> Members:
    """List an entry for each tag, and one for each untagged image."""
    entries = [
        {"imageDigest": image["imageDigest"], **({"imageTag": tag} if tag else {})}
        for image in all_of(members["repositoryName"])
        if _has_status(image, members)
        for tag in (image["imageTags"] or [None])
    ]
    return page(members, "imageIds", entries)


def with_manifest(image: Image, image_id: Members) -> Members:
    """Return an image as BatchGetImage and PutImage do."""
    shown = ("registryId", "repositoryName", "imageManifest", "imageManifestMediaType")
    return {**{member: image[member] for member in shown}, "imageId": image_id}


@operation("BatchGetImage")
def batch_get(members: Members) -> Members:
    """Return the manifests, which is a pull, and a failure for each image that does not exist."""
    name = members["repositoryName"]
    manifests, failures = [], []
    for image_id in members["imageIds"]:
        image = find(name, image_id)
        if image is None:
            failures.append(_failure(image_id, "ImageNotFound", "Requested image not found"))
            continue
        if is_pullable(image):
            pull_times.record_of_caller(image)
        identity = {**image_id, "imageDigest": image["imageDigest"]}
        manifests.append(with_manifest(image, identity))
    return {"images": manifests, "failures": failures}


def delete(name: str, image_ids: list[Members]) -> Members:
    """Take the tag from each image named by tag, delete each named by digest or left tagless."""
    gone, failures = [], []
    for image_id in image_ids:
        image = find(name, image_id)
        if image is None:
            failures.append(_failure(image_id, "ImageNotFound", "Requested image not found"))
            continue
        digest, tag = image["imageDigest"], image_id.get("imageTag")
        untags_only = "imageDigest" not in image_id and image["imageTags"] != [tag]
        if untags_only:
            image["imageTags"].remove(tag)
        elif users := [other["imageDigest"] for other in all_of(name) if _lists(other, digest)]:
            reason = f"Requested image referenced by manifest list: [{', '.join(users)}]"
            failures.append(_failure(image_id, "ImageReferencedByManifestList", reason))
            continue
        else:
            all_of(name).remove(image)
            ecr._manifest_blobs.get(name, {}).pop(digest, None)
        tags = [tag] if "imageDigest" not in image_id else image["imageTags"] or [None]
        gone += [{"imageDigest": digest, **({"imageTag": tag} if tag else {})} for tag in tags]
    return {"imageIds": gone, "failures": failures}


def _lists(image: Image, digest: str) -> bool:
    """Tell whether the image is an index that lists `digest`."""
    listed: list[Members] = manifest(image).get("manifests", [])
    return any(item["digest"] == digest for item in listed)


def _failure(image_id: Members, code: str, reason: str) -> Members:
    """Return the failure of one image of a batch."""
    return {"imageId": image_id, "failureCode": code, "failureReason": reason}
