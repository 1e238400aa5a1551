"""``ecr-constructs lifecycle check``."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.inventories import read_inventory
from ecr_constructs.cli.output import print_blocks, print_json
from ecr_constructs.cli.policy_files import read_policy
from ecr_constructs.model.lifecycle import Context, Finding, LifecyclePolicy, Severity
from ecr_constructs.report.document import Block, Lines, Table

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator, Sequence

    from ecr_constructs.model.diagnostics import Diagnostic


def run(options: Namespace) -> int:
    """Check a policy; 1 if it is invalid or a finding is as severe as ``--fail-on``."""
    if options.policy is None:
        msg = "--policy or --template is required"
        raise CommandError(msg)
    if options.manifests and not options.images:
        msg = "--manifests tells of images: give --images too"
        raise CommandError(msg)
    given = read_policy(options.policy, options.repository)
    policy = None
    findings: Sequence[Finding] = [_fault(*each) for each in given.faults()]
    if not findings:
        policy = given.policy()
        findings = _linted(policy, given.context, options)
    if options.format == "json":
        print_json({"valid": policy is not None, "findings": list(map(_to_json, findings))})
    else:
        print_blocks("text", _blocks(given.name, policy, findings))
    threshold = Severity({"info": "note"}.get(options.fail_on, options.fail_on))
    return int(any(finding.severity >= threshold for finding in findings))


def _fault(fault: Diagnostic, priority: int | None) -> Finding:
    return Finding(
        id="LC000",
        severity=Severity.ERROR,
        sentence=f"{fault}.",
        remedy="ECR refuses the policy.",
        rule_priority=priority,
    )


def _linted(policy: LifecyclePolicy, known: Context, options: Namespace) -> Sequence[Finding]:
    context = Context(
        pull_through_cache=known.pull_through_cache or options.pull_through_cache,
        pull_time_exclusions=known.pull_time_exclusions,
    )
    images = read_inventory(options.images, options.manifests) if options.images else None
    return policy.lint(images, now=options.now, context=context)


def _to_json(finding: Finding) -> dict[str, Any]:
    return {
        "id": finding.id,
        "severity": finding.severity.name.lower(),
        "message": finding.message,
        "rulePriority": finding.rule_priority,
    }


def _blocks(
    name: str, policy: LifecyclePolicy | None, findings: Sequence[Finding]
) -> Iterator[Block]:
    if policy is not None:
        rules = zip(policy.rules, policy.in_words(), strict=False)
        said = [f"{rule.rule_priority}. {words}" for rule, words in rules]
        yield Lines(said or ["keep every image"])
    if findings:
        rows = [
            (
                finding.id,
                finding.severity.name.lower(),
                str(finding.rule_priority or ""),
                finding.message,
            )
            for finding in findings
        ]
        yield Table(("id", "severity", "rule", "finding"), rows)
    verdict = "ECR accepts this policy" if policy is not None else "ECR refuses this policy"
    count = f"{len(findings)} finding{'' if len(findings) == 1 else 's'}"
    yield Lines([f"{name}: {verdict}; {count}."])
