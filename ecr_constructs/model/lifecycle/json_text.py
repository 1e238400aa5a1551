"""Write compact JSON as ECR stores it, and read JSON strictly."""

import json
from typing import Any

from ecr_constructs.model.json_reading import read_json

# A new encoder for each value takes as long as a small value.
_ENCODER = json.JSONEncoder(separators=(",", ":"), ensure_ascii=False, default=repr)


def compact(value: object) -> str:
    """Return JSON without white space, with the keys in their given order.

    A value that JSON cannot hold is written as its ``repr``, for the error that rejects it.
    """
    return _ENCODER.encode(value)


def parse(text: str) -> Any:
    """Return the value of a JSON text without duplicate keys, or raise a ValueError.

    Its message is a predicate without a subject and states line and column.
    """
    return read_json(text, _unique)


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        keys = [key for key, _ in pairs]
        duplicate = next(key for key in keys if keys.count(key) > 1)
        msg = f"duplicate key {duplicate!r} in one object; keep one of them"
        raise ValueError(msg)
    return result
