"""Events about images, and where they go."""

from collections.abc import Iterator, Mapping
from typing import Any

from ecr_constructs.checks.assembly import is_about_images
from ecr_constructs.checks.resource import Resource
from ecr_constructs.checks.resource_types import EVENT_RULE, SCANNING
from ecr_constructs.checks.rule import Fault, rule
from ecr_constructs.model.tokens import is_unresolved

_EVENTS = "https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html"
_PATTERN = ("Properties", "EventPattern")
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
_BASIC_SCAN = "ECR Image Scan"
_INSPECTOR = "Inspector2 Finding"
_DETAIL_TYPES = {
    "aws.ecr": (
        "ECR Artifact Action",
        "ECR Image Action",
        _BASIC_SCAN,
        "ECR Pull Through Cache Action",
        "ECR Referrer Action",
        "ECR Replication Action",
        "ECR Scan Resource Change",
    ),
    # https://docs.aws.amazon.com/inspector/latest/user/eventbridge-integration.html
    "aws.inspector2": (_INSPECTOR, "Inspector2 Scan", "Inspector2 Coverage"),
}
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
    if unfamiliar := set(sources) - set(_DETAIL_TYPES):
        # Events of other sources are not known here.
        details = [each for each in details if each.startswith("ECR")] if unfamiliar else details
    known = {each for source in sources for each in _DETAIL_TYPES.get(source, ())}
    for each in details:
        if each not in known and not each.endswith(_VIA_CLOUDTRAIL):
            said = f"{each!r} is no event of {' or '.join(sources)}"
            yield Fault((*_PATTERN, "detail-type"), said, _instead(each))


def _instead(detail: str) -> str | None:
    for source, details in _DETAIL_TYPES.items():
        if detail in details:
            return f"Write source: [{source}]."
    return None


@rule(
    "ECR502",
    "warning",
    "Scan events are asked of the scanner that is used",
    types=[EVENT_RULE],
    why="ECR Image Scan is sent by basic scanning only: with ENHANCED nobody is told.",
    remedy="Write source: [aws.inspector2] and detail-type: [Inspector2 Finding].",
    source=_EVENTS,
)
def right_scanner(resource: Resource) -> Iterator[Fault]:
    """Look at the scanning of the same registry."""
    details = listed(resource.get("EventPattern"), "detail-type")
    if details != [_BASIC_SCAN]:
        return
    for scanning in resource.assembly.in_registry_of(resource, SCANNING):
        if scanning.condition is None and scanning.get("ScanType") == "ENHANCED":
            said = f"{scanning.id} scans ENHANCED, which sends no {_BASIC_SCAN!r}"
            yield Fault((*_PATTERN, "detail-type"), said)


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
