"""All findings about a policy."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ecr_constructs.model.lifecycle.lint import (
    Context,
    Finding,
    Severity,
    observed_findings,
    selection_findings,
    whole_findings,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ecr_constructs.model.lifecycle.policy import LifecyclePolicy
    from ecr_constructs.model.lifecycle.simulation.engine import Simulation


def lint(
    policy: LifecyclePolicy, simulation: Simulation | None, context: Context
) -> tuple[Finding, ...]:
    """Return what is suspicious; see `LifecyclePolicy.lint`."""
    found = [*selection_findings(policy.rules), *whole_findings(policy.rules, context)]
    if simulation is not None and simulation.inventory:
        found = list(_observed(found, simulation))
    return tuple(sorted(found, key=lambda each: (-each.severity, each.rule_priority or 0, each.id)))


def _observed(found: list[Finding], simulation: Simulation) -> Iterator[Finding]:
    """Hold what is suspected to the images, and add what they show."""
    seen = list(observed_findings(simulation))
    yield from seen
    told = {(each.id, each.rule_priority) for each in seen}
    by_rule = {marks.rule.rule_priority: marks for marks in simulation.evaluation.marks}
    for finding in found:
        if (finding.id, finding.rule_priority) in told or finding.id == "LC005":
            # The images say it more exactly, or say that it is not so.
            continue
        if finding.id == "LC002":
            if by_rule[finding.rule_priority].identified:
                continue
            if ("LC004", finding.rule_priority) in told:
                # A list that selects nothing, and something is lost by it.
                yield replace(finding, severity=Severity.ERROR)
                continue
        yield finding
