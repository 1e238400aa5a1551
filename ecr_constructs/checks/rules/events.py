"""Events about images: patterns that can match, and rules with a target."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from ecr_constructs.checks.rule import Problem, rule
from ecr_constructs.cloudformation.graph import Resource, is_about_images
from ecr_constructs.cloudformation.resource_types import EVENT_RULE, SCANNING
from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.model.events import (
    BASIC_SCAN,
    DETAIL_TYPES,
    FINDING,
    IMAGE_ACTION,
    PULL_THROUGH_CACHE,
    REPLICATION,
)
from ecr_constructs.model.tokens import is_unresolved

_EVENTS = "https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html"
_PATTERN = ("Properties", "EventPattern")
# API calls, and service events such as expiry by lifecycle policies.
_VIA_CLOUDTRAIL = " via CloudTrail"


def listed(pattern: Any, name: str) -> list[str] | None:
    """Return the values of a field if all of them are literal strings."""
    values = pattern.get(name) if isinstance(pattern, Mapping) else None
    if not isinstance(values, list) or not values:
        return None
    is_literal = all(isinstance(value, str) and not is_unresolved(value) for value in values)
    return values if is_literal else None


@rule(
    "ECR501",
    Severity.WARNING,
    "An event pattern can match events",
    types=[EVENT_RULE],
    why="EventBridge accepts any text; a pattern that no ECR event has never matches.",
    remedy="Write a detail-type that ECR emits; enhanced scanning findings come from "
    "aws.inspector2 as 'Inspector2 Finding'.",
    source=_EVENTS,
)
def can_match(resource: Resource) -> Iterator[Problem]:
    """Compare the detail-types with those of the sources."""
    pattern = resource.get("EventPattern")
    sources, details = listed(pattern, "source"), listed(pattern, "detail-type")
    if not is_about_images(pattern) or sources is None or details is None:
        return
    if set(sources) - set(DETAIL_TYPES):
        # The events of other sources are not listed here.
        details = [detail for detail in details if detail.startswith("ECR")]
    emitted = {detail for source in sources for detail in DETAIL_TYPES.get(source, ())}
    for detail in details:
        if detail not in emitted and not detail.endswith(_VIA_CLOUDTRAIL):
            message = f"{detail!r} is not an event of {' or '.join(sources)}"
            yield Problem((*_PATTERN, "detail-type"), message, _source_remedy(detail))


def _source_remedy(detail: str) -> str | None:
    for source, details in DETAIL_TYPES.items():
        if detail in details:
            return f"Write source: [{source}]."
    return None


@rule(
    "ECR502",
    Severity.WARNING,
    "Scan event patterns fit the scan type of the registry",
    types=[EVENT_RULE],
    why="Only basic scanning emits ECR Image Scan; with ENHANCED the rule never matches.",
    remedy="Write source: [aws.inspector2] and detail-type: [Inspector2 Finding], here or in an "
    "additional rule.",
    source=_EVENTS,
)
def right_scanner(resource: Resource) -> Iterator[Problem]:
    """Check the scanning of the same registry, and the other event rules in it."""
    if listed(resource.get("EventPattern"), "detail-type") != [BASIC_SCAN]:
        return
    assembly = resource.assembly
    for scanning in assembly.in_registry_of(resource, SCANNING):
        if scanning.condition is not None or scanning.get("ScanType") != "ENHANCED":
            continue
        if not any(map(_matches_inspector, assembly.in_registry_of(resource, EVENT_RULE))):
            message = f"{scanning.id} uses ENHANCED scanning, which does not emit {BASIC_SCAN!r}"
            yield Problem((*_PATTERN, "detail-type"), message)


def _matches_inspector(resource: Resource) -> bool:
    return FINDING in (listed(resource.get("EventPattern"), "detail-type") or ())


@rule(
    "ECR503",
    Severity.WARNING,
    "An event rule has a target",
    types=[EVENT_RULE],
    why="Without a target, matched events are discarded.",
    remedy="Add Targets.",
    source="https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html",
)
def has_target(resource: Resource) -> Iterator[Problem]:
    """Find rules about images without a target."""
    about = is_about_images(resource.get("EventPattern"))
    if about and resource.is_known and resource.get("Targets") in (None, []):
        yield Problem(("Properties",), "the rule has no Targets")


_EVENTS = "https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html"
_DETAIL = ("Properties", "EventPattern", "detail")
_RESULTS = ("SUCCESS", "FAILED", "FAILURE")
_MOVED = ("target-storage-class", "manifest-media-type", "artifact-media-type", "last-activated-at")
_IMAGE = ("repository-name", "image-digest", "image-tag")
# The fields of each event, with the values of enumerations.
_DETAILS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    IMAGE_ACTION: {
        "result": _RESULTS,
        "action-type": ("PUSH", "DELETE", "UPDATE_STORAGE_CLASS"),
        **dict.fromkeys((*_IMAGE, *_MOVED), ()),
        "target-storage-class": ("ARCHIVE", "STANDARD"),
    },
    BASIC_SCAN: {
        # https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ImageScanStatus.html
        "scan-status": (
            *("COMPLETE", "FAILED", "IN_PROGRESS", "PENDING", "ACTIVE", "UNSUPPORTED_IMAGE"),
            *("SCAN_ELIGIBILITY_EXPIRED", "FINDINGS_UNAVAILABLE", "LIMIT_EXCEEDED"),
            "IMAGE_ARCHIVED",
        ),
        **dict.fromkeys(("repository-name", "image-digest", "image-tags"), ()),
        "finding-severity-counts": (),
    },
    REPLICATION: {
        "result": _RESULTS,
        "action-type": ("REPLICATE",),
        **dict.fromkeys((*_IMAGE, "source-account", "source-region"), ()),
    },
    PULL_THROUGH_CACHE: {
        "sync-status": ("SUCCESS", "FAILURE", "FAILED"),
        **dict.fromkeys((*_IMAGE, "rule-version", "ecr-repository-prefix"), ()),
        **dict.fromkeys(("upstream-registry-url", "failure-code", "failure-reason"), ()),
    },
}


@rule(
    "ECR506",
    Severity.WARNING,
    "An event pattern uses existing details of events",
    types=[EVENT_RULE],
    why="EventBridge accepts any field and value and compares them exactly; a pattern with one "
    "that no ECR event has never matches.",
    remedy="Write fields and values exactly as in the events of ECR.",
    source=_EVENTS,
)
def known_details(resource: Resource) -> Iterator[Problem]:
    """Compare fields and values with the documented events."""
    pattern = resource.get("EventPattern")
    details = listed(pattern, "detail-type")
    fields = resource.get("EventPattern", "detail")
    if (
        listed(pattern, "source") != ["aws.ecr"]
        or details is None
        or not set(details) <= {*_DETAILS}
    ):
        return
    for field, values in fields.items() if isinstance(fields, Mapping) else ():
        choices = [_DETAILS[detail].get(field) for detail in details]
        if all(choice is None for choice in choices):
            yield from _field_errors(field, details)
        elif all(choice is None or choice for choice in choices):
            allowed = {value for choice in choices for value in choice or ()}
            yield from _value_errors(field, values, allowed, details)


def _field_errors(field: str, details: list[str]) -> Iterator[Problem]:
    names = sorted({name for detail in details for name in _DETAILS[detail]})
    # A field without a similar name may be newer than this list.
    for better in get_close_matches(field.replace("_", "-").lower(), names, n=1, cutoff=0.8):
        message = f"{_events(details)} does not have the field {field!r}"
        yield Problem((*_DETAIL, field), message, f"Write {better}.")


def _value_errors(
    field: str, values: Any, allowed: set[str], details: list[str]
) -> Iterator[Problem]:
    for value in values if isinstance(values, list) else ():
        if isinstance(value, str) and not is_unresolved(value) and value not in allowed:
            near = get_close_matches(value.upper(), sorted(allowed), n=1) or sorted(allowed)
            message = f"no {_events(details)} has the {field} {value!r}"
            yield Problem((*_DETAIL, field), message, f"Write {' or '.join(near)}.")


def _events(details: list[str]) -> str:
    return " or ".join(map(repr, details))
