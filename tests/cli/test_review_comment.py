"""``ecr-constructs review --comment``: what is written to a pull request, and when not."""

import json
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from ecr_constructs.cli import comments
from ecr_constructs.cli.main import main
from tests.support.code_host import (
    GITHUB_BOT,
    GITLAB_BOT,
    LONGEST,
    MARKER,
    READ_ONLY,
    TOKEN,
    CodeHost,
    talked_about,
)
from tests.support.rule_examples.build import repository

ODD = "$(id) `id` \\n \"quoted\" 'so' %s é 🔒"


class Result(NamedTuple):
    """How the command ended."""

    status: int
    out: str
    err: str


Run = Callable[..., Result]


@pytest.fixture
def host() -> Iterator[CodeHost]:
    """Return a code host whose pull request 7 has been talked about."""
    with talked_about() as host:
        yield host


@pytest.fixture
def run(
    host: CodeHost,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> Run:
    """Reviews the addition of a repository, or nothing, as a job of a CI system does."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(comments, "_PAUSES_SECONDS", (0.0, 0.0))
    for name, resources in (("base", {}), ("head", {ODD: repository(RepositoryName="web")})):
        Path(name).mkdir()
        text = json.dumps({"Resources": resources})
        Path(name, "Prod.template.json").write_text(text, encoding="utf-8")
    Path("event.json").write_text('{"pull_request": {"number": 7}}', encoding="utf-8")
    environment = {
        "GITHUB_API_URL": host.url,
        "GITHUB_REPOSITORY": "shop/registry",
        "GITHUB_EVENT_PATH": "event.json",
        "GITHUB_TOKEN": TOKEN,
        "CI_API_V4_URL": f"{host.url}/api/v4",
        "CI_PROJECT_ID": "42",
        "CI_MERGE_REQUEST_IID": "7",
        "GITLAB_TOKEN": TOKEN,
    }
    monkeypatch.delenv("CI_MERGE_REQUEST_PROJECT_ID", raising=False)
    monkeypatch.setenv("no_proxy", "*")

    def run(*options: str, on: str = "github", head: str = "head", **changed: str) -> Result:
        for name, value in {**environment, **changed}.items():
            monkeypatch.setenv(name, value)
        command = ["review", "--base", "base", "--head", head, "--fail-on", "never"]
        status = main([*command, "--comment", on, *options])
        return Result(status, *capsys.readouterr())

    return run


@pytest.mark.parametrize(("on", "author"), [("github", GITHUB_BOT), ("gitlab", GITLAB_BOT)])
def test_one_comment_is_kept_up_to_date(run: Run, host: CodeHost, on: str, author: str) -> None:
    """It is exactly the review as Markdown; comments of others are left alone."""
    others = [comment.body for comment in host.comments]

    assert 0 == run("--output", "markdown=comment.md", on=on).status
    [comment] = host.by(author)
    assert Path("comment.md").read_text(encoding="utf-8") == comment.body
    assert ODD in comment.body

    updated = run(on=on, head="base")
    assert f"ecr-constructs review: updated the comment {comment.id}\n" == updated.err
    assert [f"{MARKER}\nNo change.\n"] == [comment.body for comment in host.by(author)]
    assert others == [comment.body for comment in host.comments[: len(others)]]


def test_without_a_change_there_is_no_first_comment(run: Run, host: CodeHost) -> None:
    """A pull request that changes nothing gets no comment."""
    assert (0, "No change.\n") == run(head="base")[:2]
    assert [] == host.by(GITHUB_BOT)


def test_several_reviews_have_a_comment_each(run: Run, host: CodeHost) -> None:
    """A review with a name updates its own comment."""
    for _ in range(2):
        for name in ("", "apps/a", "apps/b"):
            run("--comment-name", name)

    markers = [comment.body.partition("\n")[0] for comment in host.by(GITHUB_BOT)]
    assert [MARKER, *(MARKER.replace("review", f"review of apps/{name}") for name in "ab")] == (
        markers
    )


@pytest.mark.parametrize(
    ("changed", "notice"),
    [
        ({"GITHUB_TOKEN": READ_ONLY}, "the token may not comment here (status 403)"),
        ({"GITHUB_TOKEN": "expired"}, "the token may not comment here (status 401)"),
        ({"GITHUB_TOKEN": ""}, "there is no GITHUB_TOKEN"),
        ({"GITHUB_EVENT_PATH": "push.json"}, "the event is not a pull request"),
        ({"on": "gitlab", "GITLAB_TOKEN": READ_ONLY}, "the token may not comment here"),
        ({"on": "gitlab", "GITLAB_TOKEN": ""}, "there is no GITLAB_TOKEN, as in a fork"),
        ({"on": "gitlab", "CI_MERGE_REQUEST_IID": ""}, "the pipeline is not of a merge request"),
    ],
)
def test_a_job_that_may_not_comment_does_not_fail(
    run: Run, host: CodeHost, changed: dict[str, str], notice: str
) -> None:
    """The review is in the log; one line says why there is no comment."""
    Path("push.json").write_text("{}", encoding="utf-8")
    comments_before = len(host.comments)
    result = run(**changed)

    assert (0, 1) == (result.status, result.err.count("\n"))
    assert notice in result.err
    assert "web" in result.out
    assert comments_before == len(host.comments)


@pytest.mark.parametrize(
    ("changed", "options", "error"),
    [
        ({"GITHUB_API_URL": "http://127.0.0.1:1"}, [], "no comment: 127.0.0.1:1: "),
        ({"GITHUB_API_URL": "file:///etc"}, [], "is not an address of the web"),
        ({"GITHUB_REPOSITORY": ""}, [], "needs the environment variable GITHUB_REPOSITORY"),
        ({"GITHUB_EVENT_PATH": "none"}, [], "cannot read the event in none"),
        ({}, ["--comment-name", "x --> y"], "--comment-name may hold neither"),
    ],
)
def test_errors_are_one_line(
    run: Run, changed: dict[str, str], options: list[str], error: str
) -> None:
    """Status 2; the token is not shown."""
    result = run(*options, **changed)

    assert (2, 1) == (result.status, result.err.count("\n"))
    assert error in result.err
    assert TOKEN not in result.err


def test_a_rejected_comment_is_an_error(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer of the host is shown, without the token."""
    monkeypatch.setattr("ecr_constructs.cli.review.to_markdown", lambda _: "x" * (LONGEST + 1))
    result = run()

    assert 2 == result.status
    assert "the answer was 422: " in result.err
    assert "body is too long" in result.err
    assert TOKEN not in result.err


@pytest.mark.parametrize(("failures", "status"), [(2, 0), (3, 2)])
def test_a_transient_error_is_retried(
    run: Run, host: CodeHost, monkeypatch: pytest.MonkeyPatch, failures: int, status: int
) -> None:
    """Reading is; what writes would write twice."""
    answer, busy = host.answer, iter([(503, {"message": "busy"})] * failures)
    monkeypatch.setattr(host, "answer", lambda request: next(busy, None) or answer(request))

    assert status == run().status
    assert (status == 0) == bool(host.by(GITHUB_BOT))


def test_a_timeout_is_retried(run: Run, host: CodeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that does not answer once may answer later."""
    opener = urllib.request.build_opener
    calls: list[Any] = []

    def build_opener(*handlers: Any) -> Any:
        calls.append(handlers)
        if len(calls) == 1:
            raise TimeoutError
        return opener(*handlers)

    monkeypatch.setattr(comments, "build_opener", build_opener)

    assert 0 == run().status
    assert 1 == len(host.by(GITHUB_BOT))


def test_a_redirect_gets_no_token(
    run: Run, host: CodeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is an error, since the new address might be of somebody else."""
    monkeypatch.setattr(host, "answer", lambda _: (302, {"message": "moved"}))

    assert "the answer was 302" in run().err
