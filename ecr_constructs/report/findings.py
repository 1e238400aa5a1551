"""Findings as text, JSON, Markdown, SARIF, and for GitHub Actions and GitLab."""

from __future__ import annotations

import json
from collections import Counter
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from ecr_constructs.model.diagnostics import pluralize
from ecr_constructs.report.document import Lines, Table
from ecr_constructs.report.github import workflow_command
from ecr_constructs.report.sarif import sarif
from ecr_constructs.report.text import markdown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ecr_constructs.checks.finding import Finding, Report
    from ecr_constructs.report.github import Command


def text(report: Report, templates: int) -> str:
    """Return a line for each finding, one for its remedy, and the counts."""
    return "\n".join(_lines(report, templates)) + "\n"


def _lines(report: Report, templates: int) -> Iterator[str]:
    for finding in report.findings:
        yield _line(finding, finding.severity)
        yield f"    {finding.remedy}"
    for suppressed in report.suppressed:
        yield _line(suppressed.finding, "suppressed")
        yield f"    {suppressed.reason or 'no reason given'}"
    if report.findings or report.suppressed:
        yield ""
    yield _sum(report, templates)


def _line(finding: Finding, status: str) -> str:
    return f"{_place(finding)}: {status} {finding.rule}: {_subject(finding)}{finding.message}"


def _place(finding: Finding) -> str:
    file = finding.file or finding.template
    return file if finding.line is None else f"{file}:{finding.line}"


def _subject(finding: Finding) -> str:
    place = ".".join(filter(None, (finding.resource, finding.where)))
    return f"{place}: " if place else ""


def _sum(report: Report, templates: int) -> str:
    counts = Counter(str(finding.severity) for finding in report.findings)
    parts = [pluralize(counts["error"], "error"), pluralize(counts["warning"], "warning")]
    if report.suppressed:
        parts.append(f"{len(report.suppressed):,} suppressed")
    return f"{', '.join(parts)} in {pluralize(templates, 'template')}."


def to_json(report: Report, _: int) -> str:
    """Return the findings as JSON; docs/guides/checks.md describes the keys."""
    document = {
        "findings": list(map(_to_json, report.findings)),
        "suppressed": [
            {**_to_json(suppressed.finding), "reason": suppressed.reason}
            for suppressed in report.suppressed
        ],
    }
    return json.dumps(document, indent=2) + "\n"


def _to_json(finding: Finding) -> dict[str, Any]:
    return {
        "rule": finding.rule,
        "severity": finding.severity,
        "template": finding.template,
        "resource": finding.resource,
        "path": finding.where,
        "line": finding.line,
        "message": finding.message,
        "remedy": finding.remedy,
        "controls": list(finding.controls),
    }


def to_markdown(report: Report, templates: int) -> str:
    """Return a table, for a comment on a pull request."""
    rows = [_row(finding.severity, finding, finding.remedy) for finding in report.findings]
    rows += [
        _row("suppressed", suppressed.finding, suppressed.reason or "no reason given")
        for suppressed in report.suppressed
    ]
    table = [Table(("severity", "rule", "where", "finding"), rows)] if rows else []
    return markdown([*table, Lines([_sum(report, templates)])])


def _row(status: str, finding: Finding, more: str) -> tuple[str, ...]:
    place = f"{_place(finding)} {finding.resource}".strip()
    return status, finding.rule, place, f"{finding.message}. {more}"


def to_github(report: Report, templates: int) -> str:
    """Return workflow commands that annotate the lines in GitHub Actions."""
    lines = [_annotation(_command(finding), finding, finding.remedy) for finding in report.findings]
    lines += [
        _annotation(
            "notice",
            suppressed.finding,
            f"Suppressed: {suppressed.reason or 'no reason given'}",
        )
        for suppressed in report.suppressed
    ]
    return "\n".join([*lines, _sum(report, templates)]) + "\n"


def _command(finding: Finding) -> Command:
    return "error" if finding.severity == "error" else "warning"


def _annotation(command: Command, finding: Finding, more: str) -> str:
    return workflow_command(
        command,
        f"{finding.message}. {more}",
        file=finding.file or finding.template,
        line=str(finding.line or 1),
        title=f"{finding.rule} {finding.resource}".strip(),
    )


def to_gitlab(report: Report, _: int) -> str:
    """Return a Code Quality report, of which GitLab shows what is new in a merge request.

    https://docs.gitlab.com/ci/testing/code_quality/#code-quality-report-format
    """
    seen: Counter[tuple[str, ...]] = Counter()
    issues = []
    for finding in report.findings:
        # Neither the line nor the words: GitLab would show an old finding as a new one.
        identity = (finding.rule, finding.template, finding.resource, finding.where)
        seen[identity] += 1
        key = json.dumps([*identity, seen[identity]])
        issues.append(
            {
                "description": f"{finding.message}. {finding.remedy}",
                "check_name": finding.rule,
                "fingerprint": sha256(key.encode()).hexdigest(),
                "severity": "critical" if finding.severity == "error" else "minor",
                "location": {
                    "path": finding.file or finding.template,
                    "lines": {"begin": finding.line or 1},
                },
            }
        )
    return json.dumps(issues, indent=2) + "\n"


FORMATS: Mapping[str, Callable[[Report, int], str]] = {
    "text": text,
    "json": to_json,
    "github": to_github,
    "markdown": to_markdown,
    "sarif": sarif,
    "gitlab": to_gitlab,
}
