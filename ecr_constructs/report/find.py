"""Where an image is and what happens to it, for people and as JSON."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ecr_constructs.model.lifecycle import Fate
from ecr_constructs.model.lifecycle.simulation.explanation import short
from ecr_constructs.report.document import Block, Heading, Lines, Table
from ecr_constructs.report.in_use import (
    SCHEMA_VERSION,
    dangling_blocks,
    dangling_object,
    image_object,
    not_known_blocks,
    tags,
    use_objects,
    users,
)
from ecr_constructs.snapshot.usage.workloads import NOT_READ

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ecr_constructs.model.lifecycle.simulation.forecast import Event
    from ecr_constructs.snapshot.usage.deletions import Deletion
    from ecr_constructs.snapshot.usage.find import FindResult, Place
    from ecr_constructs.snapshot.usage.in_use import InUse

_VERBS = {Fate.EXPIRED: "deletes", Fate.ARCHIVED: "archives"}
_ACTIONS = {Fate.EXPIRED: "EXPIRE", Fate.ARCHIVED: "TRANSITION"}


def find_blocks(name: str, answer: FindResult, result: InUse) -> Iterator[Block]:
    """Yield the report."""
    if not answer.places:
        yield Lines([f"{name} is in no repository that was looked at."])
    for digest, places in answer.places.items():
        yield Heading(digest)
        rows = [
            (
                str(place.repository),
                tags(place.entry),
                str(place.entry.get("imageStatus") or "ACTIVE"),
                _minute(place.entry.get("imagePushedAt")),
                _minute(place.entry.get("lastRecordedPullTime")) or "never",
            )
            for place in places
        ]
        yield Table(("repository", "tags", "status", "pushed", "last pulled"), rows)
        yield Lines([line for place in places for line in _lines(place)])
    yield from dangling_blocks(answer.dangling, None)
    if answer.deletions:
        yield Heading(f"In CloudTrail: {len(answer.deletions):,}")
        yield Lines([_deletion(item) for item in answer.deletions])
    yield from not_known_blocks(result.not_known)


def _lines(place: Place) -> Iterator[str]:
    name = str(place.repository)
    if place.uses:
        star = " (*: by the tag of today)" if any(use.by_tag for use in place.uses) else ""
        yield f"{name}: used by {users(place.uses)}{star}."
    else:
        yield f"{name}: no use found in what was looked at."
    if place.not_known:
        yield f"{name}: what its lifecycle policy does to it is not known: {place.not_known}."
    for event in place.events:
        yield (
            f"{name}: rule {event.rule_priority} {_VERBS[event.fate]} it from "
            f"{event.at:%Y-%m-%d %H:%M} UTC on, if nothing is pushed or pulled."
        )
    if place.until and not place.events:
        yield f"{name}: its lifecycle policy keeps it until {place.until:%Y-%m-%d} at least."


def _deletion(item: Deletion) -> str:
    name = f"{item.account}/{item.region}/{item.repository}"
    what = f"{short(item.digest)} ({', '.join(item.tags) or 'untagged'})"
    if item.by or item.rule_priority is None:
        return f"{item.at} {name}: {item.by or 'a call'} deleted {what}, or removed these tags."
    verb = "archived" if item.action == "transition" else "deleted"
    return f"{item.at} {name}: rule {item.rule_priority} of the lifecycle policy {verb} {what}."


def _minute(value: object) -> str:
    return str(value or "")[:16].replace("T", " ")


def find_document(name: str, answer: FindResult, result: InUse) -> dict[str, Any]:
    """Return the report as JSON."""
    return {
        "schemaVersion": SCHEMA_VERSION,
        "query": name,
        "places": [
            {
                **image_object(place.repository, place.entry),
                "users": use_objects(place.uses),
                "lifecycle": {
                    "notKnown": place.not_known or None,
                    "until": place.until and place.until.isoformat(),
                    "events": [_event(event) for event in place.events],
                },
            }
            for places in answer.places.values()
            for place in places
        ],
        "dangling": [dangling_object(item) for item in answer.dangling],
        "deletions": [
            {
                "at": item.at,
                "account": item.account,
                "region": item.region,
                "repositoryName": item.repository,
                "imageDigest": item.digest,
                "imageTags": [*item.tags],
                "rulePriority": item.rule_priority,
                "principal": item.by or None,
            }
            for item in answer.deletions
        ],
        "notKnown": [item.to_json() for item in result.not_known],
        "servicesNotRead": [*NOT_READ],
    }


def _event(event: Event) -> dict[str, Any]:
    return {
        "from": event.at.isoformat(),
        "action": _ACTIONS[event.fate],
        "rulePriority": event.rule_priority,
    }
