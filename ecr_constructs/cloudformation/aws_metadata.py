"""CloudFormation schemas and IAM actions of ECR, written by `scripts.service_data`."""

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
    """Return the schema of a resource type: properties, types, options, sizes."""
    schema: Mapping[str, Any] = _data()["types"][resource_type]
    return schema


def actions_of(service: str) -> Sequence[str]:
    """Return the actions of ``ecr`` or ``ecr-public``, without the service prefix."""
    actions: Sequence[str] = _data()["actions"][service]
    return actions
