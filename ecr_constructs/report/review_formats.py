"""A review as text, JSON, and as annotations of GitHub Actions."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.report.document import Block, Heading, Lines
from ecr_constructs.report.github import Command, workflow_command
from ecr_constructs.report.markdown_escape import visible
from ecr_constructs.report.review_sums import NO_CHANGE, found, sums, titled
from ecr_constructs.review.change import KINDS, SEVERITIES
from ecr_constructs.review.phrases import pluralize, strip_tokens

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Literal

    from ecr_constructs.review import Change, Review

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


def blocks(review: Review) -> Iterator[Block]:
    """Yield the changes of each severity, with what they mean."""
    if not review.changes:
        yield Lines([NO_CHANGE])
        return
    for severity in SEVERITIES:
        changes = [each for each in review.changes if each.severity == severity]
        if changes:
            yield Heading(pluralize(len(changes), severity), _COLOURS[severity])
            yield Lines([line for each in changes for line in _lines(each)])
    yield Lines([f"{sums(review)}. {found(review)}"])


def _lines(change: Change) -> Iterator[str]:
    yield visible(change.summary)
    yield from (f"    {visible(each)}" for each in change.details)
    yield f"    [{change.kind}] {visible(' '.join(change.place)).rstrip()}"


def to_json(review: Review) -> dict[str, Any]:
    """Return the changes for machines; docs/guides/review.md describes the keys."""
    kinds = Counter(each.kind for each in review.changes)
    severities = Counter(each.severity for each in review.changes)
    counts = review.findings
    return {
        "changes": list(map(_to_json, review.changes)),
        "summary": {
            "severities": {each: severities[each] for each in SEVERITIES},
            "kinds": {each: kinds[each] for each in KINDS},
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
    """Return commands that make GitHub Actions say each change at the run, and the sum."""
    lines = [
        workflow_command(
            _COMMANDS[each.severity],
            "\n".join((each.summary, *each.details)),
            title=f"{titled(each.kind)}: {each.repository or each.resource or each.stack}",
        )
        for each in review.changes
    ]
    end = f"{sums(review)}. {found(review)}" if review.changes else NO_CHANGE
    return "\n".join([*lines, end]) + "\n"
