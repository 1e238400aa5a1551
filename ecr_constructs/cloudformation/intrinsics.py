"""Resolve CloudFormation intrinsic functions as far as possible before deployment.

An unresolved value becomes a mark like the tokens of CDK, so that the model accepts it
(`model.tokens.is_unresolved`), and a text around it keeps its literal parts. The marks of two
expressions are equal only if the expressions are, after everything known in them is resolved.
https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/intrinsic-function-reference.html
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from hashlib import blake2s
from typing import Any, Protocol

from ecr_constructs.cloudformation.template import is_stored
from ecr_constructs.model.json_text import compact
from ecr_constructs.model.partitions import partition_of
from ecr_constructs.model.tokens import is_unresolved

UNKNOWN = "${Token[unknown]}"
"""Represents a value of which nothing is known, not even its expression."""


class _Absent:
    """The type of `ABSENT`."""

    def __repr__(self) -> str:
        return "AWS::NoValue"


ABSENT = _Absent()
"""Represents ``AWS::NoValue``: the property or list item is absent."""

ConditionValue = bool | list[Any]
"""The value of a condition, or its expression in a normal form."""

# Deeper than any template that CloudFormation accepts.
_MAX_DEPTH = 200
_LONGEST = 100
_VARIABLE = re.compile(r"\$\{(!?)([^${}]+)\}")
_DYNAMIC = re.compile(r"\{\{resolve:(?:[^{}$]|\$\{[^{}]*\}|\$)*\}\}")
_MARK = re.compile(r"\$\{Token\[unknown(?:\.[0-9a-f]{16})?\]\}")
_REFERENCE = re.compile(r"\$\{Token\[(?:\d+\.)?([\w.]+)\]\}", re.ASCII)
_PARTITION_SUFFIXES = {"aws": "amazonaws.com", "aws-us-gov": "amazonaws.com"}
_LISTS = ("CommaDelimitedList", "List<")
# The expressions of the marks of this process, as they are shown.
_written: dict[str, str] = {}


def unknown(function: str, argument: Any, shown: Any = None) -> str:
    """Return the mark of an expression.

    Args:
        function: The name of the function: ``Fn::If``.
        argument: Its argument, resolved as far as possible.
        shown: The argument to show in its place. Default: `argument`.
    """
    key = json.dumps([function, argument], sort_keys=True, default=repr)
    mark = f"${{Token[unknown.{blake2s(key.encode(), digest_size=8).hexdigest()}]}}"
    if mark not in _written:
        _written[mark] = _short_form(function, argument if shown is None else shown)
    return mark


def _short_form(function: str, argument: Any) -> str:
    """Return an expression as templates in YAML have it: ``${Name}``, ``${!If [Prod, a, b]}``."""
    if function == "Ref":
        return f"${{{argument}}}"
    if function == "Fn::GetAtt" and isinstance(argument, list):
        return f"${{{'.'.join(map(str, argument))}}}"
    text = as_written(argument if isinstance(argument, str) else _flow(argument))
    if function == "resolve":
        return text
    text = text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
    return f"${{!{function.removeprefix('Fn::')} {text}}}"


def _flow(value: Any) -> str:
    """Return a value in the flow style of YAML, without quotes."""
    if isinstance(value, list):
        return f"[{', '.join(map(_flow, value))}]"
    if value is ABSENT:
        return repr(value)
    return value if isinstance(value, str) else json.dumps(value, default=repr)


def as_written(text: str) -> str:
    """Replace the marks in a text by their expressions: ``${Name}``, ``${Key.Arn}``."""
    if "${Token[" not in text:
        return text
    text = _MARK.sub(lambda match: _written.get(match[0], "${unknown}"), text)
    return _REFERENCE.sub(lambda match: f"${{{match[1]}}}", text)


def marks_in(value: Any) -> frozenset[str]:
    """Return the marks of the expressions in a value that are not resolved."""
    return frozenset(_MARK.findall(compact(value)))


def has_unknown(text: str) -> bool:
    """Tell whether a text contains the mark of an expression that is not resolved."""
    return _MARK.search(text) is not None


class ResolutionScope(Protocol):
    """The resources, exports and environment that the values of a template can refer to."""

    body: Mapping[str, Any]
    account: str | None
    region: str | None
    parameters: Mapping[str, str]
    assumed: Mapping[str, bool]
    number: int

    def attribute(self, logical_id: str, name: str) -> object:
        """Return an attribute of a resource; ``Ref`` for what a Ref returns."""

    def imported(self, export: str) -> object:
        """Return the value of an export of another stack; None if it is unknown."""


class Resolver:
    """Resolves the values of one template."""

    def __init__(self, scope: ResolutionScope) -> None:
        """Create a resolver for the template of a scope."""
        self._scope = scope
        self._conditions: dict[str, ConditionValue] = {}
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
            "Fn::Length": self._length,
        }

    def resolve(self, value: Any, depth: int = 0) -> Any:
        """Return a value with its functions replaced by their results, or by marks."""
        if isinstance(value, str):
            return _DYNAMIC.sub(_dynamic, value) if "{{resolve:" in value else value
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
                return unknown(name, self.resolve(argument, depth + 1))
        resolved = {str(key): self.resolve(item, depth + 1) for key, item in value.items()}
        return {key: item for key, item in resolved.items() if item is not ABSENT}

    def _ref(self, name: Any, depth: int) -> Any:
        if not isinstance(name, str):
            return unknown("Ref", self.resolve(name, depth))
        if name in _mapping(self._scope.body.get("Resources")):
            return self._scope.attribute(name, "Ref")
        if name in self._scope.parameters:
            return self._given(name)
        return self._pseudo(name) if name.startswith("AWS::") else self._parameter(name)

    def _definition(self, name: str) -> Mapping[str, Any]:
        return _mapping(_mapping(self._scope.body.get("Parameters")).get(name))

    def _given(self, name: str) -> Any:
        value = self._scope.parameters[name]
        is_list = str(self._definition(name).get("Type")).startswith(_LISTS)
        return [item.strip() for item in value.split(",")] if is_list else value

    def _parameter(self, name: str) -> Any:
        # A default can be overridden at deployment; a single allowed value cannot.
        definition = self._definition(name)
        allowed = definition.get("AllowedValues")
        if isinstance(allowed, list) and len(allowed) == 1:
            return allowed[0]
        # A parameter of Systems Manager is another one if its name is.
        is_named = is_stored(definition)
        stored = [definition.get("Type"), definition.get("Default")] if is_named else []
        return unknown("Ref", [self._scope.number, name, *stored], name)

    def _pseudo(self, name: str) -> Any:
        if name == "AWS::NoValue":
            return ABSENT
        given = self._scope.parameters
        region = self._scope.region or given.get("AWS::Region")
        account = self._scope.account or given.get("AWS::AccountId")
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
                if isinstance(name, str):
                    return self._scope.attribute(logical_id, name)
        return unknown("Fn::GetAtt", argument)

    def _join(self, argument: Any, depth: int) -> Any:
        match argument:
            case [str(separator), values]:
                parts = self.resolve(values, depth)
                if isinstance(parts, list):
                    return separator.join(map(text_of, parts))
                return unknown("Fn::Join", [separator, parts])
        return unknown("Fn::Join", self.resolve(argument, depth))

    def _sub(self, argument: Any, depth: int) -> Any:
        match argument if isinstance(argument, list) else [argument, {}]:
            case [str(text), values]:
                variables = _mapping(values)
            case _:
                return unknown("Fn::Sub", self.resolve(argument, depth))

        def replaced(match: re.Match[str]) -> str:
            literal, name = match[1], match[2].strip()
            if literal:
                return f"${{{name}}}"
            if name in variables:
                return text_of(self.resolve(variables[name], depth))
            return text_of(self._get_att(name, depth) if "." in name else self._ref(name, depth))

        return self.resolve(_VARIABLE.sub(replaced, text))

    def _select(self, argument: Any, depth: int) -> Any:
        resolved = self.resolve(argument, depth)
        match resolved:
            case [index, list(values)] if str(index).isdecimal() and int(index) < len(values):
                return values[int(index)]
        return unknown("Fn::Select", resolved)

    def _split(self, argument: Any, depth: int) -> Any:
        resolved = self.resolve(argument, depth)
        match resolved:
            case [str(separator), str(text)] if separator and "${Token[" not in text:
                return text.split(separator)
        return unknown("Fn::Split", resolved)

    def _find_in_map(self, argument: Any, depth: int) -> Any:
        resolved = self.resolve(argument, depth)
        keys = resolved if isinstance(resolved, list) else []
        value: Any = self._scope.body.get("Mappings")
        for key in keys[:3]:
            content = _mapping(value)
            if text_of(key) not in content:
                is_known = not any("${Token[" in text_of(key) for key in keys[:3])
                match keys[3:]:
                    case [{"DefaultValue": default}] if is_known:
                        return default
                # What the key can select is a part of the expression.
                return unknown("Fn::FindInMap", [resolved, value], resolved)
            value = content[text_of(key)]
        return value if keys else unknown("Fn::FindInMap", resolved)

    def _if(self, argument: Any, depth: int) -> Any:
        match argument:
            case [str(name), then, otherwise]:
                holds = self.condition_expression(name, depth)
                if isinstance(holds, bool):
                    return self.resolve(then if holds else otherwise, depth)
                branches = [self.resolve(then, depth), self.resolve(otherwise, depth)]
                if branches[0] == branches[1]:
                    return branches[0]
                return unknown("Fn::If", [holds, *branches], [name, *branches])
        return unknown("Fn::If", self.resolve(argument, depth))

    def _import(self, argument: Any, depth: int) -> Any:
        name = self.resolve(argument, depth)
        value = self._scope.imported(name) if isinstance(name, str) else None
        return unknown("Fn::ImportValue", name) if value is None else value

    def _to_json(self, argument: Any, depth: int) -> Any:
        return compact(self.resolve(argument, depth))

    def _length(self, argument: Any, depth: int) -> Any:
        value = self.resolve(argument, depth)
        return len(value) if isinstance(value, list) else unknown("Fn::Length", value)

    def condition(self, name: str, depth: int = 0) -> bool | None:
        """Return the value of a condition; None if it is unknown."""
        value = self.condition_expression(name, depth)
        return value if isinstance(value, bool) else None

    def condition_expression(self, name: str, depth: int = 0) -> ConditionValue:
        """Return the value of a condition, or its expression in a normal form.

        Two conditions with the same normal form have the same value in each deployment.
        """
        if name not in self._conditions:
            # A condition that refers back to this one is unknown.
            self._conditions[name] = ["Condition", name]
            expression = _mapping(self._scope.body.get("Conditions")).get(name)
            self._conditions[name] = self._holds(expression, depth + 1)
        return self._conditions[name]

    def _holds(self, expression: Any, depth: int) -> ConditionValue:
        match expression:
            case {"Condition": str(name)} if depth < _MAX_DEPTH:
                return self.condition_expression(name, depth)
            case {"Fn::Equals": [left, right]}:
                return self._equals(left, right, depth)
            case {"Fn::Not": [negated]}:
                return _negated(self._holds(negated, depth + 1))
            case {"Fn::And": list(parts)}:
                return _all_of([self._holds(part, depth + 1) for part in parts])
            case {"Fn::Or": list(parts)}:
                negated = [_negated(self._holds(part, depth + 1)) for part in parts]
                return _negated(_all_of(negated))
        return ["unknown", compact(expression)]

    def _equals(self, left: Any, right: Any, depth: int) -> ConditionValue:
        pair = [text_of(self.resolve(value, depth)) for value in (left, right)]
        pair.sort(key=lambda text: (as_written(text), text))
        if pair[0] == pair[1]:
            return True
        if not any("${Token[" in text for text in pair):
            return False
        if any(self._excludes(left, text) or self._excludes(right, text) for text in pair):
            return False
        atom = ["Fn::Equals", *pair]
        return self._scope.assumed.get(compact(atom), atom)

    def _excludes(self, value: Any, text: str) -> bool:
        """Tell whether a value is a parameter that is never equal to a text."""
        match value:
            case {"Ref": str(name)} if not is_unresolved(text):
                allowed = self._definition(name).get("AllowedValues")
                return isinstance(allowed, list) and text not in map(text_of, allowed)
        return False


def atoms_of(condition: ConditionValue) -> Iterator[list[str]]:
    """Yield the comparisons with unknown results that a condition depends on."""
    if isinstance(condition, list) and condition[0] == "Fn::Equals":
        yield condition
    elif isinstance(condition, list):
        for part in condition[1:]:
            yield from atoms_of(part) if isinstance(part, list) else ()


def _negated(condition: ConditionValue) -> ConditionValue:
    if isinstance(condition, bool):
        return not condition
    negated: ConditionValue = ["Fn::Not", condition]
    if condition[0] == "Fn::Not":
        [_, negated] = condition
    return negated


def _all_of(parts: Sequence[ConditionValue]) -> ConditionValue:
    if False in parts:
        return False
    unknown_parts = sorted({compact(part): part for part in parts if part is not True}.items())
    match [part for _, part in unknown_parts]:
        case []:
            return True
        case [part]:
            return part
        case several:
            return ["Fn::And", *several]


def _dynamic(match: re.Match[str]) -> str:
    return unknown("resolve", match[0])


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def text_of(value: Any) -> str:
    """Return a value as CloudFormation inserts it into text."""
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, str | int | float) else unknown("value", value)
