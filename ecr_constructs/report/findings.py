"""Findings as text, JSON, Markdown, SARIF, and for GitHub Actions and GitLab.

A suppressed finding is listed after the others, with its reason in place of the remedy.
"""

from __future__ import annotations

import json
from collections import Counter
from hashlib import sha256
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import ecr_constructs
from ecr_constructs.checks.rules import RULES
from ecr_constructs.model.diagnostics import pluralize
from ecr_constructs.report.document import Lines, Table, markdown
from ecr_constructs.report.escaping import workflow_command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ecr_constructs.checks.finding import Finding, Report
    from ecr_constructs.checks.rule import Rule
    from ecr_constructs.report.escaping import Command

_NO_REASON = "no reason given"


def _entries(report: Report) -> Iterator[tuple[str, Finding, str]]:
    """Yield each finding after its status, and before its remedy or the reason to suppress it."""
    for finding in report.findings:
        yield finding.severity, finding, finding.remedy
    for suppressed in report.suppressed:
        yield "suppressed", suppressed.finding, suppressed.reason or _NO_REASON


def _file(finding: Finding) -> str:
    return finding.file or finding.template


def _place(finding: Finding) -> str:
    return _file(finding) if finding.line is None else f"{_file(finding)}:{finding.line}"


def _path(finding: Finding) -> str:
    """Return the resource and the path in it, if any."""
    return ".".join(filter(None, (finding.resource, finding.where)))


def _sum(report: Report, templates: int) -> str:
    counts = Counter(str(finding.severity) for finding in report.findings)
    parts = [pluralize(counts["error"], "error"), pluralize(counts["warning"], "warning")]
    if report.suppressed:
        parts.append(f"{len(report.suppressed):,} suppressed")
    return f"{', '.join(parts)} in {pluralize(templates, 'template')}."


def text(report: Report, templates: int) -> str:
    """Return a line for each finding, one for its remedy, and the counts."""
    lines = []
    for status, finding, more in _entries(report):
        about = ": ".join(filter(None, (finding.rule, _path(finding), finding.message)))
        lines += [f"{_place(finding)}: {status} {about}", f"    {more}"]
    return "\n".join([*lines, *([""] if lines else []), _sum(report, templates)]) + "\n"


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
    rows = [
        (
            status,
            finding.rule,
            f"{_place(finding)} {finding.resource}".strip(),
            f"{finding.message}. {more}",
        )
        for status, finding, more in _entries(report)
    ]
    table = [Table(("severity", "rule", "where", "finding"), rows)] if rows else []
    return markdown([*table, Lines([_sum(report, templates)])])


_COMMANDS: Mapping[str, Command] = {"error": "error", "suppressed": "notice"}


def to_github(report: Report, templates: int) -> str:
    """Return workflow commands that annotate the lines in GitHub Actions."""
    lines = [
        workflow_command(
            _COMMANDS.get(status, "warning"),
            f"{finding.message}. {'Suppressed: ' if status == 'suppressed' else ''}{more}",
            file=_file(finding),
            line=str(finding.line or 1),
            title=f"{finding.rule} {finding.resource}".strip(),
        )
        for status, finding, more in _entries(report)
    ]
    return "\n".join([*lines, _sum(report, templates)]) + "\n"


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
                "location": {"path": _file(finding), "lines": {"begin": finding.line or 1}},
            }
        )
    return json.dumps(issues, indent=2) + "\n"


_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)


def to_sarif(report: Report, _: int) -> str:
    """Return a SARIF 2.1.0 log with one run, all rules, and what was suppressed marked so.

    https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
    """
    results = [_result(finding) for finding in report.findings]
    for suppressed in report.suppressed:
        why = {"kind": "inSource", "justification": suppressed.reason or _NO_REASON}
        results.append({**_result(suppressed.finding), "suppressions": [why]})
    driver = {"name": "ecr-constructs", **_version(), "rules": list(map(_rule, RULES.values()))}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    log = {"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2) + "\n"


def _version() -> dict[str, str]:
    """Return the version, unless this runs from a checkout that is not installed."""
    version = ecr_constructs.__version__
    return {} if version == "unknown" else {"version": version}


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "shortDescription": {"text": f"{rule.summary}."},
        "fullDescription": {"text": rule.why},
        "help": {"text": rule.remedy},
        "helpUri": rule.source,
        "defaultConfiguration": {"level": rule.severity},
        "properties": {"tags": list(rule.controls)},
    }


def _result(finding: Finding) -> dict[str, Any]:
    return {
        "ruleId": finding.rule,
        "ruleIndex": list(RULES).index(finding.rule),
        "level": finding.severity,
        "message": {"text": f"{finding.message}. {finding.remedy}"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": _uri(_file(finding))},
                    "region": {"startLine": finding.line or 1},
                },
                "logicalLocations": [{"fullyQualifiedName": _path(finding) or finding.template}],
            }
        ],
    }


def _uri(file: str) -> str:
    path = PurePath(file)
    return Path(file).as_uri() if path.is_absolute() else quote(path.as_posix())


FORMATS: Mapping[str, Callable[[Report, int], str]] = {
    "text": text,
    "json": to_json,
    "github": to_github,
    "markdown": to_markdown,
    "sarif": to_sarif,
    "gitlab": to_gitlab,
}
