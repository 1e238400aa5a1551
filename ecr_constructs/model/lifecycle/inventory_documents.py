"""Read the output of ``aws ecr describe-images`` and ``aws ecr batch-get-image``.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageDetail.html
https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchGetImage.html
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, NoReturn

from ecr_constructs.model.json_reading import (
    JsonError,
    read_document,
    read_json,
    skip_whitespace,
)
from ecr_constructs.model.lifecycle.grammar import kind_of
from ecr_constructs.model.lifecycle.image import STATUSES, Blob, Image
from ecr_constructs.model.validation import reject

COMMAND = "aws ecr describe-images"
_MANIFESTS_COMMAND = "aws ecr batch-get-image"
_ZONED = "2026-11-24T12:00:00+00:00"
_Json = Mapping[str, Any]


# --- images -------------------------------------------------------------------------------------


def images_of(output: str | _Json) -> Iterator[Image]:
    """Yield the images of all pages; reject a value that the command does not print."""
    for path, entry in pages(output, "imageDetails", COMMAND):
        yield image_of(path, entry)


def image_of(path: str, entry: object) -> Image:
    """Return the image that an entry of ``imageDetails`` describes; errors begin with its path."""
    if not isinstance(entry, Mapping):
        malformed(path, "must be a JSON object", kind_of(entry))
    status = entry.get("imageStatus") or "ACTIVE"
    if status not in STATUSES:
        _wrong(path, "imageStatus", f"one of {', '.join(STATUSES)}", status)
    archived_at = _instant(path, entry, "lastArchivedAt")
    if status == "ARCHIVED" and archived_at is None:
        _missing(path, "lastArchivedAt", "every ARCHIVED image has one")
    pushed_at = _instant(path, entry, "imagePushedAt")
    if pushed_at is None:
        _missing(path, "imagePushedAt", "the age of the image depends on it")
    return Image(
        digest=_text(path, entry, "imageDigest")
        or _missing(path, "imageDigest", "it identifies the image"),
        tags=_tags(path, entry),
        pushed_at=pushed_at,
        size_bytes=_size(path, entry),
        status=status,
        last_recorded_pull_time=_instant(path, entry, "lastRecordedPullTime"),
        last_archived_at=archived_at,
        last_activated_at=_instant(path, entry, "lastActivatedAt"),
        media_type=_text(path, entry, "imageManifestMediaType"),
        subject=_text(path, entry, "subjectManifestDigest"),
    )


def _tags(path: str, entry: _Json) -> tuple[str, ...]:
    tags = entry.get("imageTags") or ()
    if not isinstance(tags, list | tuple) or not all(isinstance(tag, str) for tag in tags):
        _wrong(path, "imageTags", "a list of texts", tags)
    return tuple(tags)


def _size(path: str, entry: _Json) -> int:
    size = entry.get("imageSizeInBytes") or 0
    if isinstance(size, bool) or not isinstance(size, int) or size < 0:
        _wrong(path, "imageSizeInBytes", "a whole number of at least 0", size)
    return size


def _text(path: str, entry: _Json, key: str) -> str | None:
    text = entry.get(key)
    if text is not None and not isinstance(text, str):
        _wrong(path, key, "text", text)
    return text


def _instant(path: str, entry: _Json, key: str) -> datetime | None:
    value = entry.get(key)
    return None if value is None else instant(value, f"{path}.{key}")


def instant(value: object, path: str = "") -> datetime:
    """Return seconds since 1970, or ISO 8601 with a time zone, as an instant in UTC."""
    message = f"must be ISO 8601 with a zone, such as {_ZONED}, or seconds since 1970"
    message = f"{message}, got {value!r}"
    remedy = ""
    try:
        if isinstance(value, int | float) and not isinstance(value, bool):
            remedy = "check that it is not in milliseconds"
            return datetime.fromtimestamp(value, UTC)
        parsed = value if isinstance(value, datetime) else datetime.fromisoformat(str(value))
        # datetime.astimezone would take a time without a zone for local time.
        if parsed.tzinfo is not None:
            return parsed.astimezone(UTC)
    except (OverflowError, OSError, ValueError):
        reject("instant", value, "instant-format", message, path=path, remedy=remedy)
    remedy = f"write {parsed.isoformat()}Z if it is UTC"
    return reject(
        "instant", value, "instant-zone", f"has no time zone: {value!r}", path=path, remedy=remedy
    )


# --- manifests ----------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Manifest:
    """The content of one manifest, as far as lifecycle policies depend on it.

    An index has references, an image has blobs, and a signature has a subject.
    """

    media_type: str | None
    references: tuple[str, ...]
    subject: str | None
    blobs: tuple[Blob, ...]


def manifests_of(output: str | _Json) -> dict[str, Manifest]:
    """Return the manifests of all pages by digest; reject what the command does not print."""
    manifests = {}
    for path, entry in pages(output, "images", _MANIFESTS_COMMAND):
        if not isinstance(entry, Mapping):
            malformed(path, "must be a JSON object", kind_of(entry))
        image_id = entry.get("imageId")
        digest = image_id.get("imageDigest") if isinstance(image_id, Mapping) else None
        if not isinstance(digest, str):
            malformed(f"{path}.imageId.imageDigest", "must be text", repr(digest))
        manifests[digest] = _manifest(f"{path}.imageManifest", entry)
    return manifests


def _manifest(path: str, entry: _Json) -> Manifest:
    text = entry.get("imageManifest")
    try:
        content = read_json(text) if isinstance(text, str) else None
    except JsonError:
        content = None
    if not isinstance(content, dict):
        shown = f"{text[:40]}…" if isinstance(text, str) else text
        malformed(path, "must be the text of a JSON object", repr(shown))
    try:
        config = [content["config"]] if "config" in content else []
        subject = content.get("subject")
        return Manifest(
            media_type=entry.get("imageManifestMediaType") or content.get("mediaType"),
            references=tuple(str(child["digest"]) for child in content.get("manifests") or ()),
            subject=str(subject["digest"]) if subject else None,
            blobs=tuple(
                Blob(str(blob["digest"]), int(blob.get("size", 0)))
                for blob in [*config, *(content.get("layers") or ())]
            ),
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        malformed(
            path,
            "must be an image or index manifest, whose manifests, subject, config and layers are "
            "objects with a digest",
            f"one with {', '.join(content) or 'no key'}",
        )


# --- pages --------------------------------------------------------------------------------------


def pages(output: str | _Json, key: str, command: str) -> Iterator[tuple[str, Any]]:
    """Yield the path and the value of each entry of each page.

    The output is a text of one or more JSON documents, each a page or a list of pages, or one page
    as Python values. Errors name the command that prints such pages.
    """
    documents = list(_documents(output, command)) if isinstance(output, str) else [output]
    # A list of pages, as `jq --slurp` writes it.
    if len(documents) == 1 and isinstance(documents[0], list):
        documents = documents[0]
    for number, document in enumerate(documents, 1):
        page = f"page {number}" if len(documents) > 1 else ""
        if not isinstance(document, Mapping) or not isinstance(document.get(key), list):
            expected = f'must be {{"{key}": […]}} as `{command}` prints it'
            malformed(page, expected, _described(document, key))
        for index, entry in enumerate(document[key]):
            yield f"{page}{': ' if page else ''}{key}[{index}]", entry


def _described(document: object, key: str) -> str:
    if not isinstance(document, Mapping):
        return kind_of(document)
    if key in document:
        return f"{key} that is {kind_of(document[key])}"
    return f"an object with {', '.join(map(repr, list(document)[:5])) or 'no key'}"


def _documents(text: str, command: str) -> Iterator[Any]:
    position = skip_whitespace(text, 0)
    if position == len(text):
        _not_json(command, text, "is empty")
    while position < len(text):
        try:
            document, position = read_document(text, position)
        except JsonError as error:
            _not_json(command, text, str(error))
        yield document
        position = skip_whitespace(text, position)


# --- errors -------------------------------------------------------------------------------------


def malformed(path: str, expected: str, actual: str) -> NoReturn:
    """Raise the error of a value that the AWS CLI does not print, such as ``must be text``."""
    message = f"{expected}, got {actual}"
    reject("inventory", actual, "inventory-malformed", message, path=path)


def _wrong(path: str, key: str, expected: str, actual: object) -> NoReturn:
    malformed(f"{path}.{key}", f"must be {expected}", repr(actual))


def _missing(path: str, key: str, reason: str) -> NoReturn:
    path = f"{path}.{key}"
    reject("inventory", None, "inventory-malformed", f"is missing; {reason}", path=path)


def _not_json(command: str, text: str, problem: str) -> NoReturn:
    message = f"{problem}; expected the output of `{command}`"
    reject("inventory", text, "json-syntax", message)
