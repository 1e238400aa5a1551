"""Requests to the API of a code host, with a token that no message repeats."""

from __future__ import annotations

import json
import os
import re
import time
from http.client import HTTPException
from typing import Any
from urllib.error import HTTPError
from urllib.parse import urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from ecr_constructs.cli.errors import CommandError
from ecr_constructs.model.diagnostics import Diagnostic

_TIMEOUT_SECONDS = 60.0
_INVALID_TOKEN = 401
# The token is valid and lacks the permission. 404: it may not even read the project.
_FORBIDDEN = (403, 404)
_TRANSIENT = (408, 429, 500, 502, 503, 504)
_PAUSES_SECONDS = (1.0, 2.0, 4.0)
# Characters of an unexpected answer that an error repeats.
_SHOWN = 1000
_TOKEN = re.compile(r"[!-~]+")


class ForbiddenError(Exception):
    """The token lacks a permission.

    Attributes:
        status: The status of the answer.
    """

    def __init__(self, status: int) -> None:
        """Describe it for a comment, which a job may do without."""
        super().__init__(f"the token may not comment here (status {status}): no comment")
        self.status = status


class _NoRedirects(HTTPRedirectHandler):
    """Treats a redirect as an error, since urllib would send the token to the new host."""

    def redirect_request(self, *_: Any) -> None:
        """Follow none."""


def environment(name: str) -> str:
    """Return a variable that the CI system sets."""
    if not (value := os.environ.get(name)):
        message = f"--comment needs the environment variable {name}, which the CI system sets"
        raise CommandError(Diagnostic("comment-variable-missing", message))
    return value


def token(name: str) -> str | None:
    """Return the token in a variable; None without one.

    http.client repeats an invalid header in its error, so that such a token would be logged.
    """
    value = os.environ.get(name, "").strip()
    if value and not _TOKEN.fullmatch(value):
        message = f"{name} holds spaces, line breaks or other characters that no token has"
        raise CommandError(Diagnostic("comment-token-invalid", message))
    return value or None


def request(header: tuple[str, str], method: str, url: str, body: str | None = None) -> Any:
    """Send a request, and return the answer's JSON.

    Args:
        header: The name and the value of the header with the token.
        method: The method.
        url: The address.
        body: A document in JSON. Default: none.

    Raises:
        ForbiddenError: The token lacks a permission.
        CommandError: The token is invalid, or the host does not answer as documented.
    """
    if urlsplit(url).scheme not in ("https", "http"):
        message = f"no comment: {url} is not an HTTP address"
        raise CommandError(Diagnostic("comment-url-invalid", message))
    headers = dict([header, ("Content-Type", "application/json")])
    data = None if body is None else body.encode()
    prepared = Request(url, data, headers, method=method)  # noqa: S310 - checked above
    # A comment that is sent twice would be there twice.
    pauses = list(_PAUSES_SECONDS) if method == "GET" else []
    while True:
        try:
            with build_opener(_NoRedirects).open(prepared, timeout=_TIMEOUT_SECONDS) as answer:
                return json.load(answer)
        except HTTPError as error:
            with error:
                _raise_if_rejected(error.code)
                if error.code not in _TRANSIENT or not pauses:
                    text = error.read(_SHOWN).decode(errors="replace")
                    text = text.replace(header[1].removeprefix("Bearer "), "***")
                    message = f"no comment: the answer was {error.code}: {text}"
                    raise CommandError(Diagnostic("comment-rejected", message)) from None
        except (OSError, HTTPException, ValueError) as error:
            reason = getattr(error, "reason", error)
            if not isinstance(reason, TimeoutError) or not pauses:
                message = f"no comment: {urlsplit(url).netloc}: {error}"
                raise CommandError(Diagnostic("comment-host-unreachable", message)) from None
        time.sleep(pauses.pop(0))


def _raise_if_rejected(status: int) -> None:
    if status == _INVALID_TOKEN:
        message = "no comment: the token is invalid or expired (status 401)"
        raise CommandError(Diagnostic("comment-token-invalid", message))
    if status in _FORBIDDEN:
        raise ForbiddenError(status)
