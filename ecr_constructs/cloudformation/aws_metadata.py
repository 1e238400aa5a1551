"""CloudFormation schemas and IAM actions of ECR, written by `scripts.service_data`."""

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

_FOLDER = Path(__file__).parent
# Resources of these types return attributes that their definition, not their type, determines.
_OPEN_TYPES = ("Custom::", "AWS::CloudFormation::", "AWS::ServiceCatalog::")


@cache
def _data(name: str = "aws_metadata") -> dict[str, Any]:
    text = (_FOLDER / f"{name}.json").read_text(encoding="utf-8")
    content: dict[str, Any] = json.loads(text)
    return content


def schema_of(resource_type: str) -> Mapping[str, Any]:
    """Return the schema of a resource type: properties, types, options, sizes."""
    schema: Mapping[str, Any] = _data()["types"][resource_type]
    return schema


def functions() -> Sequence[str]:
    """Return the functions of templates, as regular expressions."""
    names: Sequence[str] = _data("template_language")["functions"]
    return names


def parameter_types() -> Sequence[str]:
    """Return the types that parameters of templates can have."""
    names: Sequence[str] = _data("template_language")["parameterTypes"]
    return names


def pseudo_parameters() -> Sequence[str]:
    """Return the pseudo parameters, such as ``AWS::Region``."""
    names: Sequence[str] = _data("template_language")["pseudoParameters"]
    return names


def actions_of(service: str) -> Sequence[str]:
    """Return the actions of ``ecr`` or ``ecr-public``, without the service prefix."""
    actions: Sequence[str] = _data()["actions"][service]
    return actions


def attributes_of(resource_type: str) -> Sequence[str] | None:
    """Return the attributes of a type, as regular expressions; None if any may exist.

    A name that CloudFormation accepts matches one of them from the beginning to the end.
    """
    if resource_type.startswith(_OPEN_TYPES):
        return None
    attributes: Sequence[str] | None = _data("attributes").get(resource_type)
    return attributes
