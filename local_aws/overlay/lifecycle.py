"""Previews of lifecycle policies, evaluated by `lifecycle_oracle`, apart from the library's model.

Policies do not run: no image goes by itself.
"""

# ruff: noqa: SLF001 - ministack offers its stores by private names only

from __future__ import annotations

import json
import time
from typing import TYPE_CHECKING, Any

from ministack.core.responses import get_account_id
from ministack.services import ecr

from local_aws.overlay import images, lifecycle_oracle, repositories
from local_aws.overlay.operations import RejectedError, now, operation, page

if TYPE_CHECKING:
    from local_aws.overlay.images import Image
    from local_aws.overlay.operations import Members

# A preview takes a while, so that clients have to wait, and can be in each other's way.
SECONDS_A_PREVIEW = 0.5


@operation("StartLifecyclePolicyPreview")
def start_preview(members: Members) -> Members:
    """Preview the policy that is given, or else the repository's."""
    name = members["repositoryName"]
    repositories.find(name)
    text = members.get("lifecyclePolicyText") or ecr._lifecycle_policies.get(name)
    if text is None:
        message = f"Lifecycle policy does not exist for '{name}'"
        raise RejectedError(message, "LifecyclePolicyNotFoundException")
    running = repositories.PREVIEWS.get(name)
    if running and _status(running) == "IN_PROGRESS":
        message = f"A lifecycle policy preview of '{name}' is in progress"
        raise RejectedError(message, "LifecyclePolicyPreviewInProgressException")
    results = _results(name, json.loads(text))
    complete_at = time.monotonic() + SECONDS_A_PREVIEW
    repositories.PREVIEWS[name] = {"text": text, "results": results, "completeAt": complete_at}
    return {**_identity(name, text), "status": "IN_PROGRESS"}


@operation("GetLifecyclePolicyPreview")
def get_preview(members: Members) -> Members:
    """Tell how far the last preview is; its results once it is complete."""
    name = members["repositoryName"]
    repositories.find(name)
    preview = repositories.PREVIEWS.get(name)
    if preview is None:
        message = f"There is no lifecycle policy preview of '{name}'"
        raise RejectedError(message, "LifecyclePolicyPreviewNotFoundException")
    shown = {**_identity(name, preview["text"]), "status": _status(preview)}
    if shown["status"] == "IN_PROGRESS":
        return shown
    results = preview["results"]
    kinds = [result["action"]["type"] for result in results]
    archiving = kinds.count("TRANSITION")
    totals = [{"targetStorageClass": "ARCHIVE", "imageTotalCount": archiving}]
    return {
        **shown,
        **page(members, "previewResults", results),
        "summary": {
            "expiringImageTotalCount": kinds.count("EXPIRE"),
            **({"transitioningImageTotalCounts": totals} if archiving else {}),
        },
    }


def _identity(name: str, text: str) -> Members:
    identity = {"registryId": get_account_id(), "repositoryName": name}
    return {**identity, "lifecyclePolicyText": text}


def _status(preview: Members) -> str:
    return "IN_PROGRESS" if time.monotonic() < preview["completeAt"] else "COMPLETE"


def _results(name: str, policy: Any) -> list[Members]:
    stored = {image["imageDigest"]: image for image in images.all_of(name)}
    described = []
    for image in stored.values():
        listed = images.manifest(image).get("manifests", [])
        references = [item["digest"] for item in listed]
        described.append({**images.described(name, image), "references": references})
    verdicts = lifecycle_oracle.previewed(policy, described, now())
    return [_result(stored[digest], verdict) for digest, verdict in verdicts.items()]


def _result(image: Image, verdict: lifecycle_oracle.Verdict) -> Members:
    target = {"targetStorageClass": "ARCHIVE"} if verdict.action == "TRANSITION" else {}
    archived = image.get("imageStatus") == "ARCHIVED"
    return {
        **({"imageTags": list(image["imageTags"])} if image["imageTags"] else {}),
        "imageDigest": image["imageDigest"],
        "imagePushedAt": image["imagePushedAt"],
        "action": {"type": verdict.action, **target},
        "appliedRulePriority": verdict.priority,
        "storageClass": "ARCHIVE" if archived else "STANDARD",
    }
