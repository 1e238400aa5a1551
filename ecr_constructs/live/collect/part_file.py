"""The file of a snapshot while it is made: pages are appended, and an interrupted one is continued.

Nothing of it is kept in memory.
"""

from __future__ import annotations

import gzip
import shutil
import threading
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

from ecr_constructs.live import LiveError
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.snapshot.document import now_text
from ecr_constructs.snapshot.files import (
    SUFFIXES,
    finished_line,
    header_line,
    open_lines,
    record_line,
)
from ecr_constructs.snapshot.plan import Call, Plan

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path
    from typing import IO

    from ecr_constructs.model.snapshot_sources.operation import Source
    from ecr_constructs.snapshot.document import CallKey, Header, Record

PART = ".jsonl.part"
# Of zlib: a higher one takes three times as long for a tenth less.
_LEVEL = 3


def part_of(path: Path) -> Path:
    """Return the path of the file while it is made: ``prod.jsonl.part`` of ``prod.json``."""
    suffix = next(suffix for suffix in SUFFIXES if path.name.endswith(suffix))
    return path.with_name(path.name.removesuffix(suffix) + PART)


class PartFile:
    """A file that is being written.

    Attributes:
        path: The file when it is finished.
        header: What it is of; of a continued one, as it was begun.
        kept: The number of calls that a former run has answered.
    """

    def __init__(self, path: Path, header: Header, sources: Sequence[Source]) -> None:
        """Write nothing yet.

        Args:
            path: The file when it is finished. Its suffix is one of those of snapshots.
            header: What it is of.
            sources: What is asked.
        """
        self.path, self.header = path, header
        self.part = part_of(path)
        self.kept = 0
        self._sources = sources
        self._lock = threading.Lock()
        self._file: IO[str] | None = None

    def open(self, *, restart: bool) -> tuple[Plan, list[Call]]:
        """Begin, or continue what was interrupted; return the plan, and the calls to make.

        Args:
            restart: Whether to ignore what was interrupted.

        Raises:
            LiveError: ``snapshot-part-other``: what was interrupted is another snapshot.
            SnapshotError: It is none.
        """
        self.part.parent.mkdir(parents=True, exist_ok=True)
        draft = self.part.with_name(f".{self.part.name}.new")
        if restart or not self._is_interrupted:
            draft.write_text(header_line(self.header), encoding="utf-8")
            plan = Plan(self._sources)
            calls = plan.first()
        else:
            plan, calls = self._continued(draft)
        draft.replace(self.part)
        self._file = self.part.open("a", encoding="utf-8")
        return plan, calls

    @property
    def _is_interrupted(self) -> bool:
        """Whether there is a part, and not only since a finished file was not cleaned up after."""
        if not self.part.exists():
            return False
        is_newer = not self.path.exists() or (
            self.part.stat().st_mtime_ns > self.path.stat().st_mtime_ns
        )
        return is_newer and self.part.stat().st_size > 0

    def _continued(self, draft: Path) -> tuple[Plan, list[Call]]:
        """Copy what is complete, and plan the rest.

        A call is asked again if it was refused, or if its last page is missing: the token of a
        page may have expired.
        """
        plan = Plan(self._sources)
        complete: set[CallKey] = set()
        with open_lines(self.part) as (header, records):
            self._require_same(header)
            for record in records:
                complete.discard(record.call)
                if record.is_end:
                    complete.add(record.call)
        with open_lines(self.part) as (header, records):
            for record in records:
                if record.call in complete:
                    plan.add(record)
        kept: set[CallKey] = set()
        calls, waiting = [], plan.first()
        while waiting:
            call = waiting.pop()
            if call.key in complete:
                kept.add(call.key)
                waiting += plan.after(call)
            else:
                calls.append(call)
        self.kept = len(kept)
        with (
            open_lines(self.part) as (header, records),
            draft.open("w", encoding="utf-8") as copy,
        ):
            self.header = header
            copy.write(header_line(header))
            copy.writelines(record_line(record) for record in records if record.call in kept)
        return plan, calls

    def _require_same(self, header: Header) -> None:
        new = self.header
        names = ("account", "region", "sources", "not_asked")
        other = [name for name in names if getattr(header, name) != getattr(new, name)]
        if other:
            values = ", ".join(
                f"{name.replace('_', ' ')} {_words(getattr(header, name))}" for name in other
            )
            message = f"{self.part} is an interrupted snapshot of something else: {values}"
            remedy = "give the same arguments to continue it, or --restart to begin anew"
            raise LiveError(Diagnostic("snapshot-part-other", message, remedy=remedy))

    def write(self, record: Record) -> None:
        """Append a page; several threads may do so."""
        line = record_line(record)
        with self._lock:
            assert self._file is not None
            self._file.write(line)
            self._file.flush()

    def interrupted(self, error: LiveError) -> LiveError:
        """Return an error that also says how to continue, if anything was written."""
        if self._file is None:
            return error
        how = f"then run the command again, which continues {self.part}"
        return LiveError(
            *(
                replace(item, remedy=f"{item.remedy}; {how}" if item.remedy else how)
                for item in error.diagnostics
            )
        )

    def close(self) -> None:
        """Leave the file as it is, so that it can be continued."""
        if self._file is not None:
            self._file.close()

    def finish(self) -> str:
        """Write the file in its format in place of the part, at once; return the time."""
        at = now_text()
        self.close()
        draft = self.path.with_name(f".{self.path.name}.new")
        try:
            with self.part.open(encoding="utf-8") as lines, _opened(draft, self.path.name) as file:
                if self.path.name.endswith(".json"):
                    _write_json(lines, file, at)
                else:
                    shutil.copyfileobj(lines, file, 2**20)
                    file.write(finished_line(at))
            draft.replace(self.path)
        finally:
            draft.unlink(missing_ok=True)
        self.part.unlink()
        return at


def _words(value: object) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list) else str(value)


@contextmanager
def _opened(path: Path, name: str) -> Iterator[IO[str]]:
    if name.endswith(".gz"):
        with gzip.open(path, "wt", _LEVEL, encoding="utf-8") as packed:
            yield packed
    else:
        with path.open("w", encoding="utf-8") as file:
            yield file


def _write_json(lines: IO[str], file: IO[str], at: str) -> None:
    """Write the document of a file's lines, as `snapshot.files.json_of` does."""
    file.write(next(lines).removesuffix("}\n"))
    file.write(',"records":[')
    for number, line in enumerate(lines):
        file.write("," if number else "")
        file.write(line.rstrip("\n"))
    file.write("]," + finished_line(at).removeprefix("{"))
