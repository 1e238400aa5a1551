"""The command ``ecr-constructs``."""

from __future__ import annotations

import argparse
import gc
import os
import sys
from contextlib import suppress
from importlib import import_module
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any, NoReturn

if TYPE_CHECKING:
    from collections.abc import Sequence

# The module of a command has its name. Only the requested one is imported, since hooks start the
# command line often.
_COMMANDS = {
    "lifecycle": "check and preview lifecycle policies",
    "check": "find errors in templates and in lifecycle policies",
    "review": "show what a pull request does to the registry",
    "in-use": "show which images workloads use, and which references fail",
    "find": "show where an image is, who uses it, and what deletes or deleted it",
    "protect": "put tags on images in use that a lifecycle rule keeps",
    "status": "compare a registry with the templates that declare it",
    "environment": "check environment files, and explain their settings",
    "init": "write a project of your own into an empty folder",
    "snapshot": "write what a registry and its users are, for commands that judge it",
    "push-commands": "print the commands that push an image to a repository",
}
FAILED = 2
INTERRUPTED = 130


class _Parser(argparse.ArgumentParser):
    """Reports an error in one line, and accepts no abbreviated options."""

    def __init__(self, **settings: Any) -> None:
        """Configure the parser; subparsers are of the same class."""
        # An abbreviation would break when an option with the same beginning is added.
        super().__init__(**{**settings, "allow_abbrev": False})
        self.set_defaults(prog=self.prog)

    def error(self, message: str) -> NoReturn:
        """Exit without the usage, which is longer than the error."""
        from ecr_constructs.model.printable import printable  # noqa: PLC0415 - not for --help

        hint = f"see {self.prog} --help [arguments-invalid]"
        self.exit(FAILED, f"{self.prog}: {printable(message)}; {hint}\n")

    def _print_message(self, message: str, file: Any = None) -> None:
        """Print help; argparse would hide that it cannot be written."""
        (file or sys.stderr).write(message)


class _Version(argparse.Action):
    """Looks the version up when it is asked for, since that is slow."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        """Print the version."""
        sys.stdout.write(f"ecr-constructs {import_module('ecr_constructs').__version__}\n")
        parser.exit()


class _Completion(argparse.Action):
    """Prints the script that completes the command line."""

    def __call__(
        self, given: argparse.ArgumentParser, _: object, shell: Any, *__: object
    ) -> NoReturn:
        """Print the script."""
        completion = import_module("ecr_constructs.cli.completion")
        errors = import_module("ecr_constructs.cli.errors")
        try:
            script = completion.script(parser(), shell)
        except errors.FAILURES as error:
            given.exit(FAILED, f"{given.prog}: {errors.one_line(error)}\n")
        sys.stdout.write(f"{script}\n")
        given.exit()


def parser(command: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of the command line; with a command, only this one has its arguments."""
    parser = _Parser(
        prog="ecr-constructs", description="Check, review and preview Amazon ECR configuration."
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version")
    parser.add_argument(
        "--print-completion",
        action=_Completion,
        choices=("bash", "zsh", "fish", "tcsh", "powershell"),
        help="print the script that completes commands and options in a shell",
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name, purpose in _COMMANDS.items():
        subparser = commands.add_parser(name, help=purpose)
        if command in (None, name):
            import_module(f"ecr_constructs.cli.{name.replace('-', '_')}").add_to(subparser)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Returns:
        0 if there are no findings, 1 if there are, 2 if arguments, a file or a service fail, 3 if
        this program does, 130 if it is interrupted.
    """
    words = sys.argv[1:] if arguments is None else list(arguments)
    options = parser(next(iter(words), "")).parse_args(words)
    # --version and --help end above, and need no more than argparse.
    from ecr_constructs.cli.errors import guarded  # noqa: PLC0415

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            # A character that the terminal cannot show must not fail the command.
            stream.reconfigure(errors="replace" if stream is sys.stdout else "backslashreplace")
    # A command builds large trees, keeps them until it ends, and leaves few cycles: scanning them
    # for garbage was a third of the time of a large review.
    resume = gc.enable if gc.isenabled() else gc.disable
    gc.disable()
    try:
        return guarded(options.prog, lambda: int(options.run(options)))
    finally:
        resume()


def command() -> NoReturn:
    """Run a command, and end the process with its exit status."""
    try:
        status = _status()
        for stream in (sys.stdout, sys.stderr):
            stream.flush()
    except (OSError, AttributeError) as error:
        # A stream is closed, or on a full disk; nothing can be said if both are.
        status = FAILED
        with suppress(OSError, AttributeError):
            sys.stderr.write(f"ecr-constructs: cannot write: {error} [output-unwritable]\n")
    except KeyboardInterrupt:
        status = INTERRUPTED
    # To free the trees of a large review object by object takes a tenth of its time.
    os._exit(status)


def _status() -> int:
    try:
        return main()
    except SystemExit as stop:
        # Of --help, --version and wrong arguments.
        return stop.code if isinstance(stop.code, int) else 0
