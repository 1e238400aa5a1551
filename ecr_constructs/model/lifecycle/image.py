"""One image of a repository, as a lifecycle policy sees it."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

Status = Literal["ACTIVE", "ARCHIVED", "ACTIVATING"]
STATUSES: tuple[Status, ...] = ("ACTIVE", "ARCHIVED", "ACTIVATING")

INDEX_MEDIA_TYPES = frozenset(
    {
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    }
)


@dataclass(frozen=True, slots=True)
class Blob:
    """A layer or configuration, which several images may share.

    Attributes:
        digest: What it is known by.
        size_bytes: Its compressed size.
    """

    digest: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image, an index, or what refers to one: whatever has a digest in a repository.

    Times are in UTC, to the microsecond. The last two fields are known only with the manifests.

    Attributes:
        digest: The digest of its manifest, ``sha256:…``.
        tags: Its tags. Default: it is untagged.
        pushed_at: When it was pushed; a tag added later does not renew it.
        size_bytes: What ECR reports; of an index, the size of its largest child.
        status: ``ACTIVE``, ``ARCHIVED``, or ``ACTIVATING`` while it is being restored.
        last_recorded_pull_time: When it was last pulled. Default: never.
        last_archived_at: When it was last archived. Default: never.
        last_activated_at: When it was last restored from the archive. Default: never.
        media_type: The media type of its manifest. Default: not known.
        subject: The digest of the image that it refers to, as a signature does. Default: none.
        references: The digests that it lists if it is an index. Default: not known.
        blobs: Its layers and its configuration. Default: not known.
    """

    digest: str
    tags: tuple[str, ...] = ()
    pushed_at: datetime
    size_bytes: int = 0
    status: Status = "ACTIVE"
    last_recorded_pull_time: datetime | None = None
    last_archived_at: datetime | None = None
    last_activated_at: datetime | None = None
    media_type: str | None = None
    subject: str | None = None
    references: tuple[str, ...] | None = None
    blobs: tuple[Blob, ...] | None = None

    @property
    def archived(self) -> bool:
        """Whether it is in the archive storage class; one that is being restored is not."""
        return self.status == "ARCHIVED"

    @property
    def is_index(self) -> bool:
        """Whether it is a list of images, as far as is known."""
        return bool(self.references) or self.media_type in INDEX_MEDIA_TYPES

    def pushed_clock(self, now: datetime) -> datetime:
        """Return the instant from which ``sinceImagePushed`` counts, and counts are sorted.

        A restored image behaves like a newly pushed one, from the instant it was restored.
        https://docs.aws.amazon.com/AmazonECR/latest/userguide/archive_restore_image.html

        Args:
            now: The age of an image that is just being restored starts here.
        """
        return now if self.status == "ACTIVATING" else self.last_activated_at or self.pushed_at

    def pulled_clock(self, now: datetime) -> datetime:
        """Return the instant from which ``sinceImagePulled`` counts: of the last pull.

        Without a pull since its push or its restore, it is that instant.

        Args:
            now: The age of an image that is just being restored starts here.
        """
        start, pulled = self.pushed_clock(now), self.last_recorded_pull_time
        restored = self.last_activated_at is not None or self.status == "ACTIVATING"
        if pulled is None or (restored and pulled < start):
            return start
        return pulled
