"""Environment files as text: their content, the line of each key, and errors that name both."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from ecr_constructs.cloudformation.errors import CheckError
from ecr_constructs.cloudformation.parsing import read_yaml
from ecr_constructs.model.diagnostics import Diagnostic

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator
    from pathlib import Path

# The way to a value: ("teams", "payments", "repositories", 2, "name").
Place = tuple[str | int, ...]

# Texts of keys that YAML may have made of something else: `on` is True, `010` is 8.
_CONVERTED_KEY = re.compile(r"True|False|None|[-+.\d]+(e[-+]?\d+)?|inf|nan")


class Problem(NamedTuple):
    """A problem at a place of an environment file.

    Attributes:
        place: The way to the value.
        code: What kind of problem it is.
        message: What was given and what is allowed.
        remedy: What to write instead.
    """

    place: Place
    code: str
    message: str
    remedy: str = ""


def problems_at(place: Place, error: ValueError, prefix: str = "") -> Iterator[Problem]:
    """Yield each problem that an error of the model lists."""
    listed = getattr(error, "diagnostics", [Diagnostic(code="invalid", message=str(error))])
    for diagnostic in dict.fromkeys(listed):
        subject = f"{prefix}{diagnostic.path}{': ' if diagnostic.path else ''}"
        yield Problem(place, diagnostic.code, f"{subject}{diagnostic.message}", diagnostic.remedy)


@dataclass(frozen=True, slots=True, kw_only=True)
class FileDiagnostic(Diagnostic):
    """One problem of an environment file.

    Attributes:
        file: The file's name.
        line: The line of the key, from 1. None: the file as a whole.
    """

    file: str
    line: int | None = None

    def __str__(self) -> str:
        """Return file, line, key, message and remedy as one line."""
        line = "" if self.line is None else f"{self.line}:"
        return " ".join(f"{self.file}:{line} {Diagnostic.__str__(self)}".split())


class EnvironmentFileError(Exception):
    """An environment file that cannot be used.

    Attributes:
        diagnostics: Every problem, in the order of the lines; the message has a line for each.
    """

    def __init__(self, diagnostics: Iterable[FileDiagnostic]) -> None:
        """List the problems, each in one line."""
        self.diagnostics = tuple(diagnostics)
        super().__init__("\n".join(map(str, self.diagnostics)))


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A parsed environment file.

    Attributes:
        name: What errors call it.
        content: Its content.
        text: Its lines.
        find_line: Returns the line of a place, from 1, or None.
    """

    name: str
    content: Any
    text: list[str]
    find_line: Callable[[Place], int | None]

    def line_of(self, place: Place) -> int:
        """Return the line of a place; of an absent one, that of what it would be part of."""
        while place and self.find_line(place) is None:
            place = place[:-1]
        return self.find_line(place) or 1

    def text_at(self, place: Place) -> str:
        """Return the text of the line of a place."""
        return "".join(self.text[self.line_of(place) - 1 :][:1])

    def error(self, problems: Iterable[Problem]) -> EnvironmentFileError:
        """Return one error that lists the problems in the order of their lines."""
        located = (self.locate(problem) for problem in dict.fromkeys(problems))
        return EnvironmentFileError(
            sorted(located, key=lambda item: (item.line, item.path, item.message))
        )

    def locate(self, problem: Problem) -> FileDiagnostic:
        """Return a problem with its file and line."""
        place, code, message, remedy = problem
        return FileDiagnostic(
            code=code,
            message=message,
            remedy=remedy,
            path=dotted(place),
            file=self.name,
            line=self.line_of(place),
        )


def dotted(place: Place) -> str:
    """Return a place as text: ``teams.payments.repositories[2].name``."""
    text = "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place)
    return text.removeprefix(".")


def read_source(path: Path) -> SourceFile:
    """Read an environment file.

    Raises:
        EnvironmentFileError: The file cannot be read, or as for `parse_source`.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "is not UTF-8 text"
        problem = FileDiagnostic(code="file-unreadable", message=str(reason), file=str(path))
        raise EnvironmentFileError([problem]) from None
    return parse_source(str(path), text)


def parse_source(name: str, text: str) -> SourceFile:
    """Parse the text of an environment file.

    Args:
        name: What errors call the file.
        text: YAML.

    Raises:
        EnvironmentFileError: ``yaml-invalid``: the text is not YAML. ``key-duplicate``: a mapping
            has a key twice. ``key-not-text``: YAML reads a key as another value.
    """
    try:
        content, find_line, repeated = read_yaml(text)
    except CheckError as error:
        # The reader's messages are written for templates.
        message = str(error).removeprefix("not a template: ")
        line = re.search(r"at line (\d+)", message)
        problem = FileDiagnostic(
            code="yaml-invalid", message=message, file=name, line=int(line[1]) if line else None
        )
        raise EnvironmentFileError([problem]) from None
    file = SourceFile(name, content, text.splitlines(), find_line)
    problems = [
        Problem(place, "key-duplicate", f"duplicate key {str(place[-1])!r}") for place in repeated
    ]
    problems += (
        Problem(place, "key-not-text", f"YAML reads this key as {place[-1]}", "put it in quotes")
        for place in _keys(content, ())
        if _CONVERTED_KEY.fullmatch(str(place[-1])) and str(place[-1]) not in file.text_at(place)
    )
    if problems:
        raise file.error(problems)
    return file


def _keys(content: Any, place: Place) -> Iterator[Place]:
    """Yield the place of every key of every mapping."""
    if isinstance(content, dict):
        for key, value in content.items():
            yield (*place, key)
            yield from _keys(value, (*place, key))
    elif isinstance(content, list):
        for index, value in enumerate(content):
            yield from _keys(value, (*place, index))
