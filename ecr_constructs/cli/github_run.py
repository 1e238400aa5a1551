"""The pull request of a run of GitHub Actions, for the actions of this repository.

The run that comments is started by ``workflow_run``, after a run with the code of the pull request,
which has neither token nor secrets. The event of a fork names no pull request, and what the other
run hands over is written by foreign code: so the number is looked up.

https://docs.github.com/en/actions/reference/workflows-and-actions/events-that-trigger-workflows#workflow_run
https://docs.github.com/en/rest/pulls/pulls#list-pull-requests
https://docs.github.com/en/rest/commits/commits#compare-two-commits
https://docs.github.com/en/rest/commits/statuses
"""

from __future__ import annotations

import argparse
import json
import re
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from ecr_constructs.cli.code_host_api import ForbiddenError, environment, request, token
from ecr_constructs.cli.errors import CommandError, guarded
from ecr_constructs.cloudformation.errors import TemplateError
from ecr_constructs.cloudformation.reading import text_of
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.json_reading import JsonError, read_json

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

_COMMIT = re.compile(r"[0-9a-f]{40}")
_PROG = "ecr-constructs github-run"
_SUPERSEDED = "no open pull request has this commit as its newest one"
_PERMISSIONS = {"pull-request": "pull-requests: read", "status": "statuses: write"}


@dataclass(frozen=True, slots=True)
class Repository:
    """The repository of a run.

    Attributes:
        url: Its address in the API.
        header: The name and the value of the header with the token.
    """

    url: str
    header: tuple[str, str]

    def get(self, path: str) -> Any:
        """Return the JSON at a path of the repository."""
        return request(self.header, "GET", f"{self.url}/{path}")


def repository(github_token: str) -> Repository:
    """Return the repository of this run."""
    url = f"{environment('GITHUB_API_URL')}/repos/{environment('GITHUB_REPOSITORY')}"
    return Repository(url, ("Authorization", f"Bearer {github_token}"))


def event() -> Mapping[str, Any]:
    """Return the payload of the event that started this run."""
    path = environment("GITHUB_EVENT_PATH")
    try:
        payload = read_json(text_of(Path(path)))
    except (TemplateError, JsonError) as error:
        message = f"cannot read the event in {path}: {error}"
        raise CommandError(Diagnostic("comment-event-unreadable", message)) from None
    return payload if isinstance(payload, dict) else {}


def pull_request_number(payload: Mapping[str, Any], of: Repository) -> int | str:
    """Return the number of the pull request of an event, or why there is none."""
    match payload:
        case {"pull_request": {"number": int(number)}}:
            return number
        case {"workflow_run": {"event": "pull_request"} as run}:
            pull_request = _pull_request_of(run, of)
            return _SUPERSEDED if pull_request is None else int(pull_request["number"])
    return "the event is not a pull request"


def _pull_request_of(run: Mapping[str, Any], of: Repository) -> Mapping[str, Any] | None:
    """Return the open pull request whose newest commit a run had; None if there is none.

    An older run must not overwrite the comment of a newer one.
    """
    match run:
        case {
            "head_sha": str(commit),
            "head_branch": str(branch),
            "head_repository": {"full_name": str(source), "owner": {"login": str(owner)}},
        }:
            pass
        case _:
            message = "the event is not the workflow_run of a pull request"
            raise CommandError(Diagnostic("pull-request-unknown", message))
    head = quote(f"{owner}:{branch}", safe="")
    candidates = [
        item
        for item in of.get(f"pulls?state=open&per_page=100&head={head}")
        if item["head"]["sha"] == commit and (item["head"]["repo"] or {}).get("full_name") == source
    ]
    if len(candidates) > 1:
        numbers = ", ".join(str(item["number"]) for item in candidates)
        message = f"several pull requests have the commit {commit[:12]}: {numbers}"
        raise CommandError(Diagnostic("pull-request-unknown", message))
    return next(iter(candidates), None)


def _outputs(of: Repository) -> str:
    """Return the outputs of ``ci/pull-request/action.yml``; none if there is nothing to review."""
    run = event().get("workflow_run") or {}
    if (pull_request := _pull_request_of(run, of)) is None:
        sys.stderr.write(f"{_PROG}: {_SUPERSEDED}\n")
        return ""
    branch = quote(pull_request["base"]["ref"], safe="")
    head = run["head_sha"]
    base = of.get(f"compare/{branch}...{head}")["merge_base_commit"]["sha"]
    if not _COMMIT.fullmatch(base):
        message = "the commit where the pull request began is not a SHA"
        raise CommandError(Diagnostic("pull-request-unknown", message))
    return f"number={int(pull_request['number'])}\nbase={base}\n"


def _set_status(of: Repository, state: str, name: str) -> str:
    """Set the status of the commit under review, since this run belongs to another commit."""
    commit = (event().get("workflow_run") or {}).get("head_sha")
    if not commit:
        return "the event is not workflow_run: the job is the status"
    server, path = environment("GITHUB_SERVER_URL"), environment("GITHUB_REPOSITORY")
    body = {
        "state": state,
        "context": f"ecr-constructs review{name and f' of {name}'}",
        "target_url": f"{server}/{path}/actions/runs/{environment('GITHUB_RUN_ID')}",
    }
    request(of.header, "POST", f"{of.url}/statuses/{commit}", json.dumps(body))
    return f"set the status of {commit[:12]} to {state}"


def main(arguments: Sequence[str] | None = None) -> int:
    """Run ``pull-request`` or ``status``; 2 if it fails."""
    parser = argparse.ArgumentParser(prog=_PROG, allow_abbrev=False)
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("pull-request", help="print the outputs of ci/pull-request/action.yml")
    status = commands.add_parser("status", help="set the status of the commit under review")
    status.add_argument("state", choices=("success", "failure"))
    status.add_argument("--name", default="")
    options = parser.parse_args(arguments)
    return guarded(_PROG, lambda: _print(options))


def _print(options: argparse.Namespace) -> int:
    try:
        sys.stdout.write(_run(options))
    except ForbiddenError as error:
        message = (
            f"the token lacks the permission {_PERMISSIONS[options.command]} "
            f"(status {error.status})"
        )
        raise CommandError(Diagnostic("token-forbidden", message)) from None
    return 0


def _run(options: argparse.Namespace) -> str:
    """Return what a command prints."""
    if not (github_token := token("GITHUB_TOKEN")):
        message = "there is no GITHUB_TOKEN"
        raise CommandError(Diagnostic("comment-token-missing", message))
    of = repository(github_token)
    if options.command == "pull-request":
        return _outputs(of)
    return f"{_PROG}: {_set_status(of, options.state, options.name)}\n"


if __name__ == "__main__":
    sys.exit(main())
