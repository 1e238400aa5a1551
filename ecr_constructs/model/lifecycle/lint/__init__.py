"""Find probable mistakes in lifecycle policies that ECR accepts."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.model.lifecycle.lint.finding import UNKNOWN, Context, Finding
from ecr_constructs.model.lifecycle.lint.observed import observed_findings
from ecr_constructs.model.lifecycle.lint.static import static_findings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ecr_constructs.model.lifecycle.rule import HasRules
    from ecr_constructs.model.lifecycle.simulation.engine import Simulation

__all__ = ["UNKNOWN", "Context", "Finding", "lint"]


def lint(policy: HasRules, simulation: Simulation | None, context: Context) -> tuple[Finding, ...]:
    """Return the findings, the most severe first; see `LifecyclePolicy.lint`."""
    findings = list(static_findings(policy.rules, context))
    if simulation is not None and simulation.inventory:
        findings = list(_verified(findings, simulation))
    return tuple(
        sorted(
            findings,
            key=lambda finding: (-finding.severity.rank, finding.rule_priority or 0, finding.id),
        )
    )


def _verified(static: Sequence[Finding], simulation: Simulation) -> Iterator[Finding]:
    """Yield the findings that the images show, and the static ones that they do not disprove."""
    observed = {
        (finding.id, finding.rule_priority): finding for finding in observed_findings(simulation)
    }
    yield from observed.values()
    results = {result.rule.rule_priority: result for result in simulation.evaluation.results}
    for finding in static:
        if (finding.id, finding.rule_priority) in observed or finding.id == "LC005":
            # The images prove or disprove it more precisely.
            continue
        if finding.id == "LC002":
            if results[finding.rule_priority].identified:
                continue
            if ("LC004", finding.rule_priority) in observed:
                # A list of tags that selects nothing, and images are lost because of it.
                yield replace(finding, severity=Severity.ERROR)
                continue
        yield finding
