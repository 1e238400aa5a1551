"""The comparison of templates with live registries as text, Markdown, JSON and SARIF."""

from __future__ import annotations

import json
from collections import Counter
from typing import TYPE_CHECKING, Any

from ecr_constructs.checks.rules import RULES
from ecr_constructs.model.diagnostics import Severity, pluralize
from ecr_constructs.report.document import Block, Colour, Heading, Lines, Table
from ecr_constructs.report.escaping import visible
from ecr_constructs.report.findings import SARIF_SCHEMA, sarif_rule, sarif_uri, sarif_version
from ecr_constructs.review.change import SEVERITIES
from ecr_constructs.review.disclosure import shown
from ecr_constructs.review.phrases import join_names, strip_tokens

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from ecr_constructs.model.not_known import NotKnown
    from ecr_constructs.model.registry_id import RegistryId
    from ecr_constructs.status.model import LiveFinding, SettingStatus, Status

_COLOURS: dict[Severity, Colour] = {
    Severity.ERROR: "red",
    Severity.WARNING: "yellow",
    Severity.NOTE: "cyan",
}


def blocks(status: Status) -> Iterator[Block]:
    """Yield the differences, worst first, what is not known, and the counts."""
    is_one = len(status.registries) == 1
    for severity in SEVERITIES:
        entries = [item for item in status.settings if item.severity == severity]
        if entries:
            yield Heading(pluralize(len(entries), severity), _COLOURS[severity])
            yield Lines([line for item in entries for line in _lines(item, is_one=is_one)])
    if status.findings:
        yield Heading(f"{pluralize(len(status.findings), 'finding')} about what is live")
        yield Lines(
            [line for item in status.findings for line in _finding_lines(item, is_one=is_one)]
        )
    yield from _end(status)


def _row(*cells: str) -> tuple[str, ...]:
    return tuple(map(visible, cells))


def _end(status: Status) -> Iterator[Block]:
    """Yield what is not known, what was read, and the counts."""
    if status.not_known:
        yield Heading(f"Not known: {pluralize(len(status.not_known), 'item')}", "yellow")
        yield Lines(list(_not_known_lines(status.not_known)))
    yield _registries(status)
    yield Lines([_sum(status)])


def markdown_blocks(status: Status) -> Iterator[Block]:
    """Yield the same as tables, for a comment or the summary of a job."""
    is_one = len(status.registries) == 1
    if status.settings:
        yield Heading(pluralize(len(status.settings), "difference"))
        rows = [
            _row(
                item.severity,
                item.setting,
                " ".join((f"{_where(item.registry, is_one=is_one)}{item.summary}.", *item.details)),
                item.deployment.sentence if item.deployment is not None else "",
            )
            for item in status.settings
        ]
        yield Table(("severity", "setting", "difference", "next deployment"), rows)
    if status.findings:
        yield Heading(f"{pluralize(len(status.findings), 'finding')} about what is live")
        rows = [
            _row(
                item.severity,
                item.rule,
                f"{_where(item.registry, is_one=is_one)}{item.subject}: {item.message}",
                item.remedy,
            )
            for item in status.findings
        ]
        yield Table(("severity", "rule", "finding", "remedy"), rows)
    yield from _end(status)


def _lines(item: SettingStatus, *, is_one: bool) -> Iterator[str]:
    yield visible(f"{_where(item.registry, is_one=is_one)}{item.summary}")
    sentences = list(item.details)
    if item.deployment is not None:
        sentences.append(item.deployment.sentence)
    yield from (f"    {visible(sentence)}" for sentence in sentences)
    place = " ".join(filter(None, (item.stack, item.resource)))
    yield f"    [{item.setting}] {visible(place)}".rstrip()


def _finding_lines(item: LiveFinding, *, is_one: bool) -> Iterator[str]:
    where = _where(item.registry, is_one=is_one)
    yield visible(f"{where}{item.subject}: {item.severity} {item.rule}: {item.message}")
    yield f"    {visible(item.remedy)}"


def _where(registry: RegistryId, *, is_one: bool) -> str:
    return "" if is_one else f"{registry}: "


def _not_known_lines(items: Sequence[NotKnown]) -> Iterator[str]:
    """Yield the calls that do not tell; one refusal can concern a thousand repositories."""
    subjects: dict[tuple[str, str, str], list[str]] = {}
    for item in items:
        key = item.source, item.operation, item.reason
        subjects.setdefault(key, []).append(item.subject)
    for (source, operation, reason), names in subjects.items():
        yield visible(f"{join_names(names)}: {source} {operation}: {reason}")


def _registries(status: Status) -> Table:
    rows = [
        (
            str(item.registry),
            f"{item.repositories:,}",
            item.started,
            "complete" if item.is_finished else "interrupted",
        )
        for item in status.registries
    ]
    return Table(("registry", "repositories", "read at", "snapshot"), rows)


