"""Alerts about scanned images: the text of the messages, and their recipients."""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.events import Severity
from ecr_constructs.model.partitions import console_of
from ecr_constructs.model.validation import (
    duplicate_errors,
    item_errors,
    raise_if_invalid,
    require_list,
)

EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(?:\.[^@\s.]+)+")
_IMAGE = "$.detail.resources[0].details.awsEcrContainerImage"


@dataclass(frozen=True, slots=True)
class Message:
    """The input transformer with which EventBridge turns an event into text.

    `paths` has the JSON path of each variable, which replaces ``<name>`` in `lines`.
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html
    """

    paths: Mapping[str, str]
    lines: Sequence[str]

    @property
    def template(self) -> str:
        """The lines as an input template: each in quotes, which make it text for EventBridge.

        Values are not escaped, so free text, such as the description of a finding, is left out.
        """
        return "\n".join(f'"{line}"' for line in self.lines)


def scan_message(severity: Severity, partition: str) -> Message:
    """Return the message about a completed basic scan."""
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
    """Return the message about a finding of Amazon Inspector."""
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
    """Reject a list with an invalid or a duplicate address; deploy-time values pass."""
    require_list("emails", emails)
    errors = item_errors("emails", emails, email_errors, name_values=True)
    raise_if_invalid("emails", list(emails), [*errors, *repeated_errors(emails)])


def email_errors(email: str) -> Iterator[Diagnostic]:
    """Yield a problem if a value is not an e-mail address."""
    if not EMAIL.fullmatch(email):
        message = "must be an e-mail address, such as 'platform@example.com'"
        yield Diagnostic("email-format", message)


def repeated_errors(emails: Sequence[str]) -> Iterator[Diagnostic]:
    """Yield a problem for each address that is listed again."""
    yield from duplicate_errors("email-duplicate", "emails", emails)


def _links(partition: str) -> list[str]:
    console = console_of(partition)
    path = "ecr/repositories/private/<account>/<repository>?region=<region>"
    return [f"https://{console}/{path}"] if console else []
