"""A review as text, JSON, annotations of GitHub Actions, and a comment on a pull request."""

from __future__ import annotations

import json
from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

from ecr_constructs.model.diagnostics import Severity, pluralize
from ecr_constructs.report.document import Block, Colour, Heading, Lines
from ecr_constructs.report.escaping import Command, code, cut, inline, visible, workflow_command
from ecr_constructs.report.mermaid import graph
from ecr_constructs.review.change import KINDS, SEVERITIES
from ecr_constructs.review.phrases import join_names, strip_tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ecr_constructs.review import Change, Kind, Review

_NO_CHANGE = "No change."


class _Style(NamedTuple):
    """How a severity is shown on a terminal and in GitHub Actions."""

    colour: Colour
    command: Command


_STYLES = {
    Severity.ERROR: _Style("red", "error"),
    Severity.WARNING: _Style("yellow", "warning"),
    Severity.NOTE: _Style("cyan", "notice"),
}


def _titled(kind: Kind) -> str:
    """Return a kind as a title: ``Access widened``."""
    return kind.replace("-", " ").capitalize()


def _sums(review: Review) -> str:
    """Return how many changes and findings there are: ``1 error, 0 warnings, 12 notes. …``."""
    severities = Counter(change.severity for change in review.changes)
    counts = review.findings
    return (
        f"{', '.join(pluralize(severities[name], name) for name in SEVERITIES)}. "
        f"Findings of check: {counts.new:,} new, {counts.known:,} known, {counts.gone:,} gone."
    )


def blocks(review: Review) -> Iterator[Block]:
    """Yield the changes of each severity, with what they mean."""
    if not review.changes:
        yield Lines([_NO_CHANGE])
        return
    for severity in SEVERITIES:
        changes = [change for change in review.changes if change.severity == severity]
        if changes:
            yield Heading(pluralize(len(changes), severity), _STYLES[severity].colour)
            yield Lines([line for change in changes for line in _lines(change)])
    yield Lines([_sums(review)])


def _lines(change: Change) -> Iterator[str]:
    yield visible(change.summary)
    yield from (f"    {visible(detail)}" for detail in change.details)
    yield f"    [{change.kind}] {visible(' '.join(change.place)).rstrip()}"


def to_json(review: Review) -> dict[str, Any]:
    """Return the changes as JSON; docs/guides/review.md describes the keys."""
    kinds = Counter(change.kind for change in review.changes)
    severities = Counter(change.severity for change in review.changes)
    counts = review.findings
    return {
        "changes": list(map(_to_json, review.changes)),
        "summary": {
            "severities": {name: severities[name] for name in SEVERITIES},
            "kinds": {name: kinds[name] for name in KINDS},
            "findings": {"new": counts.new, "known": counts.known, "gone": counts.gone},
        },
    }


def _to_json(change: Change) -> dict[str, Any]:
    return {
        "kind": change.kind,
        "severity": change.severity,
        "stack": change.stack,
        "resource": change.resource,
        "repository": change.repository,
        "summary": change.summary,
        "before": _value(change.before),
        "after": _value(change.after),
        "details": list(change.details),
        "properties": list(change.properties),
    }


def _value(value: Any) -> Any:
    return json.loads(strip_tokens(json.dumps(value)))


def to_github(review: Review) -> str:
    """Return workflow commands that annotate a run of GitHub Actions, and the counts."""
    lines = [
        workflow_command(
            _STYLES[change.severity].command,
            "\n".join((change.summary, *change.details)),
            title=f"{_titled(change.kind)}: {change.repository or change.resource or change.stack}",
        )
        for change in review.changes
    ]
    end = _sums(review) if review.changes else _NO_CHANGE
    return "\n".join([*lines, end]) + "\n"


MARKER = "<!-- ecr-constructs review -->"
"""The first line, by which an earlier comment is found."""

# GitHub accepts 65,536 characters; this leaves room for a longer marker.
_LIMIT = 65_000
# For the line about what is left out, and for the titles of the sections.
_RESERVE = 2_000
_LINES = 3
_LINE = 200
_DETAILS, _DETAIL = 20, 1_000


def to_markdown(review: Review) -> str:
    """Return the comment: what matters in three lines, then everything, worst first."""
    if not review.changes:
        return f"{MARKER}\n{_NO_CHANGE}\n"
    groups: dict[Kind, list[Change]] = {}
    for change in review.changes:
        groups.setdefault(change.kind, []).append(change)
    top = "\n".join(_top(kind, group) for kind, group in islice(groups.items(), _LINES))
    drawn = _graph(review)
    items = list(_fitting(review.changes, _LIMIT - _RESERVE - len(top) - len(drawn)))
    sections, left = _sections(review.changes, items), review.changes[len(items) :]
    parts = [top, _sums(review), *_left_out(left, review.changes), sections, drawn]
    return "\n\n".join(filter(None, [f"{MARKER}\n{parts[0]}", *parts[1:]])) + "\n"


def _top(kind: Kind, group: Sequence[Change]) -> str:
    """Return one of the lines that sum up the review."""
    worst, *rest = group
    more = f", and {len(rest):,} more" if rest else ""
    # The title already names the kind.
    sentence = worst.summary.replace(f" is {kind}", "", 1)
    room = _LINE - len(_titled(kind)) - len(more)
    return f"- **{_titled(kind)}**: {inline(cut(visible(sentence), room), worst.repository)}{more}"


def _item(change: Change) -> str:
    place = ", ".join(code(name) for name in change.place if name)
    sentence = inline(cut(visible(change.summary), _DETAIL), change.repository)
    details = list(filter(None, map(visible, change.details)))
    lines = [inline(cut(visible(detail), _DETAIL)) for detail in details[:_DETAILS]]
    if len(details) > _DETAILS:
        lines.append(f"and {len(details) - _DETAILS:,} more")
    title = f"- **{change.severity}**: {sentence} ({place})"
    return "\n".join([title, *(f"  - {line}" for line in lines)])


def _fitting(changes: Sequence[Change], room: int) -> Iterator[str]:
    """Yield the items of the worst changes, as long as there is room."""
    for change in changes:
        item = _item(change)
        room -= len(item) + 1
        if room < 0:
            return
        yield item


def _sections(changes: Sequence[Change], items: Sequence[str]) -> str:
    """Return a section for each kind, collapsed."""
    counts = Counter(change.kind for change in changes)
    sections: dict[Kind, list[str]] = {}
    for change, item in zip(changes, items, strict=False):
        sections.setdefault(change.kind, []).append(item)
    return "\n\n".join(
        _folded(f"{_titled(kind)}: {counts[kind]:,}", "\n".join(lines))
        for kind, lines in sections.items()
    )


def _folded(title: str, body: str, *, opened: bool = False) -> str:
    tag = "<details open>" if opened else "<details>"
    return f"{tag}\n<summary>{title}</summary>\n\n{body}\n\n</details>"


def _left_out(left: Sequence[Change], changes: Sequence[Change]) -> Iterator[str]:
    """Yield what is not in the comment, if anything."""
    omitted, total = (Counter(change.severity for change in part) for part in (left, changes))
    parts = [
        f"{omitted[name]:,} of {pluralize(total[name], name)}"
        for name in SEVERITIES
        if omitted[name]
    ]
    if parts:
        yield (
            f"Left out, as a comment has its limits: {join_names(parts)}. "
            "Run `ecr-constructs review` for all of them."
        )


def _graph(review: Review) -> str:
    edges = review.replication
    changes = any(edge.state != "kept" for edge in edges)
    return _folded("Replication between registries", graph(edges), opened=changes) if edges else ""
