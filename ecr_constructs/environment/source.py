"""Environment files as text: their content, the line of each key, and errors that name both."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from ecr_constructs.cloudformation.errors import TemplateError
from ecr_constructs.cloudformation.parsing import read_yaml
from ecr_constructs.cloudformation.reading import text_of
from ecr_constructs.cloudformation.template import Place, dotted
from ecr_constructs.model.diagnostics import Diagnostic, DiagnosticError
from ecr_constructs.model.mutability import TagMutability
from ecr_constructs.model.partitions import region_errors
from ecr_constructs.model.principals import account_id_errors
from ecr_constructs.model.printable import printable
from ecr_constructs.model.registry_id import RegistryId
from ecr_constructs.model.validation import ValidationError, raise_if_invalid

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

# Names that an error lists.
_SHOWN = 5
# A step of a path: ['key'], [0] or a name.
_STEP = re.compile(r"\['(.*?)'\]|\[(\d+)\]|([^.\[\]]+)")

# Texts of keys that YAML may have made of something else: `on` is True, `010` is 8.
_CONVERTED_KEY = re.compile(r"True|False|None|[-+.\d]+(e[-+]?\d+)?|inf|nan")


class Problem(NamedTuple):
    """A problem at a place of an environment file; see `Diagnostic`."""

    place: Place
    code: str
    message: str
    remedy: str = ""


def problems_at(place: Place, error: ValidationError, prefix: str = "") -> Iterator[Problem]:
    """Yield each problem that an error of the model lists, at its path below a place."""
    for item in dict.fromkeys(error.diagnostics):
        parts = _STEP.findall(item.path)
        steps = (int(index) if index else key or name for key, index, name in parts)
        yield Problem((*place, *steps), item.code, f"{prefix}{item.message}", item.remedy)


@dataclass(frozen=True, slots=True)
class FileDiagnostic(Diagnostic):
    """One problem of an environment file.

    Attributes:
        file: The file's name.
        line: The line of the key, from 1. None: the file as a whole.
    """

    file: str = ""
    line: int | None = None

    def __str__(self) -> str:
        """Return file, line, key, message and remedy as one line."""
        line = "" if self.line is None else f"{self.line}:"
        return printable(" ".join(f"{self.file}:{line} {Diagnostic.__str__(self)}".split()))


class EnvironmentFileError(DiagnosticError):
    """An environment file that cannot be used, for each of the diagnostics."""

    diagnostics: tuple[FileDiagnostic, ...]


@dataclass(frozen=True, slots=True)
class SourceFile:
    """A parsed environment file: what errors call it, its content, its lines, and their places."""

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
            *sorted(located, key=lambda item: (item.line, item.path, item.message))
        )

    def locate(self, problem: Problem) -> FileDiagnostic:
        """Return a problem with its file and line."""
        place, code, message, remedy = problem
        path, line = dotted(place), self.line_of(place)
        return FileDiagnostic(code, message, path, remedy, file=self.name, line=line)


def read_source(path: Path) -> SourceFile:
    """Read an environment file."""
    try:
        text = text_of(path)
    except TemplateError as error:
        reason = str(error).removeprefix(f"cannot read {path}: ")
        problem = FileDiagnostic("file-unreadable", reason, file=str(path))
        raise EnvironmentFileError(problem) from None
    return parse_source(str(path), text)


def parse_source(name: str, text: str) -> SourceFile:
    """Parse the text of an environment file.

    Raises:
        EnvironmentFileError: ``yaml-invalid``: the text is not YAML. ``yaml-not-installed``: PyYAML
            is not installed. ``key-duplicate``: a mapping has a key twice. ``key-not-text``: YAML
            reads a key as another value.
    """
    try:
        content, find_line, repeated = read_yaml(text)
    except TemplateError as error:
        # The reader's messages are written for templates.
        message = str(error).removeprefix("not a template: ")
        match = re.search(r"at line (\d+)", message)
        line = int(match[1]) if match else None
        missing = "yaml-not-installed"
        code = missing if error.code == missing else "yaml-invalid"
        raise EnvironmentFileError(FileDiagnostic(code, message, file=name, line=line)) from None
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


PROFILE_MUTABILITY: dict[str, Literal["mutable", "immutable"]] = {
    "development": "mutable",
    "staging": "immutable",
    "production": "immutable",
}
"""Whether the tags of each profile are mutable."""


class Destination(NamedTuple):
    """Where a repository of an environment file is pushed to.

    Attributes:
        registry: Account and Region.
        tag_mutability: Which of its tags may move. None: the file does not say it correctly.
    """

    registry: RegistryId
    tag_mutability: TagMutability | None


def destination_of(name: str, text: str, repository: str) -> Destination:
    """Return the destination of pushes to a repository of an environment file.

    `push-commands` needs only this much, and no pydantic; the app validates the whole file.
    """
    file = parse_source(name, text)
    content = file.content
    if not isinstance(content, Mapping) or not isinstance(content.get("teams"), Mapping):
        message = "is not an environment file: it has the keys account, region, profile, teams"
        raise file.error([Problem((), "not-environment-file", message)])
    account, region = content.get("account"), content.get("region")
    problems: list[Problem] = []
    for key, value, errors_of in (
        ("account", account, account_id_errors),
        ("region", region, region_errors),
    ):
        try:
            raise_if_invalid(key, value, errors_of(value))
        except ValidationError as error:
            problems += problems_at((key,), error, f"{value!r}: ")
    repositories = dict(_repositories(content["teams"]))
    if not problems and repository not in repositories:
        message = f"there is no repository {repository!r}"
        suggestion = suggested_repository(repository, sorted(repositories))
        problems.append(Problem((), "repository-unknown", message, suggestion))
    if problems:
        raise file.error(problems)
    profile = {"tag_mutability": PROFILE_MUTABILITY.get(str(content.get("profile")))}
    levels = (repositories[repository], content.get("defaults"), profile)
    return Destination(RegistryId(str(account), str(region)), _written_mutability(levels))


def _repositories(teams: Mapping[str, Any]) -> Iterator[tuple[str, object]]:
    """Yield the names of repositories and their settings, without validating anything else."""
    for team in teams.values():
        repositories = team.get("repositories") if isinstance(team, Mapping) else None
        for repository in repositories if isinstance(repositories, list) else ():
            name = repository.get("name") if isinstance(repository, Mapping) else repository
            if isinstance(name, str):
                yield name, repository


def _written_mutability(levels: Sequence[object]) -> TagMutability | None:
    settings = [level if isinstance(level, Mapping) else {} for level in levels]
    values = [
        (level.get("tag_mutability"), level.get("tag_mutability_exceptions")) for level in settings
    ]
    if not any(mutability for mutability, _ in values):
        return None
    try:
        return mutability_of(values)
    except ValueError:
        return None


def mutability_of(levels: Sequence[tuple[str | None, Sequence[str] | None]]) -> TagMutability:
    """Return the mutability of tags by the mutability and the exceptions of each level.

    Exceptions belong to the mutability they are excepted from: a nearer mutability drops them.

    Args:
        levels: The nearest first; one of them has a mutability.
    """
    nearest = next(i for i, (mutability, _) in enumerate(levels) if mutability is not None)
    exceptions = next((items for _, items in levels[: nearest + 1] if items is not None), ())
    if levels[nearest][0] == "immutable":
        return TagMutability.immutable(except_for=exceptions)
    return TagMutability.mutable(except_for=exceptions)


def suggested_repository(repository: str, names: list[str]) -> str:
    """Return the name that is probably meant, or some of those that there are."""
    if close := get_close_matches(repository.lower(), names, n=1):
        return f"did you mean {close[0]!r}?"
    more = f" and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"there are {', '.join(names[:_SHOWN]) or 'none'}{more}"
