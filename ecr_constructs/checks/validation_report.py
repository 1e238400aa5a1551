"""What a synthesis with the plugin reported as acknowledged, wherever in the app that was said."""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from ecr_constructs.checks.acknowledgments import PLUGIN, Acknowledgment
from ecr_constructs.checks.errors import CheckError

_REPORT = "validation-report.json"


def acknowledged_at_synthesis(assembly: Path) -> Mapping[Path | None, Sequence[Acknowledgment]]:
    """Return what was acknowledged by the template it is about; None: those of whole stacks.

    Args:
        assembly: The folder of the app's cloud assembly, not that of a stage in it.

    Raises:
        CheckError: The report cannot be read.
    """
    found: dict[Path | None, list[Acknowledgment]] = defaultdict(list)
    report = assembly / _REPORT
    if report.is_file():
        try:
            content = json.loads(report.read_text(encoding="utf-8"))
        except ValueError:
            msg = f"{report} is no JSON; synthesize again"
            raise CheckError(msg) from None
        for template, each in _read(content):
            found[(assembly / template).resolve() if template else None].append(each)
    return found


def _read(content: Mapping[str, Any]) -> Iterator[tuple[str | None, Acknowledgment]]:
    reports = [each for each in content["pluginReports"] if each["pluginName"] == PLUGIN]
    for violation in (
        each for report in reports for each in report.get("suppressedViolations", ())
    ):
        for construct in violation["violatingConstructs"]:
            resource = construct.get("cloudFormationResource", {})
            known = Acknowledgment(
                violation["ruleName"],
                violation["reason"].strip(),
                construct["constructPath"],
                PLUGIN,
                frozenset(filter(None, [resource.get("logicalId")])),
            )
            yield resource.get("templatePath"), known
