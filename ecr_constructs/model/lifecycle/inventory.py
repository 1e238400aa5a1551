"""The images of one repository at one instant."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, Self

from ecr_constructs.model.arguments import checked
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.lifecycle.image import Image
from ecr_constructs.model.lifecycle.inventory_documents import Manifest, images_of, manifests_of
from ecr_constructs.model.validation import raise_if_invalid


@checked
class Inventory:
    """The images of one repository, in the order in which they were listed.

    An image that is listed more than once counts once.

    Raises:
        ValidationError: ``image-conflict`` or ``tag-conflict``: pages that were read at different
            times describe a digest differently, or assign a tag to several images.

    Example:
        >>> output = '{"imageDetails": [{"imageDigest": "sha256:a", "imagePushedAt": 1769900399}]}'
        >>> len(Inventory.from_describe_images(output))
        1
    """

    def __init__(self, images: Iterable[Image] = ()) -> None:
        """Remove duplicates and validate the images together."""
        listed = tuple(images)
        self._by_digest = {image.digest: image for image in listed}
        self.images = tuple(self._by_digest.values())
        raise_if_invalid("inventory", f"{len(listed):,} images", self._errors(listed))

    def _errors(self, listed: tuple[Image, ...]) -> Iterator[Diagnostic]:
        if len(self.images) < len(listed):
            for image in listed:
                if image != self._by_digest[image.digest]:
                    yield Diagnostic(
                        "image-conflict",
                        "is listed twice with different content",
                        image.digest,
                        "read all pages again without a break",
                    )
        for image in self.images:
            for tag in image.tags:
                holder = self.images[self.holders[tag]]
                if holder is not image:
                    yield Diagnostic(
                        "tag-conflict",
                        f"has the tag {tag!r}, which {holder.digest} has, too",
                        image.digest,
                        "read all pages of one repository again without a break",
                    )

    @cached_property
    def holders(self) -> dict[str, int]:
        """For each tag the index in `images` of its image."""
        return {tag: index for index, image in enumerate(self.images) for tag in image.tags}

    @classmethod
    def from_describe_images(cls, output: str | Mapping[str, Any]) -> Self:
        """Return the inventory in the output of ``aws ecr describe-images``.

        Without ``--filter imageStatus=ANY`` that command leaves out archived images.

        Args:
            output: The text of one or more JSON documents, or one document as Python values. A
                page is an object with ``imageDetails``. Times are seconds or ISO 8601 with a
                zone, as version 1 or 2 of the AWS CLI prints them.

        Raises:
            ValidationError: A value is not as the command prints it; the error has its path.
        """
        return cls(images_of(output))

    def with_manifests(self, output: str | Mapping[str, Any]) -> Self:
        """Return this inventory with the manifests in the output of ``aws ecr batch-get-image``.

        Manifests contain the images that an index lists, the image that a signature refers to,
        and the layers that images share. Manifests of images not in the inventory are ignored.

        Args:
            output: As for `from_describe_images`; a page is an object with ``images``.

        Raises:
            ValidationError: A value is not as the command prints it; the error has its path.
        """
        return self.with_known(manifests_of(output))

    def with_known(self, known: Mapping[str, Manifest]) -> Self:
        """Return this inventory with these manifests, by the digests of their images."""
        return type(self)(_with_manifest(image, known.get(image.digest)) for image in self.images)

    def get(self, digest: str) -> Image | None:
        """Return the image with this digest, or None."""
        return self._by_digest.get(digest)

    def __len__(self) -> int:
        """Count the images."""
        return len(self.images)

    def __iter__(self) -> Iterator[Image]:
        """Yield the images in the order in which they were listed."""
        return iter(self.images)


def _with_manifest(image: Image, manifest: Manifest | None) -> Image:
    if manifest is None:
        return image
    return replace(
        image,
        media_type=manifest.media_type or image.media_type,
        subject=manifest.subject or image.subject,
        references=manifest.references,
        blobs=manifest.blobs,
    )
