"""Enumerations of AWS APIs, written by `scripts.service_data` from botocore."""

import json
from functools import cache
from pathlib import Path


@cache
def _data() -> dict[str, dict[str, list[str]]]:
    text = Path(__file__).with_name("enums.json").read_text(encoding="utf-8")
    content: dict[str, dict[str, list[str]]] = json.loads(text)
    return content


def enum(service: str, name: str) -> tuple[str, ...]:
    """Return the values of an enumeration: ``enum("ecr", "ScanStatus")``."""
    return tuple(_data()[service][name])
