"""The text of alerts about the events that AWS documents."""

import re
from collections.abc import Callable
from typing import Any

import pytest

from ecr_constructs.model.alerts import Message, check_emails, finding_message, scan_message
from tests.support.errors import rejection_test
from tests.support.event_patterns import EVENTS, Event, changed
from tests.support.input_transformers import transformed
from tests.support.service_models import resource_schema, shape


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
