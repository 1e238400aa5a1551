"""Scripts that complete the command line in a shell."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ecr_constructs.cli.errors import CommandError
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.extras import install_remedy

if TYPE_CHECKING:
    from collections.abc import Iterator

# What the values of arguments are called that name a file or a folder.
_PATHS = ("FILE", "PATH", "FOLDER", "FORMAT=FILE")


def script(parser: argparse.ArgumentParser, shell: str) -> str:
    """Return the script that completes a command line.

    Args:
        parser: The parser, with the arguments of all commands.
        shell: A shell that ``--print-completion`` takes.

    Raises:
        CommandError: ``shtab-missing``: the library that writes the scripts is not installed.
    """
    try:
        import shtab  # noqa: PLC0415 - part of an extra
    except ModuleNotFoundError:
        problem = Diagnostic(
            "shtab-missing", "completion needs shtab", remedy=install_remedy("cli")
        )
        raise CommandError(problem) from None
    for action in _actions(parser):
        if action.metavar in _PATHS:
            # An attribute that shtab reads: https://docs.iterative.ai/shtab/use/#custom-completion
            setattr(action, "complete", shtab.FILE)  # noqa: B010 - argparse does not declare it
    return str(shtab.complete(parser, shell=shell))


def _actions(parser: argparse.ArgumentParser) -> Iterator[argparse.Action]:
    for action in parser._actions:  # noqa: SLF001 - argparse has no other way to list them
        yield action
        if isinstance(action, argparse._SubParsersAction):  # noqa: SLF001
            for subparser in action.choices.values():
                yield from _actions(subparser)
