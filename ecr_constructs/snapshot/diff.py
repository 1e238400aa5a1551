"""What differs between two snapshots of one registry: same, different, or not known on a side."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.json_reading import JsonError, read_json
from ecr_constructs.model.snapshot_sources import SOURCES, operations_of
from ecr_constructs.snapshot import SnapshotError
from ecr_constructs.snapshot.document import Answer, request_key
from ecr_constructs.snapshot.plan import Plan

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from ecr_constructs.snapshot.document import Snapshot

Side = Literal["before", "after"]

# Of an entry of a list, in the order in which they are looked for.
_NAMES = (
    "imageDigest",
    "repositoryName",
    "ecrRepositoryPrefix",
    "prefix",
    "rulePriority",
    "Sid",
    "Key",
    "key",
    "serviceArn",
    "taskArn",
    "taskDefinitionArn",
    "serviceRevisionArn",
    "FunctionArn",
    "StackId",
    "LogicalResourceId",
    "resourceId",
    "Arn",
    "arn",
    "Id",
    "id",
    "name",
    "Name",
)
NOT_COMPARED = frozenset({"lastEvaluatedAt", "lastRecordedPullTime", "nextToken", "NextToken"})
"""Members that change without a change of the registry: evaluations, pulls, pages."""

_PAGES = frozenset({"Marker", "NextMarker", "IsTruncated"})
_IMAGES = ("ecr", "DescribeImages")
_NOTHING = object()


@dataclass(frozen=True, slots=True)
class Change:
    """A value that differs.

    Attributes:
        path: Where it is in the answer: ``repositories[payments/api].imageTagMutability``.
        before: The former value. None: there was none.
        after: The present value. None: there is none.
    """

    path: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class DifferentCall:
    """A call whose answers differ.

    Attributes:
        service: The service.
        operation: The operation.
        request: The parameters, without the names that one request takes several of.
        changes: What differs.
    """

    service: str
    operation: str
    request: Mapping[str, Any]
    changes: Sequence[Change]


@dataclass(frozen=True, slots=True)
class DifferentImages:
    """The images of a repository that differ.

    Attributes:
        repository: The repository.
        new: The digests that were not there.
        gone: The digests that are no longer there.
        moved: The tags that are at another digest, with the former and the present digest; None
            where there was or is no such tag.
        changes: What else differs of images that are on both sides.
    """

    repository: str
    new: Sequence[str]
    gone: Sequence[str]
    moved: Sequence[tuple[str, str | None, str | None]]
    changes: Sequence[Change]


@dataclass(frozen=True, slots=True)
class Unknown:
    """A call that cannot be compared, or a source.

    Attributes:
        source: The name of the source; of a call the service.
        operation: The operation. ``""``: all of the source.
        request: The parameters.
        side: The side on which it is not known.
        reason: Why: ``refused: AccessDeniedException``.
    """

    source: str
    operation: str
    request: Mapping[str, Any]
    side: Side
    reason: str


@dataclass(frozen=True, slots=True)
class Difference:
    """The comparison of two snapshots.

    Attributes:
        before: The former one.
        after: The present one.
        same: The number of calls with the same answers.
        different: The calls with different answers.
        images: The repositories with different images.
        unknown: The calls that are not known on a side.
    """

    before: Snapshot
    after: Snapshot
    same: int
    different: Sequence[DifferentCall]
    images: Sequence[DifferentImages]
    unknown: Sequence[Unknown]

    @property
    def is_equal(self) -> bool:
        """Whether everything that was asked is known and the same."""
        return not (self.different or self.images or self.unknown)


Group = tuple[str, str, str]

_OPERATIONS = {
    (operation.service, operation.name): operation for operation in operations_of(SOURCES.values())
}


class _Side:
    """The calls of a snapshot; those that only split a list of names are one.

    Attributes:
        names: The sources that were selected.
        calls: The calls that were made, and those that should have been.
        requests: The parameters of each.
    """

    def __init__(self, snapshot: Snapshot) -> None:
        """Group the calls, and find those that are missing."""
        self.names = set(snapshot.header.sources)
        self.requests: dict[Group, Mapping[str, Any]] = {}
        self._answers: defaultdict[Group, list[Answer]] = defaultdict(list)
        self._incomplete: set[tuple[str, str]] = set()
        calls = snapshot.calls
        for (service, name, _), answer in calls.items():
            self._add(service, name, answer)
        plan = Plan(source for source in SOURCES.values() if source.name in self.names)
        for record in snapshot.records:
            plan.add(record)
        waiting = plan.first()
        while waiting:
            call = waiting.pop()
            if call.key not in calls:
                service, name, _ = call.key
                self._add(service, name, Answer("not-asked", request=call.request))
            waiting += plan.after(call)

    def _add(self, service: str, name: str, answer: Answer) -> None:
        operation = _OPERATIONS.get((service, name))
        request = dict(answer.request)
        if operation is not None and operation.at_once:
            request.pop(operation.parameter, None)
        group = (service, name, request_key(request))
        self._answers[group].append(answer)
        self.requests[group] = request
        if not answer.is_known:
            self._incomplete.add((service, name))

    def missing_source(self, group: Group) -> str:
        """Return the source of a call, if none that has it was selected."""
        service, name, _ = group
        sources = [
            source.name
            for source in SOURCES.values()
            if any((item.service, item.name) == (service, name) for item in source.operations)
        ] or [service]
        return "" if self.names & {*sources} else sources[0]

    def state(self, group: Group) -> str:
        """Return why a call is not known; empty if it is."""
        answers = self._answers.get(group)
        if answers is not None:
            return next((answer.reason for answer in answers if not answer.is_known), "")
        # Nobody asks about what no complete list has.
        operation = _OPERATIONS.get(group[:2])
        if operation is None or not operation.after:
            return "not-asked"
        while operation.after:
            service, _, name = operation.after.partition(":")
            if (service, name) in self._incomplete:
                return "not-asked"
            operation = _OPERATIONS[service, name]
        return ""

    def value(self, group: Group) -> dict[str, Any]:
        """Return the answer: the members of all pages, lists joined."""
        merged: dict[str, Any] = {}
        for answer in self._answers.get(group, ()):
            for page in answer.pages:
                for name, value in page.items():
                    if isinstance(value, list) and isinstance(merged.get(name), list):
                        merged[name] = [*merged[name], *value]
                    else:
                        merged[name] = value
        return merged


def compare(before: Snapshot, after: Snapshot) -> Difference:
    """Compare two snapshots of one registry.

    When policies were evaluated and images pulled is not compared. A source that one of the
    snapshots did not read is not known, as is a call that was refused on a side.

    Raises:
        SnapshotError: ``snapshot-registry-other``: they are of different registries.
    """
    if before.registry != after.registry:
        message = f"{before.name} is of {before.registry}, {after.name} of {after.registry}"
        raise SnapshotError(Diagnostic("snapshot-registry-other", message))
    sides: dict[Side, _Side] = {"before": _Side(before), "after": _Side(after)}
    old, new = sides["before"], sides["after"]
    same = 0
    different: list[DifferentCall] = []
    images: list[DifferentImages] = []
    unknown: dict[tuple[str, str, str, Side], Unknown] = {}
    for group in sorted({*old.requests, *new.requests}):
        service, operation, key = group
        request = new.requests.get(group) or old.requests.get(group) or {}
        is_known = True
        for name, side in sides.items():
            if source := side.missing_source(group):
                is_known = False
                unknown[source, "", "", name] = Unknown(source, "", {}, name, "not selected")
            elif reason := side.state(group):
                is_known = False
                unknown[service, operation, key, name] = Unknown(
                    service, operation, request, name, reason
                )
        if not is_known:
            continue
        values = old.value(group), new.value(group)
        if (service, operation) == _IMAGES:
            found = _images(str(request.get("repositoryName")), *values)
            images += found
            same += not found
        elif changes := [*_changes("", *values)]:
            different.append(DifferentCall(service, operation, request, changes))
        else:
            same += 1
    return Difference(before, after, same, different, images, [*unknown.values()])


def _images(
    repository: str, before: Mapping[str, Any], after: Mapping[str, Any]
) -> list[DifferentImages]:
    old, new = _by_digest(before), _by_digest(after)
    old_tags, new_tags = _tags(old), _tags(new)
    moved = [
        (tag, old_tags.get(tag), new_tags.get(tag))
        for tag in sorted({*old_tags, *new_tags})
        if old_tags.get(tag) != new_tags.get(tag)
    ]
    gone = sorted(old.keys() - new.keys())
    changes = [
        change
        for digest in sorted(old.keys() & new.keys())
        for change in _changes(digest, _without_tags(old[digest]), _without_tags(new[digest]))
    ]
    added = sorted(new.keys() - old.keys())
    if not (added or gone or moved or changes):
        return []
    return [DifferentImages(repository, added, gone, moved, changes)]


def _by_digest(answer: Mapping[str, Any]) -> dict[str, Mapping[str, Any]]:
    details = answer.get("imageDetails", [])
    return {str(image.get("imageDigest")): image for image in details if isinstance(image, dict)}


def _tags(images: Mapping[str, Mapping[str, Any]]) -> dict[str, str]:
    return {
        str(tag): digest for digest, image in images.items() for tag in image.get("imageTags") or ()
    }


def _without_tags(image: Mapping[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in image.items() if name != "imageTags"}


def _changes(path: str, before: Any, after: Any) -> Iterator[Change]:
    """Yield what differs between two values; lists are compared without their order."""
    before, after = _document(before), _document(after)
    match before, after:
        case dict(), dict():
            for name in sorted({*before, *after} - NOT_COMPARED - _PAGES):
                where = f"{path}.{name}" if path else name
                yield from _changes(where, before.get(name, _NOTHING), after.get(name, _NOTHING))
        case list(), list():
            yield from _list_changes(path, before, after)
        case _ if before != after or type(before) is not type(after):
            yield Change(path, _shown(before), _shown(after))


def _list_changes(path: str, before: list[Any], after: list[Any]) -> Iterator[Change]:
    name = next((name for name in _NAMES if _is_key(name, before) and _is_key(name, after)), "")
    if name:
        old = {str(item[name]): item for item in before}
        new = {str(item[name]): item for item in after}
    else:
        old, new = _by_text(before), _by_text(after)
    for key in sorted({*old, *new}):
        where = f"{path}[{key}]" if name else f"{path}[]"
        yield from _changes(where, old.get(key, _NOTHING), new.get(key, _NOTHING))


def _is_key(name: str, items: Iterable[Any]) -> bool:
    values = [item.get(name) if isinstance(item, dict) else None for item in items]
    return None not in values and len(set(map(str, values))) == len(values)


def _by_text(items: Iterable[Any]) -> dict[str, Any]:
    """Return the items by their text, with a number for those that are there twice."""
    counts: defaultdict[str, int] = defaultdict(int)
    found = {}
    for item in items:
        text = request_key({"": _document(item)})
        counts[text] += 1
        found[f"{text}#{counts[text]}"] = item
    return found


def _document(value: Any) -> Any:
    """Return the value of a text that is a JSON object: a policy has no order of members."""
    if isinstance(value, str) and value.lstrip().startswith("{"):
        try:
            return read_json(value)
        except JsonError:
            return value
    return value


def _shown(value: Any) -> Any:
    return None if value is _NOTHING else value
