"""Files of snapshots: JSON, JSON lines, and JSON lines compressed with gzip.

A file of JSON lines has the header as its first line, then a line for each page of an answer, and
as its last line when the snapshot was finished. Without that line it was interrupted. A file of
JSON has the same in one object, with the pages as ``records``.
"""

from __future__ import annotations

import gzip
import io
import zlib
from contextlib import contextmanager
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from ecr_constructs.cloudformation.errors import TemplateError
from ecr_constructs.cloudformation.reading import decoded, is_folder, text_of
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.json_reading import JsonError, read_json
from ecr_constructs.model.json_text import compact
from ecr_constructs.snapshot import SnapshotError
from ecr_constructs.snapshot.document import (
    FORMAT,
    VERSION,
    CallError,
    Header,
    NotAsked,
    Record,
    Snapshot,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from pathlib import Path
    from typing import BinaryIO

SUFFIXES = (".jsonl.gz", ".jsonl", ".json", ".jsonl.part")
"""Of files of snapshots; the last one is that of a snapshot that is being made."""

MAX_LINE_BYTES = 64 * 2**20
"""The size of one page; AWS's are below 6 MB."""

MAX_BYTES = 8 * 2**30
"""The size of a snapshot after decompression: a million images take about 1 GB."""

_KEYS = {"account": str, "region": str, "caller": str, "started": str}


def read_snapshots(paths: Iterable[Path]) -> list[Snapshot]:
    """Return the snapshots of files, and of the files in folders.

    Raises:
        SnapshotError: As `read_snapshot`; or ``snapshot-missing``: there is none.
    """
    snapshots: list[Snapshot] = []
    for path in paths:
        files = _files_in(path) if is_folder(path) else [path]
        if not files:
            message = f"{path} holds no snapshot"
            raise SnapshotError(
                Diagnostic("snapshot-missing", message, remedy="run `ecr-constructs snapshot`")
            )
        snapshots += (read_snapshot(file) for file in files)
    return snapshots


def _files_in(folder: Path) -> list[Path]:
    try:
        return sorted(path for path in folder.iterdir() if path.name.endswith(SUFFIXES))
    except OSError as error:
        raise _unreadable(folder, error) from None


def read_snapshot(path: Path) -> Snapshot:
    """Return the snapshot of a file; one that was interrupted has what was written until then.

    Raises:
        SnapshotError: ``snapshot-unreadable``: the file cannot be read; ``snapshot-format``: it is
            not a snapshot; ``snapshot-version``: a later version wrote it;
            ``snapshot-too-large``.
    """
    if path.name.endswith(".json"):
        try:
            document = read_json(text_of(path, most=MAX_BYTES))
        except (TemplateError, JsonError) as error:
            raise _unreadable(path, error) from None
        if not isinstance(document, dict) or document.get("format") != FORMAT:
            raise _not_one(path)
        records = document.get("records")
        if not isinstance(records, list):
            raise _not_one(path, ": `records` is not a list")
        finished = document.get("finished")
        read = [_record(item, path, number) for number, item in enumerate(records, 1)]
        return _snapshot(document, read, finished, path)
    with _opened(path) as file:
        values = _values(file, path)
        header = _header_of(values, path)
        records, finished = [], None
        for number, value in enumerate(values, 2):
            if isinstance(value, dict) and value.keys() == {"finished"}:
                finished = value["finished"]
            else:
                records.append(_record(value, path, number))
    return _snapshot(header, records, finished, path)


@contextmanager
def open_lines(path: Path) -> Iterator[tuple[Header, Iterator[Record]]]:
    """Open a file of JSON lines that was interrupted; yield its header, and its pages one by one.

    Raises:
        SnapshotError: As `read_snapshot`.
    """
    with _opened(path) as file:
        values = _values(file, path)
        header = _snapshot(_header_of(values, path), (), None, path).header
        yield header, (_record(value, path, number) for number, value in enumerate(values, 2))


def _header_of(values: Iterator[Any], path: Path) -> Mapping[str, Any]:
    header = next(values, None)
    if not isinstance(header, dict) or header.get("format") != FORMAT:
        raise _not_one(path)
    return header


def _values(file: BinaryIO, path: Path) -> Iterator[Any]:
    """Yield the values of the lines; the last line of an interrupted file can be a part of one."""
    total = 0
    while line := _line(file):
        total += len(line)
        if len(line) > MAX_LINE_BYTES or total > MAX_BYTES:
            message = f"{path} is larger than any snapshot"
            raise SnapshotError(Diagnostic("snapshot-too-large", message))
        if not line.endswith(b"\n"):
            return
        try:
            yield read_json(decoded(line, path))
        except (TemplateError, JsonError) as error:
            raise _unreadable(path, error) from None


def _line(file: BinaryIO) -> bytes:
    try:
        return file.readline(MAX_LINE_BYTES + 1)
    except EOFError:
        # The end of a compressed file that was cut off.
        return b""


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    try:
        with path.open("rb") as raw:
            if raw.peek(2)[:2] == b"\x1f\x8b":
                with gzip.GzipFile(fileobj=raw) as unpacked:
                    yield io.BufferedReader(unpacked, 2**20)
            else:
                yield raw
    except (OSError, ValueError, zlib.error) as error:
        raise _unreadable(path, error) from None


def _snapshot(
    header: Mapping[str, Any], records: Sequence[Record], finished: object, path: Path
) -> Snapshot:
    version = header.get("version")
    if version != VERSION:
        message = f"{path} has version {version!r}; this program reads version {VERSION}"
        remedy = "use the version of ecr-constructs that wrote it"
        raise SnapshotError(Diagnostic("snapshot-version", message, remedy=remedy))
    for key, kind in _KEYS.items():
        if not isinstance(header.get(key), kind):
            raise _not_one(path, f": `{key}` is missing")
    sources, not_asked = header.get("sources", []), header.get("notAsked", [])
    if not isinstance(sources, list) or not isinstance(not_asked, list):
        raise _not_one(path, ": `sources` and `notAsked` are lists")
    return Snapshot(
        Header(
            **{key: header[key] for key in _KEYS},
            sources=[str(source) for source in sources],
            not_asked=[
                NotAsked(str(item.get("source")), str(item.get("reason")))
                for item in not_asked
                if isinstance(item, dict)
            ],
            tool=str(header.get("tool", "")),
        ),
        records,
        finished=finished if isinstance(finished, str) else None,
        path=path,
    )


def _record(value: Any, path: Path, number: int) -> Record:
    match value:
        case {"service": str(), "operation": str(), "request": dict(), "at": str()}:
            output, error = value.get("output"), value.get("error")
            if isinstance(output, dict) or isinstance(error, dict):
                return Record(
                    value["service"],
                    value["operation"],
                    value["request"],
                    value["at"],
                    output if isinstance(output, dict) else None,
                    _error(error) if isinstance(error, dict) else None,
                    value.get("more") is True,
                )
    raise _not_one(path, f": record {number} is not a page of an answer")


def _error(value: Mapping[str, Any]) -> CallError:
    return CallError(str(value.get("code", "")), str(value.get("message", "")))


def header_line(header: Header) -> str:
    """Return the first line of a file of JSON lines."""
    return compact(_header_object(header)) + "\n"


def _header_object(header: Header) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "version": VERSION,
        "account": header.account,
        "region": header.region,
        "caller": header.caller,
        "started": header.started,
        "tool": header.tool,
        "sources": [*header.sources],
        "notAsked": [asdict(item) for item in header.not_asked],
    }


