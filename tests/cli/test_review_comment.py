"""``ecr-constructs review --comment``: what is written to a pull request, and when not."""

import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.cli import code_host_api
from tests.cli.conftest import Result, Run, write
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


@pytest.fixture
def host() -> Iterator[CodeHost]:
    """Return a code host whose pull request 7 has been talked about."""
    with talked_about() as host:
        yield host


@pytest.fixture
def review(host: CodeHost, monkeypatch: pytest.MonkeyPatch, run: Run) -> Run:
    """Reviews the addition of a repository, or nothing, as a job of a CI system does."""
    monkeypatch.setattr(code_host_api, "_PAUSES_SECONDS", (0.0, 0.0))
    for name, resources in (("base", {}), ("head", {ODD: repository(RepositoryName="web")})):
        write(f"{name}/Prod.template.json", {"Resources": resources})
    write("event.json", '{"pull_request": {"number": 7}}')
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

    def review(*options: str, on: str = "github", head: str = "head", **changed: str) -> Result:
        for name, value in {**environment, **changed}.items():
            monkeypatch.setenv(name, value)
        command = ["review", "--base", "base", "--head", head, "--fail-on", "never"]
        return run(*command, "--comment", on, *options)

    return review


@pytest.mark.parametrize(("on", "author"), [("github", GITHUB_BOT), ("gitlab", GITLAB_BOT)])
def test_one_comment_is_kept_up_to_date(review: Run, host: CodeHost, on: str, author: str) -> None:
    """It is exactly the review as Markdown; comments of others are left alone."""
    others = [comment.body for comment in host.comments]

    assert 0 == review("--output", "markdown=comment.md", on=on).status
    [comment] = host.by(author)
    assert Path("comment.md").read_text(encoding="utf-8") == comment.body
    assert ODD in comment.body

    updated = review(on=on, head="base")
    assert f"ecr-constructs review: updated the comment {comment.id}\n" == updated.err
    assert [f"{MARKER}\n### ECR review\nNo change.\n"] == [
        comment.body for comment in host.by(author)
    ]
    assert others == [comment.body for comment in host.comments[: len(others)]]


def test_without_a_change_there_is_no_first_comment(review: Run, host: CodeHost) -> None:
    """A pull request that changes nothing gets no comment."""
    assert (0, "No change.\n") == review(head="base")[:2]
    assert [] == host.by(GITHUB_BOT)


def test_several_reviews_have_a_comment_each(review: Run, host: CodeHost) -> None:
    """A review with a name updates its own comment."""
    for _ in range(2):
        for name in ("", "apps/a", "apps/b"):
            review("--comment-name", name)

    markers = [comment.body.partition("\n")[0] for comment in host.by(GITHUB_BOT)]
    assert [MARKER, *(MARKER.replace("review", f"review of apps/{name}") for name in "ab")] == (
        markers
    )


@pytest.mark.parametrize(
    ("changed", "notice"),
    [
        ({"GITHUB_TOKEN": READ_ONLY}, "the token may not comment here (status 403)"),
        ({"GITHUB_TOKEN": ""}, "there is no GITHUB_TOKEN"),
        ({"GITHUB_EVENT_PATH": "push.json"}, "the event is not a pull request"),
        ({"on": "gitlab", "GITLAB_TOKEN": READ_ONLY}, "the token may not comment here"),
        ({"on": "gitlab", "GITLAB_TOKEN": ""}, "there is no GITLAB_TOKEN, as in a fork"),
        ({"on": "gitlab", "CI_MERGE_REQUEST_IID": ""}, "the pipeline is not of a merge request"),
    ],
)
def test_a_job_that_may_not_comment_does_not_fail(
    review: Run, host: CodeHost, changed: dict[str, str], notice: str
) -> None:
    """The review is in the log; one line says why there is no comment."""
    write("push.json", "{}")
    comments_before = len(host.comments)
    result = review(**changed)

    assert (0, 1) == (result.status, result.err.count("\n"))
    assert notice in result.err
    assert "web" in result.out
    assert comments_before == len(host.comments)


ERRORS = {
    "comment-host-unreachable": ({"GITHUB_API_URL": "http://127.0.0.1:1"}, []),
    "comment-url-invalid": ({"GITHUB_API_URL": "file:///etc"}, []),
    "comment-variable-missing": ({"GITHUB_REPOSITORY": ""}, []),
    "comment-event-unreadable": ({"GITHUB_EVENT_PATH": "none"}, []),
    "comment-token-invalid": ({"GITHUB_TOKEN": "expired"}, []),
    "comment-name-characters": ({}, ["--comment-name", "x --> y"]),
}


