"""Events about images, and the patterns by which EventBridge selects them.

ECR and Amazon Inspector send them to the default event bus of the account and Region, "on a best
effort basis" (https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html,
https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-events.html).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from ecr_constructs.model.lifecycle.json_text import compact
from ecr_constructs.model.prefixes import filter_errors
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import raise_if_invalid, require_list

Severity = Literal["INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL"]
"""The severities that both scanners know, in ascending order."""
SEVERITIES: tuple[Severity, ...] = get_args(Severity)

ECR, INSPECTOR = "aws.ecr", "aws.inspector2"
IMAGE_ACTION = "ECR Image Action"
BASIC_SCAN = "ECR Image Scan"
REPLICATION = "ECR Replication Action"
PULL_THROUGH_CACHE = "ECR Pull Through Cache Action"
FINDING = "Inspector2 Finding"
DETAIL_TYPES: Mapping[str, tuple[str, ...]] = {
    # https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-ecr.html
    ECR: (
        "ECR Artifact Action",
        IMAGE_ACTION,
        BASIC_SCAN,
        PULL_THROUGH_CACHE,
        "ECR Referrer Action",
        REPLICATION,
        "ECR Scan Resource Change",
    ),
    # https://docs.aws.amazon.com/inspector/latest/user/eventbridge-integration.html
    INSPECTOR: (FINDING, "Inspector2 Scan", "Inspector2 Coverage"),
}

# https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
PATTERN_MAX_LENGTH = 4096
_TAG = re.compile(r"[\w.*-]{1,128}", re.ASCII)

_Detail = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Images:
    """Which images the events are about; each selection that is empty selects all.

    Attributes:
        repositories: Names of repositories.
        prefixes: Beginnings of names of repositories, 2 to 256 characters.
        tags: Tags, or patterns in which ``*`` stands for any run of characters.

    Raises:
        ValueError: A prefix or a tag that no repository or image can have.
    """

    repositories: Sequence[str] = ()
    prefixes: Sequence[str] = ()
    tags: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Judge what is selected."""
        require_list("prefixes", self.prefixes)
        require_list("tags", self.tags)
        faults = [
            fault
            for each in self.prefixes
            if not is_unresolved(each)
            for fault in filter_errors(each)
        ]
        faults += [
            fault for each in self.tags if not is_unresolved(each) for fault in _errors(each)
        ]
        raise_if_invalid("selection of images", self, faults)

    def detail(self, name: str, tag: str) -> _Detail:
        """Return the part of a pattern that selects these images.

        Args:
            name: The field that holds the name of the repository.
            tag: The field that holds a tag, or the list of all.
        """
        names = [*self.repositories, *({"prefix": each} for each in self.prefixes)]
        tags = [{"wildcard": each} if "*" in each else each for each in self.tags]
        return ({name: names} if names else {}) | ({tag: tags} if tags else {})


@dataclass(frozen=True, slots=True)
class Pattern:
    """An event pattern.

    Attributes:
        source: Who sends the events.
        detail_type: Their kind.
        detail: What their detail holds.

    Raises:
        ValueError: A pattern that is longer than EventBridge accepts; one with tokens passes.
    """

    source: str
    detail_type: str
    detail: _Detail

    def __post_init__(self) -> None:
        """Judge the whole."""
        text = compact(self.to_dict())
        if len(text) > PATTERN_MAX_LENGTH and not is_unresolved(text):
            fault = (
                f"an event pattern may be {PATTERN_MAX_LENGTH:,} characters long, this one is "
                f"{len(text):,}; name shorter prefixes, or tags by patterns with '*'"
            )
            raise_if_invalid("event pattern", text, [fault])

    def to_dict(self) -> dict[str, Any]:
        """Return the pattern as EventBridge and CloudFormation take it."""
        return {
            "source": [self.source],
            "detail-type": [self.detail_type],
            "detail": self.detail,
        }


def image_action(action: Literal["PUSH", "DELETE"], images: Images) -> Pattern:
    """Select that an image was pushed or deleted, once for each tag."""
    detail = images.detail("repository-name", "image-tag")
    return Pattern(ECR, IMAGE_ACTION, {**detail, "action-type": [action], "result": ["SUCCESS"]})


def scan_completed(images: Images, severity: Severity | None = None) -> Pattern:
    """Select that a basic scan is complete, or that it is and found this severity or a higher one.

    Raises:
        ValueError: A severity that is none.
    """
    detail = {**images.detail("repository-name", "image-tags"), "scan-status": ["COMPLETE"]}
    if severity is not None:
        # A severity without findings is not counted, rather than counted as 0.
        found = [{each: [{"numeric": [">", 0]}]} for each in at_or_above(severity)]
        # EventBridge takes an $or of one for the name of a field.
        counts = {"$or": found} if len(found) > 1 else found[0]
        detail["finding-severity-counts"] = counts
    return Pattern(ECR, BASIC_SCAN, detail)


def finding(images: Images, account: str, severity: Severity | None = None) -> Pattern:
    """Select that Amazon Inspector found something in an image, or told more of what it found.

    Suppressed and closed findings are left out, and so are, in the account that administers
    Inspector for others, the findings of those.

    Args:
        images: Which images.
        account: The account of the registry.
        severity: The lowest severity. Default: all, those not yet rated included.

    Raises:
        ValueError: A severity that is none.
    """
    image = {
        "type": ["AWS_ECR_CONTAINER_IMAGE"],
        **_below(("details", "awsEcrContainerImage"), images.detail("repositoryName", "imageTags")),
    }
    detail: _Detail = {"awsAccountId": [account], "resources": image, "status": ["ACTIVE"]}
    if severity is not None:
        detail["severity"] = list(at_or_above(severity))
    return Pattern(INSPECTOR, FINDING, detail)


def replicated(images: Images, *, failed: bool = False) -> Pattern:
    """Select that an image arrived from another registry, or that it failed to."""
    detail = images.detail("repository-name", "image-tag")
    return Pattern(ECR, REPLICATION, {**detail, "result": ["FAILED" if failed else "SUCCESS"]})


def pulled_through(images: Images, *, failed: bool = False) -> Pattern:
    """Select that a cache fetched an image, or that it failed to."""
    detail = images.detail("repository-name", "image-tag")
    # Which word stands for a failure is not documented.
    status = [{"anything-but": ["SUCCESS"]}] if failed else ["SUCCESS"]
    return Pattern(ECR, PULL_THROUGH_CACHE, {**detail, "sync-status": status})


def at_or_above(severity: Severity) -> tuple[Severity, ...]:
    """Return a severity and the higher ones.

    Raises:
        ValueError: It is none.
    """
    if severity not in SEVERITIES:
        raise_if_invalid("severity", severity, [f"must be one of {', '.join(SEVERITIES)}"])
    return SEVERITIES[SEVERITIES.index(severity) :]


def _below(path: Sequence[str], detail: _Detail) -> _Detail:
    """Nest what is selected; nothing stays nothing."""
    for each in reversed(path) if detail else ():
        detail = {each: detail}
    return detail


def _errors(tag: str) -> Iterator[str]:
    if not _TAG.fullmatch(tag):
        yield (
            f"tag {tag!r} must be 1 to 128 letters, digits, '.', '_' and '-', in which '*' stands "
            "for anything"
        )
    if "**" in tag:
        yield f"tag {tag!r} must not hold '**', which EventBridge refuses; write one '*'"
