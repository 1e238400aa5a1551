"""Findings that a CDK app acknowledges with ``cdk.Validations.of(…).acknowledge``.

CDK writes acknowledgments of a stack and its constructs to a file next to the template. It does
not write those of a stage or the app; they are only in the report of a synthesis with the plugin.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from ecr_constructs.cloudformation.cloud_assembly import MANIFEST, METADATA_MAX_BYTES, read_document
from ecr_constructs.cloudformation.reading import bytes_of, is_file, real_path

PLUGIN = "EcrChecks"
"""The plugin name before rule ids in acknowledgments."""

KEY = "aws:cdk:acknowledged-rules"
"""``cdk.Validations.ACKNOWLEDGED_RULES_METADATA_KEY``."""

DECLARED_IN = "ecr-constructs:declaredIn"
"""The key of a stack's metadata that says where an environment file declares its constructs: a
mapping of their ids to ``FILE:LINE``."""

_REPORT = "validation-report.json"


@dataclass(frozen=True, slots=True)
class Acknowledgment:
    """A rule that is acknowledged for a construct and its descendants.

    Attributes:
        rule: The id of the rule.
        reason: The reason; ``""`` if there is none.
        path: The path of the construct: ``Prod/Payments/Api``.
        plugin: The plugin name before the id. CDK treats an id without one as an annotation.
        resources: The logical ids of the covered resources, for templates without the paths of
            their resources.
    """

    rule: str
    reason: str
    path: str
    plugin: str
    resources: frozenset[str] = frozenset()

    def covers(self, path: str) -> bool:
        """Tell whether the acknowledgment covers a construct with this path."""
        return path == self.path or path.startswith(f"{self.path}/")


@dataclass(frozen=True, slots=True)
class Acknowledged:
    """The acknowledgments in a stack and its nested stacks.

    Attributes:
        all: The acknowledgments.
        constructs: The construct paths by template file name; empty without acknowledgments.
    """

    all: Sequence[Acknowledgment] = ()
    constructs: Mapping[str, str] = field(default_factory=dict)


def acknowledged_in(template: Path) -> Acknowledged:
    """Return the acknowledgments in a stack of a cloud assembly and in its nested stacks."""
    metadata = template.with_name(template.name.replace(".template.json", ".metadata.json"))
    if metadata == template or not is_file(metadata):
        return Acknowledged()
    # The file is large (a stack trace for each resource), and rarely has acknowledgments.
    if KEY.encode() not in bytes_of(metadata, most=METADATA_MAX_BYTES):
        return Acknowledged()
    paths: dict[str, list[str]] = defaultdict(list)
    constructs: dict[str, str] = {}
    acknowledged: list[Acknowledgment] = []
    for path, entry in _entries(read_document(metadata)):
        match entry:
            case {"type": "aws:cdk:acknowledged-rules", "data": dict(reasons)}:
                acknowledged += _read(path, reasons)
            case {"type": "aws:cdk:logicalId", "data": str(logical_id)}:
                paths[logical_id].append(path)
            case {"type": "aws:cdk:templateFile", "data": str(file)}:
                constructs[file] = path
    return Acknowledged([*_with_resources(acknowledged, paths)], constructs)


def _entries(content: Any) -> Iterator[tuple[str, Any]]:
    """Yield the path of each construct with each of its entries."""
    for path, entries in content.items() if isinstance(content, Mapping) else ():
        for entry in entries if isinstance(entries, list) else ():
            yield path.removeprefix("/"), entry


def _with_resources(
    acknowledged: Sequence[Acknowledgment], paths: Mapping[str, Sequence[str]]
) -> Iterator[Acknowledgment]:
    by_rule: dict[tuple[str, str], dict[str, set[str]]] = defaultdict(dict)
    for item in acknowledged:
        by_rule[item.plugin, item.rule][item.path] = set()
    for logical_id, where in paths.items():
        for by_path in by_rule.values():
            nearest = [next(filter(by_path.__contains__, _upwards(path)), None) for path in where]
            # A stack and its nested stack can have the same logical id: cover both or none.
            if None not in nearest:
                for path in filter(None, nearest):
                    by_path[path].add(logical_id)
    for item in acknowledged:
        resources = by_rule[item.plugin, item.rule][item.path]
        yield replace(item, resources=frozenset(resources))


def _upwards(path: str) -> Iterator[str]:
    parts = path.split("/")
    return ("/".join(parts[:length]) for length in range(len(parts), 0, -1))


def above(app: Any, stacks: Sequence[str]) -> Iterator[Acknowledgment]:
    """Yield the acknowledgments of a ``cdk.App`` above its stacks, given by construct path."""
    parts = [stack.split("/") for stack in stacks]
    paths = {tuple(names[:length]) for names in parts for length in range(len(names))}
    for path in sorted(paths):
        construct = app
        for name in path:
            construct = construct.node.find_child(name)
        for entry in construct.node.metadata:
            if entry.type == KEY:
                yield from _read("/".join(path), entry.data)


def _read(path: str, reasons: Mapping[str, str]) -> Iterator[Acknowledgment]:
    for name, reason in reasons.items():
        if not isinstance(reason, str):
            continue
        plugin, _, rule = name.rpartition("::")
        yield Acknowledgment(rule, reason.strip(), path, plugin)


def acknowledged_at_synthesis(assembly: Path) -> Mapping[Path | None, Sequence[Acknowledgment]]:
    """Return the acknowledgments reported in an app's cloud assembly, by template.

    Those of whole stacks are under None.
    """
    by_template: dict[Path | None, list[Acknowledgment]] = defaultdict(list)
    report = assembly / _REPORT
    if not is_file(report) or not is_file(assembly / MANIFEST):
        return by_template
    for template, item in _read_report(read_document(report)):
        by_template[real_path(assembly / template) if template else None].append(item)
    return by_template


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
    """Yield rule, reason and construct; skip other plugins and formats."""
    for report in _list_of(content, "pluginReports"):
        ours = isinstance(report, Mapping) and report.get("pluginName") == PLUGIN
        for violation in _list_of(report, "suppressedViolations") if ours else ():
            match violation:
                case {"ruleName": str(rule), "reason": str(reason)}:
                    for construct in _list_of(violation, "violatingConstructs"):
                        yield rule, reason.strip(), construct


def _list_of(value: Any, name: str) -> Sequence[Any]:
    items = value.get(name) if isinstance(value, Mapping) else None
    return items if isinstance(items, list) else ()
