"""The text of templates, JSON or YAML: content, line numbers, and duplicate keys."""

from __future__ import annotations

import re
from functools import cache
from typing import TYPE_CHECKING, Any

from ecr_constructs.cloudformation.errors import TemplateError
from ecr_constructs.model import json_reading
from ecr_constructs.model.extras import install_remedy

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence

    from ecr_constructs.cloudformation.template import Place

_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|[{}\[\],:]|[^\s{}\[\],:"]+')
# YAML aliases repeat parts of a text, and parts of parts: a short text can be endless.
_MAX_NODES = 250_000
_MAX_CHARACTERS = 20_000_000
_CODES = {
    "syntax": "template-not-json",
    "depth": "template-too-large",
    "number": "number-too-long",
    "text": "template-not-unicode",
}
_TOO_LARGE = "too large: its aliases repeat too much"
_AS_REF = ("Ref", "Condition")


def template_error(error: json_reading.JsonError) -> TemplateError:
    """Return the error of a template that exceeds a limit, or is not JSON."""
    message = str(error) if error.kind == "syntax" else f"not a template: {error}"
    return TemplateError(message, code=_CODES[error.kind])


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
        body = json_reading.read_json(text, content_of if may_repeat else None)
    except json_reading.JsonError as error:
        raise template_error(error) from None

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
    try:
        _check_depth(yaml.parse(text, Loader=kind))
        loader = kind(text)
        try:
            node = loader.get_single_node()
            reader = _Reader(loader, yaml)
            content = None if node is None else reader.read(node, ())
        finally:
            loader.dispose()
        json_reading.check_text(content)
    except json_reading.JsonError as error:
        raise template_error(error) from None
    except yaml.reader.ReaderError:
        raise _unprintable(text, yaml.reader.Reader.NON_PRINTABLE) from None
    except (yaml.YAMLError, ValueError, LookupError, ArithmeticError) as error:
        mark = getattr(error, "problem_mark", None)
        where = f" at line {mark.line + 1}, column {mark.column + 1}" if mark else ""
        problem = getattr(error, "problem", None) or str(error).partition("\n")[0]
        msg = f"not YAML: {problem}{where}"
        raise TemplateError(msg, code="template-not-yaml") from None
    return content, reader.lines.get, reader.repeated


def _unprintable(text: str, characters: re.Pattern[str]) -> TemplateError:
    """Return the error of a text with characters that YAML does not allow, such as ESC."""
    match = characters.search(text)
    assert match is not None
    line = text.count("\n", 0, match.start()) + 1
    column = match.start() - text.rfind("\n", 0, match.start())
    msg = f"not YAML: the character U+{ord(match[0]):04X} at line {line}, column {column}"
    return TemplateError(msg, code="template-not-yaml")


def _check_depth(events: Iterable[Any]) -> None:
    """Reject nesting so deep that libyaml, which recurses, would crash."""
    depth = 0
    for event in events:
        name = type(event).__name__
        depth += name.endswith("StartEvent") - name.endswith("EndEvent")
        # A stream and a document begin before the first value.
        if depth > json_reading.MAX_DEPTH + 2:
            raise json_reading.JsonError(json_reading.TOO_DEEP, "depth")


class _Reader:
    """Converts YAML nodes to Python values and records their lines."""

    def __init__(self, loader: Any, yaml: Any) -> None:
        self.lines: dict[Place, int] = {}
        self.repeated: list[Place] = []
        self._loader = loader
        self._yaml = yaml
        self._count = 0
        self._characters = 0

    def read(self, node: Any, place: Place) -> Any:
        """Return the value of a node."""
        self._count_nodes(1)
        if len(place) > json_reading.MAX_DEPTH:
            raise json_reading.JsonError(json_reading.TOO_DEEP, "depth")
        self.lines.setdefault(place, node.start_mark.line + 1)
        tag = node.tag
        if tag.startswith("!") and len(tag) > 1:
            name = tag[1:] if tag[1:] in _AS_REF else f"Fn::{tag[1:]}"
            value = self._plain(node, (*place, name))
            if name == "Fn::GetAtt" and isinstance(value, str):
                value = value.split(".", 1)
            return {name: value}
        return self._plain(node, place)

    def _count_nodes(self, more: int) -> None:
        self._count += more
        if self._count > _MAX_NODES:
            raise json_reading.JsonError(_TOO_LARGE, "depth")

    def _plain(self, node: Any, place: Place) -> Any:
        if isinstance(node, self._yaml.MappingNode):
            return self._mapping(node, place)
        if isinstance(node, self._yaml.SequenceNode):
            return [self.read(item, (*place, index)) for index, item in enumerate(node.value)]
        return self._scalar(node)

    def _scalar(self, node: Any) -> Any:
        self._characters += len(node.value)
        if self._characters > _MAX_CHARACTERS:
            raise json_reading.JsonError(_TOO_LARGE, "depth")
        # CloudFormation has no dates: 2012-10-17 is text.
        if node.tag.startswith("!") or node.tag.endswith(":timestamp"):
            return node.value
        if node.tag.endswith(":int") and len(node.value) > json_reading.MAX_DIGITS:
            raise json_reading.JsonError(json_reading.TOO_LONG, "number")
        value = self._loader.construct_object(node)
        return json_reading.finite(value) if isinstance(value, float) else value

    def _mapping(self, node: Any, place: Place) -> Mapping[str, Any]:
        content: dict[str, Any] = {}
        written: set[str] = set()
        merged = list(self._merged(node, ()))
        own = [(key, value) for key, value in node.value if not _is_merge(key)]
        # Own keys override those that are merged (<<), without being duplicates.
        for index, (key_node, value_node) in enumerate((*merged, *own)):
            if not isinstance(key_node, self._yaml.ScalarNode):
                line = key_node.start_mark.line + 1
                msg = f"not YAML: a key is a mapping or a list at line {line}"
                raise TemplateError(msg, code="template-not-yaml")
            key = str(self._scalar(key_node))
            if key in written:
                self.repeated.append((*place, key))
            if index >= len(merged):
                written.add(key)
            content[key] = self.read(value_node, (*place, key))
            self.lines[*place, key] = key_node.start_mark.line + 1
        return content

    def _merged(self, node: Any, above: Sequence[Any]) -> Iterator[tuple[Any, Any]]:
        """Yield the keys and values that a mapping merges; of equal keys the last one counts."""
        if node in above or len(above) > json_reading.MAX_DEPTH:
            raise json_reading.JsonError(json_reading.TOO_DEEP, "depth")
        for key, value in node.value:
            if not _is_merge(key):
                continue
            # The first mapping of a list takes precedence.
            is_list = isinstance(value, self._yaml.SequenceNode)
            for mapping in reversed(value.value) if is_list else [value]:
                if not isinstance(mapping, self._yaml.MappingNode):
                    msg = "not YAML: only mappings can be merged"
                    raise TemplateError(msg, code="template-not-yaml")
                self._count_nodes(len(mapping.value))
                yield from self._merged(mapping, (*above, node))
                yield from (item for item in mapping.value if not _is_merge(item[0]))


def _is_merge(key: Any) -> bool:
    return str(key.tag).endswith(":merge")
