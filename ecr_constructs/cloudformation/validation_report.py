"""What a synthesis with the plugin reported as acknowledged, wherever in the app that was said."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ecr_constructs.cloudformation.acknowledgments import PLUGIN, Acknowledgment
from ecr_constructs.cloudformation.cloud_assembly import MANIFEST
from ecr_constructs.cloudformation.errors import CheckError

_REPORT = "validation-report.json"


def acknowledged_at_synthesis(assembly: Path) -> Mapping[Path | None, Sequence[Acknowledgment]]:
    """Return what was acknowledged by the template it is about; None: those of whole stacks.

    Args:
        assembly: The folder of the app's cloud assembly, not that of a stage in it. Any other
            folder has no report.

    Raises:
        CheckError: The report is no JSON.
    """
    found: dict[Path | None, list[Acknowledgment]] = defaultdict(list)
    report = assembly / _REPORT
    if not report.is_file() or not (assembly / MANIFEST).is_file():
        return found
    try:
        content = json.loads(report.read_text(encoding="utf-8"))
    except ValueError:
        msg = f"{report} is no JSON; synthesize again"
        raise CheckError(msg) from None
    for template, each in _read(content):
        found[(assembly / template).resolve() if template else None].append(each)
    return found


def _read(content: Any) -> Iterator[tuple[str | None, Acknowledgment]]:
    for rule, reason, construct in _suppressed(content):
        match construct:
            case {
                "constructPath": str(path),
                "cloudFormationResource": {"templatePath": str(template), "logicalId": str(name)},
            }:
                yield template, Acknowledgment(rule, reason, path, PLUGIN, frozenset({name}))
            case {"constructPath": str(path)}:
                yield None, Acknowledgment(rule, reason, path, PLUGIN)


def _suppressed(content: Any) -> Iterator[tuple[str, str, Any]]:
    """Yield rule, reason and construct; other plugins and versions of CDK say other things."""
    for report in _listed(content, "pluginReports"):
        ours = isinstance(report, Mapping) and report.get("pluginName") == PLUGIN
        for violation in _listed(report, "suppressedViolations") if ours else ():
            match violation:
                case {"ruleName": str(rule), "reason": str(reason)}:
                    for construct in _listed(violation, "violatingConstructs"):
                        yield rule, reason.strip(), construct


def _listed(value: Any, name: str) -> Sequence[Any]:
    found = value.get(name) if isinstance(value, Mapping) else None
    return found if isinstance(found, list) else ()
