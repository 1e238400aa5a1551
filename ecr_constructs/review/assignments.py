"""Review each consistent assignment of the conditions that the changes depend on.

What a condition decides is known only at the deployment. Instead of one answer that leaves it open,
both sides are reviewed once for each combination of parameter values, and other comparisons, that
the conditions of changed resources tell apart.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from ecr_constructs.cloudformation.graph import TemplateSet
from ecr_constructs.cloudformation.intrinsics import Resolver, as_written, atoms_of, text_of
from ecr_constructs.cloudformation.references import conditions_in
from ecr_constructs.cloudformation.template import is_stored
from ecr_constructs.cloudformation.unread import Unread
from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.model.json_text import compact
from ecr_constructs.model.tokens import is_unresolved

if TYPE_CHECKING:
    from ecr_constructs.cloudformation.graph import Resource, Stack
    from ecr_constructs.review.change import Change
    from ecr_constructs.review.comparison import Comparison, Pair

MOST = 32
"""The combinations that are reviewed for stacks that share parameters."""

_MOST_SHOWN = 3
_VARIABLE = re.compile(r"\$\{([\w:.]+)\}")
# Nothing is lost yet when these happen in some deployments only.
_PREPARING = ("unprotected", "weakened")


@dataclass(frozen=True, slots=True)
class Assignment:
    """What is assumed about one deployment.

    Attributes:
        parameters: The values of parameters.
        assumed: The results of other comparisons, by expression.
        facts: The assumptions in words: ``Env is prod``.
    """

    parameters: Mapping[str, str] = field(default_factory=dict)
    assumed: Mapping[str, bool] = field(default_factory=dict)
    facts: tuple[str, ...] = ()

    def __str__(self) -> str:
        """Return the assumptions; what follows from a value is left out."""
        return " and ".join(self.facts)


def merged(
    comparison: Comparison, review: Callable[[Comparison], Sequence[Change]]
) -> tuple[list[Change], tuple[Unread, ...]]:
    """Return the changes of all assignments, and where there are too many of them.

    Args:
        comparison: Both sides, with nothing assumed.
        review: Returns the changes of both sides.
    """
    changes = unassumed = list(review(comparison))
    unread: list[Unread] = []
    for numbers in _components(comparison):
        assignments = list(_assignments(comparison, numbers))
        if len(assignments) > MOST:
            unread += [_too_many(comparison.head.stacks[number]) for number in numbers]
        else:
            titles = {comparison.head.stacks[number].template.stack for number in numbers}
            reviewed = [
                (assignment, review(_assuming(comparison, numbers, assignment)))
                for assignment in assignments
            ]
            changes = list(_merged(changes, reviewed, titles, unassumed))
    changes += _with_defaults(comparison, review, changes)
    return changes, tuple(unread)


def _with_defaults(
    comparison: Comparison,
    review: Callable[[Comparison], Sequence[Change]],
    changes: Sequence[Change],
) -> Iterator[Change]:
    """Yield what happens where the changed defaults of parameters are used."""
    changed = [
        {
            number: values
            for number, defaults in by_number.items()
            if (values := _values(side.stacks[number], defaults))
        }
        for side, by_number in zip(
            (comparison.base, comparison.head), changed_defaults(comparison), strict=False
        )
    ]
    if not any(changed):
        return
    sides = [
        TemplateSet(
            [
                replace(stack.template, parameters={**defaults.get(number, {}), **stack.parameters})
                for number, stack in enumerate(side.stacks)
            ]
        )
        for side, defaults in zip((comparison.base, comparison.head), changed, strict=True)
    ]
    reported = {_key(change) for change in changes}
    for change in review(replace(comparison, base=sides[0], head=sides[1])):
        if _key(change) not in reported:
            severity = min(change.severity, Severity.WARNING)
            yield replace(change, severity=severity, when="if the changed defaults are used")


def _values(stack: Stack, defaults: Mapping[str, str]) -> dict[str, str]:
    """Return the defaults that are values; others are names in Systems Manager."""
    parameters = stack.section("Parameters")
    return {name: value for name, value in defaults.items() if not is_stored(parameters[name])}


def changed_defaults(comparison: Comparison) -> tuple[dict[int, dict[str, str]], ...]:
    """Return the defaults of parameters that differ, in base and in head, by stack; or nothing."""
    sides: tuple[dict[int, dict[str, str]], ...] = ({}, {})
    for number, stacks in enumerate(
        zip(comparison.base.stacks, comparison.head.stacks, strict=True)
    ):
        before, after = map(_defaults, stacks)
        names = [name for name in before if name in after and before[name] != after[name]]
        for side, defaults in zip(sides, (before, after), strict=True):
            if names:
                side[number] = {name: defaults[name] for name in names}
    return sides if any(sides) else ()


def _defaults(stack: Stack) -> dict[str, str]:
    return {
        str(name): text_of(definition["Default"])
        for name, definition in stack.section("Parameters").items()
        if isinstance(definition, Mapping) and "Default" in definition
    }


def _too_many(stack: Stack) -> Unread:
    name = stack.template.stack or stack.template.name
    message = (
        f"the conditions of {name} have more than {MOST} combinations; what depends on them may "
        "change in other ways than shown"
    )
    return Unread("conditions-not-enumerated", stack.template.name, "", message)


# The names of the conditions that a stack's changes depend on, and their comparisons.


def _components(comparison: Comparison) -> list[list[int]]:
    """Return the numbers of the stacks with relevant conditions, grouped by shared comparisons."""
    groups: list[tuple[set[int], set[str]]] = []
    for number, conditions in sorted(_relevant(comparison).items()):
        stacks = comparison.base.stacks[number], comparison.head.stacks[number]
        atoms = [atom for stack in stacks for atom in _atoms(stack.resolver, conditions)]
        keys = {name for atom in atoms for name in _names(atom)}
        if not keys:
            continue
        joined, rest = ({number}, keys), []
        for group in groups:
            if group[1] & keys:
                joined = (joined[0] | group[0], joined[1] | group[1])
            else:
                rest.append(group)
        groups = [*rest, joined]
    return [sorted(numbers) for numbers, _ in groups]


def _relevant(comparison: Comparison) -> dict[int, set[str]]:
    """Return the names of the conditions on which changed resources depend, by stack."""
    numbers = {
        id(stack): number
        for side in (comparison.base, comparison.head)
        for number, stack in enumerate(side.stacks)
    }
    names: dict[int, set[str]] = defaultdict(set)
    for pair in comparison.pairs:
        for resource in _sides(pair):
            if "Conditions" in resource.stack.body:
                names[numbers[id(resource.stack)]].update(conditions_in(resource.body))
    return names


def _sides(pair: Pair) -> Iterator[Resource]:
    yield from (resource for resource in (pair.before, pair.after) if resource is not None)


def _atoms(resolver: Resolver, conditions: Iterable[str]) -> Iterator[list[str]]:
    for name in sorted(conditions):
        yield from atoms_of(resolver.condition_expression(name))


def _names(atom: Sequence[str]) -> Iterator[str]:
    """Yield the parameters of a comparison, by which stacks share it, or the comparison."""
    compared = as_written(" ".join(atom[1:]))
    yield from _VARIABLE.findall(compared) or [compared]


# The assignments of the stacks of one group.


def _assignments(comparison: Comparison, numbers: Sequence[int]) -> Iterator[Assignment]:
    """Yield the assignments that decide all relevant conditions; one more than `MOST` at most."""
    relevant = _relevant(comparison)
    stacks = [
        (stack, relevant[number])
        for number in numbers
        for stack in (comparison.base.stacks[number], comparison.head.stacks[number])
    ]
    waiting, count = [Assignment()], 0
    while waiting and count <= MOST:
        assignment = waiting.pop()
        undecided = next(_undecided(stacks, assignment), None)
        if undecided is None:
            count += 1
            yield assignment
        else:
            waiting += reversed(list(_branches(assignment, *undecided)))


def _undecided(
    stacks: Sequence[tuple[Stack, set[str]]], assignment: Assignment
) -> Iterator[tuple[Stack, list[str]]]:
    for stack, conditions in stacks:
        for atom in _atoms(Resolver(_Assumed(stack, assignment)), conditions):
            yield stack, atom


class _Assumed:
    """A stack under an assignment; implements `ResolutionScope`."""

    def __init__(self, stack: Stack, assignment: Assignment) -> None:
        self._stack = stack
        self.body = stack.body
        self.account, self.region, self.number = stack.account, stack.region, stack.number
        self.parameters: Mapping[str, str] = {**stack.parameters, **assignment.parameters}
        self.assumed: Mapping[str, bool] = {**stack.assumed, **assignment.assumed}

    def attribute(self, logical_id: str, name: str) -> object:
        return self._stack.attribute(logical_id, name)

    def imported(self, export: str) -> object:
        return self._stack.imported(export)


def _branches(assignment: Assignment, stack: Stack, atom: Sequence[str]) -> Iterator[Assignment]:
    """Yield the assignments with both results of a comparison, as far as they are possible."""
    key = compact(list(atom))
    parameter, value = _parameter_and_value(stack, atom)
    shown, other = (parameter, value) if parameter else map(_bare, atom[1:])
    facts = tuple(
        fact for fact in assignment.facts if not (parameter and fact.startswith(f"{parameter} is"))
    )
    equal = replace(assignment, facts=(*facts, f"{shown} is {other}"))
    unequal = replace(
        assignment,
        assumed={**assignment.assumed, key: False},
        facts=(*assignment.facts, f"{shown} is not {other}"),
    )
    if parameter is None:
        yield replace(equal, assumed={**assignment.assumed, key: True})
        yield unequal
        return
    allowed = _allowed(stack, parameter)
    yield replace(equal, parameters={**assignment.parameters, parameter: str(value)})
    excluded = {fact for fact in unequal.facts if fact.startswith(f"{parameter} is not ")}
    left = [name for name in allowed or () if f"{parameter} is not {name}" not in excluded]
    if allowed is None or len(left) > 1:
        yield unequal
    elif left:
        yield replace(
            unequal,
            parameters={**assignment.parameters, parameter: left[0]},
            facts=(*facts, f"{parameter} is {left[0]}"),
        )


def _parameter_and_value(stack: Stack, atom: Sequence[str]) -> tuple[str | None, str | None]:
    """Return the parameter and the literal of a comparison of the two, if it is one."""
    for side, other in (atom[1:], atom[:0:-1]):
        match = _VARIABLE.fullmatch(as_written(side))
        # The mark of a pseudo parameter has a dot in place of its colons.
        name = match[1].replace("AWS.", "AWS::") if match else ""
        is_parameter = name.startswith("AWS::") or name in stack.section("Parameters")
        if is_parameter and not is_unresolved(other):
            return name, other
    return None, None


def _bare(text: str) -> str:
    return _VARIABLE.sub(r"\1", as_written(text))


def _allowed(stack: Stack, parameter: str) -> list[str] | None:
    definition = stack.section("Parameters").get(parameter)
    allowed = definition.get("AllowedValues") if isinstance(definition, Mapping) else None
    return [str(value) for value in allowed] if isinstance(allowed, list) else None


def _assuming(comparison: Comparison, numbers: Sequence[int], assignment: Assignment) -> Comparison:
    """Return both sides under an assignment for some of the stacks."""
    sides = [
        TemplateSet(
            [
                replace(
                    stack.template,
                    parameters={**stack.parameters, **assignment.parameters},
                    assumed={**stack.assumed, **assignment.assumed},
                )
                if number in numbers
                else stack.template
                for number, stack in enumerate(side.stacks)
            ]
        )
        for side in (comparison.base, comparison.head)
    ]
    return replace(comparison, base=sides[0], head=sides[1])


# The changes of all assignments.


def _merged(
    changes: Iterable[Change],
    reviewed: Sequence[tuple[Assignment, Sequence[Change]]],
    titles: set[str],
    unassumed: Iterable[Change],
) -> Iterator[Change]:
    """Yield the changes of other stacks, and those of each assignment, each once."""
    # What is unknown of another stack is as unknown here; its own assignments decide it.
    reported = {_key(change) for change in unassumed if change.stack not in titles}
    for change in changes:
        if change.stack not in titles:
            reported.add(_key(change))
            yield change
    where: dict[tuple[Any, ...], list[int]] = defaultdict(list)
    first: dict[tuple[Any, ...], Change] = {}
    for number, (_, assumed_changes) in enumerate(reviewed):
        for change in assumed_changes:
            key = _key(change)
            if key not in reported and number not in where[key]:
                where[key].append(number)
                first.setdefault(key, change)
    assignments = [assignment for assignment, _ in reviewed]
    for key, numbers in where.items():
        if len(numbers) == len(reviewed):
            yield first[key]
        else:
            yield _conditional(first[key], _when(assignments, numbers))


def _key(change: Change) -> tuple[Any, ...]:
    place = change.kind, change.severity, change.stack, change.resource
    return *place, change.summary, change.properties, change.when


def _conditional(change: Change, when: str) -> Change:
    severity = change.severity
    if change.kind in _PREPARING:
        severity = min(severity, Severity.WARNING)
    when = f"{change.when}, {when}" if change.when else when
    return replace(change, severity=severity, when=when)


def _when(assignments: Sequence[Assignment], numbers: Sequence[int]) -> str:
    """Return the assumptions under which a change happens: ``if Env is prod``."""
    chosen = [assignments[number] for number in numbers]
    for fact in chosen[0].facts:
        having = [number for number, item in enumerate(assignments) if fact in item.facts]
        if having == numbers:
            return f"if {fact}"
    if len(chosen) <= _MOST_SHOWN:
        return f"if {' or '.join(map(str, chosen))}"
    return f"in {len(chosen)} of {len(assignments)} combinations of the conditions"
