"""The images in use, for people and as JSON. docs/reference/cli.md describes every key."""

from __future__ import annotations

from dataclasses import replace
from heapq import nsmallest
from typing import TYPE_CHECKING, Any

from ecr_constructs.model.diagnostics import Severity, pluralize
from ecr_constructs.model.lifecycle.simulation.explanation import short
from ecr_constructs.report.document import Block, Heading, Lines, Table
from ecr_constructs.snapshot.usage.images import is_index, tags_of
from ecr_constructs.snapshot.usage.in_use import ranked
from ecr_constructs.snapshot.usage.references import STATES
from ecr_constructs.snapshot.usage.workloads import NOT_READ

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from ecr_constructs.model.image_uri import ImageUri
    from ecr_constructs.model.lifecycle.simulation.image_uses import UseConflict
    from ecr_constructs.model.not_known import NotKnown
    from ecr_constructs.report.document import Colour
    from ecr_constructs.snapshot.usage.images import Entry, RepositoryImages
    from ecr_constructs.snapshot.usage.in_use import Dangling, InUse, Use, UsedImage
    from ecr_constructs.snapshot.usage.policy_conflicts import PolicyConflicts
    from ecr_constructs.snapshot.usage.references import User

SCHEMA_VERSION = 1
_NAMED = 3
_PLACES = 10
_COLOURS: dict[Severity, Colour] = {
    Severity.ERROR: "red",
    Severity.WARNING: "yellow",
    Severity.NOTE: "cyan",
}
_STATES = {
    "running": "runs it",
    "definition": "starts it next",
    "rollback": "returns to it in a rollback",
}
_TODAY = "resolved by the tag of today; the digest that runs may be another"


def in_use_blocks(
    result: InUse, most: int | None, policies: PolicyConflicts | None = None
) -> Iterator[Block]:
    """Yield the report, with at most some rows in each table.

    Args:
        result: Who uses which image.
        most: The rows. None: all.
        policies: What lifecycle policies do to the images in use. Default: it is not looked at.
    """
    yield Lines([*_summary(result)])
    if policies is not None and policies.conflicts:
        yield Heading(f"In use, and deleted or archived: {len(policies.conflicts):,}", "red")
        yield Lines(
            [f"{item.severity}: {name}: {item.sentence}" for name, item in policies.conflicts]
        )
    yield from dangling_blocks(result.dangling, most)
    yield from _used(result, most)
    yield from _without_use(result, most)
    yield from not_known_blocks([*result.not_known, *(policies.not_known if policies else ())])


def _summary(result: InUse) -> Iterator[str]:
    images = sum(map(len, result.used.values()))
    registries = pluralize(len(result.images.snapshots), "registry")
    dangling = pluralize(len(result.dangling), "dangling reference")
    yield (f"{pluralize(images, 'image')} in use, {dangling}, in {registries}. {looked_at(result)}")
    if result.elsewhere:
        count = pluralize(result.elsewhere, "reference")
        yield f"Not judged: {count} to images outside private registries of ECR."
    if result.older:
        yield f"Not counted: {pluralize(result.older, 'older revision')}; --revisions counts more."
    if result.not_known:
        yield "Not everything is known; the last section lists it. An image may be in use there."


def looked_at(result: InUse) -> str:
    """Return where workloads were read, as a sentence."""
    names = [str(registry) for registry in result.looked_at]
    if not names:
        return "Workloads were read nowhere."
    more = f" and {len(names) - _PLACES:,} more" if len(names) > _PLACES else ""
    return f"Workloads were read in {', '.join(names[:_PLACES])}{more}, and not elsewhere."


def dangling_blocks(items: Sequence[Dangling], most: int | None) -> Iterator[Block]:
    """Yield the references that fail, worst first."""
    if not items:
        return
    yield Heading(f"Dangling references: {len(items):,}", _COLOURS[items[0].severity])
    rows = [
        (
            str(item.severity),
            image_in_words(item.reference.image),
            item.reference.user.counted(item.reference.count),
            item.sentence,
        )
        for item in items[:most]
    ]
    columns = ("severity", "image", "used by", "why it fails")
    yield Table(columns, rows, len(items) - len(rows))


