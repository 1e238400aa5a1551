"""Answers of the embedded AWS compared with botocore's models."""

from __future__ import annotations

import json
from typing import Any

KINDS: dict[str, Any] = {
    "structure": dict,
    "map": dict,
    "list": list,
    "string": str,
    "boolean": bool,
    "integer": int,
    "long": int,
    "double": (int, float),
    "timestamp": (int, float),
}


def violations(shape: Any, value: Any, path: str) -> list[str]:
    """Return where a JSON value differs from a shape: more strictly than botocore's parser."""
    if not isinstance(value, KINDS[shape.type_name]):
        return [f"{path}: {value!r} is not a {shape.type_name}"]
    match shape.type_name:
        case "structure":
            errors = [f"{path}: unknown {name}" for name in value if name not in shape.members]
            errors += [f"{path}: no {name}" for name in shape.required_members if name not in value]
            for name in value.keys() & shape.members.keys():
                errors += violations(shape.members[name], value[name], f"{path}.{name}")
            return errors
        case "list":
            return [text for item in value for text in violations(shape.member, item, f"{path}[]")]
        case "string" if shape.enum and value not in shape.enum:
            return [f"{path}: {value!r} is not in {shape.enum}"]
    return []


def watch(client: Any) -> dict[str, list[str]]:
    """Return a dictionary that fills with each operation called, and where its answers differ."""
    errors: dict[str, list[str]] = {}

    def check(operation_model: Any, response_dict: dict[str, Any], **_: Any) -> None:
        body, name = json.loads(response_dict["body"]), operation_model.name
        faults = errors.setdefault(name, [])
        faults += violations(operation_model.output_shape, body, name)
        if response_dict["status_code"] != operation_model.http.get("responseCode", 200):
            faults.append(f"{name}: {body}")

    service = client.meta.service_model.service_id.hyphenize()
    client.meta.events.register(f"before-parse.{service}", check)
    return errors
