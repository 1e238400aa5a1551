"""Event patterns, against the events that AWS documents and similar ones, and alerts."""

import re
from collections.abc import Callable
from typing import Any, cast

import pytest

from ecr_constructs.model import events
from ecr_constructs.model.alerts import Message, check_emails, finding_message, scan_message
from ecr_constructs.model.events import Images, Pattern
from tests.support.errors import rejection_test
from tests.support.event_patterns import EVENTS, Event, changed, matches
from tests.support.input_transformers import transformed
from tests.support.service_models import resource_schema, shape

EVERY, MINE = Images(), Images(["my-repository-name"])
ACCOUNT = "123456789012"
SAMPLE = Images(["amazon/amazon-ecs-sample"])
IMAGE = ("resources", 0, "details", "awsEcrContainerImage")
FOUND = "inspector-finding"
NAME = (FOUND, *IMAGE, "repositoryName")
CACHED = "pull-through-cache"
NOT_CACHED = (CACHED, "sync-status", "FAILED")

# The name of an event; or the name, the path of a value below its detail, and the value.
Spec = str | tuple[Any, ...]
Case = tuple[Pattern, Spec, Spec]


def pushed(images: Images, event: Spec, near_miss: Spec) -> Case:
    """Return a case of a push."""
    return events.image_action("PUSH", images), event, near_miss


def scanned(severity: Any, counts: Any, fewer: Any) -> Case:
    """Return a case of a basic scan with counts of findings."""
    path = "scan-completed", "finding-severity-counts"
    return scan(MINE, severity), (*path, counts), (*path, fewer)


def rated(severity: Any, at: str, below: str) -> Case:
    """Return a case of a finding of a severity."""
    path = "inspector-finding", "severity"
    return found(SAMPLE, severity), (*path, at), (*path, below)


def found(images: Images = EVERY, severity: Any = None) -> Pattern:
    """Return the pattern of findings in the account."""
    return events.finding(images, ACCOUNT, severity)