def _used(result: InUse, most: int | None) -> Iterator[Block]:
    images = [image for members in result.used.values() for image in members.values()]
    if not images:
        return
    images.sort(key=_order)
    yield Heading(f"Images in use: {len(images):,}")
    rows = [
        (str(image.repository), short(image.digest), tags(image.entry), users(image.uses))
        for image in images[:most]
    ]
    yield Table(("repository", "image", "tags", "used by"), rows, len(images) - len(rows))
    if any(use.by_tag for image in images for use in image.uses):
        yield Lines([f"*: {_TODAY}."])


def _order(image: UsedImage) -> tuple[int, str, str]:
    state = min(STATES.index(use.reference.state) for use in image.uses)
    return state, str(image.repository), image.digest


def _without_use(result: InUse, most: int | None) -> Iterator[Block]:
    rest: list[tuple[RepositoryImages, Entry]] = []
    unclear = total = 0
    for repository in result.images.repositories:
        entries, parts = result.without_use(repository)
        rest += ((repository, entry) for entry in entries)
        unclear += parts
        total += len(repository.entries)
    if not total:
        return
    yield Heading(
        f"No use found in what was looked at: {len(rest):,} of {pluralize(total, 'image')}"
    )
    if unclear:
        further = pluralize(unclear, "further image")
        sentence = f"{further} may be in use, as a part of an index or as its index"
        yield Lines([f"{sentence}: manifests were not read."])
    chosen = rest if most is None else nsmallest(most, rest, key=_last_use)
    rows = [
        (
            str(repository),
            short(str(entry["imageDigest"])),
            tags(entry),
            _day(entry, "imagePushedAt"),
            _day(entry, "lastRecordedPullTime") or "never",
        )
        for repository, entry in sorted(chosen, key=_last_use)
    ]
    if rows:
        columns = ("repository", "image", "tags", "pushed", "last pulled")
        yield Table(columns, rows, len(rest) - len(rows))


def _last_use(item: tuple[RepositoryImages, Entry]) -> tuple[str, str]:
    entry = item[1]
    return str(entry.get("lastRecordedPullTime") or ""), str(entry.get("imagePushedAt") or "")


def _day(entry: Entry, key: str) -> str:
    return str(entry.get(key) or "")[:10]


def not_known_blocks(items: Sequence[NotKnown]) -> Iterator[Block]:
    """Yield what was not looked at."""
    yield Heading("Not known", "yellow" if items else "")
    lines = [str(item) for item in items]
    names = ", ".join(NOT_READ)
    yield Lines([*lines, f"No version reads these services, which can use images, too: {names}."])


def image_in_words(image: ImageUri) -> str:
    """Return a reference, with the beginning of its digest."""
    return str(replace(image, digest=image.digest and short(image.digest)))


def tags(entry: Entry) -> str:
    """Return the first tags of an image."""
    names = tags_of(entry)
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more if names else "untagged"


def users(uses: Iterable[Use]) -> str:
    """Return who uses an image."""
    ordered = ranked(uses)
    names = [
        f"{use.reference.user.counted(use.reference.count)}{'*' if use.by_tag else ''}"
        + ("" if use.reference.state == "running" else f" ({_STATES[use.reference.state]})")
        for use in ordered[:_NAMED]
    ]
    more = f" and {len(ordered) - _NAMED:,} more" if len(ordered) > _NAMED else ""
    return "; ".join(names) + more


def conflict_objects(
    conflicts: Iterable[tuple[RepositoryImages, UseConflict]],
) -> list[dict[str, Any]]:
    """Return images in use that a policy deletes or archives as JSON."""
    return [{**_place(repository), **item.to_json()} for repository, item in conflicts]


