"""``snapshot`` that ends before its end: the next run continues it, with the same result."""

import os
import threading
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.live import LiveError
from ecr_constructs.live.collect import (
    Collector,
    Summary,
    write_snapshot,
)
from ecr_constructs.live.collect.caller import Caller
from ecr_constructs.live.collect.engine import run as run_plan
from ecr_constructs.model.snapshot_sources import SOURCES as SOURCE_TABLE
from ecr_constructs.snapshot.document import request_key
from ecr_constructs.snapshot.files import read_snapshot
from ecr_constructs.snapshot.plan import Plan
from tests.cli.conftest import Run
from tests.support.fake_account import CLOSE, FakeAccount, Request
from tests.support.snapshot_account import (
    FILE,
    answers,
    codes,
    interrupted,
    read,
)
from tests.support.snapshot_account import account as account  # noqa: PLC0414 - a fixture

PART = Path(FILE.replace(".jsonl.gz", ".jsonl.part"))


SOURCES = ("repositories", "images")


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The working directory, in which snapshots are written."""
    monkeypatch.chdir(tmp_path)


def collect(caller: Caller) -> Summary:
    """Write the file with a client that is there already: to create one is slow."""
    return write_snapshot(Collector(SOURCES, concurrency=1), caller, lambda _: Path(FILE))


def call_of(request: Request) -> tuple[str, str]:
    """Return the operation, and the parameters that a snapshot has."""
    pages = ("maxResults", "nextToken")
    parameters = {key: value for key, value in request.parameters.items() if key not in pages}
    return request.operation, request_key(parameters)


@pytest.mark.parametrize(
    ("answer", "code"),
    [("ExpiredTokenException", "aws-credentials"), (CLOSE, "aws-unreachable")],
    ids=["token", "network"],
)
def test_a_run_that_ends_at_any_call(account: FakeAccount, answer: str, code: str) -> None:
    """The next run continues it with the same result, and asks no call twice."""
    caller = Collector().caller()
    collect(caller)
    expected, total = answers(read()), len(account.requests)
    Path(FILE).unlink()
    for number in range(1, total + 1, 2 if answer != CLOSE else 6):
        interrupted(account, number, answer)
        with pytest.raises(LiveError) as caught:
            collect(caller)
        assert [code] == [problem.code for problem in caught.value.diagnostics]
        assert (number > 1) == PART.exists() == ("again" in str(caught.value))
        records = read_snapshot(PART).records if PART.exists() else []
        done = {
            (f"ecr:{record.operation}", request_key(record.request))
            for record in records
            if record.is_end
        }
        account.fault = lambda _, __: None
        account.requests.clear()
        summary = collect(caller)
        assert expected == answers(read())
        assert len(done) == summary.kept
        assert [FILE] == [str(path) for path in Path("snapshots").iterdir()]
        assert not done & {*map(call_of, account.requests)}
        Path(FILE).unlink()


def test_a_file_that_ends_anywhere(account: FakeAccount) -> None:
    """As after a kill: a last line that was cut off is dropped."""
    caller = Collector().caller()
    collect(caller)
    expected, total = answers(read()), len(account.requests)
    Path(FILE).unlink()
    interrupted(account, total, "ExpiredTokenException")
    with pytest.raises(LiveError):
        collect(caller)
    content = PART.read_bytes()
    account.fault = lambda _, __: None
    header = content.index(b"\n") + 1
    for end in range(header, len(content), max(1, (len(content) - header) // 8)):
        PART.write_bytes(content[:end])
        collect(caller)
        assert expected == answers(read())
        Path(FILE).unlink()


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("hello\n", "snapshot-unreadable"),
        ("{}\n", "snapshot-format"),
        ('{"format": "ecr-constructs-snapshot", "version": 9}\n', "snapshot-version"),
    ],
)
def test_a_part_that_is_none(run: Run, account: FakeAccount, text: str, code: str) -> None:
    """Is an error with the option that begins anew; an empty one is none."""
    part = Path("s.jsonl.part")
    part.write_text(text, encoding="utf-8")
    result = run("snapshot", "--output", "s.jsonl")

    assert (2, [code], True) == (result.status, codes(result), "--restart" in result.err)
    assert text == part.read_text(encoding="utf-8")
    part.write_bytes(b"")
    assert 0 == run("snapshot", "--output", "s.jsonl").status
    del account


def test_two_runs_at_the_same_time(account: FakeAccount) -> None:
    """Each finishes with all that it has read, whatever the other does to the part."""
    caller = Collector().caller()
    collect(caller)
    expected = answers(read())
    second: list[Summary] = []

    def fault(_: int, request: Request) -> None:
        if request.operation == "ecr:DescribeImages" and not second:
            account.fault = lambda _, __: None
            second.append(collect(caller))
            assert expected == answers(read())

    account.fault = fault
    collect(caller)

    assert second
    assert expected == answers(read())
    assert [FILE] == [str(path) for path in Path("snapshots").iterdir()]


def test_restart(run: Run, account: FakeAccount) -> None:
    """It asks everything again."""
    interrupted(account, 9, "ExpiredTokenException")
    run("snapshot")
    account.fault = lambda _, __: None
    account.requests.clear()
    result = run("snapshot", "--restart", "--format", "json", "--concurrency", "8")

    assert 0 == result.json["snapshots"][0]["callsKept"]
    assert "ecr:DescribeRegistry" in account.operations()


def test_another_snapshot_is_not_continued(run: Run, account: FakeAccount) -> None:
    """It is an error that says what it is of."""
    interrupted(account, 9, "ExpiredTokenException")
    run("snapshot")
    account.fault = lambda _, __: None
    result = run("snapshot", "--sources", "registry")

    assert (2, ["snapshot-part-other"]) == (result.status, codes(result))
    assert 0 == run("snapshot", "--sources", "registry", "--restart").status


def test_a_part_older_than_its_file_is_left_over(run: Run, account: FakeAccount) -> None:
    """A run that ended between the two steps of finishing has finished."""
    interrupted(account, 9, "ExpiredTokenException")
    run("snapshot")
    account.fault = lambda _, __: None
    Path(FILE).write_bytes(b"")
    os.utime(Path(FILE), ns=(2**62, 2**62))
    result = run("snapshot", "--format", "json")

    assert 0 == result.json["snapshots"][0]["callsKept"]


def test_what_is_refused_is_asked_again(run: Run, account: FakeAccount) -> None:
    """When a run is continued, the permission may be there."""
    denied = "ecr:GetLifecyclePolicy"
    total = 0

    def fault(number: int, request: Request) -> Any:
        if request.operation == denied:
            return "AccessDeniedException"
        return "ExpiredTokenException" if total and number >= total else None

    account.fault = fault
    assert 1 == run("snapshot").status
    total = len(account.requests)
    Path(FILE).unlink()
    account.requests.clear()
    assert 2 == run("snapshot").status
    account.fault = lambda _, __: None
    assert 0 == run("snapshot").status
    assert read().answer("GetLifecyclePolicy", {"repositoryName": "api"}).is_known


def test_half_a_character(run: Run, account: FakeAccount) -> None:
    """JSON can hold it and UTF-8 cannot: it becomes a question mark, and the file can be read."""
    account.data["ecr:GetRegistryPolicy"] = b'{"policyText": "\\ud800\xc3\xa9"}'
    account.fault = lambda number, _: "ExpiredTokenException" if number > 20 else None
    assert 2 == run("snapshot", "--concurrency", "1").status
    account.fault = lambda _, __: None
    assert 0 == run("snapshot").status
    assert "?é" == read().answer("GetRegistryPolicy").value("policyText")


def test_a_run_that_is_told_to_end(account: FakeAccount) -> None:
    """After Ctrl-C the other accounts end, too."""
    stop = threading.Event()
    stop.set()
    plan = Plan([SOURCE_TABLE["registry"]])
    with pytest.raises(LiveError) as caught:
        run_plan(plan, plan.first(), lambda _: iter(()), print, concurrency=1, stop=stop)

    assert "snapshot-interrupted" == caught.value.diagnostics[0].code
    assert [] == account.requests
