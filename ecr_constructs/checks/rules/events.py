"""Events about images: patterns that can match, rules with a target, and their topics."""

from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from ecr_constructs.checks.rule import ECR_GUIDE, Problem, warning_rule
from ecr_constructs.cloudformation.graph import Resource, is_about_images, topics_of
from ecr_constructs.cloudformation.iam_policy import allowed, grants, is_policy_known
from ecr_constructs.cloudformation.resource_types import (
    ALIAS,
    EVENT_RULE,
    KEY,
    SCANNING,
    TOPIC,
    TOPIC_POLICIES,
)
from ecr_constructs.model.events import (
    BASIC_SCAN,
    DETAIL_TYPES,
    FINDING,
    IMAGE_ACTION,
    PULL_THROUGH_CACHE,
    REPLICATION,
)
from ecr_constructs.model.tokens import is_unresolved

_EVENTS = f"{ECR_GUIDE}/ecr-eventbridge.html"
_PATTERN = ("Properties", "EventPattern")
# API calls, and service events such as expiry by lifecycle policies.
_VIA_CLOUDTRAIL = " via CloudTrail"


def _listed(pattern: Any, name: str) -> list[str] | None:
    """Return the values of a field if all of them are literal strings."""
    values = pattern.get(name) if isinstance(pattern, Mapping) else None
    if not isinstance(values, list) or not values:
        return None
    is_literal = all(isinstance(value, str) and not is_unresolved(value) for value in values)
    return values if is_literal else None


@warning_rule(
    "ECR501",
    "An event pattern can match events",
    types=[EVENT_RULE],
    why="EventBridge accepts any text; a pattern that no ECR event has never matches.",
    remedy="Write a detail-type that ECR emits; enhanced scanning findings come from "
    "aws.inspector2 as 'Inspector2 Finding'.",
    source=_EVENTS,
)
def _can_match(resource: Resource) -> Iterator[Problem]:
    pattern = resource.get("EventPattern")
    sources, details = _listed(pattern, "source"), _listed(pattern, "detail-type")
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


@warning_rule(
    "ECR502",
    "Scan event patterns fit the scan type of the registry",
    types=[EVENT_RULE],
    why="Only basic scanning emits ECR Image Scan; with ENHANCED the rule never matches.",
    remedy="Write source: [aws.inspector2] and detail-type: [Inspector2 Finding], here or in an "
    "additional rule.",
    source=_EVENTS,
)
def _right_scanner(resource: Resource) -> Iterator[Problem]:
    """Check the scanning of the same registry, and the other event rules in it."""
    if _listed(resource.get("EventPattern"), "detail-type") != [BASIC_SCAN]:
        return
    assembly = resource.assembly
    for scanning in assembly.in_registry_of(resource, SCANNING):
        if scanning.condition is not None or scanning.get("ScanType") != "ENHANCED":
            continue
        if not any(map(_matches_inspector, assembly.in_registry_of(resource, EVENT_RULE))):
            message = f"{scanning.id} uses ENHANCED scanning, which does not emit {BASIC_SCAN!r}"
            yield Problem((*_PATTERN, "detail-type"), message)


def _matches_inspector(resource: Resource) -> bool:
    return FINDING in (_listed(resource.get("EventPattern"), "detail-type") or ())


@warning_rule(
    "ECR503",
    "An event rule has a target",
    types=[EVENT_RULE],
    why="Without a target, matched events are discarded.",
    remedy="Add Targets.",
    source="https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-targets.html",
)
def _has_target(resource: Resource) -> Iterator[Problem]:
    about = is_about_images(resource.get("EventPattern"))
    if about and resource.is_known and resource.get("Targets") in (None, []):
        yield Problem(("Properties",), "the rule has no Targets")


_DETAIL = (*_PATTERN, "detail")
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


@warning_rule(
    "ECR506",
    "An event pattern uses existing details of events",
    types=[EVENT_RULE],
    why="EventBridge accepts any field and value and compares them exactly; a pattern with one "
    "that no ECR event has never matches.",
    remedy="Write fields and values exactly as in the events of ECR.",
    source=_EVENTS,
)
def _known_details(resource: Resource) -> Iterator[Problem]:
    pattern = resource.get("EventPattern")
    details = _listed(pattern, "detail-type")
    fields = resource.get("EventPattern", "detail")
    is_of_ecr = _listed(pattern, "source") == ["aws.ecr"]
    if not is_of_ecr or details is None or not set(details) <= {*_DETAILS}:
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


