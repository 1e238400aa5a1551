"""The comments of a pull request on GitHub, and the notes of a merge request on GitLab.

What is asked of them is answered as they document it:
https://docs.github.com/en/rest/issues/comments and https://docs.gitlab.com/api/notes/;
for pull requests https://docs.github.com/en/rest/pulls/pulls and
https://docs.github.com/en/rest/commits/commits, for statuses
https://docs.github.com/en/rest/commits/statuses.
"""

import json
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qs, unquote, urlsplit

TOKEN, READ_ONLY = "token-that-writes", "token-that-reads"
LONGEST = 65_536
MARKER = "<!-- ecr-constructs review -->"
GITHUB_BOT, GITLAB_BOT = "github-actions[bot]", "project_42_bot"
_GITHUB = re.compile(r"/repos/shop/registry/issues/(?:(\d+)/comments|comments/(\d+))")
_GITLAB = re.compile(r"/api/v4/projects/42/merge_requests/(\d+)/notes(?:/(\d+))?")
_HOSTS = (("github", _GITHUB, "PATCH", GITHUB_BOT), ("gitlab", _GITLAB, "PUT", GITLAB_BOT))
_REJECTIONS = {403: "Forbidden", 422: "body is too long (maximum is 65536 characters)"}
Answer = tuple[int, Any]


class Asked(NamedTuple):
    """A request."""

    method: str
    path: str
    token: str
    body: str


@dataclass
class Comment:
    """A comment, on either."""

    id: int
    request: int
    author: str
    body: str

    def on(self, host: str) -> dict[str, Any]:
        """Return it in the words of a host."""
        who = {"user": {"login": self.author}}
        if host == "gitlab":
            who = {"author": {"username": self.author}}
        return {"id": self.id, "body": self.body, **who}


@dataclass(frozen=True)
class PullRequest:
    """An open pull request on GitHub."""

    number: int
    branch: str
    commit: str
    base: str
    merge_base: str
    owner: str = "shop"

    def as_json(self) -> dict[str, Any]:
        """Return what GitHub answers, as far as it is needed."""
        source = {"full_name": f"{self.owner}/registry"}
        return {
            "number": self.number,
            "head": {"sha": self.commit, "repo": source},
            "base": {"ref": self.base},
        }


@dataclass
class CodeHost:
    """A server on this machine, with the comments that are written to it."""

    comments: list[Comment] = field(default_factory=list)
    requests: list[str] = field(default_factory=list)
    pull_requests: list[PullRequest] = field(default_factory=list)
    statuses: dict[str, dict[str, str]] = field(default_factory=dict)

    def __enter__(self) -> Self:
        """Start it."""
        handler = type("Handler", (_Handler,), {"host": self})
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), handler)
        # It looks every hundredth of a second whether it has been stopped.
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self._server.shutdown()
        self._server.server_close()

    @property
    def url(self) -> str:
        """Its address."""
        return f"http://127.0.0.1:{self._server.server_port}"

    def wrote(self, author: str, body: str, request: int = 7) -> Comment:
        """Add a comment of somebody."""
        comment = Comment(1000 + len(self.comments), request, author, body)
        self.comments.append(comment)
        return comment

    def by(self, author: str) -> list[Comment]:
        """Return the comments of somebody."""
        return [comment for comment in self.comments if comment.author == author]

    def answer(self, asked: Asked) -> Answer:
        """Answer a request."""
        self.requests.append(f"{asked.method} {asked.path}")
        path = urlsplit(asked.path).path
        if asked.token not in (TOKEN, READ_ONLY):
            return 401, {"message": "Unauthorized"}
        if path == "/api/v4/user":
            return 200, {"id": 9, "username": GITLAB_BOT}
        if answer := self._of_repository(asked, path.removeprefix("/repos/shop/registry/")):
            return answer
        return self._of_comments(asked, path) or (404, {"message": "Not Found"})

    def _of_comments(self, asked: Asked, path: str) -> Answer | None:
        for host, pattern, update, author in _HOSTS:
            if match := pattern.fullmatch(path):
                if asked.method == "GET":
                    return 200, [item.on(host) for item in self._page(asked, int(match[1]))]
                if asked.token == READ_ONLY:
                    return 403, {"message": "Resource not accessible by integration"}
                status, comment = self._written(asked, author, update, match)
                return status, comment.on(host) if comment else {"message": _REJECTIONS[status]}
        return None

    def _of_repository(self, asked: Asked, path: str) -> Answer | None:
        if asked.method == "GET" and path == "pulls":
            query = parse_qs(urlsplit(asked.path).query)
            return 200, [
                item.as_json()
                for item in self.pull_requests
                if query["head"] == [f"{item.owner}:{item.branch}"]
            ]
        if asked.method == "GET" and path.startswith("compare/"):
            base, _, commit = path.removeprefix("compare/").partition("...")
            for item in self.pull_requests:
                if (item.base, item.commit) == (unquote(base), commit):
                    return 200, {"merge_base_commit": {"sha": item.merge_base}}
        if asked.method == "POST" and path.startswith("statuses/"):
            if asked.token != TOKEN:
                return 403, {"message": "Resource not accessible by integration"}
            self.statuses[path.removeprefix("statuses/")] = json.loads(asked.body)
            return 201, {}
        return None

    def _page(self, asked: Asked, request: int) -> list[Comment]:
        query = parse_qs(urlsplit(asked.path).query)
        size = min(int(query.get("per_page", ["30"])[0]), 100)
        begin = (int(query.get("page", ["1"])[0]) - 1) * size
        return [comment for comment in self.comments if comment.request == request][
            begin : begin + size
        ]

    def _written(
        self, asked: Asked, author: str, update: str, match: re.Match[str]
    ) -> tuple[int, Comment | None]:
        message = json.loads(asked.body)["body"]
        if len(message) > LONGEST:
            return 422, None
        if asked.method == "POST" and not match[2]:
            return 201, self.wrote(author, message, int(match[1]))
        [comment] = [item for item in self.comments if str(item.id) == match[2]]
        if asked.method != update or comment.author != author:
            return 403, None
        comment.body = message
        return 200, comment


@contextmanager
def talked_about() -> Iterator[CodeHost]:
    """Start one with two pages of comments, the last of which claims to be the review."""
    with CodeHost() as host:
        for number in range(130):
            host.wrote("ada", f"Comment {number}")
        host.wrote("mallory", f"{MARKER}\nAll is well.")
        yield host


class _Handler(BaseHTTPRequestHandler):
    host: CodeHost

    def _handle(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0))).decode()
        message = self.headers.get("Authorization") or self.headers.get("PRIVATE-TOKEN") or ""
        token = message.removeprefix("Bearer ")
        status, content = self.host.answer(Asked(self.command, self.path, token, body))
        data = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    do_GET = do_POST = do_PATCH = do_PUT = _handle  # noqa: N815

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002
        """Say nothing."""
