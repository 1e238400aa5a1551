"""A baseline: the findings that existed when the checks were adopted.

An entry is identified by rule, template, resource and path, and not by a line, which every edit
moves, or a message, which any release may improve.
"""

import json
import os
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, NamedTuple

from ecr_constructs.checks.finding import Finding, Report, StaleEntry
from ecr_constructs.cloudformation.errors import TemplateError
from ecr_constructs.cloudformation.reading import exists, real_path, text_of
from ecr_constructs.cloudformation.template import Template
from ecr_constructs.model.diagnostics import Diagnostic, DiagnosticError
from ecr_constructs.model.json_reading import JsonError, read_json

_VERSION = 1
_TEXTS = ("rule", "template", "resource", "path")
_REMEDY = "write it with --write-baseline"


class _Key(NamedTuple):
    rule: str
    template: str
    resource: str
    path: str


class BaselineError(DiagnosticError):
    """A baseline that cannot be used."""


@dataclass(frozen=True, slots=True)
class Baseline:
    """The accepted findings.

    Attributes:
        file: The file; the names of templates are relative to its folder.
        counts: How often a finding may occur.
    """

    file: Path
    counts: Mapping[_Key, int]

    @classmethod
    def read(cls, file: Path) -> "Baseline":
        """Read a baseline.

        Raises:
            BaselineError: ``baseline-missing``, ``baseline-invalid``.
        """
        try:
            content = read_json(text_of(file))
        except TemplateError as error:
            [problem] = error.diagnostics
            raise BaselineError(
                Diagnostic("baseline-missing", problem.message, remedy=_REMEDY)
            ) from None
        except JsonError:
            content = None
        counts: Counter[_Key] = Counter()
        for entry in _entries(file, content):
            counts[_Key(*(entry[name] for name in _TEXTS))] += entry.get("count", 1)
        return cls(file, counts)

    def compared(
        self, report: Report, templates: Sequence[Template], rules: Collection[str]
    ) -> Report:
        """Return a report of the findings that are not in the baseline.

        Args:
            report: The findings.
            templates: The templates that were checked.
            rules: The rules that ran.
        """
        keys = {id(finding): self._key(finding) for finding in report.findings}
        present = Counter(keys.values())
        new: list[Finding] = []
        old: list[Finding] = []
        for finding in report.findings:
            key = keys[id(finding)]
            # Which one of equal findings is new is unknown, so all of them are reported.
            (old if present[key] <= self.counts.get(key, 0) else new).append(finding)
        is_checked = self._coverage(templates)
        stale = [
            StaleEntry(key.rule, key.template, key.resource, key.path, str(self.file))
            for key, count in self.counts.items()
            if present[key] < count and key.rule in rules and is_checked(key.template)
        ]
        return replace(report, findings=tuple(new), baselined=tuple(old), stale=tuple(stale))

    def updated(self, report: Report, templates: Sequence[Template]) -> "Baseline":
        """Return the baseline with all findings of some templates, and unchanged for others."""
        is_checked = self._coverage(templates)
        kept = {key: n for key, n in self.counts.items() if not is_checked(key.template)}
        return replace(self, counts={**kept, **Counter(map(self._key, report.findings))})

    def to_json(self) -> str:
        """Return the text of the file, an entry a line so that its changes can be reviewed."""
        lines = [
            json.dumps({**key._asdict(), **({"count": count} if count > 1 else {})})
            for key, count in sorted(self.counts.items())
        ]
        entries = ",\n".join(f"    {line}" for line in lines)
        findings = f"[\n{entries}\n  ]" if entries else "[]"
        return f'{{\n  "version": {_VERSION},\n  "findings": {findings}\n}}\n'

    def _coverage(self, templates: Iterable[Template]) -> "_Coverage":
        names = {self._name(str(template.path or template.name)) for template in templates}
        return _Coverage(self.file.absolute().parent, names)

    def _key(self, finding: Finding) -> _Key:
        template = self._name(finding.file or finding.template)
        return _Key(finding.rule, template, finding.resource, finding.where)

    def _name(self, file: str) -> str:
        # A template without a file, such as standard input, has a name only.
        if not exists(file):
            return file
        folder = real_path(self.file.absolute().parent)
        return Path(os.path.relpath(real_path(file), folder)).as_posix()


@dataclass(frozen=True, slots=True)
class _Coverage:
    """Which templates were checked, or are gone from a folder of which others were checked."""

    folder: Path
    names: Collection[str]

    def __call__(self, name: str) -> bool:
        path = self.folder / name
        is_beside = any(path.parent == (self.folder / other).parent for other in self.names)
        return name in self.names or (is_beside and not name.startswith("<") and not exists(path))


def _entries(file: Path, content: Any) -> Iterable[Mapping[str, Any]]:
    """Return the entries of a baseline, or raise an error that names what is wrong."""
    match content:
        case {"version": 1, "findings": list(entries)} if all(map(_is_entry, entries)):
            return entries
    message = (
        f"{file} is not a baseline of version {_VERSION}: an object with version and findings, "
        f"each with {', '.join(_TEXTS)}"
    )
    raise BaselineError(Diagnostic("baseline-invalid", message, remedy=_REMEDY))


def _is_entry(entry: Any) -> bool:
    if not isinstance(entry, Mapping) or not {*entry} <= {*_TEXTS, "count"}:
        return False
    count = entry.get("count", 1)
    is_count = isinstance(count, int) and not isinstance(count, bool) and count > 0
    return is_count and all(isinstance(entry.get(name), str) for name in _TEXTS)
