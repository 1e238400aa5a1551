"""Files of snapshots: what is written is read again, and what was interrupted is said."""

import gzip
import json
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import pytest

from ecr_constructs.snapshot import SnapshotError
from ecr_constructs.snapshot.document import CallError, Header, NotAsked, Record, Snapshot
from ecr_constructs.snapshot.files import json_of, lines_of, read_snapshot, read_snapshots

AT = "2026-11-27T23:05:00Z"
HEADER = Header(
    account="111122223333",
    region="eu-central-1",
    caller="arn:aws:sts::111122223333:assumed-role/audit/me",
    started=AT,
    sources=["registry", "images"],
    not_asked=[NotAsked("kubernetes", "not selected")],
    tool="ecr-constructs 1.0",
)
API = {"repositoryName": "api"}
DENIED = CallError("AccessDeniedException", "not authorized")


def page(operation: str, output: Any, request: Any = None, *, more: bool = False) -> Record:
    """Return a page of an answer of ECR."""
    return Record("ecr", operation, request or {}, AT, output, more=more)


def failure(operation: str, error: CallError, request: Any) -> Record:
    """Return an error of ECR."""
    return Record("ecr", operation, request, AT, error=error)


RECORDS = [
    page("DescribeRepositories", {"repositories": [{"repositoryName": "api"}]}),
    page("DescribeImages", {"imageDetails": [1]}, API, more=True),
    page("DescribeImages", {"imageDetails": [2]}, API),
    page("ListTagsForResource", {"tags": []}, {"resourceArn": "a"}, more=True),
    failure("ListTagsForResource", DENIED, {"resourceArn": "a"}),
    page("ListTagsForResource", {"tags": []}, {"resourceArn": "b"}, more=True),
    failure("GetRepositoryPolicy", CallError("RepositoryPolicyNotFoundException"), API),
    failure("GetLifecyclePolicy", DENIED, API),
]
SNAPSHOT = Snapshot(HEADER, RECORDS, finished=AT)


def test_what_is_known_about_a_call() -> None:
    """An absent thing is known; what is refused, incomplete or not asked is not."""
    states = {
        (answer.state, answer.is_known, answer.reason)
        for answer in (
            SNAPSHOT.answer("DescribeImages", API),
            SNAPSHOT.answer("GetRepositoryPolicy", API),
            SNAPSHOT.answer("GetLifecyclePolicy", API),
            SNAPSHOT.answer("ListTagsForResource", {"resourceArn": "a"}),
            SNAPSHOT.answer("ListTagsForResource", {"resourceArn": "b"}),
            SNAPSHOT.answer("DescribeImages", {"repositoryName": "worker"}),
            SNAPSHOT.answer("ListTasks", service="ecs"),
        )
    }
    assert states == {
        ("answered", True, ""),
        ("absent", True, ""),
        ("refused", False, "refused: AccessDeniedException"),
        ("partial", False, "partial: AccessDeniedException"),
        ("partial", False, "partial"),
        ("not-asked", False, "not-asked"),
    }
    assert [1, 2] == SNAPSHOT.answer("DescribeImages", API).items("imageDetails")
    assert SNAPSHOT.answer("GetLifecyclePolicy", API).value("lifecyclePolicyText") is None
    assert [{"resourceArn": "a"}, {"resourceArn": "b"}, API] == [
        answer.request for _, _, answer in SNAPSHOT.unanswered
    ]
    assert [API] == [answer.request for answer in SNAPSHOT.answers("DescribeImages")]
    assert "111122223333/eu-central-1" == SNAPSHOT.name


def test_the_order_of_parameters_does_not_matter() -> None:
    """Nor that of the parameters inside them."""
    request = {"filter": {"a": [{"b": 1, "c": 2}], "d": 3}, "repositoryName": "api"}
    snapshot = Snapshot(HEADER, [page("DescribeImages", {}, request)])
    turned = {"repositoryName": "api", "filter": {"d": 3, "a": [{"c": 2, "b": 1}]}}
    assert snapshot.answer("DescribeImages", turned).is_known


def write(path: Path, snapshot: Snapshot = SNAPSHOT) -> Path:
    """Write a snapshot in the form that the name of a file asks for."""
    text = json_of(snapshot) if path.suffix == ".json" else "".join(lines_of(snapshot))
    data = text.encode()
    path.write_bytes(gzip.compress(data) if path.suffix == ".gz" else data)
    return path