def record_line(record: Record) -> str:
    """Return the line of a page of an answer."""
    return compact(_record_object(record)) + "\n"


def _record_object(record: Record) -> dict[str, Any]:
    value: dict[str, Any] = {
        "service": record.service,
        "operation": record.operation,
        "request": record.request,
        "at": record.at,
    }
    if record.output is not None:
        value["output"] = record.output
    if record.error is not None:
        value["error"] = asdict(record.error)
    if record.more:
        value["more"] = True
    return value


def finished_line(at: str) -> str:
    """Return the last line of a file of JSON lines."""
    return compact({"finished": at}) + "\n"


def lines_of(snapshot: Snapshot) -> Iterator[str]:
    """Yield the lines of a snapshot."""
    yield header_line(snapshot.header)
    yield from map(record_line, snapshot.records)
    if snapshot.finished is not None:
        yield finished_line(snapshot.finished)


def json_of(snapshot: Snapshot) -> str:
    """Return a snapshot as one JSON document."""
    document = _header_object(snapshot.header)
    document["records"] = [_record_object(record) for record in snapshot.records]
    if snapshot.finished is not None:
        document["finished"] = snapshot.finished
    return compact(document) + "\n"


def _unreadable(path: Path, error: Exception) -> SnapshotError:
    return SnapshotError(Diagnostic("snapshot-unreadable", f"cannot read {path}: {error}"))


def _not_one(path: Path, why: str = "") -> SnapshotError:
    message = f"{path} is not a snapshot{why}"
    remedy = "`ecr-constructs snapshot` writes one"
    return SnapshotError(Diagnostic("snapshot-format", message, remedy=remedy))
