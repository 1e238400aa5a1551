"""Event patterns, against the events that AWS documents and others that nearly match."""

from typing import Any, cast

import pytest

from ecr_constructs.model import events
from ecr_constructs.model.events import Images, Pattern
from tests.support.errors import rejection_test
from tests.support.event_patterns import EVENTS, Event, changed, matches

MINE = Images(["my-repository-name"])
ACCOUNT = "123456789012"
SAMPLE = Images(["amazon/amazon-ecs-sample"])
IMAGE = ("detail", "resources", 0, "details", "awsEcrContainerImage")

Case = tuple[Pattern, Event, Event]


def pushed(images: Images, event: Event, near_miss: Event) -> Case:
    """Return a case of a push."""
    return events.image_action("PUSH", images), event, near_miss


def scanned(severity: Any, counts: Any, fewer: Any) -> Case:
    """Return a case of a basic scan with counts of findings."""
    path = ("scan-completed", "detail", "finding-severity-counts")
    pattern = events.scan_completed(MINE, severity)
    return pattern, changed(*path, to=counts), changed(*path, to=fewer)


def rated(severity: Any, at: str, below: str) -> Case:
    """Return a case of a finding of a severity."""
    path = ("inspector-finding", "detail", "severity")
    pattern = events.finding(SAMPLE, ACCOUNT, severity)
    return pattern, changed(*path, to=at), changed(*path, to=below)


FINDING = EVENTS["inspector-finding"]
# Each a pattern, an event that it selects, and one that it does not.
CASES: dict[str, Case] = {
    "a push": pushed(MINE, EVENTS["image-pushed"], EVENTS["image-deleted"]),
    "a push, not an archiving": pushed(
        Images(["ubuntu"]),
        changed("image-pushed", "detail", "repository-name", to="ubuntu"),
        EVENTS["image-archived"],
    ),
    "a push, not a referrer": pushed(
        Images(),
        EVENTS["image-pushed"],
        changed("referrer-restored", "detail", "action-type", to="PUSH"),
    ),
    "a push to this repository, not to a longer name": pushed(
        MINE,
        EVENTS["image-pushed"],
        changed("image-pushed", "detail", "repository-name", to="my-repository-name/api"),
    ),
    "a push that failed": pushed(
        MINE, EVENTS["image-pushed"], changed("image-pushed", "detail", "result", to="FAILURE")
    ),
    "a push by prefix": pushed(
        Images(prefixes=["your-", "my-"]),
        EVENTS["image-pushed"],
        changed("image-pushed", "detail", "repository-name", to="their-my-repository-name"),
    ),
    "a push of a tag": pushed(
        Images(["my-repository-name"], tags=["stable", "latest"]),
        EVENTS["image-pushed"],
        changed("image-pushed", "detail", "image-tag", to="latest-2"),
    ),
    "a push of a tag by pattern": pushed(
        Images(["my-repository-name"], tags=["v*.*"]),
        changed("image-pushed", "detail", "image-tag", to="v1.2"),
        changed("image-pushed", "detail", "image-tag", to="v1"),
    ),
    "a push without a tag": pushed(
        MINE,
        {**EVENTS["image-pushed"], "detail": {**EVENTS["image-pushed"]["detail"], "image-tag": ""}},
        EVENTS["scan-completed"],
    ),
    "a deletion": (
        events.image_action("DELETE", MINE),
        EVENTS["image-deleted"],
        EVENTS["image-pushed"],
    ),
    "a scan": (
        events.scan_completed(MINE),
        EVENTS["scan-completed"],
        changed("scan-completed", "detail", "scan-status", to="FAILED"),
    ),
    "a scan, not Inspector's": (
        events.scan_completed(Images()),
        EVENTS["scan-completed"],
        EVENTS["inspector-scan"],
    ),
    "a scan of a tag among others": (
        events.scan_completed(Images(["my-repository-name"], tags=["v*"])),
        changed("scan-completed", "detail", "image-tags", to=["latest", "v1"]),
        EVENTS["scan-completed"],
    ),
    "a scan that found CRITICAL": scanned("CRITICAL", {"CRITICAL": 1}, {"HIGH": 9, "LOW": 1}),
    "a scan that found HIGH": scanned("HIGH", {"HIGH": 1}, {"MEDIUM": 9}),
    "a scan that found more than HIGH": scanned("HIGH", {"CRITICAL": 10, "LOW": 9}, {}),
    "a scan that counts zeros": scanned("MEDIUM", {"MEDIUM": 2}, {"MEDIUM": 0, "HIGH": 0}),
    "a scan that found anything rated": scanned(
        "INFORMATIONAL", {"INFORMATIONAL": 1}, {"UNDEFINED": 1}
    ),
    "a finding": (
        events.finding(SAMPLE, ACCOUNT),
        FINDING,
        changed("inspector-finding", "detail", "status", to="CLOSED"),
    ),
    "a finding that nobody suppressed": (
        events.finding(Images(), ACCOUNT),
        FINDING,
        changed("inspector-finding", "detail", "status", to="SUPPRESSED"),
    ),
    "a finding in this account": (
        events.finding(Images(), ACCOUNT),
        FINDING,
        changed("inspector-finding", "detail", "awsAccountId", to="210987654321"),
    ),
    "a finding in this repository": (
        events.finding(SAMPLE, ACCOUNT),
        FINDING,
        changed("inspector-finding", *IMAGE, "repositoryName", to="amazon/amazon-ecs-sample-2"),
    ),
    "a finding in a repository by prefix": (
        events.finding(Images(prefixes=["amazon/"]), ACCOUNT),
        FINDING,
        changed("inspector-finding", *IMAGE, "repositoryName", to="amazon-ecs-sample"),
    ),
    "a finding in a tag": (
        events.finding(Images(tags=["v*"]), ACCOUNT),
        changed("inspector-finding", *IMAGE, "imageTags", to=["latest", "v1"]),
        FINDING,
    ),
    "a finding in an image, not in an instance": (
        events.finding(Images(), ACCOUNT),
        FINDING,
        changed("inspector-finding", "detail", "resources", 0, "type", to="AWS_EC2_INSTANCE"),
    ),
    "a finding that is not rated yet": (
        events.finding(Images(), ACCOUNT),
        changed("inspector-finding", "detail", "severity", to="UNTRIAGED"),
        EVENTS["inspector-scan"],
    ),
    "a finding at MEDIUM": rated("MEDIUM", "MEDIUM", "LOW"),
    "a finding above MEDIUM": rated("MEDIUM", "CRITICAL", "INFORMATIONAL"),
    "a finding at CRITICAL": rated("CRITICAL", "CRITICAL", "HIGH"),
    "a finding that is rated": rated("INFORMATIONAL", "INFORMATIONAL", "UNTRIAGED"),
    "a replica": (
        events.replicated(Images(["docker-hub/alpine"])),
        EVENTS["replicated"],
        EVENTS["replication-failed"],
    ),
    "a replica, not a push": (
        events.replicated(Images(prefixes=["my"])),
        changed("replicated", "detail", "repository-name", to="my-app"),
        EVENTS["image-pushed"],
    ),
    "a replica that failed": (
        events.replicated(Images(["my-app"]), failed=True),
        EVENTS["replication-failed"],
        changed("replication-failed", "detail", "result", to="SUCCESS"),
    ),
    "a cached image": (
        events.pulled_through(Images(prefixes=["docker-hub/"])),
        EVENTS["pull-through-cache"],
        changed("pull-through-cache", "detail", "sync-status", to="FAILED"),
    ),
    "an image that could not be cached": (
        events.pulled_through(Images(), failed=True),
        changed("pull-through-cache", "detail", "sync-status", to="FAILED"),
        EVENTS["pull-through-cache"],
    ),
}