_SERVICE = "events.amazonaws.com"
# https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html
_KEY_ACTIONS = ("kms:Decrypt", "kms:GenerateDataKey")
_KEYS = "https://docs.aws.amazon.com/sns/latest/dg/sns-key-management.html"


@warning_rule(
    "ECR504",
    "A topic for image events is encrypted with a customer managed key",
    types=[TOPIC],
    why="Without a key, messages are not encrypted at rest. EventBridge cannot use the aws/sns "
    "key, whose policy cannot be changed, so no message arrives.",
    remedy="Add KmsMasterKeyId: a key whose policy allows kms:GenerateDataKey and kms:Decrypt "
    "to events.amazonaws.com.",
    source=_KEYS,
    controls=("Security Hub SNS.1", "CKV_AWS_26", "AVD-AWS-0136"),
)
def _topic_key(resource: Resource) -> Iterator[Problem]:
    if resource not in resource.assembly.topics_of_events:
        return
    key = resource.get("KmsMasterKeyId")
    if key is None and resource.is_known:
        yield Problem(("Properties",), "the topic has no KmsMasterKeyId")
    elif isinstance(key, str) and key.endswith("alias/aws/sns"):
        message = "EventBridge cannot publish with the key aws/sns"
        yield Problem(("Properties", "KmsMasterKeyId"), message)


@warning_rule(
    "ECR505",
    "EventBridge can publish to a topic for image events",
    types=[TOPIC],
    why="EventBridge silently discards events that it cannot publish.",
    remedy="Add an AWS::SNS::TopicPolicy that allows sns:Publish to events.amazonaws.com.",
    source="https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-resource-based.html",
)
def _may_publish(resource: Resource) -> Iterator[Problem]:
    if not _is_published_to(resource):
        return
    policies = [*_policies(resource)]
    is_complete = all(is_policy_known(policy, "PolicyDocument") for policy in policies)
    statements = [statement for policy in policies for statement in allowed(policy)]
    if is_complete and not grants(statements, "sns:Publish", _SERVICE.__eq__):
        yield Problem((), f"no policy allows {_SERVICE} to publish")


@warning_rule(
    "ECR507",
    "EventBridge can use the key of a topic for image events",
    types=[TOPIC],
    why="EventBridge publishes to an encrypted topic only if the key policy allows it; otherwise "
    "it silently discards the event. Permissions of the account root do not apply to it.",
    remedy="Allow kms:Decrypt and kms:GenerateDataKey* to events.amazonaws.com in the KeyPolicy.",
    source=_KEYS,
)
def _may_use_key(resource: Resource) -> Iterator[Problem]:
    """Read the policy of the key, if the assembly defines it."""
    key = _key_of(resource)
    if key is None or not _is_published_to(resource):
        return
    is_complete = key.is_known and (
        key.get("KeyPolicy") is None or is_policy_known(key, "KeyPolicy")
    )
    missing = [name for name in _KEY_ACTIONS if not grants(allowed(key), name, _SERVICE.__eq__)]
    if is_complete and missing:
        message = f"the policy of {key.id} does not allow {' and '.join(missing)} to {_SERVICE}"
        yield Problem(("Properties", "KmsMasterKeyId"), message)


def _is_published_to(topic: Resource) -> bool:
    """Tell whether rules about images send to a topic without a role of their own."""
    targets = topic.assembly.event_targets
    return any(item is topic and "RoleArn" not in target for target, item in targets)


def _policies(topic: Resource) -> Iterator[Resource]:
    """Yield the policies that apply, or may apply, to a topic."""
    assembly = topic.assembly
    for policy in assembly.of_type(*TOPIC_POLICIES):
        for arn in topics_of(policy):
            referred = assembly.referred_to(arn)
            if referred is topic or (referred is None and is_unresolved(arn)):
                yield policy


def _key_of(topic: Resource) -> Resource | None:
    """Return the key that a topic names, by itself or by an alias."""
    key = topic.assembly.referred_to(topic.get("KmsMasterKeyId"))
    if key is not None and key.type == ALIAS:
        key = topic.assembly.referred_to(key.get("TargetKeyId"))
    return key if key is not None and key.type == KEY else None
