"""Which properties CloudFormation cannot change without replacing the resource.

``python -m scripts.service_data`` writes them down from the published resource schemas.
"""

import json
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any

from ecr_constructs.review.comparison import Pair

_PATH = Path(__file__).with_name("create_only.json")


@cache
def _data() -> dict[str, list[str]]:
    content: dict[str, list[str]] = json.loads(_PATH.read_text(encoding="utf-8"))
    return content


def create_only(resource_type: str) -> Sequence[str]:
    """Return the paths of a type's create-only properties: ``EncryptionConfiguration/KmsKey``."""
    return _data().get(resource_type, ())


def differing(pair: Pair) -> dict[str, tuple[Any, Any]]:
    """Return the create-only properties that a change wants otherwise, before and after.

    Args:
        pair: A resource that is on both sides.
    """
    found: dict[str, tuple[Any, Any]] = {}
    for path in create_only(pair.type):
        top, *inner = path.split("/")
        before, after = pair.values(top, *inner)
        if before != after:
            found.setdefault(top, pair.values(top))
    return found
