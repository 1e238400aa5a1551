"""What ``aws ecr batch-get-image`` prints, read for what manifests tell of each other.

https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_BatchGetImage.html
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from ecr_constructs.model.lifecycle.documents import malformed, pages
from ecr_constructs.model.lifecycle.image import Blob
from ecr_constructs.model.lifecycle.rule_grammar import kind_of

COMMAND = "aws ecr batch-get-image"


@dataclass(frozen=True, slots=True)
class Manifest:
    """What one manifest says.

    Attributes:
        media_type: Its own media type, if it or ECR says so.
        references: The digests that it lists; none if it is no index.
        subject: The digest that it refers to.
        blobs: Its layers and its configuration; none if it is an index.
    """

    media_type: str | None
    references: tuple[str, ...]
    subject: str | None
    blobs: tuple[Blob, ...]


def manifests_of(output: str | Mapping[str, Any]) -> dict[str, Manifest]:
    """Return the manifests of all pages by digest.

    Raises:
        ValueError: The first thing that is not as the command prints it, with its place.
    """
    found = {}
    for where, entry in pages(output, "images", COMMAND):
        if not isinstance(entry, Mapping):
            raise malformed(where, " must be a JSON object", kind_of(entry))
        image_id = entry.get("imageId")
        digest = image_id.get("imageDigest") if isinstance(image_id, Mapping) else None
        if not isinstance(digest, str):
            raise malformed(where, ".imageId.imageDigest must be text", repr(digest))
        found[digest] = _manifest(f"{where}.imageManifest", entry)
    return found


def _manifest(where: str, entry: Mapping[str, Any]) -> Manifest:
    text = entry.get("imageManifest")
    try:
        content = json.loads(text) if isinstance(text, str) else None
    except (json.JSONDecodeError, RecursionError):
        content = None
    if not isinstance(content, dict):
        shown = f"{text[:40]}…" if isinstance(text, str) else text
        raise malformed(where, " must be the text of a JSON object", repr(shown))
    try:
        config = [content["config"]] if "config" in content else []
        subject = content.get("subject")
        return Manifest(
            media_type=entry.get("imageManifestMediaType") or content.get("mediaType"),
            references=tuple(str(listed["digest"]) for listed in content.get("manifests") or ()),
            subject=str(subject["digest"]) if subject else None,
            blobs=tuple(
                Blob(str(blob["digest"]), int(blob.get("size", 0)))
                for blob in [*config, *(content.get("layers") or ())]
            ),
        )
    except (AttributeError, KeyError, TypeError, ValueError):
        msg = (
            f"{where} must be an image or index manifest, whose manifests, subject, config and "
            f"layers are objects with a digest; got one with {', '.join(content) or 'no key'}"
        )
        raise ValueError(msg) from None
