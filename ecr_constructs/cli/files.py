"""Reading what the user names: policies, inventories, manifests."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from ecr_constructs.cli.errors import CommandError


def read_text(name: str) -> str:
    """Read a file, or standard input if its name is ``-``.

    UTF-8, UTF-16 and UTF-32 are told apart, as PowerShell writes UTF-16.

    Raises:
        CommandError: It cannot be read.
    """
    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        msg = f"cannot read {name}: {error.strerror}"
        raise CommandError(msg) from None
    try:
        # A mark of the byte order is no part of the text.
        return data.decode(json.detect_encoding(data)).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        msg = f"cannot read {name}: not UTF-8 at byte {error.start}; save it as UTF-8"
        raise CommandError(msg) from None
