"""Reading what the user names, and writing reports."""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ecr_constructs.cli.errors import CommandError
from ecr_constructs.model.lifecycle import Inventory

if TYPE_CHECKING:
    from collections.abc import Callable


def read_text(name: str) -> str:
    """Read a file, or standard input if its name is ``-``.

    The text may be UTF-8, UTF-16, as PowerShell writes it, or UTF-32.

    Raises:
        CommandError: It cannot be read.
    """
    try:
        data = sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except OSError as error:
        msg = f"cannot read {name}: {error.strerror}"
        raise CommandError(msg) from None
    try:
        # A byte order mark is not part of the text.
        return data.decode(json.detect_encoding(data)).removeprefix("\ufeff")
    except UnicodeDecodeError as error:
        msg = f"cannot read {name}: not UTF-8 at byte {error.start}; save it as UTF-8"
        raise CommandError(msg) from None


def write_text(name: str, text: str) -> None:
    """Write a file; whoever reads it meanwhile sees the old one or the new one, and no half.

    Raises:
        CommandError: It cannot be written.
    """
    path = Path(name).resolve()
    whole = not path.exists() or path.is_file()
    draft = path.with_name(f".{path.name}.{os.getpid()}") if whole else path
    try:
        try:
            draft.write_text(text, encoding="utf-8")
            if whole:
                draft.replace(path)
        finally:
            if whole:
                draft.unlink(missing_ok=True)
    except OSError as error:
        msg = f"cannot write {name}: {error.strerror}"
        raise CommandError(msg) from None


def read_inventory(images: str, manifests: str | None) -> Inventory:
    """Read an inventory as the AWS CLI prints it.

    Args:
        images: The file of `aws ecr describe-images`.
        manifests: The file of `aws ecr batch-get-image`.

    Raises:
        CommandError: One of them cannot be read, or is something else.
    """
    inventory = _read(images, Inventory.from_describe_images)
    return _read(manifests, inventory.with_manifests) if manifests else inventory


def _read(name: str, read: Callable[[str], Inventory]) -> Inventory:
    text = read_text(name)
    try:
        return read(text)
    except ValueError as error:
        title = "standard input" if name == "-" else name
        msg = f"{title}: {error}"
        raise CommandError(msg) from None
