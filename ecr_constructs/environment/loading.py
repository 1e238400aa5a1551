"""Load environment files: read, validate and resolve them, and report every problem at once."""

import re
from pathlib import Path

from pydantic import ValidationError

from ecr_constructs.environment.errors import problems_of
from ecr_constructs.environment.models import Environment
from ecr_constructs.environment.resolution import ResolvedEnvironment, resolve
from ecr_constructs.environment.source import (
    EnvironmentFileError,
    FileDiagnostic,
    Problem,
    SourceFile,
    read_source,
)
from ecr_constructs.environment.validation import validate, validate_together

_NAME = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*")


def load_environments(folder: Path) -> dict[str, ResolvedEnvironment]:
    """Load every ``*.yaml`` file of a folder.

    Returns:
        The environments by name: ``prod.yaml`` is ``prod``.

    Raises:
        EnvironmentFileError: Every problem of every file, with file, line and key.
    """
    paths = sorted(folder.glob("*.yaml"))
    if not paths:
        problem = FileDiagnostic(
            code="folder-empty",
            message="contains no environment file",
            remedy=f"write one, such as {folder / 'dev.yaml'}",
            file=str(folder),
        )
        raise EnvironmentFileError([problem])
    loaded: list[tuple[SourceFile, ResolvedEnvironment]] = []
    problems: list[FileDiagnostic] = []
    for path in paths:
        try:
            loaded.append(_load(path))
        except EnvironmentFileError as error:
            problems += error.diagnostics
    problems += validate_together(loaded)
    if problems:
        raise EnvironmentFileError(problems)
    return {environment.name: environment for _, environment in loaded}


def load_environment(path: Path) -> ResolvedEnvironment:
    """Load one environment file.

    Raises:
        EnvironmentFileError: Every problem of the file, with line and key.
    """
    return _load(path)[1]


def _load(path: Path) -> tuple[SourceFile, ResolvedEnvironment]:
    file = read_source(path)
    if not _NAME.fullmatch(path.stem):
        message = (
            "the file name is the name of the environment and must be lowercase letters and "
            f"digits, joined by single hyphens; got {path.stem!r}"
        )
        raise file.error([Problem((), "environment-name", message)])
    if not isinstance(file.content, dict):
        message = "must be a mapping with the keys account, region, profile, teams"
        raise file.error([Problem((), "not-mapping", message)])
    try:
        environment = Environment.model_validate(file.content)
    except ValidationError as error:
        raise file.error(
            problem for details in error.errors() for problem in problems_of(file, details)
        ) from None
    resolved, problems = resolve(path.stem, environment)
    problems += validate(environment, resolved)
    if problems:
        raise file.error(problems)
    return file, resolved
