"""Authorization tokens: who logged in, and to which account's and Region's registry.

A token lets its bearer do what the principal may that asked for it. On AWS the host name says
which registry is meant. Here one address serves all of them: a client that sends no such name in
its Host header means the registry that the token was asked of.
"""

from __future__ import annotations

import base64
import binascii
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ministack.core.responses import get_account_id, get_region

from local_aws.overlay.authorization import CALLER
from local_aws.overlay.operations import now, operation

if TYPE_CHECKING:
    from local_aws.overlay.authorization import Caller
    from local_aws.overlay.operations import Members

LIFETIME_SECONDS = 12 * 60 * 60


@dataclass
class _Endpoint:
    url: str = ""


@dataclass(frozen=True)
class Grant:
    """The caller and the registry of a token."""

    caller: Caller
    account: str
    region: str
    expires_at: float


ENDPOINT = _Endpoint()
_grants: dict[str, Grant] = {}


def issue(account: str | None = None) -> str:
    """Issue a token for the registry of `account` (default: the caller's) in this Region."""
    token = secrets.token_urlsafe(32)
    expires_at = now() + LIFETIME_SECONDS
    _grants[token] = Grant(CALLER.get(), account or get_account_id(), get_region(), expires_at)
    return token


def grant_of(authorization: str, token: str | None = None) -> Grant | None:
    """Return what an Authorization header, or a bare token, belongs to; None if unknown."""
    if token is None:
        scheme, _, encoded = authorization.partition(" ")
        try:
            user, _, token = base64.b64decode(encoded, validate=True).decode().partition(":")
        except (binascii.Error, UnicodeDecodeError):
            return None
        if (scheme.lower(), user) != ("basic", "AWS"):
            return None
    return _grants.get(token)


@operation("GetAuthorizationToken")
def get_authorization_token(members: Members) -> Members:
    """Issue a token for each registry asked for; by default the caller's own."""
    tokens = [issue(account) for account in members.get("registryIds") or [None]]
    return {
        "authorizationData": [
            {
                "authorizationToken": base64.b64encode(f"AWS:{token}".encode()).decode(),
                "expiresAt": _grants[token].expires_at,
                "proxyEndpoint": ENDPOINT.url,
            }
            for token in tokens
        ]
    }
