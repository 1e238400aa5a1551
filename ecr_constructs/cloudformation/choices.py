"""What the allowed values of parameters make of a resource.

A parameter with AllowedValues has one of them in every deployment, so that a rule that reads a
single resource can judge each of them.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from itertools import product
from math import prod
from typing import TYPE_CHECKING, Any, NamedTuple

from ecr_constructs.cloudformation.graph import Resource, Stack
from ecr_constructs.cloudformation.intrinsics import text_of
from ecr_constructs.cloudformation.references import conditions_in, references_in

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

# Of more combinations, only as many are tried as the longest list of allowed values has.
_MAX_COMBINATIONS = 64


class Choice(NamedTuple):
    """A resource as some values of parameters make it.

    Attributes:
        resource: The resource, resolved with the values.
        values: The values by the names of their parameters.
    """

    resource: Resource
    values: tuple[tuple[str, Any], ...]

    def __str__(self) -> str:
        """Return ``Env is 'prod' and Size is 'small'``."""
        return " and ".join(f"{name} is {value!r}" for name, value in self.values)


def choices_of(resource: Resource, *, by_condition: bool = False) -> list[Choice]:
    """Return a resource as each combination of allowed values of its parameters makes it.

    Args:
        resource: The resource.
        by_condition: Only try the parameters of conditions: what the template decides. The value
            of another parameter is a decision of whoever deploys the template.
    """
    if not resource.stack.memoized(_has_choices):
        return []
    return resource.memoized(_BY_CONDITION if by_condition else _BY_ANY)


def with_defaults(resource: Resource) -> Resource | None:
    """Return a resource as the defaults of its parameters make it; None if it has none.

    The value of a parameter that the deployment is known to set is not replaced.
    """
    parameters = resource.stack.body.get("Parameters")
    if not isinstance(parameters, dict):
        return None
    names = _names(resource.body) & parameters.keys() - {*resource.stack.parameters}
    defaults = ((name, _default_of(parameters[name])) for name in sorted(names))
    values = tuple((name, default) for name, default in defaults if default is not None)
    return _with(resource.stack, values).resources.get(resource.id) if values else None


def _default_of(parameter: Any) -> Any:
    # The default of a parameter of Systems Manager is its name.
    match parameter:
        case {"Type": "String" | "Number" | "CommaDelimitedList", "Default": default}:
            return default
    return None


def _has_choices(stack: Stack) -> bool:
    written = stack.body.get("Parameters")
    return isinstance(written, dict) and any(_allowed(stack.body, name) for name in written)


def _choices(resource: Resource, *, by_condition: bool) -> list[Choice]:
    body = resource.stack.body
    names = {name for part in _conditions_of(resource) for name in _names(part)}
    if not by_condition:
        names |= _names(resource.body)
    options = {name: allowed for name in sorted(names) if (allowed := _allowed(body, name))}
    choices = []
    for values in _combinations(options) if options else ():
        varied = _with(resource.stack, values).resources[resource.id]
        if varied.is_created:
            choices.append(Choice(varied, values))
    return choices


# Results are remembered by function.
_BY_ANY, _BY_CONDITION = (partial(_choices, by_condition=flag) for flag in (False, True))


def _names(value: Any) -> set[str]:
    return {reference.name for reference in references_in(value)}


def _conditions_of(resource: Resource) -> list[Any]:
    """Return the conditions that a resource depends on, as written."""
    written = resource.stack.body.get("Conditions")
    conditions = written if isinstance(written, dict) else {}
    waiting, visited = [*conditions_in(resource.body)], set[str]()
    while waiting:
        name = waiting.pop()
        if name in conditions and name not in visited:
            visited.add(name)
            waiting += conditions_in(conditions[name])
    return [conditions[name] for name in sorted(visited)]


def _allowed(body: Mapping[str, Any], name: str) -> list[Any]:
    """Return the values of a parameter, if the template lists them.

    Those of an SSM parameter are its possible names.
    """
    match body["Parameters"].get(name):
        case {"Type": "String" | "Number", "AllowedValues": [_, _, *_] as values}:
            return [value for value in values if isinstance(value, str | int | float)]
    return []


def _combinations(options: Mapping[str, list[Any]]) -> Iterator[tuple[tuple[str, Any], ...]]:
    if prod(map(len, options.values())) <= _MAX_COMBINATIONS:
        rows: Any = product(*options.values())
    else:
        longest = max(map(len, options.values()))
        rows = ([values[n % len(values)] for values in options.values()] for n in range(longest))
    for row in rows:
        yield tuple(zip(options, row, strict=True))


def _with(stack: Stack, values: tuple[tuple[str, Any], ...]) -> Stack:
    """Return a stack whose parameters have these values."""
    if values not in stack.memo:
        parameters = {**stack.parameters, **{name: text_of(value) for name, value in values}}
        template = replace(stack.template, parameters=parameters)
        stack.memo[values] = Stack(stack.assembly, stack.number, template)
    varied: Stack = stack.memo[values]
    return varied
