"""Lifecycle policies whose text has parts that only the deployment knows, as with ``Fn::Sub``.

A part outside of quotation marks is a value, most often a number; one inside of them is a part of a
string. What is wrong whatever the parts are is an error; the rest is not known.
"""

import re
from typing import Any

from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.json_text import parse
from ecr_constructs.model.tokens import MARK, is_unresolved

# A string of JSON, or a mark outside of one.
_PART = re.compile(rf'"(?:[^"\\]|\\.)*"|{MARK.pattern}')
# A number as CDK represents one that is known only at deploy time.
_NUMBER = "-1.8881545897087505e289"
# Errors that another value of a part of a string may not have.
_DEPENDENT = ("value-not-allowed", "key-unknown", "tag-prefixes-duplicate")


def parse_partly(text: str) -> Any:
    """Return the content of a text with deploy-time parts, or None if it is not known.

    Unknown values become deploy-time numbers.

    Raises:
        ValueError: The text is not JSON, or has duplicate keys, whatever its parts are.
    """
    replaced = _PART.sub(lambda part: part[0] if part[0].startswith('"') else _NUMBER, text)
    try:
        return parse(replaced)
    except ValueError as error:
        # A part can be any text, also one that makes what follows valid.
        if str(error).startswith("not JSON") and not _is_before_parts(text, str(error)):
            return None
        raise


def _is_before_parts(text: str, message: str) -> bool:
    """Tell whether a message of the JSON parser is about a place before the first part."""
    before = MARK.split(text, maxsplit=1)[0].split("\n")
    line, column = map(int, re.findall(r"\d+", message)[-2:])
    return (line, column) <= (len(before), len(before[-1]))


def is_definite(error: Diagnostic, content: Any) -> bool:
    """Tell whether a policy has an error whatever its deploy-time parts are."""
    if error.code == "rule-priority-unresolved":
        # Only the constructs of this library have to know the order of the rules.
        return False
    value = content
    values = [value]
    for step in re.findall(r"[^.\[\]]+", error.path):
        value = value[int(step)] if isinstance(value, list) else value
        value = value.get(step) if isinstance(value, dict) and not step.isdecimal() else value
        values.append(value)
    if any(isinstance(item, float) and is_unresolved(item) for item in values):
        return False
    parts = [error.path, *(value if isinstance(value, list) else [value])]
    return error.code not in _DEPENDENT or not any(map(is_unresolved, parts))
