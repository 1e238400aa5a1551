"""Deletions of images in CloudTrail: by a lifecycle policy, or by a call.

https://docs.aws.amazon.com/AmazonECR/latest/userguide/logging-using-cloudtrail.html
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

from ecr_constructs.cloudformation.errors import TemplateError
from ecr_constructs.cloudformation.reading import INVENTORY_MAX_BYTES, text_of
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.json_reading import JsonError, read_json
from ecr_constructs.model.members import objects, part, text, texts
from ecr_constructs.snapshot import SnapshotError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

_POLICY, _CALL = "PolicyExecutionEvent", "BatchDeleteImage"


class Deletion(NamedTuple):
    """The end of an image, or of a tag.

    Attributes:
        at: When: ``2026-11-27T03:00:00Z``.
        account: The account.
        region: The Region.
        repository: The repository.
        digest: The digest.
        tags: The tags that it had, or that were removed.
        rule_priority: The rule of the lifecycle policy. None: a call deleted it.
        by: The ARN of who called. ``""``: ECR did.
        action: What the rule does: ``expire`` or ``transition``; ``""`` if the event does not say
            it, or for a call.
    """

    at: str
    account: str
    region: str
    repository: str
    digest: str
    tags: tuple[str, ...]
    rule_priority: int | None
    by: str
    action: str = ""


def read_deletions(path: Path) -> list[Deletion]:
    """Return the deletions in a file of CloudTrail's events.

    Args:
        path: A log file (``Records``), the output of ``aws cloudtrail lookup-events``
            (``Events``), one event, or a list of them; previews are left out.

    Raises:
        SnapshotError: ``cloudtrail-unreadable``: the file cannot be read; ``cloudtrail-format``:
            it holds none of these.
    """
    try:
        content = read_json(text_of(path, most=INVENTORY_MAX_BYTES))
    except (TemplateError, JsonError) as error:
        message = f"cannot read {path}: {error}"
        raise SnapshotError(Diagnostic("cloudtrail-unreadable", message)) from None
    events = [*_events(content)]
    if not events and content not in ([], {"Records": []}, {"Events": []}):
        message = f"{path} holds no event of CloudTrail"
        remedy = "give a log file of a trail, or what `aws cloudtrail lookup-events` prints"
        raise SnapshotError(Diagnostic("cloudtrail-format", message, remedy=remedy))
    return [item for event in events for item in _deletions(event)]


def _events(content: Any) -> Iterator[Mapping[str, Any]]:
    if isinstance(content, list):
        for item in content:
            yield from _events(item)
    elif isinstance(content, dict):
        if "eventName" in content:
            yield content
        elif "CloudTrailEvent" in content:
            try:
                yield from _events(read_json(str(content["CloudTrailEvent"])))
            except JsonError:
                return
        else:
            for member in ("Records", "Events"):
                yield from _events(content.get(member))


def _deletions(event: Mapping[str, Any]) -> Iterator[Deletion]:
    if event.get("errorCode"):
        return
    name, at, region = (text(event, key) for key in ("eventName", "eventTime", "awsRegion"))
    account = text(event, "recipientAccountId")
    if name == _POLICY:
        details = event.get("serviceEventDetails")
        rules = {
            rule.get("rulePriority"): text(rule, "action")
            for rule in objects(part(details, "lifecycleEventPolicy", "lifecycleEventRules"))
        }
        for action in objects(part(details, "lifecycleEventImageActions")):
            priority = action.get("rulePriority")
            yield Deletion(
                at,
                account,
                region,
                text(details, "repositoryName"),
                text(action, "lifecycleEventImage", "digest"),
                tuple(texts(part(action, "lifecycleEventImage", "tagList"))),
                priority if isinstance(priority, int) else None,
                "",
                rules.get(priority, ""),
            )
    elif name == _CALL and text(event, "eventSource").startswith("ecr."):
        repository = text(event, "requestParameters", "repositoryName")
        caller = text(event, "userIdentity", "arn")
        tags: dict[str, list[str]] = {}
        for image in objects(part(event, "responseElements", "imageIds")):
            tags.setdefault(text(image, "imageDigest"), []).extend(
                filter(None, [text(image, "imageTag")])
            )
        for digest, names in tags.items():
            yield Deletion(at, account, region, repository, digest, tuple(names), None, caller)
