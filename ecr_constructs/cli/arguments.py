"""Arguments that several commands take."""

from __future__ import annotations

import argparse
import re
import sys
from typing import TYPE_CHECKING

from ecr_constructs.cli.errors import CommandError
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.lifecycle.inventory_documents import instant
from ecr_constructs.model.lifecycle.simulation.in_use import PULLED_WITHIN_DAYS
from ecr_constructs.model.validation import ValidationError
from ecr_constructs.report.document import ROWS

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from datetime import datetime

_DAYS_DIGITS = 5


def add_now(parser: argparse.ArgumentParser) -> None:
    """Add the instant at which images are evaluated."""
    parser.add_argument(
        "--now", type=_instant, metavar="ISO", help="evaluate at this instant; default: now"
    )


def add_config(parser: argparse.ArgumentParser) -> None:
    """Add the configuration file of the checks."""
    files = parser.add_mutually_exclusive_group()
    files.add_argument(
        "--config",
        metavar="FILE",
        help="the configuration of the checks; default: the nearest ecr-constructs.toml, or "
        "pyproject.toml with [tool.ecr-constructs], in this folder or above",
    )
    files.add_argument("--no-config", action="store_true", help="read no configuration")


def add_manifests(parser: argparse.ArgumentParser) -> None:
    """Add the manifests of an inventory, and the instant of its evaluation."""
    parser.add_argument(
        "--manifests",
        metavar="FILE",
        help="the output of `aws ecr batch-get-image`, for indexes and shared layers",
    )
    add_now(parser)


def add_images(parser: argparse._ActionsContainer) -> None:
    """Add an inventory."""
    parser.add_argument(
        "--images",
        metavar="FILE",
        help="the output of `aws ecr describe-images --filter imageStatus=ANY`, pages in a row",
    )


def add_pulled_within(parser: argparse.ArgumentParser) -> None:
    """Add how long an image counts as in use after a pull."""
    parser.add_argument(
        "--pulled-within",
        type=_days,
        metavar="DAYS",
        help="how many days an image counts as in use after its last pull; default: "
        f"{PULLED_WITHIN_DAYS}",
    )


def pulled_within(options: argparse.Namespace) -> int:
    """Return how many days an image counts as in use after a pull."""
    return PULLED_WITHIN_DAYS if options.pulled_within is None else int(options.pulled_within)


def add_limit(parser: argparse.ArgumentParser, what: str = "the rows of each table") -> None:
    """Add how many rows a table has."""
    parser.add_argument(
        "--limit",
        type=int,
        default=ROWS,
        metavar="N",
        help=f"{what}; 0 shows all; default: {ROWS}",
    )


def limit_of(options: argparse.Namespace) -> int | None:
    """Return how many rows a table has; None shows all.

    Raises:
        CommandError: ``limit-negative``.
    """
    if options.limit < 0:
        message = "--limit must be at least 0, which shows all"
        raise CommandError(Diagnostic("limit-negative", message))
    return min(options.limit, sys.maxsize) or None


def empty_option(options: argparse.Namespace, names: Sequence[str]) -> str:
    """Return the first option that is given without a value, as by a variable that is not set."""
    empty = [name for name in names if getattr(options, name) == ""]
    return f"--{empty[0].replace('_', '-')}" if empty else ""


def add_allow_incomplete(parser: argparse.ArgumentParser) -> None:
    """Add that images may be missing."""
    parser.add_argument(
        "--allow-incomplete",
        action="store_true",
        help="with --images: accept a file whose last page has a nextToken, although images are "
        "missing; the result says so",
    )


def add_formats(parser: argparse.ArgumentParser, formats: Sequence[str]) -> None:
    """Add the format that is printed, and files for further formats."""
    parser.add_argument("--format", choices=formats, default="text")
    parser.add_argument(
        "--output",
        action="append",
        default=[],
        type=_output(formats),
        metavar="FORMAT=FILE",
        help="also write the report to a file, in a format of --format; may be repeated",
    )


def _output(formats: Sequence[str]) -> Callable[[str], tuple[str, str]]:
    def output(text: str) -> tuple[str, str]:
        form, _, file = text.partition("=")
        if form not in formats or not file:
            msg = f"write FORMAT=FILE, where FORMAT is one of {', '.join(formats)}; got {text!r}"
            raise argparse.ArgumentTypeError(msg)
        return form, file

    return output


def _days(text: str) -> int:
    if not text.isdecimal() or int(text[:_DAYS_DIGITS]) != int(text):
        msg = f"write a number of days from 0 to {10**_DAYS_DIGITS - 1:,}; got {text!r}"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def _instant(text: str) -> datetime:
    try:
        # A date without separators has eight digits.
        return instant(float(text) if re.fullmatch("[0-9]{9,}", text) else text)
    except ValidationError as error:
        raise argparse.ArgumentTypeError(str(error.diagnostics[0])) from None
