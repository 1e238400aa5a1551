"""Arguments that several commands take."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ecr_constructs.model.lifecycle.describe_images import instant

if TYPE_CHECKING:
    from datetime import datetime


def add_now(parser: argparse.ArgumentParser) -> None:
    """Add the instant at which images are looked at."""
    parser.add_argument("--now", type=_instant, metavar="ISO", help="default: this instant")


def _instant(text: str) -> datetime:
    try:
        return instant(text)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from None
