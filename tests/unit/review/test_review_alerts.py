"""Alerts about images that stop or start."""

import json
from typing import Any

import pytest

from ecr_constructs.cloudformation.resource_types import EVENT_RULE, FUNCTION, TOPIC
from ecr_constructs.review.analyzers.alerts import PERMISSION, SUBSCRIPTION, changes
from tests.support.compared import UNKEPT, only, reviewed
from tests.support.reviewing import changes_of
from tests.support.rule_examples.build import key, resource

Json = Any
SCANS = ("ECR Image Scan",)


def rule(*severities: str, to: tuple[str, ...] = ("Topic",), **properties: Any) -> Json:
    """Return an event rule for scans, with severities and topics."""
    pattern: Json = {"source": ["aws.ecr"], "detail-type": [*SCANS]}
    if severities:
        pattern["detail"] = {"severity": [*severities]}
    targets = [{"Id": name, "Arn": {"Ref": name}} for name in to]
    return resource(EVENT_RULE, {"EventPattern": pattern, "Targets": targets, **properties})


PATTERN = {"source": ["aws.ecr"], "detail-type": [*SCANS]}
WORKER = resource(FUNCTION, {})


def invocation(to: str = "Worker", **properties: Any) -> Json:
    """Return a permission of EventBridge to invoke a function."""
    given = {"FunctionName": {"Ref": to}, "Principal": "events.amazonaws.com", **properties}
    return resource(PERMISSION, given)


OTHERS = {
    "Odd": invocation(to="Reader"),
    "Buckets": invocation(Principal="s3.amazonaws.com"),
}
TOPICS = {"Topic": resource(TOPIC, {}), "Other": resource(TOPIC, {})}
OFF = "DISABLED"
MAIL = resource(
    SUBSCRIPTION, {"TopicArn": {"Ref": "Topic"}, "Protocol": "email", "Endpoint": "a@example.com"}
)
QUEUE_ONLY = resource(EVENT_RULE, {"EventPattern": {"source": ["aws.s3"]}, "Targets": []})
# The side with more alerts, the one with fewer, and the codes.
FEWER: dict[str, tuple[Json, Json, tuple[str, ...]]] = {
    "disabled": ({"Rule": rule()}, {"Rule": rule(State=OFF)}, ("stopped",)),
    "removed": ({"Rule": rule()}, {}, ("stopped",)),
    "no target": ({"Rule": rule()}, {"Rule": rule(to=())}, ("stopped",)),
    "other events": ({"Rule": rule()}, {"Rule": QUEUE_ONLY}, ("stopped",)),
    "known at deploy time": (
        {"Rule": rule()},
        {"Rule": rule(State={"Ref": "State"})},
        ("uncertain",),
    ),
    "a severity less": (
        {"Rule": rule("HIGH", "CRITICAL")},
        {"Rule": rule("CRITICAL")},
        ("narrowed", "detail.severity"),
    ),
    "one more field": ({"Rule": rule()}, {"Rule": rule("LOW")}, ("narrowed", "detail.severity")),
    "a target less": (
        {"Rule": rule(to=("Topic", "Other"))},
        {"Rule": rule(to=("Topic",))},
        ("target",),
    ),
    "another event bus": (
        {"Rule": rule()},
        {"Rule": rule(EventBusName="own")},
        ("bus",),
    ),
    "a pattern of text": (
        {"Rule": rule(EventPattern=json.dumps(PATTERN))},
        {"Rule": rule(State=OFF)},
        ("stopped",),
    ),
    "a function that may not be invoked": (
        {"Rule": rule(to=("Worker",)), "Worker": WORKER, "Admission": invocation(), **OTHERS},
        {"Rule": rule(to=("Worker",)), "Worker": WORKER, **OTHERS},
        ("uninvoked",),
    ),
    "a subscriber less": ({"Rule": rule(), "Mail": MAIL}, {"Rule": rule()}, ("unsubscribed",)),
}


