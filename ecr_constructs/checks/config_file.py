"""The text of a configuration: where it is, and whether its keys and values are valid.

docs/decisions/0018-configuration.md says why this is not pydantic.
"""

import os
from collections.abc import Callable, Iterable, Mapping
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from ecr_constructs.checks.rules import RULES
from ecr_constructs.checks.selection import select, suggestion
from ecr_constructs.cloudformation.errors import TemplateError
from ecr_constructs.cloudformation.reading import is_file, text_of
from ecr_constructs.model.diagnostics import Diagnostic, DiagnosticError, Severity
from ecr_constructs.model.json_reading import check_depth
from ecr_constructs.model.partitions import region_errors
from ecr_constructs.model.principals import account_id_errors

FILE, PROJECT_FILE = "ecr-constructs.toml", "pyproject.toml"
_TABLE = "ecr-constructs"
NEVER = "never"
# Far above what anybody writes; the parser takes time with the square of some of it.
_MAX_BYTES = 2**20

ParameterValue = str | list[str]
Reader = Callable[[Any, str], Any]


class ConfigError(DiagnosticError):
    """A configuration that cannot be used, for each of the diagnostics."""


def tables_in(folder: Path) -> dict[Path, Any]:
    """Return the configurations in a folder by file."""
    tables = {}
    for name in (FILE, PROJECT_FILE):
        path = folder / name
        if is_file(path) and (table := read_table(path)) is not None:
            tables[path] = table
    return tables


def read_table(path: Path) -> Any:
    """Return the configuration in a file; None for a ``pyproject.toml`` without it."""
    # Most runs have no configuration.
    import tomllib  # noqa: PLC0415

    try:
        text = text_of(path, most=_MAX_BYTES)
        if path.name == PROJECT_FILE and _TABLE not in text:
            return None
        content = tomllib.loads(text)
        check_depth(content)
    except TemplateError as error:
        code = "config-not-toml" if error.code == "file-encoding" else error.code
        raise ConfigError(Diagnostic(code, str(error))) from None
    except (ValueError, RecursionError) as error:
        message = f"{path} is not TOML: {error}"
        raise ConfigError(Diagnostic("config-not-toml", message)) from None
    if path.name != PROJECT_FILE:
        return content
    tool = content.get("tool")
    return tool.get(_TABLE) if isinstance(tool, Mapping) else None


def validated(path: Path, table: Any) -> dict[str, Any]:
    """Return the values of a configuration, each of the type that its key has.

    Raises:
        ConfigError: Keys, rules or values are unknown; it lists every problem.
    """
    validator = _Validator()
    prefix = f"tool.{_TABLE}" if path.name == PROJECT_FILE else ""
    values = validator.table(validator.keys)(table, prefix)
    if validator.problems:
        raise ConfigError(*(problem.within(_shown(path)) for problem in validator.problems))
    return values  # type: ignore[no-any-return]  # readers return any type


def _shown(path: Path) -> str:
    return os.path.relpath(path) if path.is_relative_to(Path.cwd()) else str(path)


