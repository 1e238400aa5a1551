"""Events about images, and where they go."""

from collections.abc import Iterator, Mapping
from typing import Any

from ecr_constructs.checks.rule import Fault, rule
from ecr_constructs.cloudformation.graph import is_about_images
from ecr_constructs.cloudformation.resource import Resource
from ecr_constructs.cloudformation.resource_types import EVENT_RULE, SCANNING
from ecr_constructs.model.events import BASIC_SCAN, DETAIL_TYPES, FINDING
from ecr_constructs.model.tokens import is_unresolved

_EVENTS = "https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html"
_PATTERN = ("Properties", "EventPattern")
# Calls, and what ECR does by itself: its lifecycle policies expire images as service events.
_VIA_CLOUDTRAIL = " via CloudTrail"


def listed(pattern: Any, name: str) -> list[str] | None:
    """Return the values of a field if all of them are known texts."""
    values = pattern.get(name) if isinstance(pattern, Mapping) else None
    if not isinstance(values, list) or not values:
        return None
    known = all(isinstance(each, str) and not is_unresolved(each) for each in values)
    return values if known else None


@rule(
    "ECR501",
    "warning",
    "An event pattern can match",
    types=[EVENT_RULE],
    why="EventBridge takes any text: a pattern that no event of ECR has is silent for ever.",
    remedy="Write a detail-type that ECR sends; findings of enhanced scanning come from "
    "aws.inspector2, as 'Inspector2 Finding'.",
    source=_EVENTS,
)
def can_match(resource: Resource) -> Iterator[Fault]:
    """Hold the detail-types to those of the sources."""
    pattern = resource.get("EventPattern")
    sources, details = listed(pattern, "source"), listed(pattern, "detail-type")
    if not is_about_images(pattern) or sources is None or details is None:
        return
    if unfamiliar := set(sources) - set(DETAIL_TYPES):
        # Events of other sources are not known here.
        details = [each for each in details if each.startswith("ECR")] if unfamiliar else details
    known = {each for source in sources for each in DETAIL_TYPES.get(source, ())}
    for each in details:
        if each not in known and not each.endswith(_VIA_CLOUDTRAIL):
            said = f"{each!r} is no event of {' or '.join(sources)}"
            yield Fault((*_PATTERN, "detail-type"), said, _instead(each))


def _instead(detail: str) -> str | None:
    for source, details in DETAIL_TYPES.items():
        if detail in details:
            return f"Write source: [{source}]."
    return None


@rule(
    "ECR502",
    "warning",
    "Scan events are asked of the scanner that is used",
    types=[EVENT_RULE],
    why="ECR Image Scan is sent by basic scanning only: with ENHANCED nobody is told.",
    remedy="Write source: [aws.inspector2] and detail-type: [Inspector2 Finding], here or in a "
    "second rule beside this one.",
    source=_EVENTS,
)
def right_scanner(resource: Resource) -> Iterator[Fault]:
    """Look at the scanning of the same registry, and at who else is told."""
    if listed(resource.get("EventPattern"), "detail-type") != [BASIC_SCAN]:
        return
    assembly = resource.assembly
    for scanning in assembly.in_registry_of(resource, SCANNING):
        if scanning.condition is not None or scanning.get("ScanType") != "ENHANCED":
            continue
        if not any(map(_asks_inspector, assembly.in_registry_of(resource, EVENT_RULE))):
            said = f"{scanning.id} scans ENHANCED, which sends no {BASIC_SCAN!r}"
            yield Fault((*_PATTERN, "detail-type"), said)


def _asks_inspector(resource: Resource) -> bool:
    return FINDING in (listed(resource.get("EventPattern"), "detail-type") or ())


@rule(
    "ECR503",
    "warning",
    "A rule for events has a target",
    types=[EVENT_RULE],
    why="Without a target nobody is told.",
    remedy="Add Targets.",
    source="https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html",
)
def has_target(resource: Resource) -> Iterator[Fault]:
    """Look for rules about images without a target."""
    about = is_about_images(resource.get("EventPattern"))
    if about and resource.is_known and resource.get("Targets") in (None, []):
        yield Fault(("Properties",), "the rule has no Targets")
