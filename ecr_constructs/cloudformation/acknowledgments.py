"""Findings that somebody acknowledged in a CDK app with ``cdk.Validations.of(…).acknowledge``.

CDK keeps those of a stack, and of what is in it, in a file beside the stack's template. Those of a
stage or of the app it keeps nowhere; what they were for stands in the report of a synthesis with
the plugin.
"""

import json
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ecr_constructs.cloudformation.cloud_assembly import MANIFEST
from ecr_constructs.cloudformation.errors import TemplateError

PLUGIN = "EcrChecks"
"""The name before our ids in acknowledgments."""

KEY = "aws:cdk:acknowledged-rules"
"""``cdk.Validations.ACKNOWLEDGED_RULES_METADATA_KEY``."""


_REPORT = "validation-report.json"


@dataclass(frozen=True, slots=True)
class Acknowledgment:
    """A rule that a construct, and all that is below it, need not keep.

    Attributes:
        rule: The rule's id.
        reason: Why; ``""`` if it is not said.
        path: The construct's path: ``Prod/Payments/Api``.
        plugin: The name before the id. CDK takes an id without one for an annotation's.
        resources: The logical ids of the resources that it is about, for templates that do not
            tell the paths of their resources.
    """

    rule: str
    reason: str
    path: str
    plugin: str
    resources: frozenset[str] = frozenset()

    def covers(self, path: str) -> bool:
        """Tell whether a construct of this path need not keep the rule."""
        return path == self.path or path.startswith(f"{self.path}/")


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """What was acknowledged in a stack.

    Attributes:
        all: The acknowledgments, also those in nested stacks.
        constructs: The paths of the constructs of the stack and its nested stacks, by the name of
            the template's file. None are there if nothing was acknowledged.
    """

    all: Sequence[Acknowledgment] = ()
    constructs: Mapping[str, str] = field(default_factory=dict)


def acknowledged_in(template: Path) -> Acknowledged:
    """Return what was acknowledged in a stack and in its nested stacks.

    Args:
        template: The stack's template in a cloud assembly; elsewhere there is nothing.

    Raises:
        TemplateError: The file cannot be read.
    """
    metadata = template.with_name(template.name.replace(".template.json", ".metadata.json"))
    if metadata == template or not metadata.is_file():
        return Acknowledged()
    text = metadata.read_text(encoding="utf-8")
    # It has an entry with a stack trace for each resource, and seldom one of these.
    if f'"{KEY}"' not in text:
        return Acknowledged()
    try:
        content = json.loads(text)
    except ValueError:
        msg = f"{metadata} is no JSON; synthesize again"
        raise TemplateError(msg) from None
    entries = [(path.removeprefix("/"), each) for path, found in content.items() for each in found]
    paths: dict[str, list[str]] = defaultdict(list)
    constructs: dict[str, str] = {}
    found: list[Acknowledgment] = []
    for path, entry in entries:
        if entry["type"] == KEY:
            found += _read(path, entry["data"])
        elif entry["type"] == "aws:cdk:logicalId":
            paths[entry["data"]].append(path)
        elif entry["type"] == "aws:cdk:templateFile":
            constructs[entry["data"]] = path
    return Acknowledged([*_with_resources(found, paths)], constructs)


def _with_resources(
    acknowledged: Sequence[Acknowledgment], paths: Mapping[str, Sequence[str]]
) -> Iterator[Acknowledgment]:
    by_rule: dict[tuple[str, str], dict[str, set[str]]] = defaultdict(dict)
    for each in acknowledged:
        by_rule[each.plugin, each.rule][each.path] = set()
    for logical_id, where in paths.items():
        for about in by_rule.values():
            nearest = [next(filter(about.__contains__, _upwards(path)), None) for path in where]
            # Resources of a stack and of one nested in it may have one id: then all or none.
            if None not in nearest:
                for path in filter(None, nearest):
                    about[path].add(logical_id)
    for each in acknowledged:
        resources = by_rule[each.plugin, each.rule][each.path]
        yield replace(each, resources=frozenset(resources))


def _upwards(path: str) -> Iterator[str]:
    parts = path.split("/")
    return ("/".join(parts[:length]) for length in range(len(parts), 0, -1))


def above(app: Any, stacks: Sequence[str]) -> Iterator[Acknowledgment]:
    """Yield what was acknowledged in an app above its stacks.

    Args:
        app: The ``cdk.App``.
        stacks: The paths of the stacks' constructs.
    """
    parts = [each.split("/") for each in stacks]
    paths = {tuple(each[:length]) for each in parts for length in range(len(each))}
    for path in sorted(paths):
        construct = app
        for each in path:
            construct = construct.node.find_child(each)
        for entry in construct.node.metadata:
            if entry.type == KEY:
                yield from _read("/".join(path), entry.data)


def _read(path: str, reasons: Mapping[str, str]) -> Iterator[Acknowledgment]:
    for name, reason in reasons.items():
        plugin, _, rule = name.rpartition("::")
        yield Acknowledgment(rule, reason.strip(), path, plugin)


def acknowledged_at_synthesis(assembly: Path) -> Mapping[Path | None, Sequence[Acknowledgment]]:
    """Return what was acknowledged by the template it is about; None: those of whole stacks.

    Args:
        assembly: The folder of the app's cloud assembly, not that of a stage in it. Any other
            folder has no report.

    Raises:
        TemplateError: The report is no JSON.
    """
    found: dict[Path | None, list[Acknowledgment]] = defaultdict(list)
    report = assembly / _REPORT
    if not report.is_file() or not (assembly / MANIFEST).is_file():
        return found
    try:
        content = json.loads(report.read_text(encoding="utf-8"))
    except ValueError:
        msg = f"{report} is no JSON; synthesize again"
        raise TemplateError(msg) from None
    for template, each in _read_report(content):
        found[(assembly / template).resolve() if template else None].append(each)
    return found


def _read_report(content: Any) -> Iterator[tuple[str | None, Acknowledgment]]:
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
