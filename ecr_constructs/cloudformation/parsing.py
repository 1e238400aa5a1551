"""The text of templates, JSON or YAML: content, line numbers, and duplicate keys."""

from __future__ import annotations

import json
import re
from functools import cache
from typing import TYPE_CHECKING, Any

from ecr_constructs.cloudformation.errors import TemplateError
from ecr_constructs.model.extras import install_remedy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from ecr_constructs.cloudformation.template import Place

_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
# Nested YAML aliases can expand a short text exponentially; a template has at most 1 MB.
_MAX_NODES = 250_000
_MAX_DEPTH = 200
_TOO_LARGE = "not a template: nested too deeply, or too large"
_TOO_LONG = "not a template: a number has thousands of digits"
_AS_REF = ("Ref", "Condition")
# Python converts no number of more than 4,300 digits to text or back. Hexadecimal numbers of YAML
# are read, and could not be printed:
# https://docs.python.org/3/library/stdtypes.html#integer-string-conversion-length-limitation
_MAX_DIGITS = 1_000


def read_json(
    text: str, *, may_repeat: bool
) -> tuple[Any, Callable[[Place], int | None], Sequence[Place]]:
    """Return a template's content, a function from place to line, and places of duplicate keys.

    Lines are computed on first use, or if there is a duplicate key, of which the last one counts,
    here and in CloudFormation. To look for duplicates (`may_repeat`) doubles the time.

    Raises:
        TemplateError: The text is not JSON, or is larger than any template.
    """
    repeats = False

    def content_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal repeats
        content = dict(pairs)
        repeats = repeats or len(content) < len(pairs)
        return content

    try:
        body = json.loads(text, object_pairs_hook=content_of if may_repeat else None)
    except json.JSONDecodeError as error:
        msg = f"not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
        raise TemplateError(msg, code="template-not-json") from None
    except RecursionError:
        raise TemplateError(_TOO_LARGE, code="template-too-large") from None
    except ValueError:
        raise TemplateError(_TOO_LONG, code="number-too-long") from None

    @cache
    def places() -> tuple[dict[Place, int], list[Place]]:
        return _places(text)

    def line_of(place: Place) -> int | None:
        return places()[0].get(place)

    return body, line_of, places()[1] if repeats else ()


def _places(text: str) -> tuple[dict[Place, int], list[Place]]:
    """Return the line of each place, and the places of duplicate keys."""
    lines: dict[Place, int] = {(): 1}
    repeated: list[Place] = []
    place: list[str | int] = []
    keys: list[set[str]] = []
    line, seen, previous = 1, 0, ""
    for match in _PIECE.finditer(text):
        piece = match[0]
        line += text.count("\n", seen, match.start())
        seen = match.start()
        if piece in "{[":
            lines.setdefault(tuple(place), line)
            place.append("" if piece == "{" else 0)
            keys.append(set())
        elif piece in "}]":
            place.pop()
            keys.pop()
        elif piece == ",":
            last = place[-1]
            place[-1] = last + 1 if isinstance(last, int) else ""
        elif piece != ":":
            if previous in ("{", ",") and place and isinstance(place[-1], str):
                key = place[-1] = piece[1:-1]
                if key in keys[-1]:
                    repeated.append(tuple(place))
                    # The lines of the overridden value.
                    above = tuple(place)
                    lines = {key: at for key, at in lines.items() if key[: len(above)] != above}
                keys[-1].add(key)
            lines.setdefault(tuple(place), line)
        previous = piece
    return lines, repeated


def read_yaml(text: str) -> tuple[Any, Callable[[Place], int | None], Sequence[Place]]:
    """Return the same as `read_json` of a template with the short forms of functions."""
    try:
        import yaml  # noqa: PLC0415 - optional, and slow to import
    except ModuleNotFoundError:
        msg = f"reading YAML needs PyYAML; {install_remedy('cli')}"
        raise TemplateError(msg, code="yaml-not-installed") from None
    kind = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    loader = kind(text)
    try:
        _check_depth(yaml.parse(text, Loader=kind))
        node = loader.get_single_node()
        reader = _Reader(loader, yaml)
        content = None if node is None else reader.read(node, ())
    except (yaml.YAMLError, ValueError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error).splitlines()[0]
        msg = f"not YAML: {problem}{where}"
        raise TemplateError(msg, code="template-not-yaml") from None
    finally:
        loader.dispose()
    return content, reader.lines.get, reader.repeated


def _check_depth(events: Iterable[Any]) -> None:
    """Reject nesting so deep that libyaml, which recurses, would crash."""
    depth = 0
    for event in events:
        name = type(event).__name__
        depth += name.endswith("StartEvent") - name.endswith("EndEvent")
        if depth > _MAX_DEPTH:
            raise TemplateError(_TOO_LARGE, code="template-too-large")


class _Reader:
    """Converts YAML nodes to Python values and records their lines."""

    def __init__(self, loader: Any, yaml: Any) -> None:
        self.lines: dict[Place, int] = {}
        self.repeated: list[Place] = []
        self._loader = loader
        self._yaml = yaml
        self._count = 0
        self._own: dict[int, int] = {}

    def read(self, node: Any, place: Place) -> Any:
        """Return the value of a node."""
        self._count += 1
        if self._count > _MAX_NODES or len(place) > _MAX_DEPTH:
            raise TemplateError(_TOO_LARGE, code="template-too-large")
        self.lines.setdefault(place, node.start_mark.line + 1)
        tag = node.tag
        if tag.startswith("!") and len(tag) > 1:
            name = tag[1:] if tag[1:] in _AS_REF else f"Fn::{tag[1:]}"
            value = self._plain(node, (*place, name))
            if name == "Fn::GetAtt" and isinstance(value, str):
                value = value.split(".", 1)
            return {name: value}
        return self._plain(node, place)

    def _plain(self, node: Any, place: Place) -> Any:
        if isinstance(node, self._yaml.MappingNode):
            return self._mapping(node, place)
        if isinstance(node, self._yaml.SequenceNode):
            return [self.read(item, (*place, index)) for index, item in enumerate(node.value)]
        # CloudFormation has no dates: 2012-10-17 is text.
        if node.tag.startswith("!") or node.tag.endswith(":timestamp"):
            return node.value
        if node.tag.endswith(":int") and len(node.value) > _MAX_DIGITS:
            raise TemplateError(_TOO_LONG, code="number-too-long")
        return self._loader.construct_object(node)

    def _mapping(self, node: Any, place: Place) -> Mapping[str, Any]:
        # Flattening puts merged keys (<<) first; own keys override them without being
        # duplicates. An aliased node is already flat when it is read again.
        own = len([key for key, _ in node.value if not key.tag.endswith(":merge")])
        own = self._own.setdefault(id(node), own)
        self._loader.flatten_mapping(node)
        content: dict[str, Any] = {}
        written: set[str] = set()
        for index, (key_node, value_node) in enumerate(node.value):
            key = str(self._plain(key_node, place))
            if key in written:
                self.repeated.append((*place, key))
            if index >= len(node.value) - own:
                written.add(key)
            content[key] = self.read(value_node, (*place, key))
            self.lines[*place, key] = key_node.start_mark.line + 1
        return content