def _sum(status: Status) -> str:
    unknown = len(status.unknown)
    not_known = f"; of {unknown:,} it is not known" if unknown else ""
    findings = f" {pluralize(len(status.findings), 'finding')}."
    if not status.has_templates:
        return f"Nothing was compared: there are no templates{not_known}.{findings}"
    if not status.settings:
        equal = f"{pluralize(status.same, 'setting')} as declared"
        return f"{equal}, no difference{not_known}.{findings}"
    differences = pluralize(len(status.settings), "difference")
    return f"{differences}; {pluralize(status.same, 'setting')} as declared{not_known}.{findings}"


def to_json(status: Status) -> dict[str, Any]:
    """Return the comparison as JSON; docs/guides/status.md describes the keys."""
    severities = Counter(item.severity for item in status.settings)
    return {
        "registries": [
            {
                **_registry(item.registry),
                "started": item.started,
                "caller": item.caller,
                "file": _path(item.file),
                "finished": item.is_finished,
                "repositories": item.repositories,
            }
            for item in status.registries
        ],
        "differences": [_setting(item) for item in status.settings],
        "notCompared": [_setting(item) for item in status.unknown],
        "findings": [
            {
                **_registry(item.registry),
                "subject": item.subject,
                "rule": item.rule,
                "severity": item.severity,
                "message": item.message,
                "remedy": item.remedy,
                "path": item.path,
            }
            for item in status.findings
        ],
        "notKnown": [_not_known(item) for item in status.not_known],
        "summary": {
            "compared": status.has_templates,
            "same": status.same,
            "different": len(status.settings),
            "notCompared": len(status.unknown),
            "severities": {name: severities[name] for name in SEVERITIES},
            "findings": len(status.findings),
        },
    }


def _registry(registry: RegistryId) -> dict[str, str]:
    return {"account": registry.account, "region": registry.region}


def _path(path: Path | None) -> str | None:
    return None if path is None else str(path)


def _setting(item: SettingStatus) -> dict[str, Any]:
    deployment, reason = item.deployment, item.reason
    return {
        **_registry(item.registry),
        "subject": item.subject,
        "setting": item.setting,
        "state": item.state,
        "severity": item.severity,
        "summary": item.summary,
        "declared": _value(item.declared),
        "live": _value(item.live),
        "details": list(item.details),
        "deployment": None
        if deployment is None
        else {"winner": deployment.winner, "sentence": deployment.sentence},
        "reason": None if reason is None else _not_known(reason),
        "repository": item.repository,
        "stack": item.stack,
        "resource": item.resource,
        "file": _path(item.file),
        "line": item.line,
    }


def _value(value: Any) -> Any:
    return json.loads(strip_tokens(json.dumps(shown(value))))


def _not_known(item: NotKnown) -> dict[str, str]:
    return {
        "source": item.source,
        "operation": item.operation,
        "subject": item.subject,
        "reason": item.reason,
    }


def to_sarif(status: Status) -> str:
    """Return a SARIF 2.1.0 log: a result for each difference, notifications for the rest.

    https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
    """
    names = sorted({item.setting for item in status.settings})
    settings = [
        {"id": f"status/{name}", "shortDescription": {"text": f"{_words(name)} differs."}}
        for name in names
    ]
    violated = sorted({item.rule for item in status.findings})
    rules = [*settings, *(sarif_rule(RULES[name]) for name in violated if name in RULES)]
    driver = {"name": "ecr-constructs", **sarif_version(), "rules": rules}
    run: dict[str, Any] = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [
            *map(_result, status.settings),
            *(_finding_result(item, status) for item in status.findings),
        ],
    }
    if status.not_known:
        notifications = [
            {
                "descriptor": {"id": "not-known"},
                "level": "warning",
                "message": {"text": f"Not known: {item}."},
            }
            for item in status.not_known
        ]
        run["invocations"] = [
            {"executionSuccessful": True, "toolExecutionNotifications": notifications}
        ]
    return json.dumps({"$schema": SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2) + "\n"


def _words(setting: str) -> str:
    return setting.replace("-", " ").capitalize()


def _result(item: SettingStatus) -> dict[str, Any]:
    sentence = "" if item.deployment is None else item.deployment.sentence
    text = " ".join(filter(None, (f"{item.summary}.", *item.details, sentence)))
    return {
        "ruleId": f"status/{item.setting}",
        "level": item.severity,
        "message": {"text": text},
        "locations": [_location(item.registry, item.subject, item.file, item.line)],
        "partialFingerprints": {
            "setting/v1": f"{item.registry}/{item.subject}/{item.setting}",
        },
    }


def _finding_result(item: LiveFinding, status: Status) -> dict[str, Any]:
    files = {entry.registry: entry.file for entry in status.registries}
    return {
        "ruleId": item.rule,
        "level": item.severity,
        "message": {"text": f"{item.subject}: {item.message}. {item.remedy}"},
        "locations": [_location(item.registry, item.subject, files[item.registry], None)],
    }


def _location(
    registry: RegistryId, subject: str, file: Path | None, line: int | None
) -> dict[str, Any]:
    location: dict[str, Any] = {
        "logicalLocations": [{"fullyQualifiedName": f"{registry}/{subject}"}]
    }
    if file is not None:
        location["physicalLocation"] = {
            "artifactLocation": {"uri": sarif_uri(str(file))},
            "region": {"startLine": line or 1},
        }
    return location
