"""What ``aws ecr describe-images`` prints, read as images.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageDetail.html
"""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

from ecr_constructs.model.lifecycle.documents import malformed, pages
from ecr_constructs.model.lifecycle.image import STATUSES, Image
from ecr_constructs.model.lifecycle.rule_grammar import kind_of

COMMAND = "aws ecr describe-images"
_ZONED = "2026-11-24T12:00:00+00:00"


def images_of(output: str | Mapping[str, Any]) -> Iterator[Image]:
    """Yield the images of all pages.

    Raises:
        ValueError: The first thing that is not as the command prints it, with its place.
    """
    for where, entry in pages(output, "imageDetails", COMMAND):
        yield image_of(where, entry)


def image_of(where: str, entry: object) -> Image:
    """Return the image that an entry describes.

    Args:
        where: The entry's place, for errors.
        entry: The entry.

    Raises:
        ValueError: The first thing that is not as the command prints it, with its place.
    """
    if not isinstance(entry, Mapping):
        raise malformed(where, " must be a JSON object", kind_of(entry))
    status = entry.get("imageStatus") or "ACTIVE"
    if status not in STATUSES:
        raise _wrong(where, "imageStatus", f"one of {', '.join(STATUSES)}", status)
    archived_at = _instant(where, entry, "lastArchivedAt")
    if status == "ARCHIVED" and archived_at is None:
        msg = f"{where}.lastArchivedAt is missing; an image that is ARCHIVED has one"
        raise ValueError(msg)
    pushed_at = _instant(where, entry, "imagePushedAt")
    if pushed_at is None:
        msg = f"{where}.imagePushedAt is missing; without it no age is known"
        raise ValueError(msg)
    return Image(
        digest=_digest(where, entry),
        tags=_tags(where, entry),
        pushed_at=pushed_at,
        size_bytes=_size(where, entry),
        status=status,
        last_recorded_pull_time=_instant(where, entry, "lastRecordedPullTime"),
        last_archived_at=archived_at,
        last_activated_at=_instant(where, entry, "lastActivatedAt"),
        media_type=_text(where, entry, "imageManifestMediaType"),
        subject=_text(where, entry, "subjectManifestDigest"),
    )


def _digest(where: str, entry: Mapping[str, Any]) -> str:
    digest = _text(where, entry, "imageDigest")
    if not digest:
        msg = f"{where}.imageDigest is missing; it is what an image is known by"
        raise ValueError(msg)
    return digest


def _tags(where: str, entry: Mapping[str, Any]) -> tuple[str, ...]:
    tags = entry.get("imageTags") or ()
    if not isinstance(tags, list | tuple) or not all(isinstance(tag, str) for tag in tags):
        raise _wrong(where, "imageTags", "a list of texts", tags)
    return tuple(tags)


def _size(where: str, entry: Mapping[str, Any]) -> int:
    size = entry.get("imageSizeInBytes") or 0
    if isinstance(size, bool) or not isinstance(size, int) or size < 0:
        raise _wrong(where, "imageSizeInBytes", "a whole number of at least 0", size)
    return size


def _text(where: str, entry: Mapping[str, Any], key: str) -> str | None:
    text = entry.get(key)
    if text is not None and not isinstance(text, str):
        raise _wrong(where, key, "text", text)
    return text


def _instant(where: str, entry: Mapping[str, Any], key: str) -> datetime | None:
    value = entry.get(key)
    if value is None:
        return None
    try:
        return instant(value)
    except ValueError as error:
        msg = f"{where}.{key} {error}"
        raise ValueError(msg) from None


def instant(value: object) -> datetime:
    """Return an instant in UTC from seconds since 1970, or from ISO 8601 with a zone.

    Raises:
        ValueError: It is neither; a sentence without its subject.
    """
    expected = f"must be ISO 8601 with a zone, such as {_ZONED}, or seconds since 1970"
    if isinstance(value, datetime):
        parsed = value
    elif isinstance(value, int | float) and not isinstance(value, bool):
        try:
            return datetime.fromtimestamp(value, UTC)
        except (OverflowError, OSError, ValueError):
            msg = f"{expected}, got {value!r}: milliseconds, perhaps?"
            raise ValueError(msg) from None
    else:
        try:
            parsed = datetime.fromisoformat(str(value))
        except ValueError:
            msg = f"{expected}, got {value!r}"
            raise ValueError(msg) from None
    if parsed.tzinfo is None:
        msg = f"has no zone: {value!r}; write {parsed.isoformat()}Z if it is UTC"
        raise ValueError(msg)
    try:
        return parsed.astimezone(UTC)
    except OverflowError:
        msg = f"{expected}, got {value!r}"
        raise ValueError(msg) from None


def _wrong(where: str, key: str, expected: str, found: object) -> ValueError:
    return malformed(f"{where}.{key}", f" must be {expected}", repr(found))