@pytest.mark.parametrize("case", FEWER)
def test_alerts_are_weakened_one_way_and_strengthened_the_other(case: str) -> None:
    """Nobody is notified of some events any more."""
    more, fewer, codes = FEWER[case]
    [there] = changes_of(changes, {**TOPICS, **more}, {**TOPICS, **fewer})
    [back] = changes_of(changes, {**TOPICS, **fewer}, {**TOPICS, **more})

    assert ("weakened", "warning", codes) == (there.kind, there.severity, there.codes)
    assert ("strengthened", "note", codes) == (back.kind, back.severity, back.codes)


SAME: dict[str, tuple[Json, Json]] = {
    "another logical id": ({"Rule": rule()}, {"Renamed": rule()}),
    "a wider rule instead": ({"Rule": rule("HIGH")}, {"Wider": rule()}),
    "order": ({"Rule": rule("HIGH", "LOW")}, {"Rule": rule("LOW", "HIGH")}),
    "still disabled": ({"Rule": rule(State=OFF)}, {"Rule": rule("LOW", State=OFF)}),
    "not about images": ({"Rule": QUEUE_ONLY}, {}),
    "the default event bus by its ARN": (
        {"Rule": rule()},
        {"Rule": rule(EventBusName="arn:aws:events:eu-central-1:111122223333:event-bus/default")},
    ),
    "another permission": (
        {"Rule": rule(to=("Worker",)), "Worker": WORKER, "Admission": invocation()},
        {"Rule": rule(to=("Worker",)), "Worker": WORKER, "Other": invocation(SourceArn="x")},
    ),
    "a permission that changes": (
        {"Rule": rule(to=("Worker",)), "Worker": WORKER, "Admission": invocation()},
        {"Rule": rule(to=("Worker",)), "Worker": WORKER, "Admission": invocation(SourceArn="x")},
    ),
    "a permission of another service": (
        {"Worker": WORKER, "Admission": invocation(Principal="s3.amazonaws.com")},
        {"Worker": WORKER},
    ),
    "a permission on another function": (
        {"Rule": rule(to=("Worker",)), "Worker": WORKER, "Admission": invocation(to="Reader")},
        {"Rule": rule(to=("Worker",)), "Worker": WORKER},
    ),
    "a permission on a function that gets no events": (
        {"Worker": WORKER, "Admission": invocation(), "Odd": invocation(to="Reader")},
        {"Worker": WORKER, "Odd": invocation(to="Reader")},
    ),
    "a subscriber of other messages": ({"Mail": MAIL}, {}),
}


@pytest.mark.parametrize("case", SAME)
def test_equal_alerts_are_not_weakened(case: str) -> None:
    """However they are written."""
    before, after = SAME[case]
    listed = changes_of(changes, {**TOPICS, **before}, {**TOPICS, **after})

    assert [] == [change for change in listed if change.kind == "weakened"]


def test_endpoints_are_not_shown() -> None:
    """An address of a webhook can hold a token."""
    [change] = changes_of(
        changes, {**TOPICS, "Rule": rule(), "Mail": MAIL}, {**TOPICS, "Rule": rule()}
    )

    assert "a@example.com" not in repr(change)


ENCRYPTED = {**TOPICS, "Topic": resource(TOPIC, {"KmsMasterKeyId": {"Ref": "Key"}})}
UNKEPT_KEY = key(**UNKEPT)


def test_key_of_a_topic_loses_nothing() -> None:
    """Messages are not kept, unlike images."""
    base = {**ENCRYPTED, "Rule": rule(), "Key": UNKEPT_KEY}
    removed = [
        change
        for change in reviewed(base, {**TOPICS, "Rule": rule()}).changes
        if change.resource == "Key"
    ]
    head = {
        **base,
        "Key": key(Enabled=False, DeletionPolicy="Delete", UpdateReplacePolicy="Delete"),
    }
    [disabled] = [change for change in reviewed(base, head).changes if change.resource == "Key"]

    assert [("removed", "warning", ("deleted",))] == [
        (change.kind, change.severity, change.codes) for change in removed
    ]
    assert ("weakened", "warning") == (disabled.kind, disabled.severity)
    assert "error" == only(reviewed({"Key": UNKEPT_KEY}, {})).severity
