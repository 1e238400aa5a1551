"""``ecr-constructs init``: write a project of one's own into an empty folder."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ecr_constructs.cli.environment import environment_loading
from ecr_constructs.cli.errors import CommandError
from ecr_constructs.model.diagnostics import Diagnostic, pluralize
from ecr_constructs.project.files import project_files
from ecr_constructs.project.settings import (
    PROFILES,
    EnvironmentSettings,
    ProjectSettings,
    value_errors,
)
from ecr_constructs.project.source import installed_source, source_of
from ecr_constructs.project.workflows import NO_COMMIT
from ecr_constructs.project.writing import require_empty, write_project

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace

_ENVIRONMENT = "NAME[=ACCOUNT/REGION[/PROFILE]]"
_FIRST = "dev"
_QUESTIONS = {
    "--account": "AWS account, 12 digits",
    "--region": "Region, such as eu-central-1",
    "--team": "First team, such as payments",
    "--repository": "Its first repository, such as payments/api",
}


def add_to(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.description = (
        "Write a project of your own into an empty folder: the app, an environment file, tests, "
        "and the workflows that review and deploy it. What is missing is asked for on a terminal."
    )
    parser.add_argument(
        "folder",
        nargs="?",
        default=".",
        metavar="FOLDER",
        help="an empty folder, or one that does not exist; default: this one",
    )
    parser.add_argument(
        "--environment",
        action="append",
        metavar=_ENVIRONMENT,
        help="an environment, in the order of deployment; may be repeated; default: dev. The "
        "profile (development, staging or production) follows from names such as dev and staging, "
        "and is production for all others",
    )
    parser.add_argument("--account", help="the account of environments without their own")
    parser.add_argument("--region", help="the Region of environments without their own")
    parser.add_argument("--organization", metavar="ID", help="its accounts may pull; default: none")
    parser.add_argument("--team", metavar="NAME", help="the first team")
    parser.add_argument(
        "--repository",
        action="append",
        metavar="NAME",
        help="a repository of the team; may be repeated",
    )
    parser.add_argument(
        "--ci",
        choices=("github", "gitlab", "none"),
        default="github",
        help="the CI system whose workflows are written; default: github",
    )
    parser.add_argument(
        "--source",
        metavar="URL",
        help="where the project installs ecr-constructs from, such as "
        "git+https://github.com/acme/ecr-constructs@COMMIT; default: as this one was installed",
    )
    parser.set_defaults(run=_init)


def _init(options: Namespace) -> int:
    """Write a project."""
    if not options.folder:
        message = "FOLDER is empty: is a variable not set?"
        raise CommandError(Diagnostic("argument-empty", message, remedy="write . for this folder"))
    folder = Path(options.folder)
    require_empty(folder)
    source = installed_source() if options.source is None else source_of(options.source)
    settings = _settings(options)
    files = project_files(settings, source)
    write_project(folder, files, _require_valid)
    sys.stdout.write(
        f"Wrote {pluralize(len(files), 'file')} to {folder}. README.md says how to check and to "
        "deploy them.\n"
    )
    notes = [
        f"{name} has placeholders, which README.md names"
        for name, text in files.items()
        if NO_COMMIT in text
    ]
    if source.is_local and settings.ci != "none":
        url = source.specifier.removeprefix("@ ")
        notes.append(
            f"only this machine can install {url}; in pyproject.toml, write where CI installs "
            "ecr-constructs from, or use --source"
        )
    sys.stderr.writelines(f"{options.prog}: note: {note}\n" for note in notes)
    return 0


def _settings(options: Namespace) -> ProjectSettings:
    """Return the settings of flags and answers."""
    written = [_parts(text) for text in options.environment or [_FIRST]]
    needs_place = any(account is None for _, account, _, _ in written)
    _reject_unused(options, needs_place=needs_place)
    needed = [*(["--account", "--region"] if needs_place else []), "--team", "--repository"]
    answers = _answers([option for option in needed if getattr(options, option[2:]) is None])

    def value(option: str) -> str:
        return str(answers.get(option, getattr(options, option[2:])))

    repositories = tuple(options.repository or [answers["--repository"]])
    settings = ProjectSettings(
        environments=tuple(
            EnvironmentSettings(
                name,
                value("--account") if account is None else account,
                value("--region") if region is None else region,
                profile or PROFILES.get(name, "production"),
            )
            for name, account, region, profile in written
        ),
        team=value("--team"),
        repositories=repositories,
        organization=options.organization,
        ci=options.ci,
    )
    names = tuple(environment.name for environment in settings.environments)
    errors = list(dict.fromkeys(settings.errors()))
    for option, values in (("--environment", names), ("--repository", repositories)):
        errors += (
            Diagnostic("argument-duplicate", f"{item!r} is given more than once", option)
            for item in dict.fromkeys(values)
            if values.count(item) > 1
        )
    if errors:
        raise CommandError(*errors)
    return settings


def _parts(text: str) -> tuple[str, str | None, str | None, str | None]:
    """Return name, account, Region and profile; of a name alone, only that."""
    name, separator, place = text.partition("=")
    if not separator:
        return name, None, None, None
    account, _, rest = place.partition("/")
    region, separator, profile = rest.partition("/")
    if not (name and account and region and (profile or not separator)) or "/" in profile:
        message = f"{text!r} is not an environment"
        remedy = f"write {_ENVIRONMENT}, such as prod=333344445555/eu-central-1"
        raise CommandError(Diagnostic("environment-format", message, "--environment", remedy))
    return name, account, region, profile or None


def _reject_unused(options: Namespace, *, needs_place: bool) -> None:
    unused = [
        option
        for option in ("--account", "--region")
        if not needs_place and getattr(options, option[2:]) is not None
    ]
    if unused:
        message = "every environment has an account and a Region of its own"
        raise CommandError(
            *(Diagnostic("argument-unused", message, option, "leave it out") for option in unused)
        )


def _answers(missing: list[str]) -> dict[str, str]:
    """Ask for the values of options on the terminal, each until the model accepts it."""
    if missing and not (sys.stdin is not None and sys.stdin.isatty()):
        message = f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing"
        remedy = "pass them, or run the command on a terminal, where it asks"
        raise CommandError(Diagnostic("argument-missing", message, remedy=remedy))
    return {option: _ask(option) for option in missing}


def _ask(option: str) -> str:
    while True:
        sys.stderr.write(f"{_QUESTIONS[option]}: ")
        sys.stderr.flush()
        line = sys.stdin.readline()
        if not line:
            message = f"the input ends before the answer to {option}"
            raise CommandError(Diagnostic("argument-missing", message, remedy="pass the option"))
        answer = line.strip()
        errors = list(value_errors(option, answer))
        if not errors:
            return answer
        sys.stderr.writelines(f"{error.text}\n" for error in errors)


def _require_valid(folder: Path) -> None:
    """Reject files that `environment check` would reject."""
    paths = sorted((folder / "environments").glob("*.yaml"))
    _, problems = environment_loading().load_files(paths)
    if problems:
        # The temporary folder is of no use to the reader.
        prefix = f"{folder / 'environments'}/"
        raise CommandError(
            *(
                Diagnostic(
                    item.code,
                    item.message.replace(prefix, ""),
                    item.file.removeprefix(prefix),
                    item.remedy.replace(prefix, ""),
                )
                for item in problems
            )
        )
