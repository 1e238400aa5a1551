"""A review as text, JSON, and as annotations of GitHub Actions."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from ecr_constructs.model.diagnostics import Severity, pluralize
from ecr_constructs.report.document import Block, Heading, Lines
from ecr_constructs.report.github import Command, workflow_command
from ecr_constructs.report.markdown_escape import visible
from ecr_constructs.review.change import KINDS, SEVERITIES
from ecr_constructs.review.phrases import strip_tokens

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

    from ecr_constructs.review import Change, Kind, Review

_COLOURS: dict[Severity, Literal["red", "yellow", "cyan"]] = {
    Severity.ERROR: "red",
    Severity.WARNING: "yellow",
    Severity.NOTE: "cyan",
}
_COMMANDS: dict[Severity, Command] = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.NOTE: "notice",
}


NO_CHANGE = "No change."


def titled(kind: Kind) -> str:
    """Return a kind as a title: ``Access widened``."""
    return kind.replace("-", " ").capitalize()


def sums(review: Review) -> str:
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
        yield Lines([NO_CHANGE])
        return
    for severity in SEVERITIES:
        changes = [change for change in review.changes if change.severity == severity]
        if changes:
            yield Heading(pluralize(len(changes), severity), _COLOURS[severity])
            yield Lines([line for change in changes for line in _lines(change)])
    yield Lines([sums(review)])


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
            _COMMANDS[change.severity],
            "\n".join((change.summary, *change.details)),
            title=f"{titled(change.kind)}: {change.repository or change.resource or change.stack}",
        )
        for change in review.changes
    ]
    end = sums(review) if review.changes else NO_CHANGE
    return "\n".join([*lines, end]) + "\n"
