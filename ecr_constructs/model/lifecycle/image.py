"""The properties of an image that lifecycle policies depend on."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from ecr_constructs.model.validation import reject, require_list

Status = Literal["ACTIVE", "ARCHIVED", "ACTIVATING"]
STATUSES: tuple[Status, ...] = ("ACTIVE", "ARCHIVED", "ACTIVATING")

INDEX_MEDIA_TYPES = frozenset(
    {
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    }
)


_TIMES = ("pushed_at", "last_recorded_pull_time", "last_archived_at", "last_activated_at")


@dataclass(frozen=True, slots=True)
class Blob:
    """A layer or configuration, which several images may share, and its compressed size."""

    digest: str
    size_bytes: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Image:
    """An image, an index, or a referrer such as a signature: anything with a digest.

    Times are in UTC, to the microsecond. The last two fields come from the manifests.

    Attributes:
        digest: The digest of its manifest, ``sha256:…``.
        tags: Its tags. Default: it is untagged.
        pushed_at: The time of the push; adding a tag later does not change it.
        size_bytes: The size that ECR reports; for an index, the size of its largest child.
        status: ``ACTIVE``, ``ARCHIVED``, or ``ACTIVATING`` while it is being restored.
        last_recorded_pull_time: The time of the last pull. Default: never.
        last_archived_at: The last time it was archived. Default: never.
        last_activated_at: The last time it was restored from the archive. Default: never.
        media_type: The media type of its manifest. Default: unknown.
        subject: The digest of the image that it refers to, as a signature does. Default: none.
        references: The digests that it lists if it is an index. Default: unknown.
        blobs: Its layers and its configuration. Default: unknown.

    Raises:
        ValidationError: ``image-time``: a time without a zone; ``list-is-string``: tags that are
            one text.

    Example:
        >>> from datetime import UTC, datetime
        >>> image = Image(digest="sha256:a", pushed_at=datetime(2026, 1, 1, tzinfo=UTC))
        >>> image.archived
        False
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

    def __post_init__(self) -> None:
        """Reject a time without a zone, and tags that are one text, whose letters would count."""
        for name in _TIMES:
            time = getattr(self, name)
            if time is None and name != "pushed_at":
                continue
            if not isinstance(time, datetime) or time.tzinfo is None:
                reject(
                    "image",
                    self.digest,
                    "image-time",
                    f"must be a datetime with a time zone, got {time!r}",
                    path=name,
                    remedy="write one such as datetime(2026, 11, 24, 12, tzinfo=UTC)",
                )
        if not isinstance(self.tags, tuple):
            require_list("tags", self.tags)
            object.__setattr__(self, "tags", tuple(self.tags))

    @property
    def archived(self) -> bool:
        """Whether it is in the archive storage class; one that is being restored is not."""
        return self.status == "ARCHIVED"

    @property
    def is_index(self) -> bool:
        """Whether its references or its media type show that it is an index."""
        return bool(self.references) or self.media_type in INDEX_MEDIA_TYPES

    def pushed_clock(self, now: datetime) -> datetime:
        """Return the start of the age for ``sinceImagePushed``, by which counts are sorted, too.

        A restored image behaves like a newly pushed one, from the time of its restore.
        https://docs.aws.amazon.com/AmazonECR/latest/userguide/archive_restore_image.html

        Args:
            now: The start of the age of an image that is being restored.
        """
        return now if self.status == "ACTIVATING" else self.last_activated_at or self.pushed_at

    def pulled_clock(self, now: datetime) -> datetime:
        """Return the start of the age for ``sinceImagePulled``: the last pull.

        Without a pull since its push or its restore, it is the time of that push or restore.

        Args:
            now: The start of the age of an image that is being restored.
        """
        start, pulled = self.pushed_clock(now), self.last_recorded_pull_time
        restored = self.last_activated_at is not None or self.status == "ACTIVATING"
        if pulled is None or (restored and pulled < start):
            return start
        return pulled