@pytest.mark.parametrize(("pattern", "event", "near_miss"), CASES.values(), ids=CASES)
def test_selects(pattern: Pattern, event: Event, near_miss: Event) -> None:
    """A pattern selects its event, and not the one that differs in what it is about."""
    assert (True, False) == (
        matches(pattern.to_dict(), event),
        matches(pattern.to_dict(), near_miss),
    )


KINDS: dict[str, tuple[Pattern, set[str]]] = {
    "push": (events.image_action("PUSH", Images()), {"image-pushed"}),
    "deletion": (events.image_action("DELETE", Images()), {"image-deleted"}),
    "scan": (events.scan_completed(Images()), {"scan-completed"}),
    "finding": (events.finding(Images(), ACCOUNT), {"inspector-finding"}),
    "replica": (events.replicated(Images()), {"replicated"}),
    "failed replica": (events.replicated(Images(), failed=True), {"replication-failed"}),
    "cached": (events.pulled_through(Images()), {"pull-through-cache"}),
}


@pytest.mark.parametrize(("pattern", "selected"), KINDS.values(), ids=KINDS)
def test_selects_nothing_else(pattern: Pattern, selected: set[str]) -> None:
    """Of all documented events, a pattern without a selection selects those of its kind."""
    assert selected == {name for name, event in EVENTS.items() if matches(pattern.to_dict(), event)}


def test_every_detail_type_is_known() -> None:
    """The events that AWS documents are of the kinds that the checks know."""
    assert len(EVENTS) == 12
    assert all(
        event["detail-type"] in events.DETAIL_TYPES[event["source"]] for event in EVENTS.values()
    )


SEVERE, HIGH = cast("events.Severity", "SEVERE"), cast("events.Severity", "high")
REJECTED: dict[str, tuple[Any, ...]] = {
    "an unknown severity": (lambda: events.at_or_above(SEVERE), "severity-unknown"),
    "a severity of the wrong case": (lambda: events.scan_completed(MINE, HIGH), "severity-unknown"),
    "no tag": (lambda: Images(tags=["a", ""]), "tags[1]: event-tag-format"),
    "an expression for a tag": (lambda: Images(tags=["v[0-9]"]), "tags[0]: event-tag-format"),
    "two wildcards in a row": (lambda: Images(tags=["v**"]), "tags[0]: event-tag-wildcards"),
    "a bare tag": (lambda: Images(tags="v1"), "tags: list-is-string"),
    "a bare prefix": (lambda: Images(prefixes="team/"), "prefixes: list-is-string"),
    "a pattern as a prefix": (
        lambda: Images(prefixes=["team/*"]),
        "prefixes[0]: prefix-is-pattern",
    ),
    "too many tags": (
        lambda: events.image_action("PUSH", Images(tags=[f"release-{n}" for n in range(400)])),
        "event-pattern-length",
    ),
}
test_rejects = rejection_test(lambda make: make(), REJECTED)


def test_deploy_time_values_pass() -> None:
    token = "${Token[Name.1]}"
    images = Images([token], [token], [token])

    assert {"name": [token, {"prefix": token}], "tag": [token]} == images.detail("name", "tag")
    assert events.image_action("PUSH", Images([token] * 400)).detail["repository-name"]
