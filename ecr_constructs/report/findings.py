"""Findings as text, JSON, Markdown, and as annotations of GitHub Actions."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from ecr_constructs.report.document import Lines, Table
from ecr_constructs.report.github import workflow_command
from ecr_constructs.report.text import markdown

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ecr_constructs.checks.finding import Finding, Report
    from ecr_constructs.report.github import Command


def text(report: Report, templates: int) -> str:
    """Return a line for each finding, one for its remedy, and the sum."""
    return "\n".join(_lines(report, templates)) + "\n"


def _lines(report: Report, templates: int) -> Iterator[str]:
    for each in report.findings:
        yield f"{_place(each)}: {each.severity} {each.rule}: {_subject(each)}{each.message}"
        yield f"    {each.remedy}"
    for known in report.suppressed:
        finding = known.finding
        said = f"suppressed {finding.rule}: {_subject(finding)}{finding.message}"
        yield f"{_place(finding)}: {said}"
        yield f"    {known.reason or 'no reason given'}"
    if report.findings or report.suppressed:
        yield ""
    yield _sum(report, templates)


def _place(finding: Finding) -> str:
    file = finding.file or finding.template
    return file if finding.line is None else f"{file}:{finding.line}"


def _subject(finding: Finding) -> str:
    place = ".".join(filter(None, (finding.resource, finding.where)))
    return f"{place}: " if place else ""


def _sum(report: Report, templates: int) -> str:
    counts = Counter(each.severity for each in report.findings)
    said = [_number(counts["error"], "error"), _number(counts["warning"], "warning")]
    if report.suppressed:
        said.append(f"{len(report.suppressed):,} suppressed")
    return f"{', '.join(said)} in {_number(templates, 'template')}."


def _number(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def to_json(report: Report, _: int) -> str:
    """Return the findings for machines; docs/guides/checks.md describes the keys."""
    document = {
        "findings": list(map(_to_json, report.findings)),
        "suppressed": [
            {**_to_json(each.finding), "reason": each.reason} for each in report.suppressed
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
    rows = [_row(each.severity, each, each.remedy) for each in report.findings]
    rows += [
        _row("suppressed", each.finding, each.reason or "no reason given")
        for each in report.suppressed
    ]
    table = [Table(("severity", "rule", "where", "finding"), rows)] if rows else []
    return markdown([*table, Lines([_sum(report, templates)])])


def _row(word: str, finding: Finding, more: str) -> tuple[str, ...]:
    where = f"{_place(finding)} {finding.resource}".strip()
    return word, finding.rule, where, f"{finding.message}. {more}"


def to_github(report: Report, templates: int) -> str:
    """Return commands that make GitHub Actions mark the lines."""
    lines = [
        _annotation(each.severity, each, f"{each.message}. {each.remedy}")
        for each in report.findings
    ]
    lines += [
        _annotation(
            "notice",
            each.finding,
            f"{each.finding.message}. Suppressed: {each.reason or 'no reason given'}",
        )
        for each in report.suppressed
    ]
    return "\n".join([*lines, _sum(report, templates)]) + "\n"


def _annotation(command: Command, finding: Finding, message: str) -> str:
    return workflow_command(
        command,
        message,
        file=finding.file or finding.template,
        line=str(finding.line or 1),
        title=f"{finding.rule} {finding.resource}".strip(),
    )


FORMATS: Mapping[str, Callable[[Report, int], str]] = {
    "text": text,
    "json": to_json,
    "github": to_github,
    "markdown": to_markdown,
}
