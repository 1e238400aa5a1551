"""The registry's own protocol: login, immutable tags, recorded pulls, creation on push.

A token allows its bearer what the principal may that asked for it. On AWS the host name says which
registry is meant. Here one address serves all of them: a client that sends no such name in its
Host header means the registry that the token was asked of.
"""

# ruff: noqa: SLF001 - ministack offers its stores and handlers by private names only

from __future__ import annotations

import base64
import binascii
import json
import re
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ministack import app
from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import ecr

from local_aws.overlay import (
    authorization,
    images,
    pull_times,
    pushes,
    referrers,
    registry,
    repositories,
)
from local_aws.overlay.operations import now, operation

if TYPE_CHECKING:
    from local_aws.overlay.authorization import Caller
    from local_aws.overlay.operations import HttpAnswer, Members

# What an image's client does, and the action that allows it: all that is served. The login to /v2/
# is enough by itself.
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html
_ACTIONS = {
    ("POST", "blob_uploads"): "InitiateLayerUpload",
    ("PATCH", "blob_upload_session"): "UploadLayerPart",
    ("GET", "blob_upload_session"): "UploadLayerPart",
    ("DELETE", "blob_upload_session"): "UploadLayerPart",
    ("PUT", "blob_upload_session"): "CompleteLayerUpload",
    ("HEAD", "blob"): "BatchCheckLayerAvailability",
    ("GET", "blob"): "GetDownloadUrlForLayer",
    ("DELETE", "blob"): "BatchDeleteImage",
    ("HEAD", "manifest"): "BatchGetImage",
    ("GET", "manifest"): "BatchGetImage",
    ("PUT", "manifest"): "PutImage",
    ("DELETE", "manifest"): "BatchDeleteImage",
    ("GET", "referrers"): "BatchGetImage",
    ("GET", "tags_list"): "ListImages",
    ("GET", "catalog"): "DescribeRepositories",
}

_REFERRERS = re.compile(r"/v2/(?P<name>.+)/referrers/(?P<digest>sha256:[0-9a-f]{64})")
LIFETIME_SECONDS = 12 * 60 * 60

_INDEX = "application/vnd.oci.image.index.v1+json"
_endpoint: list[str] = []
_secret: list[str] = []
_stock_request = ecr.handle_registry_request
_stock_get_manifest = ecr._v2_get_manifest
_stock_head_manifest = ecr._v2_head_manifest
_stock_is_registry = app._is_ecr_registry_path


@dataclass(frozen=True)
class Grant:
    """The caller and the registry of a token."""

    caller: Caller
    account: str
    region: str
    expires_at: float


_grants: dict[str, Grant] = {}


@operation("GetAuthorizationToken")
def get_authorization_token(members: Members) -> Members:
    """Issue a token for each registry asked for; by default the caller's own."""
    issued = []
    for account in members.get("registryIds") or [get_account_id()]:
        token = f"{_secret[0]}.{secrets.token_urlsafe(32)}"
        expires_at = now() + LIFETIME_SECONDS
        _grants[token] = Grant(authorization.CALLER.get(), account, get_region(), expires_at)
        encoded = base64.b64encode(f"AWS:{token}".encode()).decode()
        issued.append({"authorizationToken": encoded, "expiresAt": expires_at})
    return {"authorizationData": [{**token, "proxyEndpoint": _endpoint[0]} for token in issued]}


def _grant(header: str) -> Grant | None:
    """Return what an Authorization header belongs to; None if unknown."""
    scheme, _, encoded = header.partition(" ")
    try:
        user, _, token = base64.b64decode(encoded, validate=True).decode().partition(":")
    except (binascii.Error, UnicodeDecodeError):
        return None
    return _grants.get(token) if (scheme.lower(), user) == ("basic", "AWS") else None


def _rejected(status: int, code: str, message: str) -> HttpAnswer:
    answer: HttpAnswer = ecr._registry_error(status, code, message)
    return answer


def _unauthorized() -> HttpAnswer:
    status, headers, body = _rejected(401, "UNAUTHORIZED", "Not Authorized")
    challenge = f'Basic realm="{_endpoint[0]}/",service="ecr.amazonaws.com"'
    return status, {**headers, "WWW-Authenticate": challenge}, body


def is_registry_path(path: str) -> bool:
    """Tell whether a path is one of the registry's protocol."""
    return _REFERRERS.fullmatch(path) is not None or _stock_is_registry(path)


