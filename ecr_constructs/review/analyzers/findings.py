"""Report findings of ``check`` that are in head and not in base."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from ecr_constructs.checks.engine import report_on
from ecr_constructs.cloudformation.resource_types import REPOSITORY
from ecr_constructs.cloudformation.update_behavior import name_of
from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.review.change import Change
from ecr_constructs.review.comparison import repository_name_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ecr_constructs.checks.config import Config
    from ecr_constructs.checks.finding import Finding
    from ecr_constructs.cloudformation.graph import Resource, Stack, TemplateSet
    from ecr_constructs.review.comparison import Comparison


_Key = tuple[tuple[int, str], str, str]


@dataclass(frozen=True, slots=True)
class Counts:
    """The numbers of findings in the resources that a change touches.

    Attributes:
        new: Findings in head only, without the suppressed ones.
        known: Findings on both sides.
        gone: Findings in base only.
    """

    new: int
    known: int
    gone: int


def new_findings(
    comparison: Comparison, config: Config | None = None
) -> tuple[list[Change], Counts]:
    """Return the new findings and suppressions, and the numbers of findings.

    Repositories that are equal on both sides, in stacks whose other parts are equal too, are not
    checked: checking ten thousand would take longer than reading them.
    """
    if not (comparison.rewritten or comparison.changed_stacks or _acknowledging(comparison)):
        return [], Counts(0, 0, 0)
    places = {
        pair.sides[1]: pair.sides[0] for pair in comparison.pairs if pair.sides and pair.is_moved
    }
    findings, suppressed = _report(comparison, comparison.base, {}, config)
    before = Counter(item.key for item in findings)
    there = findings
    reasons = {item.key: item.reason for item in suppressed}
    changes: list[Change] = []
    unchanged = 0
    findings, suppressed = _report(comparison, comparison.head, places, config)
    rest = []
    for item in findings:
        if before[item.key]:
            before[item.key] -= 1
            unchanged += 1
        # A stack that left the app is as it was; `removal` reports names that it still has.
        elif not item.stack.template.is_left:
            rest.append(item)
    # A rule that a place still violates, for another reason, is no new finding.
    by_place = {item.place: item.key for item in there if before[item.key]}
    for item in rest:
        key = by_place.get(item.place)
        if key is not None and before[key]:
            before[key] -= 1
            unchanged += 1
        else:
            changes.append(_change(item.finding, item.stack))
    new = len(changes)
    for item in suppressed:
        # A finding that is silenced is not gone.
        before[item.key] = max(before[item.key] - 1, 0)
        if reasons.get(item.key) != item.reason:
            changes.append(_suppression(item, is_new=item.key not in reasons))
    return changes, Counts(new, unchanged, before.total())


class _Found(NamedTuple):
    """A finding of one side, with a key that is equal on both sides."""

    key: _Key
    finding: Finding
    stack: Stack
    reason: str = ""

    @property
    def place(self) -> tuple[tuple[int, str], str, str]:
        """The resource, the rule and the place in the resource."""
        return self.key[0], self.finding.rule, self.finding.where


def _report(
    comparison: Comparison,
    side: TemplateSet,
    places: Mapping[Resource, Resource],
    config: Config | None,
) -> tuple[list[_Found], list[_Found]]:
    """Return the findings and the suppressed findings of a side."""
    stacks = {stack.template.name: stack for stack in side.stacks}

    def found(finding: Finding, reason: str = "") -> _Found:
        stack = stacks[finding.template]
        resource = stack.resources.get(finding.resource, stack.template_resource)
        there = places.get(resource, resource)
        place = comparison.number_of(there), there.id
        return _Found((place, finding.rule, finding.message), finding, stack, reason)

    touched = frozenset(_touched(comparison, side))
    report = report_on(side, touched.__contains__, config)
    return (
        list(map(found, report.findings)),
        [found(item.finding, item.reason) for item in report.suppressed],
    )


def _acknowledging(comparison: Comparison) -> frozenset[int]:
    """Return the indices of the stacks whose acknowledgments in the CDK app differ."""
    pairs = zip(comparison.base.stacks, comparison.head.stacks, strict=True)
    return frozenset(
        number
        for number, (left, right) in enumerate(pairs)
        if left.template.acknowledged != right.template.acknowledged
    )


def _touched(comparison: Comparison, side: TemplateSet) -> Iterator[Resource]:
    """Yield the resources of one side to check."""
    changed = comparison.rewritten
    whole_stacks = comparison.changed_stacks | _acknowledging(comparison)
    names = {name_of(resource) for resource in changed if resource.type == REPOSITORY} - {None}
    for number, stack in enumerate(side.stacks):
        # The metadata of a template may suppress rules for all of its resources.
        if number in whole_stacks or "Metadata" in stack.body:
            yield from stack.resources.values()
            continue
        for resource in stack.resources.values():
            if resource.type != REPOSITORY or resource in changed:
                yield resource
                continue
            # Resolving the name would take longer; a function may return any of them.
            name = resource.written("RepositoryName")
            if name in names if isinstance(name, str) else name is not None and names:
                yield resource


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
        repository=repository_name_of(resource) if resource else None,
        summary=f"{finding.rule} {place}: {finding.message}",
        after={"rule": finding.rule, "path": finding.where, "controls": list(finding.controls)},
        details=(finding.remedy,),
    )


def _suppression(found: _Found, *, is_new: bool) -> Change:
    """Return that a finding is suppressed, or suppressed for another reason."""
    finding, stack = found.finding, found.stack
    resource = stack.resources.get(finding.resource)
    is_error = finding.severity == Severity.ERROR and is_new
    what = "is suppressed" if is_new else "is suppressed for another reason"
    reason = found.reason or "without a reason"
    return Change(
        kind="finding",
        severity=Severity.WARNING if is_error else Severity.NOTE,
        stack=stack.template.stack,
        resource=finding.resource,
        type=resource.type if resource else "",
        repository=repository_name_of(resource) if resource else None,
        summary=f"{finding.rule} {finding.resource} {what}: {reason}",
        after={"rule": finding.rule, "path": finding.where, "reason": found.reason},
        details=(f"Suppressed {finding.severity}: {finding.message}.",),
        codes=("suppressed" if is_new else "suppression-changed",),
    )
