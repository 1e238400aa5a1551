"""Write compact JSON as ECR stores it, and read JSON strictly."""

import json
from collections import Counter
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
    return read_json(text, unique)


def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """Return the object of its members, or raise a ValueError if a key is written twice."""
    result = dict(pairs)
    if len(result) < len(pairs):
        counts = Counter(key for key, _ in pairs)
        duplicate = next(key for key, count in counts.items() if count > 1)
        msg = f"duplicate key {duplicate!r} in one object; keep one of them"
        raise ValueError(msg)
    return result
