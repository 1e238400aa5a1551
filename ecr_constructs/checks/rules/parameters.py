"""Parameters of templates: their types, and the defaults that CloudFormation accepts."""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches
from typing import Any

from ecr_constructs.checks.rule import CFN_REFERENCE, Problem, error_rule
from ecr_constructs.cloudformation.aws_metadata import parameter_types
from ecr_constructs.cloudformation.graph import Resource, Stack
from ecr_constructs.cloudformation.resource_types import ECR_TYPES
from ecr_constructs.cloudformation.template import Place

_SOURCE = f"{CFN_REFERENCE}/parameters-section-structure.html"


def _parameters(stack: Stack) -> Iterator[tuple[Place, Mapping[str, Any]]]:
    """Yield the parameters of a template with resources of ECR, with their places."""
    written = stack.body.get("Parameters")
    has_ecr = any(item.type in ECR_TYPES for item in stack.resources.values())
    for name, parameter in written.items() if isinstance(written, Mapping) and has_ecr else ():
        if isinstance(parameter, Mapping):
            yield ("Parameters", name), parameter


@error_rule(
    "ECR608",
    "The default of a parameter is an allowed value",
    types=[],
    why="CloudFormation rejects the template.",
    remedy="Write a Default that AllowedValues, AllowedPattern and the limits allow.",
    source=_SOURCE,
)
def _default_is_allowed(resource: Resource) -> Iterator[Problem]:
    for path, parameter in _parameters(resource.stack):
        if "Default" in parameter and (reason := _default_error(parameter)) is not None:
            yield Problem((*path, "Default"), reason)


def _default_error(parameter: Mapping[str, Any]) -> str | None:
    default, kind = parameter["Default"], str(parameter.get("Type"))
    is_list = kind.startswith("List<") or kind == "CommaDelimitedList"
    texts = [text.strip() for text in str(default).split(",")] if is_list else [_text(default)]
    match parameter.get("AllowedValues"):
        case list(values) if wrong := [text for text in texts if text not in map(_text, values)]:
            return f"{wrong[0]!r} is not among the AllowedValues"
    if kind == "Number":
        return _number_error(parameter, texts[0])
    return _text_error(parameter, texts[0]) if kind == "String" else None


def _text(value: Any) -> str:
    """Return a value as CloudFormation passes it on: ``true``."""
    return str(value).lower() if isinstance(value, bool) else str(value)


def _number_error(parameter: Mapping[str, Any], text: str) -> str | None:
    number = _number(text)
    if number is None:
        return f"{text!r} is not a number"
    least, most = _number(parameter.get("MinValue")), _number(parameter.get("MaxValue"))
    if least is not None and number < least:
        return f"{text} is less than the MinValue"
    if most is not None and number > most:
        return f"{text} is more than the MaxValue"
    return None


def _text_error(parameter: Mapping[str, Any], text: str) -> str | None:
    least, most = _number(parameter.get("MinLength")), _number(parameter.get("MaxLength"))
    if least is not None and len(text) < least:
        return f"{text!r} is shorter than the MinLength"
    if most is not None and len(text) > most:
        return f"{text!r} is longer than the MaxLength"
    pattern = parameter.get("AllowedPattern")
    if isinstance(pattern, str) and _definitely_differs(pattern, text):
        return f"{text!r} does not match the AllowedPattern {pattern}"
    return None


def _number(value: Any) -> float | None:
    try:
        return float(value)
    except (TypeError, ValueError):
        return None


# What Java, which compares the pattern, and Python read alike.
# https://docs.oracle.com/javase/8/docs/api/java/util/regex/Pattern.html
_ESCAPE = r"\\[dDwWsS.\-/+*?()\[\]{}|$^\\]"
_SAME_IN_JAVA = re.compile(
    rf"(?:[^\\(\[\]+*?}}]|{_ESCAPE}|\((?:\?:|(?!\?))|\[(?:[^\\\[\]&]|{_ESCAPE})+\]"
    r"|[+*?}](?![+*]))*"
)
_REPEATED_GROUP = re.compile(r"\)[*+{]")
# Larger products of length and repetitions take too long where the text does not match.
_MAX_STEPS = 1_000_000
_MAX_LENGTH_OF_GROUPS = 16


def _definitely_differs(pattern: str, text: str) -> bool:
    """Tell whether a text does not match the whole of a pattern; False if it is unknown."""
    if not _SAME_IN_JAVA.fullmatch(pattern):
        return False
    steps = len(text) ** len(re.findall(r"[*+}]", pattern))
    has_groups = _REPEATED_GROUP.search(pattern) is not None
    if steps > _MAX_STEPS or (has_groups and len(text) > _MAX_LENGTH_OF_GROUPS):
        return False
    try:
        return re.fullmatch(pattern, text, re.ASCII) is None
    except re.error:
        return False


@error_rule(
    "ECR612",
    "The types of parameters exist",
    types=[],
    why="CloudFormation rejects the template.",
    remedy="Write Type: String, or another type of the reference.",
    source=_SOURCE,
)
def _types_exist(resource: Resource) -> Iterator[Problem]:
    for path, parameter in _parameters(resource.stack):
        kind = parameter.get("Type")
        if kind is None:
            yield Problem(path, "the parameter has no Type", "Add Type: String.")
        elif kind not in parameter_types():
            by_lower = {name.lower(): name for name in parameter_types()}
            near = get_close_matches(str(kind).lower(), by_lower, n=1)
            remedy = f"Write {by_lower[near[0]]}." if near else None
            yield Problem((*path, "Type"), f"there is no type of parameters {kind!r}", remedy)
