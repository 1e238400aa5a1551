"""The command ``ecr-constructs``."""

from __future__ import annotations

import argparse
import os
import sys
from io import TextIOWrapper
from typing import TYPE_CHECKING, NoReturn

from ecr_constructs.cli import lifecycle, push, review, templates
from ecr_constructs.cli.errors import CommandError

if TYPE_CHECKING:
    from collections.abc import Sequence

FAILED = 2
INTERRUPTED = 130


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with arguments in one line."""

    def error(self, message: str) -> NoReturn:
        """Exit without the usage, which is longer than the mistake."""
        self.exit(FAILED, f"{self.prog}: {message}; see {self.prog} --help\n")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command.

    Args:
        arguments: Default: those of this process.

    Returns:
        0 if nothing was found, 1 if something was, 2 if the arguments or a file are wrong.
    """
    parser = _Parser(
        prog="ecr-constructs", description="What Amazon ECR will do, before it does it."
    )
    commands = parser.add_subparsers(metavar="COMMAND", required=True)
    lifecycle.add_to(commands)
    templates.add_to(commands)
    review.add_to(commands)
    push.add_to(commands)
    options = parser.parse_args(arguments)
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
