"""The configuration of the checks: ``ecr-constructs.toml``, or a table of ``pyproject.toml``.

It selects rules, and holds what templates cannot say: the account, the values of parameters, or
that another team configures the scans of the registry.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

from ecr_constructs.checks.config_file import (
    FILE,
    PROJECT_FILE,
    ConfigError,
    ParameterValue,
    read_table,
    tables_in,
    validated,
)
from ecr_constructs.checks.rule import Rule
from ecr_constructs.checks.rules import RULES
from ecr_constructs.checks.selection import select
from ecr_constructs.cloudformation.reading import real_path
from ecr_constructs.cloudformation.template import Template, is_stored
from ecr_constructs.model.diagnostics import Diagnostic, Severity


@dataclass(frozen=True, slots=True, kw_only=True)
class Override:
    """What holds for some templates only.

    Attributes:
        paths: Patterns of files, relative to the folder of the configuration: ``vendor/**``.
        ignore: Rules whose findings are suppressed.
        reason: Why they are.
        account: The account of the deployment.
        region: The Region of the deployment.
        scanning: ``elsewhere``: another stack or team configures the scans of the registry.
        parameters: The values of parameters.
    """

    paths: tuple[str, ...]
    ignore: frozenset[str] = frozenset()
    reason: str = ""
    account: str | None = None
    region: str | None = None
    scanning: str | None = None
    parameters: Mapping[str, ParameterValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Config:
    """The configuration of the checks.

    Attributes:
        file: The file that it is read from. None: there is none.
        select: The ids of the rules that run.
        severity: Severities by rule, where they differ from the rule's own.
        fail_on: The minimum severity that fails a command or a synthesis, or ``never``.
            None: the caller's default.
        baseline: The file of the findings that are accepted. None: there is none.
        overrides: What holds for some templates. The last one that matches a template counts.

    Example:
        >>> Config().rules["ECR012"].severity
        <Severity.WARNING: 'warning'>
    """

    file: Path | None = None
    select: frozenset[str] = field(default_factory=lambda: select(["default"]))
    severity: Mapping[str, Severity] = field(default_factory=dict)
    fail_on: str | None = None
    baseline: Path | None = None
    overrides: Sequence[Override] = ()

    @classmethod
    def read(cls, file: str | os.PathLike[str]) -> "Config":
        """Read a configuration file.

        Args:
            file: A TOML file; of ``pyproject.toml``, the table ``tool.ecr-constructs``.

        Raises:
            ConfigError: The file cannot be read, or has unknown keys, rules or values; it lists
                every problem.
        """
        path = Path(file)
        table = read_table(path)
        if table is None:
            message = f"{path} has no table [tool.ecr-constructs]"
            raise ConfigError(Diagnostic("config-missing", message))
        return cls._of(path, table)

    @classmethod
    def find(cls, folder: str | os.PathLike[str] = ".") -> "Config":
        """Return the configuration of a folder or the nearest one above it; else the defaults.

        Raises:
            ConfigError: As `read`; or the folder has both files.
        """
        start = Path(folder).absolute()
        for above in (start, *start.parents):
            tables = tables_in(above)
            if len(tables) > 1:
                message = f"{above / FILE} and {above / PROJECT_FILE} both configure the checks"
                raise ConfigError(Diagnostic("config-ambiguous", message, remedy="delete one"))
            for path, table in tables.items():
                return cls._of(path, table)
        return cls()

    @classmethod
    def given(cls, config: "Config | str | os.PathLike[str] | None") -> "Config":
        """Return a configuration, read it from a file, or look for it if there is none."""
        if config is None:
            return cls.find()
        return config if isinstance(config, Config) else cls.read(config)

    @classmethod
    def _of(cls, path: Path, table: Any) -> "Config":
        values = validated(path, table)
        facts = {
            name: values[name]
            for name in ("account", "region", "scanning", "parameters")
            if name in values
        }
        everywhere = [Override(paths=("**",), **facts)] if facts else []
        overrides = [Override(**_of_override(item)) for item in values.get("overrides", ())]
        ignored = select(values.get("ignore", ()))
        baseline = values.get("baseline")
        return cls(
            file=path,
            select=select(values.get("select", ["default"])) - ignored,
            severity=values.get("severity", {}),
            fail_on=values.get("fail-on"),
            baseline=path.parent / baseline if baseline else None,
            overrides=[*everywhere, *overrides],
        )

    @property
    def rules(self) -> Mapping[str, Rule]:
        """The rules that run, with their configured severities, by id."""
        return {
            rule.id: replace(rule, severity=self.severity[rule.id])
            if rule.id in self.severity
            else rule
            for rule in RULES.values()
            if rule.id in self.select
        }

    def for_template(self, template: Template) -> Iterator[Override]:
        """Yield the overrides that apply to a template; the last one counts most."""
        if not self.overrides:
            return
        file = template.path or Path(template.name)
        parts = self._relative(file).parts
        # A nested stack is deployed where its root stack is.
        root = self._relative(template.root).parts if template.root else parts
        for override in self.overrides:
            patterns = [_parts(pattern) for pattern in override.paths]
            if any(_matches(pattern, name) for pattern in patterns for name in (parts, root)):
                yield override

    def _relative(self, path: Path) -> Path:
        folder = real_path(self.file.parent if self.file else Path())
        resolved = real_path(path)
        return resolved.relative_to(folder) if resolved.is_relative_to(folder) else resolved

    def completed(self, template: Template) -> Template:
        """Return a template with what the configuration adds: account, Region, parameters."""
        parameters: dict[str, ParameterValue] = {}
        facts: dict[str, str] = {}
        for override in self.for_template(template):
            parameters.update(override.parameters)
            for name in ("account", "region", "scanning"):
                if (value := getattr(override, name)) is not None:
                    facts[name] = value
        return replace(
            template,
            parameters={**template.parameters, **_declared(template.body, parameters)},
            account=template.account or facts.get("account"),
            region=template.region or facts.get("region"),
            scanned_elsewhere=facts.get("scanning") == "elsewhere",
        )

    def reason_to_ignore(self, rule: str, template: Template) -> str | None:
        """Return why findings of a rule are ignored in a template; None if they are not."""
        reasons = [item.reason for item in self.for_template(template) if rule in item.ignore]
        return reasons[-1] if reasons else None


def _of_override(values: Mapping[str, Any]) -> Mapping[str, Any]:
    paths, ignored = tuple(values["paths"]), select(values.get("ignore", ()))
    return {**values, "paths": paths, "ignore": ignored}


def _parts(pattern: str) -> tuple[str, ...]:
    return tuple(part for part in pattern.split("/") if part not in ("", "."))


def _matches(pattern: Sequence[str], path: Sequence[str]) -> bool:
    """Tell whether a path, or a folder above it, matches a pattern; ``**`` is any folders."""
    # The numbers of parts of the path that the pattern so far can match.
    ends = {0}
    for part in pattern:
        if part == "**":
            ends = set(range(min(ends, default=len(path) + 1), len(path) + 1))
        else:
            ends = {end + 1 for end in ends if end < len(path) and fnmatchcase(path[end], part)}
    return bool(ends)


def _declared(body: Mapping[str, Any], values: Mapping[str, ParameterValue]) -> Mapping[str, str]:
    """Return the values of the parameters that a template has, as texts."""
    declared = body.get("Parameters")
    return {
        name: value if isinstance(value, str) else ",".join(value)
        for name, value in values.items()
        if isinstance(declared, Mapping) and name in declared and not is_stored(declared[name])
    }
