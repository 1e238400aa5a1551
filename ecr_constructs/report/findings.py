"""Findings as text, JSON, Markdown, SARIF, and for GitHub Actions and GitLab.

A suppressed finding is listed after the others, with its reason in place of the remedy. What was
not read is listed too, since nothing is known about it; findings of the baseline are counted.
"""

from __future__ import annotations

import json
from collections import Counter
from functools import cache
from hashlib import sha256
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import ecr_constructs
from ecr_constructs.checks.rules import RULES
from ecr_constructs.cloudformation.template import dotted
from ecr_constructs.model.diagnostics import pluralize
from ecr_constructs.model.printable import printable
from ecr_constructs.report.document import Lines, Table, markdown
from ecr_constructs.report.escaping import workflow_command

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping

    from ecr_constructs.checks.finding import Finding, Report, StaleEntry
    from ecr_constructs.checks.rule import Rule
    from ecr_constructs.cloudformation.unread import Unread
    from ecr_constructs.report.escaping import Command

_NO_REASON = "no reason given"


def _entries(report: Report) -> Iterator[tuple[str, Finding, str]]:
    """Yield each finding after its status, and before its remedy or the reason to suppress it."""
    for finding in report.findings:
        yield finding.severity, finding, finding.remedy
    for suppressed in report.suppressed:
        yield "suppressed", suppressed.finding, suppressed.reason or _NO_REASON


def _file(finding: Finding) -> str:
    """Return the file that the user edits: of a CDK app, its source if that is known."""
    return finding.source.file if finding.source else finding.file or finding.template


def _line(finding: Finding) -> int | None:
    return finding.source.line if finding.source else finding.line


def _place(finding: Finding) -> str:
    line = _line(finding)
    return _file(finding) if line is None else f"{_file(finding)}:{line}"


def _path(finding: Finding) -> str:
    """Return the resource and the path in it, if any."""
    return ".".join(filter(None, (finding.resource, finding.where)))


def _unread_place(item: Unread) -> str:
    return item.template if item.line is None else f"{item.template}:{item.line}"


def _unread_text(item: Unread) -> str:
    """Return what was not read, with its resource and path."""
    place = ".".join(filter(None, (item.resource, dotted(item.path))))
    return ": ".join(filter(None, (place, item.message)))


def _stale_text(entry: StaleEntry) -> str:
    place = ".".join(filter(None, (entry.resource, entry.path)))
    where = " in ".join(filter(None, (place, entry.template)))
    return (
        f"{entry.rule}: {where} is in the baseline, and has no such finding; "
        f"refresh it with --write-baseline {entry.baseline}"
    )


def _sum(report: Report, templates: int) -> str:
    counts = Counter(str(finding.severity) for finding in report.findings)
    parts = [pluralize(counts["error"], "error"), pluralize(counts["warning"], "warning")]
    if counts["note"]:
        parts.append(pluralize(counts["note"], "note"))
    for items, state in (
        (report.suppressed, "suppressed"),
        (report.baselined, "in the baseline"),
        (report.unread, "not read"),
    ):
        if items:
            parts.append(f"{len(items):,} {state}")
    return f"{', '.join(parts)} in {pluralize(templates, 'template')}."


def text(report: Report, templates: int) -> str:
    """Return a line for each finding, one for its remedy, and the counts."""
    lines = []
    for status, finding, more in _entries(report):
        about = ": ".join(filter(None, (finding.rule, _path(finding), finding.message)))
        lines += [f"{_place(finding)}: {status} {about}", f"    {more}"]
    for item in report.unread:
        lines.append(f"{_unread_place(item)}: not read {item.code}: {_unread_text(item)}")
    lines += [f"{entry.baseline}: stale {_stale_text(entry)}" for entry in report.stale]
    shown = [*map(printable, lines), *([""] if lines else []), _sum(report, templates)]
    return "\n".join(shown) + "\n"