scan, replicated, cached = events.scan_completed, events.replicated, events.pulled_through
# Each a pattern, an event that it selects, and one that it does not.
CASES: dict[str, Case] = {
    "a push": pushed(MINE, "image-pushed", "image-deleted"),
    "a push, not an archiving": pushed(
        Images(["ubuntu"]), ("image-pushed", "repository-name", "ubuntu"), "image-archived"
    ),
    "a push, not a referrer": pushed(
        Images(), "image-pushed", ("referrer-restored", "action-type", "PUSH")
    ),
    "a push to this repository, not to a longer name": pushed(
        MINE, "image-pushed", ("image-pushed", "repository-name", "my-repository-name/api")
    ),
    "a push that failed": pushed(MINE, "image-pushed", ("image-pushed", "result", "FAILURE")),
    "a push by prefix": pushed(
        Images(prefixes=["your-", "my-"]),
        "image-pushed",
        ("image-pushed", "repository-name", "their-my-repository-name"),
    ),
    "a push of a tag": pushed(
        Images(["my-repository-name"], tags=["stable", "latest"]),
        "image-pushed",
        ("image-pushed", "image-tag", "latest-2"),
    ),
    "a push of a tag by pattern": pushed(
        Images(["my-repository-name"], tags=["v*.*"]),
        ("image-pushed", "image-tag", "v1.2"),
        ("image-pushed", "image-tag", "v1"),
    ),
    "a push without a tag": pushed(MINE, ("image-pushed", "image-tag", ""), "scan-completed"),
    "a failed push": (
        events.image_action("PUSH", MINE, failed=True),
        ("image-pushed", "result", "FAILURE"),
        "image-pushed",
    ),
    "a failed push by another name": (
        events.image_action("PUSH", MINE, failed=True),
        ("image-pushed", "result", "FAILED"),
        "image-deleted",
    ),
    "an archived image": (
        events.storage_class_changed("ARCHIVE", Images(["ubuntu"])),
        "image-archived",
        "image-restored",
    ),
    "a restored image": (
        events.storage_class_changed("RESTORE", Images(prefixes=["ub"])),
        "image-restored",
        ("image-restored", "repository-name", "debian"),
    ),
    "a restored image, not a referrer": (
        events.storage_class_changed("RESTORE", Images()),
        "image-restored",
        "referrer-restored",
    ),
    "a restored referrer": (
        events.referrer_action(Images(["sbom"]), "RESTORE"),
        "referrer-restored",
        ("referrer-restored", "target-storage-class", "ARCHIVE"),
    ),
    "a pushed referrer": (
        events.referrer_action(Images(), "PUSH"),
        ("referrer-restored", "action-type", "PUSH"),
        "referrer-restored",
    ),
    "a referrer of a type": (
        events.referrer_action(Images(), artifact_types=["text/sbom+json"]),
        "referrer-restored",
        ("referrer-restored", "artifact-media-type", "application/spdx+json"),
    ),
    "a deletion": (events.image_action("DELETE", MINE), "image-deleted", "image-pushed"),
    "a scan": (scan(MINE), "scan-completed", ("scan-completed", "scan-status", "FAILED")),
    "a scan, not Inspector's": (scan(Images()), "scan-completed", "inspector-scan"),
    "a scan of a tag among others": (
        scan(Images(["my-repository-name"], tags=["v*"])),
        ("scan-completed", "image-tags", ["latest", "v1"]),
        "scan-completed",
    ),
    "a scan that found CRITICAL": scanned("CRITICAL", {"CRITICAL": 1}, {"HIGH": 9, "LOW": 1}),
    "a scan that found HIGH": scanned("HIGH", {"HIGH": 1}, {"MEDIUM": 9}),
    "a scan that found more than HIGH": scanned("HIGH", {"CRITICAL": 10, "LOW": 9}, {}),
    "a scan that counts zeros": scanned("MEDIUM", {"MEDIUM": 2}, {"MEDIUM": 0, "HIGH": 0}),
    "a scan that found anything rated": scanned(
        "INFORMATIONAL", {"INFORMATIONAL": 1}, {"UNDEFINED": 1}
    ),
    "a finding": (found(SAMPLE), FOUND, (FOUND, "status", "CLOSED")),
    "a finding that nobody suppressed": (found(), FOUND, (FOUND, "status", "SUPPRESSED")),
    "a finding in this account": (found(), FOUND, (FOUND, "awsAccountId", "210987654321")),
    "a finding in this repository": (found(SAMPLE), FOUND, (*NAME, "amazon/amazon-ecs-sample-2")),
    "a finding in a repository by prefix": (
        found(Images(prefixes=["amazon/"])),
        FOUND,
        (*NAME, "amazon-ecs-sample"),
    ),
    "a finding in a tag": (
        found(Images(tags=["v*"])),
        (FOUND, *IMAGE, "imageTags", ["latest", "v1"]),
        FOUND,
    ),
    "a finding in an image, not in an instance": (
        found(),
        FOUND,
        (FOUND, "resources", 0, "type", "AWS_EC2_INSTANCE"),
    ),
    "a finding without a rating": (found(), (FOUND, "severity", "UNTRIAGED"), "inspector-scan"),
    "a finding at MEDIUM": rated("MEDIUM", "MEDIUM", "LOW"),
    "a finding above MEDIUM": rated("MEDIUM", "CRITICAL", "INFORMATIONAL"),
    "a finding at CRITICAL": rated("CRITICAL", "CRITICAL", "HIGH"),
    "a finding that is rated": rated("INFORMATIONAL", "INFORMATIONAL", "UNTRIAGED"),
    "a replica": (replicated(Images(["docker-hub/alpine"])), "replicated", "replication-failed"),
    "a replica, not a push": (
        replicated(Images(prefixes=["my"])),
        ("replicated", "repository-name", "my-app"),
        "image-pushed",
    ),
    "a replica that failed": (
        replicated(Images(["my-app"]), failed=True),
        "replication-failed",
        ("replication-failed", "result", "SUCCESS"),
    ),
    "a cached image": (cached(Images(prefixes=["docker-hub/"])), CACHED, NOT_CACHED),
    "an image that could not be cached": (cached(Images(), failed=True), NOT_CACHED, CACHED),
}


def event_of(spec: Spec) -> Event:
    """Return an event that AWS documents, or one with another value."""
    if isinstance(spec, str):
        return EVENTS[spec]
    return changed(spec[0], "detail", *spec[1:-1], to=spec[-1])


@pytest.mark.parametrize(("pattern", "event", "near_miss"), CASES.values(), ids=CASES)
def test_selects(pattern: Pattern, event: Spec, near_miss: Spec) -> None:
    """A pattern selects its event, and not the one that differs in what it is about."""
    assert matches(pattern.to_dict(), event_of(event))
    assert not matches(pattern.to_dict(), event_of(near_miss))


