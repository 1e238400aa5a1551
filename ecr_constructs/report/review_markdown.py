"""A review as a comment on a pull request."""

from __future__ import annotations

from collections import Counter
from itertools import islice
from typing import TYPE_CHECKING

from ecr_constructs.model.diagnostics import pluralize
from ecr_constructs.report.markdown_escape import code, cut, inline, visible
from ecr_constructs.report.mermaid import graph
from ecr_constructs.report.review_formats import NO_CHANGE, sums, titled
from ecr_constructs.review.change import SEVERITIES
from ecr_constructs.review.phrases import join_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ecr_constructs.review import Change, Kind, Review

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
        return f"{MARKER}\n{NO_CHANGE}\n"
    groups: dict[Kind, list[Change]] = {}
    for change in review.changes:
        groups.setdefault(change.kind, []).append(change)
    top = "\n".join(_top(kind, group) for kind, group in islice(groups.items(), _LINES))
    drawn = _graph(review)
    items = list(_fitting(review.changes, _LIMIT - _RESERVE - len(top) - len(drawn)))
    sections, left = _sections(review.changes, items), review.changes[len(items) :]
    parts = [top, sums(review), *_left_out(left, review.changes), sections, drawn]
    return "\n\n".join(filter(None, [f"{MARKER}\n{parts[0]}", *parts[1:]])) + "\n"


def _top(kind: Kind, group: Sequence[Change]) -> str:
    """Return one of the lines that sum up the review."""
    worst, *rest = group
    more = f", and {len(rest):,} more" if rest else ""
    # The title already names the kind.
    sentence = worst.summary.replace(f" is {kind}", "", 1)
    room = _LINE - len(titled(kind)) - len(more)
    return f"- **{titled(kind)}**: {inline(cut(visible(sentence), room), worst.repository)}{more}"


def _item(change: Change) -> str:
    place = ", ".join(code(name) for name in change.place if name)
    sentence = inline(cut(visible(change.summary), _DETAIL), change.repository)
    details = list(filter(None, map(visible, change.details)))
    lines = [inline(cut(detail, _DETAIL)) for detail in details[:_DETAILS]]
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
        _folded(f"{titled(kind)}: {counts[kind]:,}", "\n".join(lines))
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