@pytest.mark.parametrize("code", ERRORS)
def test_errors_are_one_line(review: Run, code: str) -> None:
    """Status 2; the token is not shown."""
    changed, options = ERRORS[code]
    result = review(*options, **changed)

    assert (2, [code]) == (result.status, result.codes)
    assert TOKEN not in result.err


@pytest.mark.parametrize("on", ["github", "gitlab"])
@pytest.mark.parametrize("token", ["expired", f"{TOKEN}\nX: y", f"{TOKEN} é"])
def test_an_invalid_token_writes_nothing(review: Run, host: CodeHost, token: str, on: str) -> None:
    """It fails in one line without the token; nothing is written in the name of nobody."""
    before = [comment.body for comment in host.comments]
    result = review(on=on, **{f"{on.upper()}_TOKEN": token})

    assert (2, ["comment-token-invalid"]) == (result.status, result.codes)
    assert TOKEN not in result.err
    assert before == [comment.body for comment in host.comments]


def test_line_breaks_around_a_token_do_not_count(review: Run, host: CodeHost) -> None:
    """A secret that was saved from a file ends with one."""
    assert 0 == review(GITHUB_TOKEN=f"{TOKEN}\n").status
    assert 1 == len(host.by(GITHUB_BOT))


@pytest.mark.parametrize("user", [{}, [], {"username": None}])
def test_a_token_without_an_owner_writes_nothing(
    review: Run, host: CodeHost, monkeypatch: pytest.MonkeyPatch, user: Any
) -> None:
    """The owner decides which note is ours; without one, every run would add a note."""
    before, answer = len(host.comments), host.answer
    monkeypatch.setattr(
        host, "answer", lambda asked: (200, user) if asked.path.endswith("/user") else answer(asked)
    )

    assert ["comment-rejected"] == review(on="gitlab").codes
    assert before == len(host.comments)


def test_a_token_without_the_scope_writes_nothing(
    review: Run, host: CodeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """GitLab answers 403, insufficient_scope; one line says so."""
    before = len(host.comments)
    monkeypatch.setattr(host, "answer", lambda _: (403, {"error": "insufficient_scope"}))
    result = review(on="gitlab")

    assert (0, 1) == (result.status, result.err.count("\n"))
    assert before == len(host.comments)


def test_an_answer_that_repeats_the_token_is_not_shown(
    review: Run, host: CodeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A proxy that echoes a request would put the token into the log."""
    monkeypatch.setattr(host, "answer", lambda asked: (400, {"message": f"bad {asked.token}"}))
    result = review()

    assert ["comment-rejected"] == result.codes
    assert TOKEN not in result.err


def test_a_rejected_comment_is_an_error(review: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The answer of the host is shown, without the token."""
    monkeypatch.setattr("ecr_constructs.cli.review.to_markdown", lambda _: "x" * (LONGEST + 1))
    result = review()

    assert (2, ["comment-rejected"]) == (result.status, result.codes)
    assert "body is too long" in result.err
    assert TOKEN not in result.err


@pytest.mark.parametrize(("failures", "status"), [(2, 0), (3, 2)])
def test_a_transient_error_is_retried(
    review: Run, host: CodeHost, monkeypatch: pytest.MonkeyPatch, failures: int, status: int
) -> None:
    """Reading is; what writes would write twice."""
    answer, busy = host.answer, iter([(503, {"message": "busy"})] * failures)
    monkeypatch.setattr(host, "answer", lambda request: next(busy, None) or answer(request))

    assert status == review().status
    assert (status == 0) == bool(host.by(GITHUB_BOT))


def test_a_timeout_is_retried(review: Run, host: CodeHost, monkeypatch: pytest.MonkeyPatch) -> None:
    """A host that does not answer once may answer later."""
    opener = urllib.request.build_opener
    calls: list[Any] = []

    def build_opener(*handlers: Any) -> Any:
        calls.append(handlers)
        if len(calls) == 1:
            raise TimeoutError
        return opener(*handlers)

    monkeypatch.setattr(code_host_api, "build_opener", build_opener)

    assert 0 == review().status
    assert 1 == len(host.by(GITHUB_BOT))


def test_a_redirect_gets_no_token(
    review: Run, host: CodeHost, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is an error, since the new address might be of somebody else."""
    monkeypatch.setattr(host, "answer", lambda _: (302, {"message": "moved"}))

    assert ["comment-rejected"] == review().codes