@pytest.mark.parametrize("name", ["a.json", "a.jsonl", "a.jsonl.gz", "a.jsonl.part"])
@pytest.mark.parametrize("finished", [AT, None])
def test_what_is_written_is_read_again(tmp_path: Path, name: str, finished: str | None) -> None:
    """Whatever the form of the file."""
    path = write(tmp_path / name, Snapshot(HEADER, RECORDS, finished=finished))

    [read] = read_snapshots([tmp_path])
    assert (HEADER, RECORDS, finished) == (read.header, read.records, read.finished)
    assert (path, str(path)) == (read.path, read.name)


@pytest.mark.parametrize("name", ["a.jsonl", "a.jsonl.gz"])
def test_an_interrupted_file_is_read_to_its_last_line(tmp_path: Path, name: str) -> None:
    """A line that was cut off is not a page; the snapshot is not finished."""
    path = write(tmp_path / name)
    data = path.read_bytes()
    for length in range(len(data) - 1, 0, -40):
        path.write_bytes(data[:length])
        try:
            read = read_snapshot(path)
        except SnapshotError as error:
            assert "snapshot-format" == error.diagnostics[0].code  # noqa: PT017
        else:
            assert read.finished is None
            assert RECORDS[: len(read.records)] == read.records


def changed(**changes: Any) -> bytes:
    """Return a snapshot as JSON with another header."""
    return json.dumps({**json.loads(json_of(SNAPSHOT)), **changes}).encode()


REJECTED: dict[str, tuple[str, bytes, str]] = {
    "another document": ("a.json", b"{}", "snapshot-format"),
    "a list": ("a.json", b"[]", "snapshot-format"),
    "not JSON": ("a.json", b"{", "snapshot-unreadable"),
    "no records": ("a.json", changed(records={}), "snapshot-format"),
    "no account": ("a.json", changed(account=1), "snapshot-format"),
    "sources": ("a.json", changed(sources="ecr"), "snapshot-format"),
    "a later version": ("a.json", changed(version=2), "snapshot-version"),
    "a record without an answer": (
        "a.json",
        changed(records=[{"service": "ecr", "operation": "A", "request": {}, "at": AT}]),
        "snapshot-format",
    ),
    "no record": ("a.json", changed(records=[1]), "snapshot-format"),
    "an empty file": ("a.jsonl", b"", "snapshot-format"),
    "another line": ("a.jsonl", b"1\n", "snapshot-format"),
    "a broken line": ("a.jsonl", b"{\n", "snapshot-unreadable"),
    "another encoding": ("a.jsonl", b'{"a": "\xff"}\n', "snapshot-unreadable"),
    "broken gzip": (
        "a.jsonl.gz",
        b"\x1f\x8b\x08" + b"\0" * 7 + b"\xff" * 30,
        "snapshot-unreadable",
    ),
}


@pytest.mark.parametrize("case", REJECTED.values(), ids=REJECTED)
def test_what_is_not_a_snapshot(tmp_path: Path, case: tuple[str, bytes, str]) -> None:
    """It is rejected with a code, and the file's name in the message."""
    name, data, code = case
    (tmp_path / name).write_bytes(data)

    with pytest.raises(SnapshotError) as caught:
        read_snapshots([tmp_path / name])
    assert code == caught.value.diagnostics[0].code
    assert name in str(caught.value)


def test_missing_files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A folder without snapshots, no file, and a folder that is closed."""
    for path, code in ((tmp_path, "snapshot-missing"), (tmp_path / "a", "snapshot-unreadable")):
        with pytest.raises(SnapshotError) as caught:
            read_snapshots([path])
        assert code == caught.value.diagnostics[0].code
    monkeypatch.setattr(Path, "iterdir", Mock(side_effect=PermissionError))
    with pytest.raises(SnapshotError, match="cannot read"):
        read_snapshots([tmp_path])


@pytest.mark.parametrize("limit", ["MAX_LINE_BYTES", "MAX_BYTES"])
def test_a_file_that_grows_when_it_is_unpacked(
    tmp_path: Path, limit: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limits hold for what it is unpacked to."""
    monkeypatch.setattr(f"ecr_constructs.snapshot.files.{limit}", 1000)
    path = write(tmp_path / "a.jsonl.gz")
    if limit == "MAX_LINE_BYTES":
        path.write_bytes(gzip.compress(b" " * 5000 + b"\n"))
    with pytest.raises(SnapshotError) as caught:
        read_snapshot(path)
    assert "snapshot-too-large" == caught.value.diagnostics[0].code
