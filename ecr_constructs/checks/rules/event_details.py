"""What event patterns ask of the details of ECR's events."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from ecr_constructs.checks.rule import Fault, rule
from ecr_constructs.checks.rules.events import listed
from ecr_constructs.cloudformation.resource import Resource
from ecr_constructs.cloudformation.resource_types import EVENT_RULE
from ecr_constructs.model.events import (
    BASIC_SCAN,
    IMAGE_ACTION,
    PULL_THROUGH_CACHE,
    REPLICATION,
)
from ecr_constructs.model.tokens import is_unresolved

_EVENTS = "https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html"
_PATTERN = ("Properties", "EventPattern", "detail")
_RESULTS = ("SUCCESS", "FAILED", "FAILURE")
_MOVED = ("target-storage-class", "manifest-media-type", "artifact-media-type", "last-activated-at")
_IMAGE = ("repository-name", "image-digest", "image-tag")
# The fields of each event, and the values of those that are a choice.
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
    "warning",
    "An event pattern asks for details that events have",
    types=[EVENT_RULE],
    why="EventBridge compares fields and values letter by letter, and takes any: a pattern with "
    "one that no event of ECR has is silent for ever.",
    remedy="Write fields and values as the events of ECR have them.",
    source=_EVENTS,
)
def known_details(resource: Resource) -> Iterator[Fault]:
    """Hold fields and values to the events that are documented."""
    pattern = resource.get("EventPattern")
    details = listed(pattern, "detail-type")
    asked = resource.get("EventPattern", "detail")
    if (
        listed(pattern, "source") != ["aws.ecr"]
        or details is None
        or not set(details) <= {*_DETAILS}
    ):
        return
    for field, values in asked.items() if isinstance(asked, Mapping) else ():
        choices = [_DETAILS[each].get(field) for each in details]
        if all(each is None for each in choices):
            yield from _field_errors(field, details)
        elif all(choice is None or choice for choice in choices):
            known = {value for choice in choices for value in choice or ()}
            yield from _value_errors(field, values, known, details)


def _field_errors(field: str, details: list[str]) -> Iterator[Fault]:
    known = sorted({name for each in details for name in _DETAILS[each]})
    # A field that is like none of these may be newer than this list.
    for better in get_close_matches(field.replace("_", "-").lower(), known, n=1, cutoff=0.8):
        said = f"{_events(details)} has no field {field!r}"
        yield Fault((*_PATTERN, field), said, f"Write {better}.")


def _value_errors(field: str, values: Any, known: set[str], details: list[str]) -> Iterator[Fault]:
    for each in values if isinstance(values, list) else ():
        if isinstance(each, str) and not is_unresolved(each) and each not in known:
            near = get_close_matches(each.upper(), sorted(known), n=1) or sorted(known)
            said = f"no {_events(details)} has the {field} {each!r}"
            yield Fault((*_PATTERN, field), said, f"Write {' or '.join(near)}.")


def _events(details: list[str]) -> str:
    return " or ".join(map(repr, details))
