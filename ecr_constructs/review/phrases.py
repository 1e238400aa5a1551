"""Values and numbers in sentences."""

import re
from collections.abc import Sequence
from typing import Any

from ecr_constructs.model.lifecycle.json_text import compact

_LONGEST = 120
# A reference to an attribute of another resource, which is not known before the deployment.
_ATTRIBUTE = re.compile(r"\$\{Token\[(?:\d+\.)?([\w.]+)\]\}", re.ASCII)


def format_value(value: Any) -> str:
    """Return a property's value for a sentence; a long one is cut."""
    if value is None:
        return "absent"
    text = strip_tokens(value if isinstance(value, str) else compact(value))
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def strip_tokens(text: str) -> str:
    """Return a text in which what is not known before the deployment is called ``${Key.Arn}``."""
    return _ATTRIBUTE.sub(lambda match: f"${{{match[1]}}}", text)


def join_names(names: Any, most: int = 5) -> str:
    """Return names as ``a, b and c``, and how many more there are than can be read."""
    shown = [str(each) for each in names]
    if len(shown) > most:
        shown = [*shown[: most - 1], f"{len(shown) - most + 1:,} more"]
    return " and ".join(filter(None, (", ".join(shown[:-1]), shown[-1] if shown else "")))


def but_for(names: Sequence[str]) -> str:
    """Return ``, but for a and b``, or nothing."""
    return f", but for {join_names(names)}" if names else ""


def pluralize(count: int, noun: str) -> str:
    """Return ``1 image`` or ``2,000 images``."""
    return f"{count:,} {noun}{'' if count == 1 else 's'}"
