"""Arguments that several commands take."""

from __future__ import annotations

import argparse
from typing import TYPE_CHECKING

from ecr_constructs.model.lifecycle.inventory_documents import instant
from ecr_constructs.model.validation import ValidationError

if TYPE_CHECKING:
    from datetime import datetime


def add_now(parser: argparse.ArgumentParser) -> None:
    """Add the instant at which images are looked at."""
    parser.add_argument("--now", type=_instant, metavar="ISO", help="default: this instant")


def _instant(text: str) -> datetime:
    try:
        return instant(text)
    except ValidationError as error:
        raise argparse.ArgumentTypeError(str(error.diagnostics[0])) from None
