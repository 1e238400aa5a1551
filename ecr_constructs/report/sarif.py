"""Findings as SARIF 2.1.0, which code hosts and editors show next to the code.

https://docs.oasis-open.org/sarif/sarif/v2.1.0/sarif-v2.1.0.html
"""

from __future__ import annotations

import json
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import ecr_constructs
from ecr_constructs.checks.rules import RULES

if TYPE_CHECKING:
    from ecr_constructs.checks.finding import Finding, Report
    from ecr_constructs.checks.rule import Rule

_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)


def sarif(report: Report, _: int) -> str:
    """Return a log with one run, all rules, and what was suppressed marked so."""
    suppressed = [
        {
            **_result(suppression.finding),
            "suppressions": [
                {"kind": "inSource", "justification": suppression.reason or "no reason given"}
            ],
        }
        for suppression in report.suppressed
    ]
    driver = {
        "name": "ecr-constructs",
        **_version(),
        "rules": list(map(_rule, RULES.values())),
    }
    run = {
        "tool": {"driver": driver},
        "columnKind": "unicodeCodePoints",
        "results": [*map(_result, report.findings), *suppressed],
    }
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
    place = ".".join(filter(None, (finding.resource, finding.where)))
    return {
        "ruleId": finding.rule,
        "ruleIndex": list(RULES).index(finding.rule),
        "level": finding.severity,
        "message": {"text": f"{finding.message}. {finding.remedy}"},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": _uri(finding.file or finding.template)},
                    "region": {"startLine": finding.line or 1},
                },
                "logicalLocations": [{"fullyQualifiedName": place or finding.template}],
            }
        ],
    }


def _uri(file: str) -> str:
    path = PurePath(file)
    return Path(file).as_uri() if path.is_absolute() else quote(path.as_posix())