async def handle_request(
    method: str, path: str, headers: dict[str, str], body: bytes, query: Members
) -> HttpAnswer:
    """Answer a registry request in the account and Region that its host or its token names."""
    grant = _grant(headers.get("authorization", ""))
    if grant is None:
        return _unauthorized()
    if grant.expires_at < now():
        message = "Your authorization token has expired. Reauthenticate and try again."
        return _rejected(403, "DENIED", message)
    host = ecr._ECR_REGISTRY_HOST_RE.match(headers.get("host", ""))
    authorization.CALLER.set(grant.caller)
    with request_scope(*(host.groups() if host else (grant.account, grant.region))):
        asked = _REFERRERS.fullmatch(path)
        parsed = ("referrers", asked["name"]) if asked else ecr._parse_v2_path(path)
        action = _ACTIONS.get((method, parsed[0])) if parsed else None
        if parsed and parsed[0] != "ping" and action is None:
            return _rejected(405, "UNSUPPORTED", "The operation is unsupported")
        denied = action and authorization.denial(grant.caller, f"ecr:{action}", parsed[1] or "*")
        if denied:
            return _rejected(403, "DENIED", denied)
        if asked:
            return _referrers(asked["name"], asked["digest"])
        if method in ("POST", "PUT") and parsed and parsed[1] not in ecr._repositories:
            template = registry.template_for(parsed[1], "CREATE_ON_PUSH")
            if template is not None:
                registry.create_repository(parsed[1], template)
        answer: HttpAnswer = await _stock_request(method, path, headers, body, query)
        return answer


def put_manifest(name: str, reference: str, headers: dict[str, str], body: bytes) -> HttpAnswer:
    """Push a manifest by tag or digest."""
    if missing := repositories.missing_in_registry(name):
        return missing
    tag = None if reference.startswith("sha256:") else reference
    try:
        json.loads(body)
        image = pushes.push(name, body, headers.get("content-type"), tag)
    except ValueError:
        return _rejected(400, "MANIFEST_INVALID", "The manifest is not JSON")
    except images.TagImmutableError as rejection:
        return _rejected(400, "TAG_INVALID", str(rejection))
    digest = image["imageDigest"]
    subject = images.subject(image)
    created: HttpAnswer = ecr._registry_ok(
        201,
        {
            "Location": f"/v2/{name}/manifests/{digest}",
            "Docker-Content-Digest": digest,
            # So a client knows that it need not keep a list of referrers under a tag.
            **({"OCI-Subject": subject} if subject else {}),
            "Content-Length": "0",
        },
        b"",
    )
    return created


def get_manifest(name: str, reference: str) -> HttpAnswer:
    """Return a manifest that is not archived, and record the pull."""
    return _unless_archived(name, _stock_get_manifest(name, reference), is_pull=True)


def head_manifest(name: str, reference: str) -> HttpAnswer:
    """Tell of a manifest that is not archived that it is there, which is no pull."""
    return _unless_archived(name, _stock_head_manifest(name, reference), is_pull=False)


def _unless_archived(name: str, answer: HttpAnswer, *, is_pull: bool) -> HttpAnswer:
    """Return ministack's answer about a manifest, unless its image is archived."""
    if answer[0] != 200:  # noqa: PLR2004
        return answer
    image = images.get(name, {"imageDigest": answer[1]["Docker-Content-Digest"]})
    if not images.is_pullable(image):
        message = f"The image {image['imageDigest']} is archived"
        return _rejected(404, "MANIFEST_UNKNOWN", message)
    if is_pull:
        pull_times.record_of_caller(image)
    return answer


def _referrers(name: str, digest: str) -> HttpAnswer:
    """Return the index of the artifacts about an image, as the OCI distribution protocol does."""
    if missing := repositories.missing_in_registry(name):
        return missing
    listed = [
        {member: value for member, value in item.items() if member != "artifactStatus"}
        for item in referrers.of(name, digest, {})
    ]
    index = {"schemaVersion": 2, "mediaType": _INDEX, "manifests": listed}
    answer: HttpAnswer = ecr._registry_ok(200, {"Content-Type": _INDEX}, json.dumps(index).encode())
    return answer


def install(endpoint_url: str, secret: str) -> None:
    """Put the login before the registry, and our manifests in the place of its own."""
    _endpoint.append(endpoint_url)
    _secret.append(secret)
    ecr.handle_registry_request = handle_request
    ecr._v2_put_manifest = put_manifest
    ecr._v2_get_manifest = get_manifest
    ecr._v2_head_manifest = head_manifest
    app._is_ecr_registry_path = is_registry_path
    ecr._ensure_repo_exists = repositories.missing_in_registry
    # The token has chosen the scope; stock would go and look for the name in other Regions.
    ecr._select_registry_request_scope = lambda *_: None
