"""What ``check`` finds in head and did not find in base."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ecr_constructs.checks.engine import report_on
from ecr_constructs.cloudformation.resource_types import REPOSITORY
from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.review.change import Change
from ecr_constructs.review.comparison import name_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ecr_constructs.checks.finding import Finding
    from ecr_constructs.cloudformation.graph import Stack, TemplateSet
    from ecr_constructs.cloudformation.resource import Resource
    from ecr_constructs.review.comparison import Comparison


_Key = tuple[tuple[int, str], str, str]


@dataclass(frozen=True, slots=True)
class Counts:
    """How many findings there are in what the change touches.

    Attributes:
        new: Those that were not there before.
        known: Those that were, and are.
        gone: Those that were, and are no longer.
    """

    new: int
    known: int
    gone: int


def new_findings(comparison: Comparison) -> tuple[list[Change], Counts]:
    """Return the new findings, and how many there are of all kinds.

    Repositories that are the same on both sides, in stacks whose other parts are the same too,
    are not new_findings again: ten thousand would take longer to compare than to read.
    """
    if not comparison.rewritten and not comparison.changed_stacks:
        return [], Counts(0, 0, 0)
    places = {
        pair.sides[1]: pair.sides[0] for pair in comparison.pairs if pair.sides and pair.is_moved
    }
    before = Counter(key for key, _, _ in _findings(comparison, comparison.base, {}))
    found: list[Change] = []
    known = 0
    for key, finding, stack in _findings(comparison, comparison.head, places):
        if before[key]:
            before[key] -= 1
            known += 1
        else:
            found.append(_change(finding, stack))
    return found, Counts(len(found), known, before.total())


def _findings(
    comparison: Comparison, side: TemplateSet, places: Mapping[Resource, Resource]
) -> Iterator[tuple[_Key, Finding, Stack]]:
    """Yield the findings of a side, each with what it is called on both."""
    stacks = {stack.template.name: stack for stack in side.stacks}
    numbers = {
        id(stack): number
        for templates in (comparison.base, comparison.head)
        for number, stack in enumerate(templates.stacks)
    }
    touched = frozenset(_touched(comparison, side))
    for finding in report_on(side, touched.__contains__).findings:
        stack = stacks[finding.template]
        resource = stack.resources.get(finding.resource, stack.template_resource)
        there = places.get(resource, resource)
        place = numbers[id(there.stack)], there.id
        yield (place, finding.rule, finding.message), finding, stack


def _touched(comparison: Comparison, side: TemplateSet) -> Iterator[Resource]:
    """Yield what is new_findings, of one side."""
    changed = comparison.rewritten
    names = {name_of(resource) for resource in changed if resource.type == REPOSITORY} - {None}
    for number, stack in enumerate(side.stacks):
        whole = number in comparison.changed_stacks or _suppresses(stack)
        for resource in stack.resources.values():
            is_plain = resource.type == REPOSITORY and resource not in changed
            if whole or not is_plain or _written_name(resource) in names:
                yield resource


def _suppresses(stack: Stack) -> bool:
    """Tell whether a template suppresses rules for all that is in it."""
    return "Metadata" in stack.body


def _written_name(resource: Resource) -> object:
    # As it is written, since to resolve it takes longer.
    properties = resource.body.get("Properties")
    return properties.get("RepositoryName") if isinstance(properties, Mapping) else None


def _change(finding: Finding, stack: Stack) -> Change:
    resource = stack.resources.get(finding.resource)
    said = finding.where.removeprefix("Properties").removeprefix(".")
    place = ": ".join(filter(None, (finding.resource, said)))
    return Change(
        kind="finding",
        severity=Severity(finding.severity),
        stack=stack.template.stack,
        resource=finding.resource,
        repository=name_of(resource) if resource else None,
        summary=f"{finding.rule} {place}: {finding.message}",
        after={"rule": finding.rule, "path": finding.where, "controls": list(finding.controls)},
        details=(finding.remedy,),
    )