def in_use_document(result: InUse, policies: PolicyConflicts | None = None) -> dict[str, Any]:
    """Return the report as JSON."""
    without: list[dict[str, Any]] = []
    unclear = 0
    for repository in result.images.repositories:
        entries, parts = result.without_use(repository)
        unclear += parts
        without.append({**_place(repository), "images": [*map(_unused_object, entries)]})
    images = [image for members in result.used.values() for image in members.values()]
    return {
        "schemaVersion": SCHEMA_VERSION,
        "summary": {
            "imageCount": sum(len(item.entries) for item in result.images.repositories),
            "inUseCount": len(images),
            "danglingCount": len(result.dangling),
            "noUseFoundCount": sum(len(item["images"]) for item in without),
            "unclearCount": unclear,
            "otherRegistryReferenceCount": result.elsewhere,
            "olderRevisionCount": result.older,
        },
        "registries": [
            {
                "account": snapshot.header.account,
                "region": snapshot.header.region,
                "workloadsRead": snapshot.registry in result.looked_at,
            }
            for snapshot in result.images.snapshots
        ],
        **({} if policies is None else {"conflicts": conflict_objects(policies.conflicts)}),
        "dangling": [dangling_object(item) for item in result.dangling],
        "images": [
            {
                **image_object(image.repository, image.entry),
                "isIndex": is_index(image.entry),
                "users": use_objects(image.uses),
                "children": None if image.children is None else [*image.children],
                "referrers": [*image.referrers],
            }
            for image in images
        ],
        "noUseFound": [item for item in without if item["images"]],
        "notKnown": [
            item.to_json()
            for item in (*result.not_known, *(policies.not_known if policies else ()))
        ],
        "servicesNotRead": [*NOT_READ],
    }


def dangling_object(item: Dangling) -> dict[str, Any]:
    """Return a reference that fails as JSON."""
    return {
        "code": item.code,
        "severity": str(item.severity),
        "image": uri_object(item.reference.image),
        "user": user_object(item.reference.user),
        "state": item.reference.state,
        "count": item.reference.count,
        "message": item.sentence,
    }


def use_objects(uses: Iterable[Use]) -> list[dict[str, Any]]:
    """Return the users of an image as JSON."""
    return [
        {
            **user_object(use.reference.user),
            "state": use.reference.state,
            "count": use.reference.count,
            "resolvedByTag": use.by_tag,
        }
        for use in ranked(uses)
    ]


def user_object(user: User) -> dict[str, Any]:
    """Return a workload as JSON."""
    return {
        "service": user.service,
        "resource": user.resource,
        "name": user.name,
        "revision": user.revision or None,
        "account": user.registry.account,
        "region": user.registry.region,
    }


def uri_object(image: ImageUri) -> dict[str, Any]:
    """Return a reference to an image as JSON."""
    return {
        "account": image.registry.account,
        "region": image.registry.region,
        "repositoryName": image.repository,
        "imageTag": image.tag,
        "imageDigest": image.digest,
    }


def _place(repository: RepositoryImages) -> dict[str, Any]:
    return {
        "account": repository.registry.account,
        "region": repository.registry.region,
        "repositoryName": repository.name,
    }


def _unused_object(entry: Entry) -> dict[str, Any]:
    return {
        "imageDigest": entry["imageDigest"],
        "imageTags": entry.get("imageTags") or [],
        "imagePushedAt": entry.get("imagePushedAt"),
        "lastRecordedPullTime": entry.get("lastRecordedPullTime"),
        "imageSizeInBytes": entry.get("imageSizeInBytes"),
    }


def image_object(repository: RepositoryImages, entry: Entry) -> dict[str, Any]:
    """Return an image as JSON, with the keys of DescribeImages."""
    return {
        **_place(repository),
        "imageDigest": entry["imageDigest"],
        "imageTags": [*tags_of(entry)],
        "imageStatus": entry.get("imageStatus") or "ACTIVE",
        "imagePushedAt": entry.get("imagePushedAt"),
        "lastRecordedPullTime": entry.get("lastRecordedPullTime"),
    }
