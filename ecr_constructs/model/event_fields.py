"""The fields of the events of ECR and Amazon Inspector, with the values of enumerations."""

from collections.abc import Mapping
from typing import NamedTuple

from ecr_constructs.model.enums import enum
from ecr_constructs.model.events import (
    BASIC_SCAN,
    FINDING,
    IMAGE_ACTION,
    PULL_THROUGH_CACHE,
    REFERRER_ACTION,
    REPLICATION,
)

# The published schemas of these events list all their fields.
# https://docs.aws.amazon.com/cdk/api/v2/docs/@aws-cdk_mixins-preview.aws_ecr.events.RepositoryEvents.html
COMPLETE = (IMAGE_ACTION, REFERRER_ACTION, BASIC_SCAN, REPLICATION, PULL_THROUGH_CACHE)

# Every event has these: https://docs.aws.amazon.com/eventbridge/latest/ref/overiew-event-structure.html
TOP_FIELDS = (
    *("version", "id", "detail-type", "source", "account", "time", "region", "resources"),
    *("detail", "replay-name"),
)


class Field(NamedTuple):
    """A field of an event.

    Attributes:
        values: All values that it can have; empty if any.
        fields: The fields below it; None if it has a value.
        is_name: Whether it is the name of a repository.
        is_complete: Whether there are definitely no fields below it but these.
    """

    values: tuple[str, ...] = ()
    fields: "Mapping[str, Field] | None" = None
    is_name: bool = False
    is_complete: bool = False


_ANY = Field()
_NAME = Field(is_name=True)


def _fields(*names: str, **others: Field) -> Mapping[str, Field]:
    """Return fields of any value, and others; an underscore in a keyword is a hyphen."""
    return dict.fromkeys(names, _ANY) | {
        name.replace("_", "-"): field for name, field in others.items()
    }


_RESULT = Field(("SUCCESS", "FAILED", "FAILURE"))
_CLASS = Field(enum("ecr", "TargetStorageClass"))
_IMAGE = _fields("image-digest", "image-tag", repository_name=_NAME)
_MOVED = _fields(
    *("manifest-media-type", "artifact-media-type", "last-activated-at"),
    target_storage_class=_CLASS,
)
_UPDATE = "UPDATE_STORAGE_CLASS"


def _counts(*others: str) -> Field:
    names = (*enum("ecr", "FindingSeverity"), *others)
    return Field(fields=dict.fromkeys(names, _ANY), is_complete=True)


_CONTAINER_IMAGE = _fields(
    *("imageTags", "pushedAt", "author", "architecture", "imageHash", "registry", "platform"),
    *("lastInUseAt", "inUseCount"),
    repositoryName=_NAME,
)
_RESOURCE = {
    **_fields("id", "partition", "region", "tags", "provider"),
    "type": Field(enum("inspector2", "ResourceType")),
    "details": Field(fields={"awsEcrContainerImage": Field(fields=_CONTAINER_IMAGE)}),
}

# https://docs.aws.amazon.com/AmazonECR/latest/userguide/ecr-eventbridge.html
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-scanning-enhanced-events.html
DETAILS: Mapping[str, Mapping[str, Field]] = {
    IMAGE_ACTION: {
        **_IMAGE,
        **_MOVED,
        "result": _RESULT,
        "action-type": Field(("PUSH", "DELETE", _UPDATE)),
    },
    REFERRER_ACTION: {
        **_IMAGE,
        **_MOVED,
        "result": _RESULT,
        "action-type": Field(("PUSH", "DELETE", _UPDATE)),
    },
    BASIC_SCAN: {
        **_fields("image-digest", "image-tags", repository_name=_NAME),
        "scan-status": Field(enum("ecr", "ScanStatus")),
        "finding-severity-counts": _counts(),
    },
    REPLICATION: {
        **_IMAGE,
        **_fields("source-account", "source-region"),
        "result": _RESULT,
        "action-type": Field(("REPLICATE",)),
    },
    PULL_THROUGH_CACHE: {
        **_IMAGE,
        **_fields("rule-version", "ecr-repository-prefix", "upstream-registry-url"),
        **_fields("failure-code", "failure-reason"),
        "sync-status": Field(("SUCCESS", "FAILURE", "FAILED")),
    },
    FINDING: {
        **_fields("awsAccountId", "description", "findingArn", "firstObservedAt", "title"),
        **_fields("lastObservedAt", "updatedAt", "inspectorScore", "inspectorScoreDetails"),
        **_fields("packageVulnerabilityDetails", "remediation", "networkReachabilityDetails"),
        **_fields("fixAvailable", "exploitAvailable", "exploitabilityDetails", "epss"),
        **_fields("codeVulnerabilityDetails"),
        "severity": Field(enum("inspector2", "Severity")),
        "status": Field(enum("inspector2", "FindingStatus")),
        "type": Field(enum("inspector2", "FindingType")),
        "resources": Field(fields=_RESOURCE),
    },
    # Its repository-name is the ARN of the repository.
    "Inspector2 Scan": {
        **_fields("scan-status", "repository-name", "image-digest", "image-tags", "version"),
        "finding-severity-counts": _counts("TOTAL", "UNTRIAGED"),
    },
}
