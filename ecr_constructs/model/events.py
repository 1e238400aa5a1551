"""Events about images, and the patterns by which EventBridge selects them.

ECR and Amazon Inspector send them to the default event bus of the account and Region, "on a best
effort basis" (https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html,
https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-events.html).
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal, get_args

from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.json_text import compact
from ecr_constructs.model.names import filter_errors
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import item_errors, raise_if_invalid, reject, require_list

Severity = Literal["INFORMATIONAL", "LOW", "MEDIUM", "HIGH", "CRITICAL"]
"""The severities that both scanners use, in ascending order."""
SEVERITIES: tuple[Severity, ...] = get_args(Severity)

ECR, INSPECTOR = "aws.ecr", "aws.inspector2"
IMAGE_ACTION = "ECR Image Action"
BASIC_SCAN = "ECR Image Scan"
REPLICATION = "ECR Replication Action"
PULL_THROUGH_CACHE = "ECR Pull Through Cache Action"
REFERRER_ACTION = "ECR Referrer Action"
FINDING = "Inspector2 Finding"
DETAIL_TYPES: Mapping[str, tuple[str, ...]] = {
    # https://docs.aws.amazon.com/eventbridge/latest/ref/events-ref-ecr.html
    ECR: (
        "ECR Artifact Action",
        IMAGE_ACTION,
        BASIC_SCAN,
        PULL_THROUGH_CACHE,
        REFERRER_ACTION,
        REPLICATION,
        "ECR Scan Resource Change",
    ),
    # https://docs.aws.amazon.com/inspector/latest/user/eventbridge-integration.html
    INSPECTOR: (FINDING, "Inspector2 Scan", "Inspector2 Coverage"),
}

# https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
PATTERN_MAX_LENGTH = 4096
_TAG = re.compile(r"[\w*][\w.*-]{0,127}", re.ASCII)

_Detail = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Images:
    """The images that events are selected for; an empty selection selects all.

    Prefixes have 2 to 256 characters; ``*`` in a tag matches any characters.
    """

    repositories: Sequence[str] = ()
    prefixes: Sequence[str] = ()
    tags: Sequence[str] = ()

    def __post_init__(self) -> None:
        """Validate prefixes and tags."""
        require_list("prefixes", self.prefixes)
        require_list("tags", self.tags)
        errors = (
            *item_errors("prefixes", self.prefixes, filter_errors),
            *item_errors("tags", self.tags, _tag_errors),
        )
        raise_if_invalid("selection of images", self, errors)

    def detail(self, name: str, tag: str) -> _Detail:
        """Return the part of a pattern that selects these images, by the names of its fields."""
        names = [*self.repositories, *({"prefix": prefix} for prefix in self.prefixes)]
        tags = [{"wildcard": pattern} if "*" in pattern else pattern for pattern in self.tags]
        return ({name: names} if names else {}) | ({tag: tags} if tags else {})


@dataclass(frozen=True, slots=True)
class Pattern:
    """An event pattern, no longer than EventBridge accepts unless it has deploy-time values."""

    source: str
    detail_type: str
    detail: _Detail

    def __post_init__(self) -> None:
        """Validate the length."""
        text = compact(self.to_dict())
        if len(text) > PATTERN_MAX_LENGTH and not is_unresolved(text):
            reject(
                "event pattern",
                text,
                "event-pattern-length",
                f"an event pattern may be {PATTERN_MAX_LENGTH:,} characters long, this one is "
                f"{len(text):,}",
                remedy="list shorter prefixes, or patterns of tags with '*'",
            )

    def to_dict(self) -> dict[str, Any]:
        """Return the pattern in the form of EventBridge and CloudFormation."""
        return {"source": [self.source], "detail-type": [self.detail_type], "detail": self.detail}


ReferrerAction = Literal["PUSH", "DELETE", "ARCHIVE", "RESTORE"]
"""What happens to a referrer, such as a signature or an SBOM."""
_UPDATE = "UPDATE_STORAGE_CLASS"
_CLASSES = {"ARCHIVE": "ARCHIVE", "RESTORE": "STANDARD"}


def image_action(
    action: Literal["PUSH", "DELETE"], images: Images, *, failed: bool = False
) -> Pattern:
    """Select the push or the deletion of an image, or its failure; an event for each tag."""
    detail = images.detail("repository-name", "image-tag")
    return Pattern(
        ECR, IMAGE_ACTION, {**detail, "action-type": [action], "result": _result(failed=failed)}
    )


def storage_class_changed(action: Literal["ARCHIVE", "RESTORE"], images: Images) -> Pattern:
    """Select an image that is archived or restored; these events have no tag."""
    detail = images.detail("repository-name", "image-tag")
    return Pattern(ECR, IMAGE_ACTION, {**detail, **_moved(action), "result": _result()})


def referrer_action(
    images: Images, action: ReferrerAction | None = None, artifact_types: Sequence[str] = ()
) -> Pattern:
    """Select what happens to referrers, of some artifact types or of any.

    Raises:
        ValidationError: ``referrer-action-unknown``, or a string for the list of types.
    """
    require_list("artifact_types", artifact_types)
    if action is not None and action not in get_args(ReferrerAction):
        message = f"must be one of {', '.join(get_args(ReferrerAction))}"
        reject("action of referrers", action, "referrer-action-unknown", message, path="action")
    detail = images.detail("repository-name", "image-tag")
    if action in _CLASSES:
        detail |= _moved(action)
    elif action is not None:
        detail["action-type"] = [action]
    if artifact_types:
        detail["artifact-media-type"] = [*artifact_types]
    return Pattern(ECR, REFERRER_ACTION, {**detail, "result": _result()})


def _moved(action: str) -> _Detail:
    return {"action-type": [_UPDATE], "target-storage-class": [_CLASSES[action]]}


def _result(*, failed: bool = False) -> list[Any]:
    # AWS documents the event of a success only, and not how a failure is called.
    return [{"anything-but": ["SUCCESS"]}] if failed else ["SUCCESS"]


def scan_completed(images: Images, severity: Severity | None = None) -> Pattern:
    """Select the completion of a basic scan, if it found at least this severity."""
    detail = {**images.detail("repository-name", "image-tags"), "scan-status": ["COMPLETE"]}
    if severity is not None:
        # A severity without findings has no count, rather than a count of 0.
        counts = [{level: [{"numeric": [">", 0]}]} for level in at_or_above(severity)]
        # EventBridge reads an $or with one alternative as the name of a field.
        detail["finding-severity-counts"] = {"$or": counts} if len(counts) > 1 else counts[0]
    return Pattern(ECR, BASIC_SCAN, detail)


def finding(images: Images, account: str, severity: Severity | None = None) -> Pattern:
    """Select new and updated findings of Amazon Inspector in images.

    Suppressed and closed findings are left out. So are, in the account that administers Inspector
    for others, the findings of the other accounts. Without a severity, findings that are not yet
    rated are selected, too.
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
    """Select the arrival of an image from another registry, or its failure."""
    detail = images.detail("repository-name", "image-tag")
    return Pattern(ECR, REPLICATION, {**detail, "result": ["FAILED" if failed else "SUCCESS"]})


