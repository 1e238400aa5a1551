"""JSON as ECR stores it: compact, and strict about what it reads."""

import json
from typing import Any


def compact(value: object) -> str:
    """Write JSON without any white space, keys in the order they have.

    What has no JSON is written as Python shows it, for the error that will refuse it.
    """
    return json.dumps(value, separators=(",", ":"), ensure_ascii=False, default=repr)


def parse(text: str) -> Any:
    """Read JSON, refusing a key that stands twice in one object.

    Raises:
        ValueError: The text is no JSON; the message says where.
    """
    try:
        return json.loads(text, object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        msg = f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        raise ValueError(msg) from None
    except RecursionError:
        msg = "not a lifecycle policy: nested too deeply"
        raise ValueError(msg) from None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result = dict(pairs)
    if len(result) < len(pairs):
        keys = [key for key, _ in pairs]
        twice = next(key for key in keys if keys.count(key) > 1)
        msg = f"the key {twice!r} stands twice in one object; keep one of them"
        raise ValueError(msg)
    return result
