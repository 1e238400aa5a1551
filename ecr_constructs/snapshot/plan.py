"""What is asked next: the calls that follow from the answers so far."""

from __future__ import annotations

import threading
from collections import defaultdict
from typing import TYPE_CHECKING, Any, NamedTuple

from ecr_constructs.model.snapshot_sources import operations_of
from ecr_constructs.snapshot.document import CallKey, Record, request_key

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ecr_constructs.model.snapshot_sources.operation import Operation, Source


class Call(NamedTuple):
    """A call to make: an operation with its parameters, all pages."""

    operation: Operation
    request: Mapping[str, Any]

    @property
    def key(self) -> CallKey:
        """How records name it."""
        return self.operation.service, self.operation.name, request_key(self.request)


class Plan:
    """The calls of sources. Of an answer it keeps only what further calls need."""

    def __init__(self, sources: Iterable[Source]) -> None:
        """Take the sources to read."""
        self._operations = operations_of(sources)
        self._followers: defaultdict[str, list[Operation]] = defaultdict(list)
        for operation in self._operations:
            if operation.after:
                self._followers[operation.after].append(operation)
        self._subjects: dict[CallKey, dict[str, set[str]]] = {}
        self._planned: set[CallKey] = set()
        self._lock = threading.Lock()

    def first(self) -> list[Call]:
        """Return the calls that depend on no other."""
        return [*self._new(self._first())]

    def _first(self) -> Iterator[Call]:
        for operation in self._operations:
            if not operation.after:
                yield from (Call(operation, request) for request in operation.fixed)

    def _new(self, calls: Iterable[Call]) -> Iterator[Call]:
        for call in calls:
            if call.key not in self._planned:
                self._planned.add(call.key)
                yield call

    def add(self, record: Record) -> None:
        """Note what a page says about further calls."""
        followers = self._followers.get(f"{record.service}:{record.operation}")
        if not followers or record.output is None:
            return
        with self._lock:
            subjects = self._subjects.setdefault(record.call, defaultdict(set))
            for operation in followers:
                subjects[operation.id].update(operation.subjects(record.output))

    def after(self, call: Call) -> list[Call]:
        """Return the calls that follow from a call whose last page was added."""
        with self._lock:
            subjects = self._subjects.pop(call.key, {})
            followers = self._followers.get(call.operation.id, ())
            return [
                *self._new(
                    Call(operation, request)
                    for operation in followers
                    for request in operation.requests(call.request, subjects.get(operation.id, ()))
                )
            ]
