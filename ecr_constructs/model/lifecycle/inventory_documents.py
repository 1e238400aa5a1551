"""Read the output of ``aws ecr describe-images`` and ``aws ecr batch-get-image``.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageDetail.html
https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchGetImage.html
"""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import NamedTuple, NoReturn

from ecr_constructs.model.json_reading import JsonError, read_json
from ecr_constructs.model.lifecycle.aws_output import (
    BATCH_GET_IMAGE,
    DESCRIBE_IMAGES,
    Json,
    malformed,
    read_pages,
)
from ecr_constructs.model.lifecycle.grammar import kind_of
from ecr_constructs.model.lifecycle.image import STATUSES, Blob, Image
from ecr_constructs.model.validation import reject

_ZONED = "2026-11-24T12:00:00+00:00"
_SHOWN = 5


# --- images -------------------------------------------------------------------------------------


class Source(NamedTuple):
    """The repository that an image names.

    Attributes:
        name: The repository. None: the image does not say.
        registry_id: The account of the registry. None: the image does not say.
    """

    name: str | None = None
    registry_id: str | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """The images of an output, by repository.

    Attributes:
        images: The images.
        continued: The repositories of the pages after which another one follows.
        ended: The repositories of the pages after which none follows.
    """

    images: dict[Source, list[Image]] = field(default_factory=lambda: defaultdict(list))
    continued: set[Source] = field(default_factory=set)
    ended: set[Source] = field(default_factory=set)

    @property
    def incomplete(self) -> set[Source]:
        """The repositories whose last page is missing."""
        return self.continued - self.ended

    def add(self, other: "Listing") -> None:
        """Add the pages of another output."""
        for source, images in other.images.items():
            self.images[source] += images
        self.continued.update(other.continued)
        self.ended.update(other.ended)


def listing_of(output: str | Json, *, require_name: bool = False) -> Listing:
    """Return the images of all pages; reject a value that the command does not print.

    Args:
        output: What the command prints.
        require_name: Whether to reject an image that does not name its repository.
    """
    listing, last = Listing(), {Source()}
    for page in read_pages(output, DESCRIBE_IMAGES):
        sources = set()
        for path, entry in page.located:
            image = image_of(path, entry)
            source = _source(path, entry, require_name=require_name)
            sources.add(source)
            listing.images[source].append(image)
        # A page may be empty: it then belongs to the repository of the page before.
        last = sources or last
        (listing.continued if page.continues else listing.ended).update(last)
    return listing


def select_source(listing: Listing, repository: str | None) -> Source:
    """Return the one repository of a listing, or the one with a name."""
    names = sorted({source.name for source in listing.images if source.name is not None})
    if repository is None and len(names) > 1:
        reject(
            "inventory",
            names,
            "inventory-repositories",
            f"holds images of {len(names)} repositories: {_some(names)}",
            remedy="choose one with --repository, or write a file for each",
        )
    if repository is not None and repository not in names and listing.images:
        reject(
            "inventory",
            repository,
            "inventory-repository-unknown",
            f"holds no image of {repository}, but of {_some(names) or 'repositories without name'}",
        )
    name = repository or next(iter(names), None)
    registries = {
        source.registry_id
        for source in listing.images
        if source.name in (name, None) and source.registry_id is not None
    }
    if len(registries) > 1:
        reject(
            "inventory",
            name,
            "inventory-registries",
            f"holds images of {name or 'a repository'} in {len(registries)} registries: "
            f"{_some(sorted(registries))}",
            remedy="write a file for each",
        )
    return Source(name, next(iter(registries), None))


def _some(names: list[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")


def _source(path: str, entry: Json, *, require_name: bool) -> Source:
    name, registry_id = entry.get("repositoryName"), entry.get("registryId")
    if (
        not isinstance(name, str if require_name else str | None)
        or not isinstance(registry_id, str | None)
    ):  # fmt: skip
        both = f"{name!r} and {registry_id!r}"
        malformed(path, "repositoryName and registryId must be texts", both)
    return Source(name, registry_id)


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


def _tags(path: str, entry: Json) -> tuple[str, ...]:
    tags = entry.get("imageTags") or ()
    if not isinstance(tags, list | tuple) or not all(isinstance(tag, str) for tag in tags):
        _wrong(path, "imageTags", "a list of texts", tags)
    return tuple(tags)


def _size(path: str, entry: Json) -> int:
    size = entry.get("imageSizeInBytes") or 0
    if isinstance(size, float) and size.is_integer():
        # As jq and PowerShell write large numbers.
        size = int(size)
    if isinstance(size, bool) or not isinstance(size, int) or size < 0:
        _wrong(path, "imageSizeInBytes", "a whole number of at least 0", size)
    return size


def _text(path: str, entry: Json, key: str) -> str | None:
    text = entry.get(key)
    if text is not None and not isinstance(text, str):
        _wrong(path, key, "text", text)
    return text


def _instant(path: str, entry: Json, key: str) -> datetime | None:
    value = entry.get(key)
    return None if value is None else instant(value, f"{path}.{key}")


def instant(value: object, path: str = "") -> datetime:
    """Return seconds since 1970, or ISO 8601 with a time zone, as an instant in UTC."""
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
        message = f"must be ISO 8601 with a zone, such as {_ZONED}, or seconds since 1970"
        message = f"{message}, got {value!r}"
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


class Manifests(NamedTuple):
    """The manifests of an output.

    Attributes:
        by_digest: The manifests.
        failures: By digest, why ECR did not return the manifest: ``KmsError: …``.
    """

    by_digest: dict[str, Manifest]
    failures: dict[str, str]


def manifests_of(output: str | Json) -> Manifests:
    """Return the manifests of all pages; reject what the command does not print."""
    manifests, failures = {}, {}
    for page in read_pages(output, BATCH_GET_IMAGE):
        for path, entry in page.located:
            digest = _digest(path, entry)
            manifests[digest] = _manifest(f"{path}.imageManifest", entry)
        failed = page.members.get("failures") or []
        if not isinstance(failed, list):
            malformed("failures", "must be a list", kind_of(failed))
        for index, entry in enumerate(failed):
            path = f"failures[{index}]"
            digest = _digest(path, entry)
            reasons = (_text(path, entry, key) for key in ("failureCode", "failureReason"))
            failures[digest] = ": ".join(filter(None, reasons)) or "no reason"
    return Manifests(manifests, {k: v for k, v in failures.items() if k not in manifests})


def _digest(path: str, entry: object) -> str:
    if not isinstance(entry, Mapping):
        malformed(path, "must be a JSON object", kind_of(entry))
    image_id = entry.get("imageId")
    digest = image_id.get("imageDigest") if isinstance(image_id, Mapping) else None
    if not isinstance(digest, str):
        malformed(f"{path}.imageId.imageDigest", "must be text", repr(digest))
    return digest


def _manifest(path: str, entry: Json) -> Manifest:
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


# --- errors -------------------------------------------------------------------------------------


def _wrong(path: str, key: str, expected: str, actual: object) -> NoReturn:
    malformed(f"{path}.{key}", f"must be {expected}", repr(actual))


def _missing(path: str, key: str, reason: str) -> NoReturn:
    path = f"{path}.{key}"
    remedy = "leave out --query, or keep this key"
    message = f"is missing; {reason}"
    reject("inventory", None, "inventory-malformed", message, path=path, remedy=remedy)
