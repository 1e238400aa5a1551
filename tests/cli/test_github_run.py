"""The pull request of a run that ``workflow_run`` started, and the status of its commit."""

import json
import runpy
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.cli import github_run
from tests.cli.conftest import Result, Run, write
from tests.support.code_host import GITHUB_BOT, READ_ONLY, TOKEN, CodeHost, PullRequest
from tests.support.rule_examples.build import repository

HEAD, BASE, OTHER = "a" * 40, "b" * 40, "c" * 40


def pull_request(number: int = 7, **changes: Any) -> PullRequest:
    """Return a pull request of a fork."""
    valid = {"branch": "feature/x y", "commit": HEAD, "base": "release/1", "merge_base": BASE}
    return PullRequest(number, **{**valid, "owner": "mallory", **changes})


def finished(**changes: Any) -> dict[str, Any]:
    """Return the event of the run."""
    source = {"full_name": "mallory/registry", "owner": {"login": "mallory"}}
    run = {"event": "pull_request", "head_sha": HEAD, "head_branch": "feature/x y"}
    return {"workflow_run": {**run, "head_repository": source, "pull_requests": [], **changes}}


@pytest.fixture
def host(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[CodeHost]:
    """Return a code host with one pull request, in a job of GitHub Actions."""
    monkeypatch.setenv("no_proxy", "*")
    monkeypatch.chdir(tmp_path)
    with CodeHost() as host:
        host.pull_requests = [pull_request()]
        for name, value in {
            "GITHUB_API_URL": host.url,
            "GITHUB_SERVER_URL": "https://github.com",
            "GITHUB_REPOSITORY": "shop/registry",
            "GITHUB_RUN_ID": "77",
            "GITHUB_EVENT_PATH": "event.json",
            "GITHUB_TOKEN": TOKEN,
        }.items():
            monkeypatch.setenv(name, value)
        write("event.json", json.dumps(finished()))
        yield host


def called(capsys: pytest.CaptureFixture[str], *arguments: str) -> Result:
    """Run the module."""
    status = github_run.main(arguments)
    return Result(status, *capsys.readouterr())


def test_the_pull_request_and_its_base_are_found(
    host: CodeHost, capsys: pytest.CaptureFixture[str]
) -> None:
    """Also of a fork, of which the event says nothing, and with any name of a branch."""
    assert (0, f"number=7\nbase={BASE}\n", "") == called(capsys, "pull-request")
    assert f"GET /repos/shop/registry/compare/release%2F1...{HEAD}" == host.requests[-1]


@pytest.mark.usefixtures("host")
@pytest.mark.filterwarnings("ignore:.*found in sys.modules:RuntimeWarning")
def test_the_actions_run_the_module(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its status is that of the step."""
    monkeypatch.setattr(sys, "argv", ["github_run", "pull-request"])
    with pytest.raises(SystemExit) as exit_:
        runpy.run_module("ecr_constructs.cli.github_run", run_name="__main__")

    assert 0 == exit_.value.code
    assert capsys.readouterr().out == f"number=7\nbase={BASE}\n"


AMBIGUOUS: dict[str, tuple[dict[str, Any], list[PullRequest]]] = {
    "two": (finished(), [pull_request(), pull_request(8, base="main")]),
    "a base that is no commit": (finished(), [pull_request(merge_base="x\nnumber=8")]),
    "no branch": (finished(head_branch=None), [pull_request()]),
    "another event": ({"pull_request": {"number": 7}}, [pull_request()]),
}


@pytest.mark.parametrize("case", AMBIGUOUS)
def test_an_unknown_pull_request_is_an_error(
    host: CodeHost, capsys: pytest.CaptureFixture[str], case: str
) -> None:
    """Nothing is printed that a step would take for an output."""
    event, host.pull_requests = AMBIGUOUS[case]
    write("event.json", json.dumps(event))
    result = called(capsys, "pull-request")

    assert (2, "", ["pull-request-unknown"]) == (result.status, result.out, result.codes)


NOTHING: dict[str, tuple[dict[str, Any], list[PullRequest]]] = {
    "closed": (finished(), []),
    "a newer commit": (finished(head_sha=OTHER), [pull_request()]),
    "another repository of the owner": (
        finished(
            head_repository={"full_name": "mallory/other", "owner": {"login": "mallory"}},
        ),
        [pull_request()],
    ),
}


@pytest.mark.parametrize("case", NOTHING)
def test_a_commit_that_is_not_the_newest_one_has_no_outputs(
    host: CodeHost, capsys: pytest.CaptureFixture[str], case: str
) -> None:
    """So that the jobs after it are skipped; one line says why."""
    event, host.pull_requests = NOTHING[case]
    write("event.json", json.dumps(event))
    result = called(capsys, "pull-request")

    assert (0, "", 1) == (result.status, result.out, result.err.count("\n"))


@pytest.mark.parametrize("state", ["success", "failure"])
def test_the_status_is_of_the_reviewed_commit(
    host: CodeHost, capsys: pytest.CaptureFixture[str], state: str
) -> None:
    """It leads to the run; a review with a name has a status of its own."""
    assert 0 == called(capsys, "status", state).status
    assert {
        "state": state,
        "context": "ecr-constructs review",
        "target_url": "https://github.com/shop/registry/actions/runs/77",
    } == host.statuses[HEAD]

    called(capsys, "status", state, "--name", "apps/a")
    assert "ecr-constructs review of apps/a" == host.statuses[HEAD]["context"]


def test_without_workflow_run_the_job_is_the_status(
    host: CodeHost, capsys: pytest.CaptureFixture[str]
) -> None:
    """As in a workflow of a pull request."""
    write("event.json", "[]")

    assert 0 == called(capsys, "status", "success").status
    assert {} == host.statuses


@pytest.mark.parametrize(
    ("token", "code"),
    [
        (READ_ONLY, "token-forbidden"),
        ("expired", "comment-token-invalid"),
        ("", "comment-token-missing"),
    ],
)
def test_a_bad_token_is_one_line(
    host: CodeHost,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    token: str,
    code: str,
) -> None:
    """It names what is missing, and no token."""
    monkeypatch.setenv("GITHUB_TOKEN", token)
    result = called(capsys, "status", "success")

    assert (2, [code]) == (result.status, result.codes)
    assert {} == host.statuses


def test_a_review_comments_on_the_pull_request_of_its_run(
    host: CodeHost, run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    """And on no other; the review is in the log in any case."""
    for name, resources in (("base", {}), ("head", {"Web": repository(RepositoryName="web")})):
        write(f"{name}/Prod.template.json", {"Resources": resources})
    command = ("review", "--base", "base", "--head", "head", "--comment", "github")

    assert 0 == run(*command).status
    [comment] = host.by(GITHUB_BOT)
    assert 7 == comment.request

    host.pull_requests = []
    result = run(*command)
    assert (0, 1) == (result.status, result.err.count("\n"))
    assert "web" in result.out

    host.pull_requests = [pull_request()]
    monkeypatch.setattr(host, "answer", lambda _: (403, {}))
    assert 0 == run(*command).status
    assert [comment] == host.by(GITHUB_BOT)
