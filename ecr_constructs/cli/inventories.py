"""An inventory as the AWS CLI prints it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.files import read_text
from ecr_constructs.model.lifecycle import Inventory
from ecr_constructs.model.validation import ValidationError

if TYPE_CHECKING:
    from collections.abc import Callable


def read_inventory(images: str, manifests: str | None) -> Inventory:
    """Read an inventory, and what manifests tell of it.

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
    except ValidationError as error:
        where = "standard input" if name == "-" else name
        msg = f"{where}: {'; '.join(map(str, error.diagnostics))}"
        raise CommandError(msg) from None
