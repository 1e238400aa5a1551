"""What became of snapshots, and what differs between them: as text, Markdown and JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from ecr_constructs.model.diagnostics import pluralize
from ecr_constructs.report.document import Heading, Lines, Table

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ecr_constructs.report.document import Block
    from ecr_constructs.snapshot.diff import Change, Difference, DifferentImages
    from ecr_constructs.snapshot.result import Failure, Summary

# Characters of a value in a table.
_SHOWN = 60
_DIGEST = 19


def difference_document(difference: Difference) -> dict[str, Any]:
    """Return a comparison as JSON."""
    before, after = difference.before, difference.after
    return {
        "account": after.header.account,
        "region": after.header.region,
        "before": {"name": before.name, "started": before.header.started},
        "after": {"name": after.name, "started": after.header.started},
        "equal": difference.is_equal,
        "sameCalls": difference.same,
        "different": [
            {
                "service": call.service,
                "operation": call.operation,
                "request": dict(call.request),
                "changes": [*map(_change, call.changes)],
            }
            for call in difference.different
        ],
        "images": [
            {
                "repositoryName": images.repository,
                "new": [*images.new],
                "gone": [*images.gone],
                "tagsMoved": [
                    {"tag": tag, "before": old, "after": new} for tag, old, new in images.moved
                ],
                "changes": [*map(_change, images.changes)],
            }
            for images in difference.images
        ],
        "notKnown": [
            {
                "source": item.source,
                "operation": item.operation,
                "subject": subject_of(item.request),
                "side": item.side,
                "reason": item.reason,
            }
            for item in difference.unknown
        ],
    }


def _change(change: Change) -> dict[str, Any]:
    return {"path": change.path, "before": change.before, "after": change.after}


def subject_of(request: Mapping[str, Any]) -> str:
    """Return what a call is about: the values of its parameters."""
    return ", ".join(_short(value) for value in request.values() if not isinstance(value, dict))


def difference_blocks(difference: Difference) -> Iterator[Block]:
    """Yield a comparison as text."""
    before, after = difference.before, difference.after
    yield Heading(f"{after.registry}: {before.header.started} and {after.header.started}")
    yield Lines([*_summary(difference)])
    changes = [
        (f"{call.service}:{call.operation}", subject_of(call.request), change)
        for call in difference.different
        for change in call.changes
    ]
    changes += [
        ("image", images.repository, change)
        for images in difference.images
        for change in images.changes
    ]
    if changes:
        yield Table(
            ("what", "of", "where", "before", "after"),
            [
                (what, subject, change.path, _short(change.before), _short(change.after))
                for what, subject, change in changes
            ],
        )
    if difference.images:
        yield Table(
            ("repository", "images and tags"),
            [
                (images.repository, line)
                for images in difference.images
                for line in _image_lines(images)
            ],
        )
    if difference.unknown:
        yield Heading("Not known", "yellow")
        yield Table(
            ("source", "operation", "of", "side", "reason"),
            [
                (item.source, item.operation, subject_of(item.request), item.side, item.reason)
                for item in difference.unknown
            ],
        )


def _summary(difference: Difference) -> Iterator[str]:
    calls = pluralize(difference.same, "call")
    yield f"{calls} with the same answer, {len(difference.different)} with different ones"
    if difference.images:
        new = sum(len(images.new) for images in difference.images)
        gone = sum(len(images.gone) for images in difference.images)
        moved = sum(len(images.moved) for images in difference.images)
        yield (
            f"images: {new:,} new, {gone:,} gone, {pluralize(moved, 'tag')} moved, in "
            f"{pluralize(len(difference.images), 'repository')}"
        )
    if difference.unknown:
        yield f"{pluralize(len(difference.unknown), 'call')} not known on a side"


def _image_lines(images: DifferentImages) -> Iterator[str]:
    yield from (f"new {_digest(digest)}" for digest in images.new)
    yield from (f"gone {_digest(digest)}" for digest in images.gone)
    for tag, old, new in images.moved:
        yield f"tag {tag}: {_digest(old)} → {_digest(new)}"


def _digest(digest: str | None) -> str:
    return digest[:_DIGEST] if digest else "none"


def _short(value: Any) -> str:
    if value is None:
        return "none"
    text = value if isinstance(value, str) else json.dumps(value)
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}…"


def registries_document(
    differences: Sequence[Difference], missing: Sequence[tuple[str, str]]
) -> dict[str, Any]:
    """Return the comparisons of several registries, and those that are on one side only."""
    return {
        "equal": not missing and all(difference.is_equal for difference in differences),
        "registries": [*map(difference_document, differences)],
        "notKnown": [
            {"source": registry, "operation": "", "subject": "", "side": side, "reason": "no file"}
            for registry, side in missing
        ],
    }


def registries_blocks(
    differences: Sequence[Difference], missing: Sequence[tuple[str, str]]
) -> Iterator[Block]:
    """Yield the comparisons of several registries as text."""
    for difference in differences:
        yield from difference_blocks(difference)
    if missing:
        yield Heading("Not known", "yellow")
        yield Lines(
            [f"{registry}: there is no snapshot of it {side}" for registry, side in missing]
        )


def summary_document(summaries: Sequence[Summary], failures: Sequence[Failure]) -> dict[str, Any]:
    """Return what became of snapshots as JSON."""
    return {
        "snapshots": [*map(_summary_object, summaries)],
        "failures": [
            {
                "account": failure.target.account,
                "region": failure.target.region,
                "errors": [
                    {"code": item.code, "message": str(item)} for item in failure.error.diagnostics
                ],
            }
            for failure in failures
        ],
        "notKnown": [
            {
                "source": operation.partition(":")[0],
                "operation": operation.partition(":")[2],
                "subject": f"{summary.header.account}/{summary.header.region}",
                "reason": reason,
            }
            for summary in summaries
            for operation, reason in sorted(summary.unanswered)
        ],
    }


def _summary_object(summary: Summary) -> dict[str, Any]:
    header = summary.header
    return {
        "account": header.account,
        "region": header.region,
        "caller": header.caller,
        "file": str(summary.path),
        "started": header.started,
        "finished": summary.finished,
        "sources": [*header.sources],
        "calls": summary.calls,
        "callsKept": summary.kept,
        "refused": [
            {"operation": operation, "reason": reason, "calls": calls}
            for (operation, reason), calls in sorted(summary.unanswered.items())
        ],
        "notAsked": [{"source": item.source, "reason": item.reason} for item in header.not_asked],
    }


def summary_blocks(summaries: Sequence[Summary], failures: Sequence[Failure]) -> Iterator[Block]:
    """Yield what became of snapshots as text."""
    rows = [
        (
            summary.header.account,
            summary.header.region,
            f"{summary.calls + summary.kept:,}",
            f"{sum(summary.unanswered.values()):,}",
            str(summary.path),
        )
        for summary in summaries
    ]
    rows += [
        (
            failure.target.account or "",
            failure.target.region or "",
            "",
            "",
            f"failed: {failure.error.diagnostics[0].code}",
        )
        for failure in failures
    ]
    yield Table(("account", "Region", "calls", "refused", "file"), rows)
    refused = [
        (f"{summary.header.account}/{summary.header.region}", operation, reason, f"{calls:,}")
        for summary in summaries
        for (operation, reason), calls in sorted(summary.unanswered.items())
    ]
    if refused:
        yield Heading("Refused, so not known", "yellow")
        yield Table(("registry", "operation", "reason", "calls"), refused)
    yield Lines([*_not_asked(summaries)])


def _not_asked(summaries: Sequence[Summary]) -> Iterator[str]:
    """Yield the sources that were not read, once for all registries with the same ones."""
    lines: dict[str, None] = {}
    for summary in summaries:
        names = ", ".join(item.source for item in summary.header.not_asked)
        lines[f"not asked: {names}" if names else "everything was asked"] = None
    yield from lines
