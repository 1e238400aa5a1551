"""Resolve CloudFormation intrinsic functions as far as possible before deployment.

An unresolved value becomes a mark like the tokens of CDK, so that the model accepts it
(`model.tokens.is_unresolved`), and a text around it keeps its literal parts.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from ecr_constructs.model.lifecycle.json_text import compact
from ecr_constructs.model.partitions import partition_of
from ecr_constructs.model.tokens import is_unresolved

UNKNOWN = "${Token[unknown]}"
"""Represents a value, or a part of a text, that is unknown before deployment."""

ABSENT = object()
"""Represents ``AWS::NoValue``: the property or list item is absent."""

# Deeper than any template that CloudFormation accepts.
_MAX_DEPTH = 200
_VARIABLE = re.compile(r"\$\{(!?)([^${}]+)\}")
_DYNAMIC = re.compile(r"\{\{resolve:[^}]*\}\}")
_PARTITION_SUFFIXES = {"aws": "amazonaws.com", "aws-us-gov": "amazonaws.com"}


class ResolutionScope(Protocol):
    """The resources, exports and environment that the values of a template can refer to."""

    body: Mapping[str, Any]
    account: str | None
    region: str | None

    def attribute(self, logical_id: str, name: str) -> object:
        """Return an attribute of a resource; ``Ref`` for what a Ref returns."""

    def imported(self, export: str) -> object:
        """Return the value of an export of another stack."""


class Resolver:
    """Resolves the values of one template."""

    def __init__(self, scope: ResolutionScope) -> None:
        """Create a resolver for the template of a scope."""
        self._scope = scope
        self._conditions: dict[str, bool | None] = {}
        self._functions: dict[str, Callable[[Any, int], Any]] = {
            "Ref": self._ref,
            "Fn::GetAtt": self._get_att,
            "Fn::Join": self._join,
            "Fn::Sub": self._sub,
            "Fn::Select": self._select,
            "Fn::Split": self._split,
            "Fn::FindInMap": self._find_in_map,
            "Fn::If": self._if,
            "Fn::ImportValue": self._import,
            "Fn::ToJsonString": self._to_json,
        }

    def resolve(self, value: Any, depth: int = 0) -> Any:
        """Return a value with its functions replaced by their results, or by `UNKNOWN`."""
        if isinstance(value, str):
            return _DYNAMIC.sub(UNKNOWN, value) if "{{resolve:" in value else value
        if depth > _MAX_DEPTH:
            return UNKNOWN
        if isinstance(value, Mapping):
            return self._resolve_mapping(value, depth)
        if isinstance(value, list | tuple):
            items = [self.resolve(item, depth + 1) for item in value]
            return [item for item in items if item is not ABSENT]
        return value

    def _resolve_mapping(self, value: Mapping[Any, Any], depth: int) -> Any:
        if len(value) == 1:
            [(name, argument)] = value.items()
            if name in self._functions:
                return self._functions[name](argument, depth + 1)
            if isinstance(name, str) and name.startswith("Fn::"):
                return UNKNOWN
        resolved = {str(key): self.resolve(item, depth + 1) for key, item in value.items()}
        return {key: item for key, item in resolved.items() if item is not ABSENT}

    def _ref(self, name: Any, _: int) -> Any:
        if not isinstance(name, str):
            return UNKNOWN
        if name.startswith("AWS::"):
            return self._pseudo(name)
        if name in _mapping(self._scope.body.get("Resources")):
            return self._scope.attribute(name, "Ref")
        return self._parameter(name)

    def _parameter(self, name: str) -> Any:
        # A default can be overridden at deployment; a single allowed value cannot.
        parameter = _mapping(_mapping(self._scope.body.get("Parameters")).get(name))
        allowed = parameter.get("AllowedValues")
        return allowed[0] if isinstance(allowed, list) and len(allowed) == 1 else UNKNOWN

    def _pseudo(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return ABSENT
        region, account = self._scope.region, self._scope.account
        values = {"AWS::AccountId": account, "AWS::Region": region}
        if region is not None:
            partition = partition_of(region)
            values["AWS::Partition"] = partition
            values["AWS::URLSuffix"] = _PARTITION_SUFFIXES.get(partition)
        return values.get(name) or f"${{Token[{name.replace('::', '.')}]}}"

    def _get_att(self, argument: Any, depth: int) -> Any:
        match argument.split(".", 1) if isinstance(argument, str) else argument:
            case [str(logical_id), attribute]:
                name = self.resolve(attribute, depth)
                if isinstance(name, str) and not is_unresolved(name):
                    return self._scope.attribute(logical_id, name)
        return UNKNOWN

    def _join(self, argument: Any, depth: int) -> Any:
        match argument:
            case [str(separator), values]:
                parts = self.resolve(values, depth)
                if isinstance(parts, list):
                    return separator.join(map(_text, parts))
        return UNKNOWN

    def _sub(self, argument: Any, depth: int) -> Any:
        match argument if isinstance(argument, list) else [argument, {}]:
            case [str(text), values]:
                variables = _mapping(values)
            case _:
                return UNKNOWN

        def replaced(match: re.Match[str]) -> str:
            literal, name = match[1], match[2].strip()
            if literal:
                return f"${{{name}}}"
            if name in variables:
                return _text(self.resolve(variables[name], depth))
            return _text(self._get_att(name, depth) if "." in name else self._ref(name, depth))

        return self.resolve(_VARIABLE.sub(replaced, text))

    def _select(self, argument: Any, depth: int) -> Any:
        match self.resolve(argument, depth):
            case [index, list(values)] if str(index).isdecimal() and int(index) < len(values):
                return values[int(index)]
        return UNKNOWN

    def _split(self, argument: Any, depth: int) -> Any:
        match self.resolve(argument, depth):
            case [str(separator), str(text)] if separator and not is_unresolved(text):
                return text.split(separator)
        return UNKNOWN

    def _find_in_map(self, argument: Any, depth: int) -> Any:
        keys = self.resolve(argument, depth)
        value: Any = self._scope.body.get("Mappings")
        for key in keys[:3] if isinstance(keys, list) else [None]:
            value = _mapping(value).get(_text(key), UNKNOWN)
        return value

    def _if(self, argument: Any, depth: int) -> Any:
        match argument:
            case [str(name), then, otherwise]:
                holds = self.condition(name, depth)
                return UNKNOWN if holds is None else self.resolve(then if holds else otherwise)
        return UNKNOWN

    def _import(self, argument: Any, depth: int) -> Any:
        name = self.resolve(argument, depth)
        return self._scope.imported(name) if isinstance(name, str) else UNKNOWN

    def _to_json(self, argument: Any, depth: int) -> Any:
        return compact(self.resolve(argument, depth))

    def condition(self, name: str, depth: int = 0) -> bool | None:
        """Return the value of a condition; None if it is unknown."""
        if name not in self._conditions:
            # A condition that refers back to this one is unknown.
            self._conditions[name] = None
            expression = _mapping(self._scope.body.get("Conditions")).get(name)
            self._conditions[name] = self._holds(expression, depth + 1)
        return self._conditions[name]

    def _holds(self, expression: Any, depth: int) -> bool | None:
        match expression:
            case {"Condition": str(name)} if depth < _MAX_DEPTH:
                return self.condition(name, depth)
            case {"Fn::Equals": [left, right]}:
                pair = _text(self.resolve(left, depth)), _text(self.resolve(right, depth))
                return None if any(map(is_unresolved, pair)) else pair[0] == pair[1]
            case {"Fn::Not": [negated]}:
                holds = self._holds(negated, depth + 1)
                return None if holds is None else not holds
            case {"Fn::And": list(parts)}:
                return _all_of([self._holds(part, depth + 1) for part in parts])
            case {"Fn::Or": list(parts)}:
                values = [self._holds(part, depth + 1) for part in parts]
                none_holds = _all_of([None if part is None else not part for part in values])
                return None if none_holds is None else not none_holds
        return None


def _all_of(parts: Sequence[bool | None]) -> bool | None:
    if False in parts:
        return False
    return None if None in parts else True


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _text(value: Any) -> str:
    """Return a value as CloudFormation inserts it into text."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) else UNKNOWN
