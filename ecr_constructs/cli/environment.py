"""``ecr-constructs environment``: ``check`` and ``explain`` environment files, without CDK."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecr_constructs.checks.finding import Finding, Report
from ecr_constructs.cli.arguments import add_formats
from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.output import emit, json_text
from ecr_constructs.cloudformation.reading import is_folder
from ecr_constructs.environment.source import suggested_repository
from ecr_constructs.model.diagnostics import Diagnostic, Severity, pluralize
from ecr_constructs.model.extras import install_remedy
from ecr_constructs.model.partitions import registry_host
from ecr_constructs.report.document import Lines, Table
from ecr_constructs.report.findings import FORMATS

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator, Sequence
    from types import ModuleType

    from ecr_constructs.environment.explanation import EffectiveSetting
    from ecr_constructs.environment.resolution import ResolvedEnvironment, ResolvedRepository
    from ecr_constructs.environment.source import FileDiagnostic, SourceFile
    from ecr_constructs.report.document import Block

_FOLDER = "environments"
# The file itself cannot be read, so nothing is known about what it says.
_UNREADABLE = ("file-unreadable", "yaml-invalid", "yaml-not-installed")


def add_to(parser: ArgumentParser) -> None:
    """Add the commands."""
    parser.description = (
        "Check environment files, or explain the settings of a repository in one, without CDK."
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    check = commands.add_parser(
        "check",
        help="find every error in environment files",
        description="Find what the app, ECR and CloudFormation reject in environment files that "
        "are deployed together. Exit status: 1 if there is an error.",
    )
    check.add_argument(
        "paths",
        nargs="*",
        default=[_FOLDER],
        metavar="FILE",
        help=f"an environment file, or a folder of them; default: {_FOLDER}",
    )
    add_formats(check, tuple(FORMATS))
    check.set_defaults(run=_check)
    explain = commands.add_parser(
        "explain",
        help="show each setting of a repository, and where it is set",
        description="Show each effective setting of a repository, and the line that sets it: of "
        "the repository, its team, the defaults or the environment; or the profile, or the "
        "built-in default.",
    )
    explain.add_argument("file", metavar="FILE", help="the environment file")
    explain.add_argument("repository", metavar="REPOSITORY", help="the name, such as payments/api")
    add_formats(explain, ("text", "json", "markdown"))
    explain.set_defaults(run=_explain)


def environment_loading() -> ModuleType:
    """Return the module that loads environment files, which needs an extra."""
    try:
        from ecr_constructs.environment import loading  # noqa: PLC0415 - optional, and slow
    except ModuleNotFoundError as error:
        message = f"environment files need {error.name}, which is not installed"
        remedy = install_remedy("app")
        raise CommandError(Diagnostic("extra-missing", message, remedy=remedy)) from None
    return loading


def _check(options: Namespace) -> int:
    """Check environment files; 1 if there is an error."""
    loading = environment_loading()
    files: list[Path] = []
    for path in map(Path, options.paths):
        files += loading.environment_files(path) if is_folder(path) else [path]
    loaded, problems = loading.load_files(dict.fromkeys(files))
    emit(options, lambda form: _report(form, loaded, problems))
    if unread := [problem for problem in problems if problem.code in _UNREADABLE]:
        raise CommandError(*unread)
    return int(bool(problems))


def _report(
    form: str,
    loaded: Sequence[tuple[SourceFile, ResolvedEnvironment]],
    problems: Sequence[FileDiagnostic],
) -> str | list[Block]:
    if form == "json":
        return json_text(
            {
                "valid": not problems,
                "environments": [_summary(file, environment) for file, environment in loaded],
                "findings": [_to_json(problem) for problem in problems],
            }
        )
    if form in ("text", "markdown"):
        lines = [f"{problem} [{problem.code}]" for problem in problems]
        for file, environment in loaded:
            if not any(problem.file == file.name for problem in problems):
                repositories = pluralize(len(environment.repositories), "repository")
                registries = pluralize(len(environment.registries), "registry")
                lines.append(f"{file.name}: valid; {repositories} in {registries}")
        return [Lines([*lines, f"{pluralize(len(problems), 'error')}."])]
    return FORMATS[form](Report(tuple(map(_finding, problems)), ()), len(loaded))


def _summary(file: SourceFile, environment: ResolvedEnvironment) -> dict[str, Any]:
    return {
        "file": file.name,
        "name": environment.name,
        "repositories": len(environment.repositories),
        "registries": list(map(str, environment.registries)),
    }


def _to_json(problem: FileDiagnostic) -> dict[str, Any]:
    return {
        "code": problem.code,
        "file": problem.file,
        "line": problem.line,
        "path": problem.path,
        "message": problem.message,
        "remedy": problem.remedy,
    }


def _finding(problem: FileDiagnostic) -> Finding:
    return Finding(
        rule=problem.code,
        severity=Severity.ERROR,
        template=problem.file,
        resource=problem.path,
        path=(),
        message=problem.message,
        remedy=problem.remedy,
        line=problem.line,
    )


def _explain(options: Namespace) -> int:
    """Show the settings of a repository."""
    file, environment = environment_loading().load_file(Path(options.file))
    named = {repository.name: repository for repository in environment.repositories}
    repository = named.get(options.repository)
    if repository is None:
        message = f"{options.file} has no repository {options.repository!r}"
        remedy = suggested_repository(options.repository, sorted(named))
        raise CommandError(Diagnostic("repository-unknown", message, remedy=remedy))
    # With the file, since its module needs what reading the file needs.
    from ecr_constructs.environment.explanation import explain  # noqa: PLC0415

    settings = explain(file, environment, repository)
    emit(options, lambda form: _explanation(form, file, environment, repository, settings))
    return 0


def _explanation(
    form: str,
    file: SourceFile,
    environment: ResolvedEnvironment,
    repository: ResolvedRepository,
    settings: Sequence[EffectiveSetting],
) -> str | list[Block]:
    uris = list(_uris(environment, repository))
    if form == "json":
        return json_text(
            {
                "repository": repository.name,
                "file": file.name,
                "line": file.line_of(repository.place),
                "uris": uris,
                "settings": [
                    {
                        "name": item.name,
                        "value": item.value,
                        "level": item.level,
                        "line": item.line,
                        "note": item.note,
                    }
                    for item in settings
                ],
            }
        )
    rows = [(item.name, _where(file, item), _words(item.value)) for item in settings]
    line = f"{file.name}:{file.line_of(repository.place)}: {repository.name}, {', '.join(uris)}"
    notes = [f"{item.name}: {item.note}." for item in settings if item.note]
    table = Table(("setting", "set by", "value"), rows)
    return [Lines([line]), table, *([Lines(notes)] if notes else [])]


def _uris(environment: ResolvedEnvironment, repository: ResolvedRepository) -> Iterator[str]:
    for registry in environment.registries:
        if registry == environment.home or repository.replicate:
            yield f"{registry_host(registry.account, registry.region)}/{repository.name}"


def _where(file: SourceFile, item: EffectiveSetting) -> str:
    """Return what sets a setting, and its line."""
    place = "" if item.line is None else f" ({Path(file.name).name}:{item.line})"
    profile = f" {file.content['profile']}" if item.level == "profile" else ""
    return f"{item.level}{profile}{place}"


def _words(value: Any) -> str:
    if isinstance(value, str):
        return value
    if isinstance(value, list) and all(isinstance(item, str) for item in value):
        return "; ".join(value)
    return json.dumps(value)