def pulled_through(images: Images, *, failed: bool = False) -> Pattern:
    """Select the import of an image by a cache, or its failure."""
    detail = images.detail("repository-name", "image-tag")
    return Pattern(ECR, PULL_THROUGH_CACHE, {**detail, "sync-status": _result(failed=failed)})


def at_or_above(severity: Severity) -> tuple[Severity, ...]:
    """Return a severity and the higher ones; reject an unknown one."""
    if severity not in SEVERITIES:
        message = f"must be one of {', '.join(SEVERITIES)}"
        reject("severity", severity, "severity-unknown", message)
    return SEVERITIES[SEVERITIES.index(severity) :]


def _below(path: Sequence[str], detail: _Detail) -> _Detail:
    """Nest a selection below a path; an empty one stays empty."""
    for key in reversed(path) if detail else ():
        detail = {key: detail}
    return detail


def _tag_errors(tag: str) -> Iterator[Diagnostic]:
    if not _TAG.fullmatch(tag):
        yield Diagnostic(
            "event-tag-format",
            f"tag {tag!r} must be 1 to 128 letters, digits, '.', '_' and '-', in which '*' "
            "matches any characters; it begins with neither '.' nor '-'",
        )
    if "**" in tag:
        yield Diagnostic(
            "event-tag-wildcards",
            f"tag {tag!r} must not hold '**', which EventBridge rejects",
            remedy="write one '*'",
        )
