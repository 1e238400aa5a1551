"""The images of one repository at one instant."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, Self

from ecr_constructs.model.lifecycle.describe_images import images_of
from ecr_constructs.model.lifecycle.image import Image
from ecr_constructs.model.lifecycle.manifests import Manifest, manifests_of
from ecr_constructs.model.validation import raise_if_invalid


class Inventory:
    """The images of one repository, in the order in which they were listed.

    Raises:
        ValueError: A digest stands twice with different content, or a tag at two images: such
            pages were read at different times. The same image twice is one.
    """

    def __init__(self, images: Iterable[Image] = ()) -> None:
        """Keep each image once."""
        listed = tuple(images)
        self._by_digest = {image.digest: image for image in listed}
        self.images = tuple(self._by_digest.values())
        raise_if_invalid("inventory", f"{len(listed):,} images", self._errors(listed))

    def _errors(self, listed: tuple[Image, ...]) -> Iterator[str]:
        if len(self.images) < len(listed):
            for image in listed:
                if image != self._by_digest[image.digest]:
                    yield (
                        f"{image.digest} stands twice and differs; the pages were read at "
                        "different times, read them again in one go"
                    )
        for image in self.images:
            for tag in image.tags:
                holder = self.images[self.holders[tag]]
                if holder is not image:
                    yield (
                        f"the tag {tag!r} stands at {image.digest} and at {holder.digest}, but "
                        "it can be at one only; the pages were read at different times, or are "
                        "of two repositories: read them again in one go"
                    )

    @cached_property
    def holders(self) -> dict[str, int]:
        """The place in `images` of the image that has a tag, for each tag."""
        return {tag: place for place, image in enumerate(self.images) for tag in image.tags}

    @classmethod
    def from_describe_images(cls, output: str | Mapping[str, Any]) -> Self:
        """Read what ``aws ecr describe-images`` prints.

        Without ``--filter imageStatus=ANY`` that command leaves out archived images.

        Args:
            output: The text of one document or of several, one after the other, or a document.
                A page is an object with ``imageDetails``. Times are numbers of seconds or ISO
                8601 with a zone, as either version of the AWS CLI prints them.

        Raises:
            ValueError: It is something else: which place, what was found, what is expected.
        """
        return cls(images_of(output))

    def with_manifests(self, output: str | Mapping[str, Any]) -> Self:
        """Return this inventory with what ``aws ecr batch-get-image`` prints of its images.

        Manifests tell which images an index lists, which one a signature refers to, and which
        layers images share. Those of images that are not here are passed over.

        Args:
            output: As for `from_describe_images`; a page is an object with ``images``.

        Raises:
            ValueError: It is something else: which place, what was found, what is expected.
        """
        return self.with_known(manifests_of(output))

    def with_known(self, known: Mapping[str, Manifest]) -> Self:
        """Return this inventory with what manifests tell, by the digests of their images."""
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
