"""Report findings of ``check`` that are in head and not in base."""

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
    from ecr_constructs.cloudformation.graph import Resource, Stack, TemplateSet
    from ecr_constructs.review.comparison import Comparison


_Key = tuple[tuple[int, str], str, str]


@dataclass(frozen=True, slots=True)
class Counts:
    """The numbers of findings in the resources that a change touches.

    Attributes:
        new: Findings in head only.
        known: Findings on both sides.
        gone: Findings in base only.
    """

    new: int
    known: int
    gone: int


def new_findings(comparison: Comparison) -> tuple[list[Change], Counts]:
    """Return the new findings, and the numbers of all.

    Repositories that are equal on both sides, in stacks whose other parts are equal too, are not
    checked: checking ten thousand would take longer than reading them.
    """
    if not comparison.rewritten and not comparison.changed_stacks:
        return [], Counts(0, 0, 0)
    places = {
        pair.sides[1]: pair.sides[0] for pair in comparison.pairs if pair.sides and pair.is_moved
    }
    before = Counter(key for key, _, _ in _findings(comparison, comparison.base, {}))
    changes: list[Change] = []
    unchanged = 0
    for key, finding, stack in _findings(comparison, comparison.head, places):
        if before[key]:
            before[key] -= 1
            unchanged += 1
        else:
            changes.append(_change(finding, stack))
    return changes, Counts(len(changes), unchanged, before.total())


def _findings(
    comparison: Comparison, side: TemplateSet, places: Mapping[Resource, Resource]
) -> Iterator[tuple[_Key, Finding, Stack]]:
    """Yield the findings of a side, each with a key that is equal on both sides."""
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
    """Yield the resources of one side to check."""
    changed = comparison.rewritten
    names = {name_of(resource) for resource in changed if resource.type == REPOSITORY} - {None}
    for number, stack in enumerate(side.stacks):
        # The metadata of a template may suppress rules for all of its resources.
        whole = number in comparison.changed_stacks or "Metadata" in stack.body
        for resource in stack.resources.values():
            is_plain = resource.type == REPOSITORY and resource not in changed
            if whole or not is_plain or _written_name(resource) in names:
                yield resource


def _written_name(resource: Resource) -> object:
    # Resolving the name would take longer.
    properties = resource.body.get("Properties")
    return properties.get("RepositoryName") if isinstance(properties, Mapping) else None


def _change(finding: Finding, stack: Stack) -> Change:
    resource = stack.resources.get(finding.resource)
    path = finding.where.removeprefix("Properties").removeprefix(".")
    place = ": ".join(filter(None, (finding.resource, path)))
    return Change(
        kind="finding",
        severity=Severity(finding.severity),
        stack=stack.template.stack,
        resource=finding.resource,
        type=resource.type if resource else "",
        repository=name_of(resource) if resource else None,
        summary=f"{finding.rule} {place}: {finding.message}",
        after={"rule": finding.rule, "path": finding.where, "controls": list(finding.controls)},
        details=(finding.remedy,),
    )
