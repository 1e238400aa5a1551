"""The plan of the tags that keep images in use, for people and as JSON."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ecr_constructs.model.diagnostics import pluralize
from ecr_constructs.model.json_text import compact
from ecr_constructs.model.lifecycle.in_use_tags import protect_in_use
from ecr_constructs.model.lifecycle.simulation.explanation import short
from ecr_constructs.model.lifecycle.simulation.image_uses import users_in_words
from ecr_constructs.report.document import Block, Heading, Lines, Table
from ecr_constructs.report.in_use import SCHEMA_VERSION, conflict_objects, not_known_blocks
from ecr_constructs.snapshot.usage.workloads import NOT_READ

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ecr_constructs.snapshot.usage.in_use import InUse
    from ecr_constructs.snapshot.usage.protect import Plan, Step

_WORDS = {
    "put": "put",
    "keep": "has its tag",
    "start-grace": "no longer used: grace time starts",
    "wait": "no longer used: in its grace time",
    "release": "no longer used: release",
    "hold": "no use found, but not everything is known: nothing is removed",
    "archived": "in use and archived: restore it",
}


def protect_blocks(
    plan: Plan, result: InUse, applied: Mapping[int, str] | None, most: int | None
) -> Iterator[Block]:
    """Yield the plan, and after it was applied what failed: errors by the position of a step."""
    changing = [step for step in plan.steps if step.put or step.remove]
    verb = "Planned" if applied is None else "Applied"
    yield Heading(f"{verb}: {pluralize(len(changing), 'image')} of {len(plan.steps):,}")
    rows = [
        (
            str(step.repository),
            short(step.digest),
            _WORDS[step.action] + _failed(number, applied),
            _tags(step),
            users_in_words(step.users),
        )
        for number, step in enumerate(plan.steps[:most])
    ]
    if rows:
        columns = ("repository", "image", "what", "tags", "used by")
        yield Table(columns, rows, len(plan.steps) - len(rows))
    if applied is None and changing:
        yield Lines(
            ["--apply puts the tags: it reads the manifest of each image, which counts as a pull."]
        )
    if count := _by_tag(result):
        noun = pluralize(count, "image")
        yield Lines([f"{noun} by the tag of today only; the digest that runs may be another."])
    conflicts = plan.after.conflicts
    if conflicts:
        yield Heading(f"Deleted or archived in spite of a tag: {len(conflicts):,}", "red")
        yield Lines([f"{name}: {item.sentence}" for name, item in conflicts])
        remedy = "Deploy this rule first (protect_in_use: true in the environment file):"
        yield Lines([f"{remedy} {compact(protect_in_use().to_dict())}"])
    yield from not_known_blocks([*result.not_known, *plan.after.not_known])


def _by_tag(result: InUse) -> int:
    """Count the images of which it is only known that their tag is used."""
    return sum(
        all(use.by_tag for use in image.uses)
        for images in result.used.values()
        for image in images.values()
    )


def _failed(number: int, applied: Mapping[int, str] | None) -> str:
    return f"; FAILED: {applied[number]}" if applied and number in applied else ""


def _tags(step: Step) -> str:
    return ", ".join((*(f"+{tag}" for tag in step.put), *(f"-{tag}" for tag in step.remove)))


def protect_document(
    plan: Plan, result: InUse, applied: Mapping[int, str] | None
) -> dict[str, Any]:
    """Return the plan as JSON."""
    return {
        "schemaVersion": SCHEMA_VERSION,
        "environment": plan.environment,
        "applied": applied is not None,
        "steps": [
            {
                "action": step.action,
                "account": step.repository.registry.account,
                "region": step.repository.registry.region,
                "repositoryName": step.repository.name,
                "imageDigest": step.digest,
                "put": [*step.put],
                "remove": [*step.remove],
                "users": [asdict(user) for user in step.users],
                "error": (applied or {}).get(number),
            }
            for number, step in enumerate(plan.steps)
        ],
        "resolvedByTagCount": _by_tag(result),
        "conflicts": conflict_objects(plan.after.conflicts),
        "notKnown": [item.to_json() for item in (*result.not_known, *plan.after.not_known)],
        "servicesNotRead": [*NOT_READ],
    }
