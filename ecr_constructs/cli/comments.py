"""The comment of a review on a pull request of GitHub, or a merge request of GitLab.

https://docs.github.com/en/rest/issues/comments
https://docs.gitlab.com/api/notes/
"""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ecr_constructs.cli import github_run
from ecr_constructs.cli.code_host_api import ForbiddenError, environment, request, token
from ecr_constructs.cli.errors import CommandError
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.report.review import MARKER

if TYPE_CHECKING:
    from collections.abc import Iterator

_PAGE = 100


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
        return request(self.header, method, url, body)

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
    payload = github_run.event()
    if not (github_token := token("GITHUB_TOKEN")):
        return "there is no GITHUB_TOKEN: no comment"
    repository = github_run.repository(github_token)
    try:
        number = github_run.pull_request_number(payload, repository)
    except ForbiddenError as error:
        return str(error)
    if isinstance(number, str):
        return f"{number}: no comment"
    return CodeHost(
        comments=f"{repository.url}/issues/{number}/comments",
        comment=f"{repository.url}/issues/comments",
        update="PATCH",
        header=repository.header,
        author=author,
    )


def gitlab() -> CodeHost | str:
    """Return the merge request of a job of GitLab, or why there is no comment."""
    api = environment("CI_API_V4_URL")
    # In a pipeline of a fork, CI_PROJECT_ID is the fork.
    project = os.environ.get("CI_MERGE_REQUEST_PROJECT_ID") or environment("CI_PROJECT_ID")
    if not (number := os.environ.get("CI_MERGE_REQUEST_IID")):
        return "the pipeline is not of a merge request: no comment"
    if not (gitlab_token := token("GITLAB_TOKEN")):
        return "there is no GITLAB_TOKEN, as in a fork: no comment"
    notes = f"{api}/projects/{quote(project, safe='')}/merge_requests/{number}/notes"
    header = ("PRIVATE-TOKEN", gitlab_token)
    try:
        user = request(header, "GET", f"{api}/user")
    except ForbiddenError as error:
        return str(error)
    # The author decides which note is ours: without a name, nothing is written.
    if not (author := user.get("username") if isinstance(user, dict) else None):
        message = "no comment: GitLab does not name the owner of the token"
        raise CommandError(Diagnostic("comment-rejected", message))
    return CodeHost(comments=notes, comment=notes, update="PUT", header=header, author=author)


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
    except ForbiddenError as error:
        return str(error)
