"""EventBridge's input transformation, as far as the messages of this library go.

Written from https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-transform-target-input.html.
"""

import json
import re
from collections.abc import Mapping
from typing import Any

_STEP = re.compile(r"\.([\w-]+)|\[(\d+)\]")


def transformed(paths: Mapping[str, str], template: str, event: Mapping[str, Any]) -> list[str]:
    """Return the lines that a target receives for an event, each a text without its quotes."""
    values = {name: _at(path, event) for name, path in paths.items()}
    lines = []
    for line in template.splitlines():
        assert re.fullmatch(r'"[^"]*"', line), f"not a text: {line}"
        lines.append(re.sub(r"<(\w+)>", lambda match: values[match[1]], line[1:-1]))
    return lines


def _at(path: str, event: Mapping[str, Any]) -> str:
    """Return the text of a value; of an object or a list its JSON without quotes."""
    value: Any = event
    assert path.startswith("$.")
    assert _STEP.sub("", path[1:]) == "", path
    for name, index in _STEP.findall(path[1:]):
        value = value[int(index)] if index else value.get(name, {})
    if value == {}:
        return ""
    return value if isinstance(value, str) else json.dumps(value).replace('"', "")
