"""What CloudFormation and IAM know of ECR, as ``python -m scripts.service_data`` wrote it down."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

_PATH = Path(__file__).with_name("aws_metadata.json")


@cache
def _data() -> dict[str, Any]:
    content: dict[str, Any] = json.loads(_PATH.read_text(encoding="utf-8"))
    return content


def schema_of(resource_type: str) -> Mapping[str, Any]:
    """Return names, kinds, choices and sizes of a type's properties."""
    schema: Mapping[str, Any] = _data()["types"][resource_type]
    return schema


def regions() -> frozenset[str]:
    """Return every Region there is."""
    return frozenset(_data()["regions"])


def actions_of(service: str) -> Sequence[str]:
    """Return the actions of ``ecr`` or ``ecr-public``, without the service's name."""
    actions: Sequence[str] = _data()["actions"][service]
    return actions
