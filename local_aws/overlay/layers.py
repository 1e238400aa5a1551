"""Layer uploads through the API; clients of the registry do not use them."""

# ruff: noqa: SLF001 - ministack offers its stores and handlers by private names only

from __future__ import annotations

import base64
import hashlib
import uuid
from typing import TYPE_CHECKING

from ministack.core.responses import get_account_id
from ministack.services import ecr

from local_aws.overlay import repositories, tokens
from local_aws.overlay.operations import RejectedError, operation

if TYPE_CHECKING:
    from local_aws.overlay.operations import Members

LAYER_MEDIA_TYPE = "application/vnd.docker.image.rootfs.diff.tar.gzip"
PART_SIZE = 20 * 1024 * 1024


def _upload(members: Members) -> tuple[bytearray, Members]:
    name, upload_id = members["repositoryName"], members["uploadId"]
    repositories.find(name)
    upload = ecr._uploads.get(name, {}).get(upload_id)
    if upload is None:
        code = "UploadNotFoundException"
        raise RejectedError(code, f"The upload with id '{upload_id}' does not exist")
    return upload, {"registryId": get_account_id(), "repositoryName": name, "uploadId": upload_id}


@operation("InitiateLayerUpload")
def initiate(members: Members) -> Members:
    """Begin an upload."""
    repositories.find(members["repositoryName"])
    upload_id = str(uuid.uuid4())
    ecr._uploads.setdefault(members["repositoryName"], {})[upload_id] = bytearray()
    return {"uploadId": upload_id, "partSize": PART_SIZE}


@operation("UploadLayerPart")
def upload_part(members: Members) -> Members:
    """Append a part."""
    upload, answer = _upload(members)
    upload += base64.b64decode(members["layerPartBlob"])
    return {**answer, "lastByteReceived": len(upload) - 1}


@operation("CompleteLayerUpload")
def complete(members: Members) -> Members:
    """Store the layer under its digest."""
    upload, answer = _upload(members)
    digest = "sha256:" + hashlib.sha256(upload).hexdigest()
    if digest not in members["layerDigests"]:
        code = "InvalidLayerException"
        raise RejectedError(code, f"The layer has digest '{digest}', not the one given")
    ecr._layer_blobs.setdefault(answer["repositoryName"], {})[digest] = bytes(upload)
    del ecr._uploads[answer["repositoryName"]][answer["uploadId"]]
    return {**answer, "layerDigest": digest}


@operation("BatchCheckLayerAvailability")
def check(members: Members) -> Members:
    """Tell which of the layers are there."""
    repositories.find(members["repositoryName"])
    blobs = ecr._layer_blobs.get(members["repositoryName"], {})
    layers = [
        {
            "layerDigest": digest,
            "layerAvailability": "AVAILABLE" if digest in blobs else "UNAVAILABLE",
            "layerSize": len(blobs.get(digest, b"")),
            "mediaType": LAYER_MEDIA_TYPE,
        }
        for digest in members["layerDigests"]
    ]
    return {"layers": layers, "failures": []}


@operation("GetDownloadUrlForLayer")
def download_url(members: Members) -> Members:
    """Return an address that needs no login, as ECR's does."""
    name, digest = members["repositoryName"], members["layerDigest"]
    repositories.find(name)
    return {
        "downloadUrl": f"{tokens.ENDPOINT.url}/v2/{name}/blobs/{digest}?token={tokens.issue()}",
        "layerDigest": digest,
    }
