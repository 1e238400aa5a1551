"""Expand the loops of a template: ``Fn::ForEach`` of the transform AWS::LanguageExtensions.

https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference-foreach.html
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from ecr_constructs.model.tokens import is_unresolved

if TYPE_CHECKING:
    from ecr_constructs.cloudformation.template import Place, Template

LOOP = "Fn::ForEach::"
TRANSFORM = "AWS::LanguageExtensions"
# CloudFormation accepts 500 resources and 1 MB in a template.
_MAX_ITEMS = 5_000
_MAX_DEPTH = 200
_SYMBOLS = re.compile(r"[^A-Za-z0-9]")


def transforms_of(body: Mapping[str, Any]) -> list[str]:
    """Return the names of the transforms of a template."""
    declared = body.get("Transform")
    names = declared if isinstance(declared, list) else [declared]
    return [str(name) for name in names if isinstance(name, str | Mapping)]


def expand(template: Template, resolve: Callable[[Any], Any]) -> Template:
    """Return a template with its loops expanded, as far as their collections are known.

    Args:
        template: The template as written.
        resolve: Resolves a value of the template.
    """
    if TRANSFORM not in transforms_of(template.body):
        return template
    expansion = _Expansion(resolve)
    body = expansion.value(template.body, (), (), {})
    line_of, origins = template.line_of, expansion.origins
    if line_of is None or not origins:
        return replace(template, body=body)

    def line_of_expanded(place: Place) -> int | None:
        for length in range(len(place), 0, -1):
            origin = origins.get(place[:length])
            if origin is not None:
                return line_of((*origin, *place[length:]))
        return line_of(place)

    return replace(template, body=body, line_of=line_of_expanded)


class _Expansion:
    """The expansion of the loops of one template.

    Attributes:
        origins: The place of the fragment from which each expanded entry is made.
    """

    def __init__(self, resolve: Callable[[Any], Any]) -> None:
        self.origins: dict[Place, Place] = {}
        self._resolve = resolve
        self._items = 0

    def value(self, value: Any, place: Place, origin: Place, names: Mapping[str, str]) -> Any:
        """Return a value with its loops expanded and the identifiers of outer loops replaced."""
        if len(place) > _MAX_DEPTH:
            return value
        if isinstance(value, str):
            return _replaced(value, names)
        if isinstance(value, list):
            return [
                self.value(item, (*place, index), (*origin, index), names)
                for index, item in enumerate(value)
            ]
        if not isinstance(value, Mapping):
            return value
        if len(value) == 1 and isinstance(name := value.get("Ref"), str) and name in names:
            return names[name]
        return self._mapping(value, place, origin, names)

    def _mapping(
        self, value: Mapping[Any, Any], place: Place, origin: Place, names: Mapping[str, str]
    ) -> dict[Any, Any]:
        entries: dict[Any, Any] = {}
        for key, item in value.items():
            inside = (*origin, key)
            if isinstance(key, str) and key.startswith(LOOP):
                entries |= self._loop(key, item, place, inside, names)
                continue
            name = _replaced(key, names) if isinstance(key, str) else key
            if origin != place:
                self.origins[(*place, name)] = inside
            entries[name] = self.value(item, (*place, name), inside, names)
        return entries

    def _loop(
        self, key: str, loop: Any, place: Place, origin: Place, names: Mapping[str, str]
    ) -> dict[Any, Any]:
        """Return the entries of a loop, or the loop itself if its collection is unknown."""
        match loop:
            case [str(identifier), collection, Mapping() as fragment]:
                items = self._collection(self.value(collection, place, origin, names))
            case _:
                items = None
        if items is None:
            return {_replaced(key, names): self._unexpanded(loop, names)}
        entries: dict[Any, Any] = {}
        for item in items:
            # `&{Name}` in a logical id leaves out what is no letter or digit.
            own = {identifier: item, f"&{identifier}": _SYMBOLS.sub("", item)}
            entries |= self._mapping(fragment, place, (*origin, 2), {**names, **own})
        return entries

    def _collection(self, written: Any) -> list[str] | None:
        values = self._resolve(written)
        if not isinstance(values, list) or any(
            isinstance(item, Mapping | list) or is_unresolved(item) for item in values
        ):
            return None
        self._items += len(values)
        return [str(item) for item in values] if self._items <= _MAX_ITEMS else None

    def _unexpanded(self, value: Any, names: Mapping[str, str]) -> Any:
        """Return a loop that stays, with the identifiers of outer loops replaced."""
        if isinstance(value, list):
            return [self._unexpanded(item, names) for item in value]
        if isinstance(value, Mapping):
            return {key: self._unexpanded(item, names) for key, item in value.items()}
        return _replaced(value, names) if isinstance(value, str) else value


def _replaced(text: str, names: Mapping[str, str]) -> str:
    for name, item in names.items():
        variable = f"&{{{name[1:]}}}" if name.startswith("&") else f"${{{name}}}"
        text = text.replace(variable, item)
    return text
