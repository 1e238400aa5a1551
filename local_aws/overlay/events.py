"""What ECR tells EventBridge of its images.

There is no scanner, hence no event about findings; and caches fetch nothing.
"""

# ruff: noqa: SLF001 - ministack lets only its own services send events of AWS, by a private name

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from ministack.services import ecr, eventbridge

if TYPE_CHECKING:
    from local_aws.overlay.operations import Members


def image_action(action: str, name: str, digest: str, tag: str | None, **others: str) -> None:
    """Tell that an image was pushed, deleted or moved to another storage class."""
    detail = {
        "result": "SUCCESS",
        "repository-name": name,
        "image-digest": digest,
        "action-type": action,
        **({"image-tag": tag} if tag else {}),
        **others,
    }
    _send("ECR Image Action", detail, [])


def replication(
    name: str, digest: str, tag: str | None, source: tuple[str, str], *, failed: bool
) -> None:
    """Tell the registry of the request that an image arrived from another, or failed to."""
    detail = {
        "result": "FAILED" if failed else "SUCCESS",
        "repository-name": name,
        "image-digest": digest,
        "source-account": source[0],
        "action-type": "REPLICATE",
        "source-region": source[1],
        **({"image-tag": tag} if tag else {}),
    }
    _send("ECR Replication Action", detail, [ecr._repo_arn(name)])


def _send(detail_type: str, detail: Members, resources: list[str]) -> None:
    entry = {
        "Source": "aws.ecr",
        "DetailType": detail_type,
        "Detail": json.dumps(detail),
        "Resources": resources,
    }
    eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)
