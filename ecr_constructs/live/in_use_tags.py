"""Put tags on images of a live registry, and remove them: what `protect --apply` does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ecr_constructs.live import LiveError
from ecr_constructs.live.ecr import Repository
from ecr_constructs.model.diagnostics import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ecr_constructs.live.connection import Connection

# Any manifest that a registry can hold.
_MEDIA_TYPES = [
    "application/vnd.oci.image.index.v1+json",
    "application/vnd.oci.image.manifest.v1+json",
    "application/vnd.docker.distribution.manifest.list.v2+json",
    "application/vnd.docker.distribution.manifest.v2+json",
]


class TaggedRepository:
    """A repository whose images get and lose tags.

    Reading a manifest, which a new tag needs, counts as a pull.

    Args:
        name: Its name.
        connection: The connection to its registry.
    """

    def __init__(self, name: str, connection: Connection) -> None:
        """Create a client; it sends no request yet."""
        self._repository = Repository(name, connection=connection)

    def change(
        self, digest: str, put: Sequence[str], remove: Sequence[str], last: str
    ) -> list[str]:
        """Put tags on an image, then remove others.

        An image whose last tag is removed is deleted, so the tags are read again, and if none
        would be left, the image gets another one first.

        Args:
            digest: The image.
            put: The tags that it gets. An image that has them already is left as it is.
            remove: The tags that it loses; one that another image has meanwhile is left.
            last: The tag that it gets so that it does not lose its last one.

        Returns:
            The tags that were removed.

        Raises:
            LiveError: ECR rejects a request, or the image is gone.
        """
        for tag in put:
            self._put(digest, tag)
        if not remove:
            return []
        present = self._tags(digest)
        gone = [tag for tag in remove if tag in present]
        if gone and {*present} <= {*gone}:
            self._put(digest, last)
            if last not in self._tags(digest):
                message = f"the image {digest} has no other tag than {', '.join(gone)}"
                raise LiveError(Diagnostic("last-tag", message, self._repository.name))
        if gone:
            answer = self._repository.ask(
                "batch_delete_image", imageIds=[{"imageTag": tag} for tag in gone]
            )
            _raise_failures(answer, self._repository.name)
        return gone

    def _put(self, digest: str, tag: str) -> None:
        answer = self._repository.ask(
            "batch_get_image",
            imageIds=[{"imageDigest": digest}],
            acceptedMediaTypes=_MEDIA_TYPES,
        )
        _raise_failures(answer, self._repository.name)
        images = (answer or {}).get("images") or []
        if not images:
            message = f"the image {digest} is gone"
            raise LiveError(Diagnostic("image-gone", message, self._repository.name))
        request: dict[str, Any] = {"imageManifest": images[0]["imageManifest"]}
        if media_type := images[0].get("imageManifestMediaType"):
            request["imageManifestMediaType"] = media_type
        # The image may have the tag already.
        self._repository.ask(
            "put_image",
            absent="ImageAlreadyExistsException",
            imageTag=tag,
            imageDigest=digest,
            **request,
        )

    def _tags(self, digest: str) -> list[str]:
        answer = self._repository.ask(
            "describe_images",
            imageIds=[{"imageDigest": digest}],
            filter={"imageStatus": "ANY"},
        )
        details = (answer or {}).get("imageDetails") or [{}]
        return [str(tag) for tag in details[0].get("imageTags") or []]


def _raise_failures(answer: dict[str, Any] | None, repository: str) -> None:
    failures = (answer or {}).get("failures") or []
    if failures:
        reason = f"{failures[0].get('failureCode')}: {failures[0].get('failureReason')}"
        raise LiveError(Diagnostic("image-failure", reason, repository))
