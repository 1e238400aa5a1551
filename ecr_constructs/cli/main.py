"""The command ``ecr-constructs``."""

from __future__ import annotations

import argparse
import os
import sys
from importlib import import_module
from io import TextIOWrapper
from typing import TYPE_CHECKING, NoReturn

from ecr_constructs.cli.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Sequence

# The modules of the commands. Only the one that is asked for is imported: hooks start it often.
_COMMANDS = {
    "lifecycle": "ecr_constructs.cli.lifecycle",
    "check": "ecr_constructs.cli.check",
    "review": "ecr_constructs.cli.review",
    "push-commands": "ecr_constructs.cli.push_commands",
}
FAILED = 2
INTERRUPTED = 130


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with arguments in one line."""

    def error(self, message: str) -> NoReturn:
        """Exit without the usage, which is longer than the mistake."""
        self.exit(FAILED, f"{self.prog}: {message}; see {self.prog} --help\n")


def parser(command: str | None = None) -> argparse.ArgumentParser:
    """Return the parser of the command line.

    Args:
        command: The only command to add, since each import costs time. Default: all of them.
    """
    parser = _Parser(
        prog="ecr-constructs", description="What Amazon ECR will do, before it does it."
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    for name in [command] if command in _COMMANDS else _COMMANDS:
        import_module(_COMMANDS[name]).add_to(commands)
    return parser


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: Default: those of this process.

    Returns:
        0 if nothing was found, 1 if something was, 2 if the arguments or a file are wrong.
    """
    given = sys.argv[1:] if arguments is None else list(arguments)
    options = parser(next(iter(given), None)).parse_args(given)
    if isinstance(sys.stdout, TextIOWrapper):
        # A bar that a terminal cannot show is no reason to fail.
        sys.stdout.reconfigure(errors="replace")
    try:
        status: int = options.run(options)
        sys.stdout.flush()
    except CommandError as error:
        sys.stderr.write(f"{options.prog}: {error}\n")
        return FAILED
    except BrokenPipeError:
        # The reader, such as `head`, has seen enough. Python would complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return FAILED
    except KeyboardInterrupt:
        return INTERRUPTED
    return status