class _Validator:
    """Reads values, and collects what is wrong with them.

    A reader gets a value and the path of its key, and returns what the configuration holds.
    """

    def __init__(self) -> None:
        self.problems: list[Diagnostic] = []
        facts: dict[str, Reader] = {
            "account": self._checked(account_id_errors),
            "region": self._checked(region_errors),
            "scanning": self._choice(["elsewhere"]),
            "parameters": self._parameters,
        }
        selectors = self._list(self._selector)
        override = {"paths": self._paths, "ignore": selectors, "reason": self._text, **facts}
        self.keys: dict[str, Reader] = {
            "select": selectors,
            "ignore": selectors,
            "severity": self.table(
                dict.fromkeys(RULES, self._severity), code="rule-unknown", what="rule"
            ),
            "fail-on": self._choice([*map(str, Severity), NEVER]),
            "baseline": self._text,
            **facts,
            "overrides": self._list(self._override(override)),
        }

    def _add(self, code: str, message: str, path: str, remedy: str = "") -> None:
        self.problems.append(Diagnostic(code, message, path, remedy))

    def table(
        self, readers: Mapping[str, Reader], *, code: str = "key-unknown", what: str = "key"
    ) -> Reader:
        """Return the reader of a table with some keys."""

        def read(value: Any, path: str) -> dict[str, Any]:
            if not self._is(value, dict, "a table", path):
                return {}
            for key in value:
                if key not in readers:
                    remedy = _nearest(key, readers)
                    self._add(code, f"unknown {what} {key!r}", _join(path, key), remedy)
            return {
                key: readers[key](item, _join(path, key))
                for key, item in value.items()
                if key in readers
            }

        return read

    def _override(self, readers: Mapping[str, Reader]) -> Reader:
        read_keys = self.table(readers)

        def read(value: Any, path: str) -> dict[str, Any]:
            values: dict[str, Any] = read_keys(value, path)
            if isinstance(value, dict) and "paths" not in value:
                remedy = "write patterns of files, such as paths = ['vendor/**']"
                self._add("key-missing", "paths is missing", path, remedy)
            if "ignore" in values and not str(values.get("reason", "")).strip():
                self._add("reason-missing", "ignore needs a reason", path, "write reason = '…'")
            return values

        return read

    def _list(self, reader: Reader) -> Reader:
        def read(value: Any, path: str) -> list[Any]:
            if not self._is(value, list, "a list", path):
                return []
            return [reader(item, f"{path}[{index}]") for index, item in enumerate(value)]

        return read

    def _text(self, value: Any, path: str) -> str:
        if self._is(value, str, "text", path) and not value.strip():
            self._add("text-empty", "is empty", path)
        return str(value)

    def _paths(self, value: Any, path: str) -> list[str]:
        paths: list[str] = self._list(self._text)(value, path)
        if value == []:
            self._add("text-empty", "names no file", path)
        for index, pattern in enumerate(paths):
            if "\\" in pattern or ".." in pattern.split("/"):
                remedy = "write a pattern with '/', relative to the folder of the configuration"
                self._add("path-pattern", f"cannot match {pattern!r}", f"{path}[{index}]", remedy)
        return paths

    def _selector(self, value: Any, path: str) -> str:
        if self._is(value, str, "text", path) and not select([value]):
            message = f"unknown rule {value!r}"
            self._add("rule-unknown", message, path, suggestion(value))
        return str(value)

    def _severity(self, value: Any, path: str) -> Severity:
        name = self._choice([*map(str, Severity)])(value, path)
        return Severity(name) if name in [*Severity] else Severity.ERROR

    def _choice(self, options: list[str]) -> Reader:
        def read(value: Any, path: str) -> str:
            if value not in options:
                remedy = _nearest(str(value), options)
                self._add("value-unknown", f"unknown value {value!r}", path, remedy)
            return str(value)

        return read

    def _checked(self, errors_of: Callable[[object], Iterable[Diagnostic]]) -> Reader:
        def read(value: Any, path: str) -> str:
            for error in errors_of(value):
                self._add(error.code, f"{value!r}: {error.message}", path, error.remedy)
            return str(value)

        return read

    def _parameters(self, value: Any, path: str) -> dict[str, ParameterValue]:
        if not self._is(value, dict, "a table", path):
            return {}
        return {key: self._parameter(item, _join(path, key)) for key, item in value.items()}

    def _parameter(self, value: Any, path: str) -> ParameterValue:
        match value:
            case bool():
                return str(value).lower()
            case str() | int() | float():
                return str(value)
            case list():
                return [str(self._parameter(item, path)) for item in value]
        self._is(value, str, "text, a number, true, false, or a list of them", path)
        return ""

    def _is(self, value: Any, kind: type, what: str, path: str) -> bool:
        if isinstance(value, kind):
            return True
        self._add("value-type", f"must be {what}, got {value!r}", path)
        return False


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key


def _nearest(text: str, options: Iterable[str]) -> str:
    names = [*options]
    near = get_close_matches(text, names, n=1)
    hint = f"did you mean {near[0]!r}? " if near else ""
    # The rules are listed by --list.
    allowed = (
        "--list shows the rules" if len(names) == len(RULES) else f"allowed: {', '.join(names)}"
    )
    return f"{hint}{allowed}"
