"""Who may talk to the embedded AWS: the clients that know the secret of this start.

A loopback address is no boundary. A page in a browser on this laptop can send requests to it, under
a name of its own too (DNS rebinding), and so can any other user of the laptop. So a request needs
the secret, comes from no browser, and names this server as its host. Everything else is answered
with 403, and no answer has a CORS header. The registry's protocol has a login of its own: without
one, or with an unknown password, the answer is 401, which asks a client to log in.

The secret stands at the beginning of a session token, of AWS's clients, or of a registry password.
It runs in `.venv-local-aws`, and before everything else there.
"""

from __future__ import annotations

import base64
import binascii
import hmac
import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Scope = dict[str, Any]
    Message = dict[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]
    App = Callable[[Scope, Receive, Send], Awaitable[None]]

HOST = "127.0.0.1"
HEALTH = "/_ministack/health"
SECRET_HEADER = "X-Amz-Security-Token"  # noqa: S105 - the name of a header
_REGISTRY_HOST = re.compile(rb"[0-9]{12}\.dkr\.ecr\.[a-z0-9-]+\.amazonaws\.com")
_METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}
_CHALLENGE = (b"www-authenticate", b'Basic realm="ecr",service="ecr.amazonaws.com"')


class Gate:
    """An ASGI application before another one, which gets the requests that are allowed."""

    def __init__(self, app: App, *, port: int, secret: str) -> None:
        """Keep what requests are compared with."""
        self._app = app
        self._secret = secret.encode()
        self._hosts = {f"{name}:{port}".encode() for name in (HOST, "localhost")}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or hand it on."""
        if scope["type"] == "lifespan":
            await self._app(scope, receive, send)
        elif scope["type"] != "http":
            # A WebSocket: closed before it is accepted, which is 403 to the client.
            await send({"type": "websocket.close", "code": 1008})
        elif (refusal := self._refusal(scope)) is not None:
            status, reason = refusal
            await _refuse(send, status, reason)
        else:
            await self._app(scope, receive, _without_cors(send))

    def _refusal(self, scope: Scope) -> tuple[int, str] | None:
        headers: dict[bytes, list[bytes]] = {}
        for name, value in scope["headers"]:
            headers.setdefault(name.lower(), []).append(value)
        path = scope["path"]
        is_registry = path == "/v2" or path.startswith("/v2/")
        hosts = headers.get(b"host", [])
        if scope["http_version"] not in ("1.0", "1.1") or scope["method"] not in _METHODS:
            reason = "Only HTTP/1.1 and the methods of AWS are served"
        elif len(hosts) != 1 or not self._is_own(hosts[0], is_registry=is_registry):
            reason = "The host is not a name of this server"
        elif b"origin" in headers or b"sec-fetch-site" in headers:
            reason = "Requests of browsers are refused"
        elif not path.startswith("/") or (path.startswith("/_") and path != HEALTH):
            reason = "This path is not served"
        elif is_registry:
            return self._login(headers.get(b"authorization", []))
        else:
            tokens = headers.get(SECRET_HEADER.lower().encode(), [])
            if len(tokens) == 1 and self._is_secret(tokens[0]):
                return None
            reason = (
                "The session token is not the one of this start: "
                "run the command with python -m local_aws run"
            )
        return 403, reason

    def _login(self, authorization: list[bytes]) -> tuple[int, str] | None:
        if len(authorization) == 1 and self._is_secret(_password(authorization[0])):
            return None
        return 401, "Log in with the password that ecr:GetAuthorizationToken returns"

    def _is_own(self, host: bytes, *, is_registry: bool) -> bool:
        if host.lower() in self._hosts:
            return True
        # A registry's client sends the name that it knows; nobody else's DNS has such names.
        return is_registry and _REGISTRY_HOST.fullmatch(host) is not None

    def _is_secret(self, token: bytes) -> bool:
        return hmac.compare_digest(token[: len(self._secret)], self._secret)


def _password(authorization: bytes) -> bytes:
    """Return the password of a Basic login; empty without one."""
    scheme, _, encoded = authorization.partition(b" ")
    if scheme.lower() != b"basic":
        return b""
    try:
        return base64.b64decode(encoded.strip(), validate=True).partition(b":")[2]
    except binascii.Error:
        return b""


async def _refuse(send: Send, status: int, reason: str) -> None:
    """Answer without reading the body: the server then closes the connection."""
    code = "UNAUTHORIZED" if status == 401 else "AccessDeniedException"  # noqa: PLR2004
    body = {"__type": code, "message": reason, "errors": [{"code": code, "message": reason}]}
    headers = [(b"content-type", b"application/json"), (b"x-amzn-errortype", code.encode())]
    if status == 401:  # noqa: PLR2004
        headers.append(_CHALLENGE)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": json.dumps(body).encode()})


def _without_cors(send: Send) -> Send:
    async def sent(message: Message) -> None:
        if message["type"] == "http.response.start":
            headers = [
                (name, value)
                for name, value in message.get("headers", [])
                if not name.lower().startswith(b"access-control-")
            ]
            message = {**message, "headers": headers}
        await send(message)

    return sent