KINDS: dict[str, tuple[Pattern, set[str]]] = {
    "push": (events.image_action("PUSH", Images()), {"image-pushed"}),
    "deletion": (events.image_action("DELETE", Images()), {"image-deleted"}),
    "archived": (events.storage_class_changed("ARCHIVE", Images()), {"image-archived"}),
    "restored": (events.storage_class_changed("RESTORE", Images()), {"image-restored"}),
    "referrer": (events.referrer_action(Images()), {"referrer-restored"}),
    "failed push": (events.image_action("PUSH", Images(), failed=True), set()),
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
    "an unknown action": (
        lambda: events.referrer_action(MINE, cast("events.ReferrerAction", "UPDATE")),
        "action: referrer-action-unknown",
    ),
    "a bare type": (
        lambda: events.referrer_action(MINE, artifact_types="text/plain"),
        "artifact_types: list-is-string",
    ),
    "no tag": (lambda: Images(tags=["a", ""]), "tags[1]: event-tag-format"),
    "a tag with a dash first": (lambda: Images(tags=["-v1"]), "tags[0]: event-tag-format"),
    "a tag with a dot first": (lambda: Images(tags=[".v*"]), "tags[0]: event-tag-format"),
    "an expression for a tag": (lambda: Images(tags=["v[0-9]"]), "tags[0]: event-tag-format"),
    "two wildcards in a row": (lambda: Images(tags=["v**"]), "tags[0]: event-tag-wildcards"),
    "a bare tag": (lambda: Images(tags="v1"), "tags: list-is-string"),
    "a bare prefix": (lambda: Images(prefixes="team/"), "prefixes: list-is-string"),
    "a prefix with a star": (lambda: Images(prefixes=["team/*"]), "prefixes[0]: prefix-is-pattern"),
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


def lines_of(message: Message, event: Event) -> list[str]:
    """Return the lines that subscribers read."""
    return transformed(message.paths, message.template, event)


def test_message_about_a_scan() -> None:
    """It names the repository, the findings and the image, and links to it."""
    event = changed("scan-completed", "detail", "image-tags", to=["latest", "v1"])
    digest = event["detail"]["image-digest"]
    path = "ecr/repositories/private/123456789012/my-repository-name?region=us-east-1"

    assert lines_of(scan_message("HIGH", "aws"), event) == [
        "Found in my-repository-name, HIGH or above: {CRITICAL: 10, MEDIUM: 9}",
        f"Image: my-repository-name@{digest}, tags [latest, v1]",
        "Registry: account 123456789012, us-east-1",
        f"https://console.aws.amazon.com/{path}",
    ]


def test_message_about_a_finding() -> None:
    """It names the severity, the finding, the image and the remedy."""
    event = EVENTS["inspector-finding"]
    finding = event["detail"]["findingArn"]
    digest = event["detail"]["resources"][0]["details"]["awsEcrContainerImage"]["imageHash"]
    path = "ecr/repositories/private/123456789012/amazon/amazon-ecs-sample?region=us-east-2"
    update = "Update all packages in the vulnerable packages section to their latest versions."

    assert lines_of(finding_message("aws-us-gov"), event) == [
        "MEDIUM in amazon/amazon-ecs-sample: CVE-2019-17498 - libssh2",
        f"Image: amazon/amazon-ecs-sample@{digest}, tags [latest]",
        "Registry: account 123456789012, us-east-2",
        "What it is: https://access.redhat.com/security/cve/CVE-2019-17498",
        f"What to do: {update}",
        f"Finding: {finding}, first seen Dec 3, 2021, 6:02:30 PM",
        f"https://console.amazonaws-us-gov.com/{path}",
    ]


MESSAGES: dict[str, Callable[[str], Message]] = {
    "scan": lambda partition: scan_message("CRITICAL", partition),
    "finding": finding_message,
}


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
@pytest.mark.parametrize(
    ("partition", "host"),
    [
        ("aws", "console.aws.amazon.com"),
        ("aws-cn", "console.amazonaws.cn"),
        ("aws-us-gov", "console.amazonaws-us-gov.com"),
        ("aws-eusc", "console.amazonaws-eusc.eu"),
    ],
)
def test_the_link_leads_to_the_partitions_console(
    message: Callable[[str], Message], partition: str, host: str
) -> None:
    """Each partition has a console of its own."""
    assert message(partition).lines[-1].startswith(f"https://{host}/ecr/repositories/private/")


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
@pytest.mark.parametrize("partition", ["aws-iso", "${Token[AWS.Partition.3]}"])
def test_no_link_without_a_console(message: Callable[[str], Message], partition: str) -> None:
    """There is no link where the console's address is unknown."""
    assert not any("https://console" in line for line in message(partition).lines)


@pytest.mark.parametrize("message", MESSAGES.values(), ids=MESSAGES)
def test_eventbridge_accepts_a_message(message: Callable[[str], Message]) -> None:
    """Every variable is defined and used; names, number and length are within the limits."""
    transformer = message("aws")
    schema = resource_schema("AWS::Events::Rule")["definitions"]["InputTransformer"]["properties"]
    [name] = schema["InputPathsMap"]["patternProperties"]

    assert set(re.findall(r"<(\w+)>", transformer.template)) == set(transformer.paths)
    assert all(re.fullmatch(name, path) for path in transformer.paths)
    assert len(transformer.paths) <= shape("events", "TransformerPaths")["max"]
    assert len(transformer.template) <= shape("events", "TransformerInput")["max"]


ADDRESSES: dict[str, tuple[Any, ...]] = {
    "valid and deploy-time": (["${Token[Email.1]}", "platform.team+ecr@example.co.uk"],),
    "a bare address": ("a@example.com", "emails: list-is-string"),
    "invalid and duplicate": (
        ["a@example.com", "b@localhost", "b c@example.com", "a@example.com"],
        "emails[1]: email-format",
        "emails[2]: email-format",
        "emails[3]: email-duplicate",
    ),
}
test_addresses = rejection_test(check_emails, ADDRESSES)
