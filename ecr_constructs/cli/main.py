"""The command ``ecr-constructs``."""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module
from io import TextIOWrapper
from typing import TYPE_CHECKING, Any, NoReturn

from ecr_constructs.cli.errors import CommandError, one_line
from ecr_constructs.cloudformation.errors import CheckError
from ecr_constructs.live import LiveError

if TYPE_CHECKING:
    from collections.abc import Sequence

# The modules of the commands. Only the requested one is imported, since hooks start it often.
_COMMANDS = {
    "lifecycle": "ecr_constructs.cli.lifecycle",
    "check": "ecr_constructs.cli.check",
    "review": "ecr_constructs.cli.review",
    "push-commands": "ecr_constructs.cli.push_commands",
}
FAILED = 2
INTERRUPTED = 130


class _Parser(argparse.ArgumentParser):
    """Reports an error in one line, and accepts no abbreviated options."""

    def __init__(self, **settings: Any) -> None:
        """Configure the parser; subparsers are of the same class."""
        # An abbreviation would break when an option with the same beginning is added.
        super().__init__(**{**settings, "allow_abbrev": False})

    def error(self, message: str) -> NoReturn:
        """Exit without the usage, which is longer than the error."""
        self.exit(FAILED, f"{self.prog}: {message}; see {self.prog} --help\n")


class _Version(argparse.Action):
    """Looks the version up when it is asked for, since that is slow."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> NoReturn:
        """Print the version."""
        sys.stdout.write(f"ecr-constructs {import_module('ecr_constructs').__version__}\n")
        parser.exit()


def parser(command: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of the command line.

    Args:
        command: The only command to add, since each import costs time. Default: all of them.
    """
    parser = _Parser(
        prog="ecr-constructs", description="Check, review and preview Amazon ECR configuration."
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="print the version")
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name in [command] if command in _COMMANDS else _COMMANDS:
        import_module(_COMMANDS[name]).add_to(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: Default: those of this process.

    Returns:
        0 if there are no findings, 1 if there are, 2 if arguments, a file or a service fail.
    """
    words = sys.argv[1:] if arguments is None else list(arguments)
    options = parser(next(iter(words), None)).parse_args(words)
    if isinstance(sys.stdout, TextIOWrapper):
        # A character that the terminal cannot show must not fail the command.
        sys.stdout.reconfigure(errors="replace")
    try:
        status: int = options.run(options)
        sys.stdout.flush()
    except (CommandError, CheckError, LiveError) as error:
        sys.stderr.write(f"{options.prog}: {one_line(error)}\n")
        return FAILED
    except BrokenPipeError:
        # The reader, such as `head`, has seen enough. Python would complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    return status
