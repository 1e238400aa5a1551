"""``ecr-constructs lifecycle check``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.files import read_inventory
from ecr_constructs.cli.output import json_text, print_blocks
from ecr_constructs.cli.policy_files import read_policy
from ecr_constructs.model.diagnostics import pluralize
from ecr_constructs.model.lifecycle import Context, Finding, LifecyclePolicy, Severity
from ecr_constructs.report.document import Block, Lines, Table

if TYPE_CHECKING:
    from argparse import Namespace
    from collections.abc import Iterator, Sequence

    from ecr_constructs.cloudformation.lifecycle import PolicyError


def run(options: Namespace) -> int:
    """Check a policy; 1 if it is invalid or a finding is as severe as ``--fail-on``."""
    if options.policy is None:
        msg = "--policy or --template is required"
        raise CommandError(msg)
    if options.manifests and not options.images:
        msg = "--manifests describes images: give --images too"
        raise CommandError(msg)
    source = read_policy(options.policy, options.repository)
    policy = None if source.errors else source.policy()
    if policy is None:
        findings: Sequence[Finding] = [_rejection(error) for error in source.errors]
    else:
        findings = _lint(policy, source.context, options)
    if options.format == "json":
        document = {"valid": policy is not None, "findings": list(map(_to_json, findings))}
        sys.stdout.write(json_text(document))
    else:
        print_blocks("text", _blocks(source.name, policy, findings))
    threshold = Severity({"info": "note"}.get(options.fail_on, options.fail_on))
    return int(any(finding.severity >= threshold for finding in findings))


def _rejection(error: PolicyError) -> Finding:
    return Finding(
        id="LC000",
        severity=Severity.ERROR,
        sentence=f"{error.message}.",
        remedy=error.remedy or "ECR rejects the policy.",
        rule_priority=error.rule_priority,
    )


def _lint(policy: LifecyclePolicy, stated: Context, options: Namespace) -> Sequence[Finding]:
    context = Context(
        pull_through_cache=stated.pull_through_cache or options.pull_through_cache,
        pull_time_exclusions=stated.pull_time_exclusions,
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
        lines = [f"{rule.rule_priority}. {words}" for rule, words in rules]
        yield Lines(lines or ["keep every image"])
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
    verdict = "ECR accepts this policy" if policy is not None else "ECR rejects this policy"
    yield Lines([f"{name}: {verdict}; {pluralize(len(findings), 'finding')}."])
