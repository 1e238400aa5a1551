"""The comment of a review on a pull request of GitHub, or a merge request of GitLab.

https://docs.github.com/en/rest/issues/comments
https://docs.gitlab.com/api/notes/
"""

from __future__ import annotations

import json
import os
import time
from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.error import HTTPError
from urllib.parse import quote, urlsplit
from urllib.request import HTTPRedirectHandler, Request, build_opener

from ecr_constructs.cli.errors import CommandError
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.report.review import MARKER

if TYPE_CHECKING:
    from collections.abc import Iterator

_TIMEOUT_SECONDS = 60.0
_PAGE = 100
# Where the token may not comment, as in a pull request of a fork.
_FORBIDDEN = (401, 403, 404)
_TRANSIENT = (408, 429, 500, 502, 503, 504)
_PAUSES_SECONDS = (1.0, 2.0, 4.0)
# Characters of an unexpected answer that an error repeats.
_SHOWN = 1000


class _NoRedirects(HTTPRedirectHandler):
    """Treats a redirect as an error, since urllib would send the token to the new host."""

    def redirect_request(self, *_: Any) -> None:
        """Follow none."""


class _ForbiddenError(Exception):
    """The token may not comment."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CodeHost:
    """The comments of one pull request.

    Attributes:
        comment: The address of a comment, without its id.
        update: The method that changes a comment.
        header: The name and the value of the header with the token.
        author: The owner of the token; comments of others are left alone.
    """

    comments: str
    comment: str
    update: str
    header: tuple[str, str]
    author: str

    def request(self, method: str, url: str, body: str | None = None) -> Any:
        """Send a request, and return the answer's JSON."""
        return _request(self.header, method, url, body)

    def written(self, marker: str) -> str | None:
        """Return the id of the comment that begins with a marker."""
        for comment in self._all():
            user = comment.get("user") or comment.get("author") or {}
            author = user.get("login") or user.get("username")
            if author == self.author and str(comment.get("body")).startswith(marker):
                return str(comment["id"])
        return None

    def _all(self) -> Iterator[dict[str, Any]]:
        number, count = 1, _PAGE
        while count == _PAGE:
            url = f"{self.comments}?per_page={_PAGE}&page={number}"
            page = self.request("GET", url)
            yield from page
            number, count = number + 1, len(page)


def github(author: str) -> CodeHost | str:
    """Return the pull request of a job of GitHub Actions, or why there is no comment."""
    event = _environment("GITHUB_EVENT_PATH")
    repository = f"{_environment('GITHUB_API_URL')}/repos/{_environment('GITHUB_REPOSITORY')}"
    try:
        payload = json.loads(Path(event).read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        message = f"cannot read the event in {event}: {error}"
        raise CommandError(Diagnostic("comment-event-unreadable", message)) from None
    number = (payload.get("pull_request") or {}).get("number")
    if number is None:
        return "the event is not a pull request: no comment"
    if not (token := os.environ.get("GITHUB_TOKEN")):
        return "there is no GITHUB_TOKEN: no comment"
    return CodeHost(
        comments=f"{repository}/issues/{number}/comments",
        comment=f"{repository}/issues/comments",
        update="PATCH",
        header=("Authorization", f"Bearer {token}"),
        author=author,
    )


def gitlab() -> CodeHost | str:
    """Return the merge request of a job of GitLab, or why there is no comment."""
    api = _environment("CI_API_V4_URL")
    # In a pipeline of a fork, CI_PROJECT_ID is the fork.
    project = os.environ.get("CI_MERGE_REQUEST_PROJECT_ID") or _environment("CI_PROJECT_ID")
    if not (number := os.environ.get("CI_MERGE_REQUEST_IID")):
        return "the pipeline is not of a merge request: no comment"
    if not (token := os.environ.get("GITLAB_TOKEN")):
        return "there is no GITLAB_TOKEN, as in a fork: no comment"
    notes = f"{api}/projects/{quote(project, safe='')}/merge_requests/{number}/notes"
    header = ("PRIVATE-TOKEN", token)
    try:
        user = _request(header, "GET", f"{api}/user")
    except _ForbiddenError as error:
        return str(error)
    return CodeHost(
        comments=notes, comment=notes, update="PUT", header=header, author=user["username"]
    )


def put_comment(host: CodeHost, text: str, name: str, *, is_needed: bool) -> str:
    """Write a review as a comment, or update the comment of an earlier run; return what was done.

    Each name has a comment of its own, which the review's marker contains. Without a comment yet,
    one is written only if it `is_needed`.
    """
    marker = MARKER.replace(" -->", f" of {name} -->") if name else MARKER
    body = json.dumps({"body": text.replace(MARKER, marker, 1)})
    try:
        if (number := host.written(marker)) is not None:
            host.request(host.update, f"{host.comment}/{number}", body)
            return f"updated the comment {number}"
        if not is_needed:
            return "there is no change and no earlier comment: no comment"
        return f"wrote the comment {host.request('POST', host.comments, body)['id']}"
    except _ForbiddenError as error:
        return str(error)


def _environment(name: str) -> str:
    if not (value := os.environ.get(name)):
        message = f"--comment needs the environment variable {name}, which the CI system sets"
        raise CommandError(Diagnostic("comment-variable-missing", message))
    return value


def _request(header: tuple[str, str], method: str, url: str, body: str | None = None) -> Any:
    if urlsplit(url).scheme not in ("https", "http"):
        message = f"no comment: {url} is not an address of the web"
        raise CommandError(Diagnostic("comment-url-invalid", message))
    headers = dict([header, ("Content-Type", "application/json")])
    data = None if body is None else body.encode()
    request = Request(url, data, headers, method=method)  # noqa: S310 - checked above
    # A comment that is sent twice would be there twice.
    pauses = list(_PAUSES_SECONDS) if method == "GET" else []
    while True:
        try:
            with build_opener(_NoRedirects).open(request, timeout=_TIMEOUT_SECONDS) as answer:
                return json.load(answer)
        except HTTPError as error:
            with error:
                if error.code in _FORBIDDEN:
                    msg = f"the token may not comment here (status {error.code}): no comment"
                    raise _ForbiddenError(msg) from None
                if error.code not in _TRANSIENT or not pauses:
                    text = error.read(_SHOWN).decode(errors="replace")
                    message = f"no comment: the answer was {error.code}: {text}"
                    raise CommandError(Diagnostic("comment-rejected", message)) from None
        except (OSError, HTTPException, ValueError) as error:
            reason = getattr(error, "reason", error)
            if not isinstance(reason, TimeoutError) or not pauses:
                message = f"no comment: {urlsplit(url).netloc}: {error}"
                raise CommandError(Diagnostic("comment-host-unreachable", message)) from None
        time.sleep(pauses.pop(0))
