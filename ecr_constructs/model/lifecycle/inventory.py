"""The images of one repository at one instant."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace
from functools import cached_property
from typing import Any, NoReturn, Self

from ecr_constructs.model.arguments import checked
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.lifecycle.image import Image
from ecr_constructs.model.lifecycle.inventory_documents import (
    Listing,
    Manifest,
    listing_of,
    manifests_of,
    select_source,
)
from ecr_constructs.model.validation import raise_if_invalid, reject


@checked
class Inventory:
    """The images of one repository, in the order in which they were listed.

    An image that is listed more than once counts once.

    Attributes:
        images: The images.
        repository_name: The repository. None: unknown.
        registry_id: The account of its registry. None: unknown.
        complete: False if the input says that images are missing.
        pull_times_listed: False if the input may have left out the times of pulls.
        unread_manifests: By digest, why the manifest of an image could not be read.

    Raises:
        ValidationError: ``image-conflict`` or ``tag-conflict``: pages that were read at different
            times describe a digest differently, or assign a tag to several images.

    Example:
        >>> output = '{"imageDetails": [{"imageDigest": "sha256:a", "imagePushedAt": 1769900399}]}'
        >>> len(Inventory.from_describe_images(output))
        1
    """

    def __init__(
        self,
        images: Iterable[Image] | None = (),
        *,
        repository_name: str | None = None,
        registry_id: str | None = None,
        complete: bool | None = True,
        pull_times_listed: bool | None = True,
        unread_manifests: Mapping[str, str] | None = None,
    ) -> None:
        """Remove duplicates and validate the images together.

        Args:
            images: The images.
            repository_name: The repository. Default: unknown.
            registry_id: The account of its registry. Default: unknown.
            complete: Whether these are all images of the repository. Default: they are.
            pull_times_listed: Whether an image without a time of a pull was never pulled.
                Default: it was not.
            unread_manifests: By digest, why the manifest of an image could not be read. Default:
                none failed.
        """
        listed = tuple(images or ())
        for index, image in enumerate(listed):
            if not isinstance(image, Image):
                message = f"must be an Image, got {image!r}"
                reject("inventory", image, "wrong-type", message, path=f"images[{index}]")
        self.repository_name = repository_name
        self.registry_id = registry_id
        self.complete = complete is not False
        self.pull_times_listed = pull_times_listed is not False
        self.unread_manifests = dict(unread_manifests or {})
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
    def from_describe_images(
        cls,
        output: str | Mapping[str, Any],
        *,
        repository: str | None = None,
        allow_incomplete: bool | None = False,
    ) -> Self:
        """Return the inventory in the output of ``aws ecr describe-images``.

        Without ``--filter imageStatus=ANY`` that command leaves out archived images.

        Args:
            output: The text of one or more JSON documents, or one document as Python values. A
                page is an object with ``imageDetails``; a list of images, as ``--query
                'imageDetails[]'`` prints it, is one page. Times are seconds or ISO 8601 with a
                zone, as version 1 or 2 of the AWS CLI prints them.
            repository: The repository, if the output holds images of several. Default: the only
                one.
            allow_incomplete: Accept an output whose last page has a ``nextToken``, which means
                that images are missing; `complete` is then False, and a simulation assumes it.
                Default: it is rejected.

        Raises:
            ValidationError: A value is not as the command prints it; the error has its path. Or
                ``inventory-incomplete``, ``inventory-repositories`` or ``inventory-registries``:
                it is not all of one repository.

        Example:
            >>> page = {"imageDetails": [], "nextToken": "more"}
            >>> Inventory.from_describe_images(page, allow_incomplete=True).complete
            False
        """
        listing = listing_of(output)
        source = select_source(listing, repository)
        sources = [
            key
            for key in (*listing.images, *listing.continued)
            if repository is None or key.name == repository
        ]
        complete = listing.incomplete.isdisjoint(sources)
        if not complete and not allow_incomplete:
            _reject_incomplete(listing)
        images = [image for key in dict.fromkeys(sources) for image in listing.images.get(key, ())]
        # ECR names the repository of each image: without it, --query left out what it was not
        # asked for.
        are_whole = source.name is not None
        return cls(
            images,
            repository_name=source.name,
            registry_id=source.registry_id,
            complete=complete,
            pull_times_listed=are_whole or any(map(_has_pull_time, images)),
        )

    def with_manifests(self, output: str | Mapping[str, Any]) -> Self:
        """Return this inventory with the manifests in the output of ``aws ecr batch-get-image``.

        Manifests contain the images that an index lists, the image that a signature refers to,
        and the layers that images share. Manifests of images not in the inventory are ignored.
        `unread_manifests` has the ``failures`` of the output.

        Args:
            output: As for `from_describe_images`; a page is an object with ``images``.

        Raises:
            ValidationError: A value is not as the command prints it; the error has its path.
        """
        manifests = manifests_of(output)
        return self.with_known(manifests.by_digest, unread=manifests.failures)

    def with_known(
        self, known: Mapping[str, Manifest], *, unread: Mapping[str, str] | None = None
    ) -> Self:
        """Return this inventory with these manifests, by the digests of their images.

        Args:
            known: The manifests.
            unread: By digest, why a manifest could not be read. Default: none failed.
        """
        failures = {**self.unread_manifests, **(unread or {})}
        return type(self)(
            (_with_manifest(image, known.get(image.digest)) for image in self.images),
            repository_name=self.repository_name,
            registry_id=self.registry_id,
            complete=self.complete,
            pull_times_listed=self.pull_times_listed,
            unread_manifests={
                digest: reason
                for digest, reason in failures.items()
                if digest in self._by_digest and digest not in known
            },
        )

    def get(self, digest: str) -> Image | None:
        """Return the image with this digest, or None."""
        return self._by_digest.get(digest)

    def __len__(self) -> int:
        """Count the images."""
        return len(self.images)

    def __iter__(self) -> Iterator[Image]:
        """Yield the images in the order in which they were listed."""
        return iter(self.images)


def _has_pull_time(image: Image) -> bool:
    return image.last_recorded_pull_time is not None


def _reject_incomplete(listing: Listing) -> NoReturn:
    count = sum(map(len, listing.images.values()))
    reject(
        "inventory",
        f"{count:,} images",
        "inventory-incomplete",
        "its last page has a nextToken: images are missing, and more of them may be deleted",
        remedy="read all pages: leave out --max-items and --no-paginate, or use a paginator of "
        "the SDK; or accept it with --allow-incomplete (allow_incomplete=True)",
    )


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
