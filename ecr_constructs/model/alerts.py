"""What an alert about a scanned image says, and to whom."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ecr_constructs.model.events import Severity
from ecr_constructs.model.partitions import console_of
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import raise_if_invalid, require_list

EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(?:\.[^@\s.]+)+")
_IMAGE = "$.detail.resources[0].details.awsEcrContainerImage"


@dataclass(frozen=True, slots=True)
class Message:
    """What EventBridge makes of an event before it sends it on.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html

    Attributes:
        paths: Where the event holds what the lines name.
        lines: Lines, in which ``<name>`` stands for a value.
    """

    paths: Mapping[str, str]
    lines: Sequence[str]

    @property
    def template(self) -> str:
        """The lines as an input template: each in quotes, so that EventBridge takes it for text.

        Values are not escaped, so free text, such as the description of a finding, is left out.
        """
        return "\n".join(f'"{line}"' for line in self.lines)


def scan_message(severity: Severity, partition: str) -> Message:
    """Return what is said of a completed basic scan."""
    return Message(
        paths={
            "account": "$.account",
            "counts": "$.detail.finding-severity-counts",
            "digest": "$.detail.image-digest",
            "region": "$.region",
            "repository": "$.detail.repository-name",
            "tags": "$.detail.image-tags",
        },
        lines=[
            f"Found in <repository>, {severity} or above: <counts>",
            "Image: <repository>@<digest>, tags <tags>",
            "Registry: account <account>, <region>",
            *_links(partition),
        ],
    )


def finding_message(partition: str) -> Message:
    """Return what is said of a finding of Amazon Inspector."""
    return Message(
        paths={
            "account": "$.detail.awsAccountId",
            "digest": f"{_IMAGE}.imageHash",
            "finding": "$.detail.findingArn",
            "first": "$.detail.firstObservedAt",
            "region": "$.region",
            "remedy": "$.detail.remediation.recommendation.text",
            "repository": f"{_IMAGE}.repositoryName",
            "severity": "$.detail.severity",
            "source": "$.detail.packageVulnerabilityDetails.sourceUrl",
            "tags": f"{_IMAGE}.imageTags",
            "title": "$.detail.title",
        },
        lines=[
            "<severity> in <repository>: <title>",
            "Image: <repository>@<digest>, tags <tags>",
            "Registry: account <account>, <region>",
            "What it is: <source>",
            "What to do: <remedy>",
            "Finding: <finding>, first seen <first>",
            *_links(partition),
        ],
    )


def check_emails(emails: Sequence[str]) -> None:
    """Raise one ValueError for all that are no addresses, or listed twice; tokens pass."""
    require_list("emails", emails)
    faults = [
        f"{each!r}: {fault}"
        for each in emails
        if not is_unresolved(each)
        for fault in email_errors(each)
    ]
    raise_if_invalid("emails", list(emails), [*faults, *repeated_errors(emails)])


def email_errors(email: str) -> Iterator[str]:
    """Yield a sentence if this is no address."""
    if not EMAIL.fullmatch(email):
        yield "must be an e-mail address, such as 'platform@example.com'"


def repeated_errors(emails: Sequence[str]) -> Iterator[str]:
    """Yield a sentence for each address that is listed again."""
    for index, each in enumerate(emails):
        if each in emails[:index]:
            yield f"{each!r} is listed twice"


def _links(partition: str) -> list[str]:
    console = console_of(partition)
    path = "ecr/repositories/private/<account>/<repository>?region=<region>"
    return [f"https://{console}/{path}"] if console else []