def to_json(report: Report, _: int) -> str:
    """Return the findings as JSON; docs/guides/checks.md describes the keys."""
    document = {
        "findings": list(map(_to_json, report.findings)),
        "suppressed": [
            {
                **_to_json(suppressed.finding),
                "reason": suppressed.reason,
                "origin": suppressed.origin,
            }
            for suppressed in report.suppressed
        ],
        "notRead": [
            {
                "code": item.code,
                "template": item.template,
                "resource": item.resource,
                "path": dotted(item.path),
                "line": item.line,
                "message": item.message,
            }
            for item in report.unread
        ],
        "baseline": {
            "accepted": list(map(_to_json, report.baselined)),
            "stale": [
                {
                    "rule": entry.rule,
                    "template": entry.template,
                    "resource": entry.resource,
                    "path": entry.path,
                }
                for entry in report.stale
            ],
        },
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
        "source": finding.source and {"file": finding.source.file, "line": finding.source.line},
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
    rows += [
        ("not read", item.code, _unread_place(item), _unread_text(item)) for item in report.unread
    ]
    table = [Table(("severity", "rule", "where", "finding"), rows)] if rows else []
    stale = [f"Stale: {_stale_text(entry)}." for entry in report.stale]
    return markdown([*table, Lines([*stale, _sum(report, templates)])])


_COMMANDS: Mapping[str, Command] = {"error": "error", "suppressed": "notice", "note": "notice"}


def to_github(report: Report, templates: int) -> str:
    """Return workflow commands that annotate the lines in GitHub Actions."""
    lines = [
        workflow_command(
            _COMMANDS.get(status, "warning"),
            f"{finding.message}. {'Suppressed: ' if status == 'suppressed' else ''}{more}",
            file=_file(finding),
            line=str(_line(finding) or 1),
            title=f"{finding.rule} {finding.resource}".strip(),
        )
        for status, finding, more in _entries(report)
    ]
    lines += [
        workflow_command(
            "notice",
            f"Not read: {item.message}.",
            file=item.template,
            line=str(item.line or 1),
            title=f"{item.code} {item.resource}".strip(),
        )
        for item in report.unread
    ]
    lines += [
        workflow_command("notice", f"{_stale_text(entry)}.", file=entry.baseline, title="stale")
        for entry in report.stale
    ]
    return "\n".join([*lines, _sum(report, templates)]) + "\n"


_GITLAB_SEVERITIES = {"error": "critical", "warning": "minor"}


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
                "severity": _GITLAB_SEVERITIES.get(finding.severity, "info"),
                "location": {"path": _file(finding), "lines": {"begin": _line(finding) or 1}},
            }
        )
    for item in report.unread:
        key = json.dumps([item.code, item.template, item.resource, dotted(item.path)])
        issues.append(
            {
                "description": f"Not read: {_unread_text(item)}.",
                "check_name": item.code,
                "fingerprint": sha256(key.encode()).hexdigest(),
                "severity": "info",
                "location": {"path": item.template, "lines": {"begin": item.line or 1}},
            }
        )
    return json.dumps(issues, indent=2) + "\n"


SARIF_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
"""The schema of SARIF logs."""


def to_sarif(report: Report, _: int) -> str:
    """Return a SARIF 2.1.0 log with one run, all rules, and what was suppressed marked so.

    What was not read is a notification of the invocation, which is not a result.
    https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
    """
    results = [_result(finding) for finding in report.findings]
    for suppressed in report.suppressed:
        kind = "inSource" if suppressed.origin == "template" else "external"
        why = {"kind": kind, "justification": suppressed.reason or _NO_REASON}
        results.append({**_result(suppressed.finding), "suppressions": [why]})
    for finding in report.baselined:
        why = {"kind": "external", "justification": "in the baseline"}
        results.append({**_result(finding), "suppressions": [why]})
    others = sorted({finding.rule for finding in report.findings if finding.rule not in RULES})
    rules = [*map(sarif_rule, RULES.values()), *({"id": code} for code in others)]
    driver = {"name": "ecr-constructs", **sarif_version(), "rules": rules}
    run = {"tool": {"driver": driver}, "columnKind": "unicodeCodePoints", "results": results}
    if report.unread:
        notifications = list(map(_notification, report.unread))
        run["invocations"] = [
            {"executionSuccessful": True, "toolExecutionNotifications": notifications}
        ]
    log = {"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(log, indent=2) + "\n"


def sarif_version() -> dict[str, str]:
    """Return the version, unless this runs from a checkout that is not installed."""
    version = ecr_constructs.__version__
    return {} if version == "unknown" else {"version": version}


def sarif_rule(rule: Rule) -> dict[str, Any]:
    """Return a rule of the checks as SARIF describes it."""
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
    name = _path(finding) or finding.template
    location = {
        **_physical(_file(finding), _line(finding)),
        "logicalLocations": [{"fullyQualifiedName": name}],
    }
    result = {
        "ruleId": finding.rule,
        **_index(finding.rule),
        "level": finding.severity,
        "message": {"text": f"{finding.message}. {finding.remedy}"},
        "locations": [location],
    }
    if finding.source:
        template = _physical(finding.file or finding.template, finding.line)
        text = {"text": "The resource in the template."}
        result["relatedLocations"] = [{"id": 1, **template, "message": text}]
    return result


@cache
def _index(rule: str) -> dict[str, int]:
    """Return the place of a rule of the checks; an error of an environment file has none."""
    return {"ruleIndex": list(RULES).index(rule)} if rule in RULES else {}


def _physical(file: str, line: int | None) -> dict[str, Any]:
    return {
        "physicalLocation": {
            "artifactLocation": {"uri": sarif_uri(file)},
            "region": {"startLine": line or 1},
        }
    }


def _notification(item: Unread) -> dict[str, Any]:
    return {
        "descriptor": {"id": item.code},
        "level": "warning",
        "message": {"text": f"Not read: {_unread_text(item)}."},
        "locations": [_physical(item.template, item.line)],
    }


def sarif_uri(file: str) -> str:
    """Return the path of a file as the URI of an artifact."""
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
