"""``ecr-constructs check``, of templates and of a lifecycle policy."""

from __future__ import annotations

import sys
from dataclasses import replace
from pathlib import Path
from textwrap import fill
from typing import TYPE_CHECKING, Any

from ecr_constructs.checks.baseline import Baseline, BaselineError
from ecr_constructs.checks.config import Config
from ecr_constructs.checks.config_file import NEVER
from ecr_constructs.checks.engine import report
from ecr_constructs.checks.finding import Finding, Report
from ecr_constructs.checks.rules import RULES
from ecr_constructs.checks.selection import select, suggestion
from ecr_constructs.cli.arguments import (
    add_allow_incomplete,
    add_config,
    add_formats,
    add_images,
    add_manifests,
    add_pulled_within,
    pulled_within,
)
from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.files import read_inputs, read_inventory
from ecr_constructs.cli.output import emit, json_text, write_text
from ecr_constructs.cloudformation.reading import exists
from ecr_constructs.model.diagnostics import Diagnostic, pluralize
from ecr_constructs.model.lifecycle import Context, Severity
from ecr_constructs.model.lifecycle import Finding as LifecycleFinding
from ecr_constructs.model.printable import printable
from ecr_constructs.report.document import Block, Lines, Table
from ecr_constructs.report.escaping import workflow_command
from ecr_constructs.report.findings import FORMATS

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterable, Iterator, Sequence

    from ecr_constructs.checks.rule import Rule
    from ecr_constructs.cli.files import Inputs, NamedPolicy
    from ecr_constructs.report.escaping import Command

_WIDTH = 100
_POLICY_OPTIONS = (
    "images",
    "allow_incomplete",
    "manifests",
    "now",
    "pulled_within",
    "pull_through_cache",
)
_TEMPLATE_OPTIONS = ("config", "select", "ignore", "baseline", "write_baseline")
_POLICY_FORMATS = ("text", "json", "github", "markdown", "gitlab")
_ANNOTATIONS: dict[Severity, Command] = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.NOTE: "notice",
}


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.description = (
        "Find what ECR and CloudFormation reject in templates, what loses images or opens access, "
        "and what is probably a mistake; or the same in a lifecycle policy. Exit status: 1 if "
        "there is a finding of the severity --fail-on or above."
    )
    parser.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="a template in JSON or YAML, a folder of them, a pattern such as 'stacks/*.yaml', - "
        "for standard input, or a cloud assembly such as cdk.out; or one lifecycle policy in JSON, "
        "with which --images and the like are allowed",
    )
    add_policy_options(parser, tuple(FORMATS))
    _add_configuration(parser)
    parser.add_argument("--list", action="store_true", help="list the rules")
    parser.add_argument("--explain", metavar="RULE", help="explain a rule and its remedy")
    parser.set_defaults(run=run)


def add_policy_options(
    parser: argparse.ArgumentParser, formats: Sequence[str] = _POLICY_FORMATS
) -> None:
    """Add what `check_policy` reads."""
    add_images(parser)
    add_allow_incomplete(parser)
    add_manifests(parser)
    add_pulled_within(parser)
    parser.add_argument(
        "--pull-through-cache", action="store_true", help="images of a pull-through cache"
    )
    parser.add_argument(
        "--fail-on",
        choices=("note", "info", "warning", "error", NEVER),
        help="minimum severity that fails the command; info means note; default: error",
    )
    add_formats(parser, formats)


def _add_configuration(parser: argparse.ArgumentParser) -> None:
    """Add what the configuration file can say, and the file itself."""
    add_config(parser)
    parser.add_argument(
        "--select",
        action="append",
        metavar="RULES",
        help="run only these rules: ids, beginnings of ids, default, all, security-hub or "
        "control-tower; separated by commas; may be repeated",
    )
    parser.add_argument(
        "--ignore",
        action="append",
        metavar="RULES",
        help="do not run these rules, nor those that the configuration ignores",
    )
    baselines = parser.add_mutually_exclusive_group()
    baselines.add_argument(
        "--baseline", metavar="FILE", help="report only findings that are not in this file"
    )
    baselines.add_argument(
        "--write-baseline",
        metavar="FILE",
        help="accept the present findings: write them to this file, for --baseline",
    )


def run(options: argparse.Namespace) -> int:
    """Check templates or a policy; 1 if a finding is as severe as ``--fail-on``."""
    if options.explain:
        sys.stdout.write("\n".join(_explained(_named(options.explain))) + "\n")
        return 0
    if options.list:
        sys.stdout.writelines(
            f"{rule.id}  {rule.severity:7}  {rule.summary}"
            f"{' (off by default)' if rule.is_opt_in else ''}\n"
            for rule in RULES.values()
        )
        return 0
    if not options.paths:
        message = "name a template, a folder of templates, a cloud assembly such as cdk.out, or a "
        raise CommandError(Diagnostic("paths-missing", f"{message}lifecycle policy"))
    inputs = read_inputs(options.paths)
    if inputs.policies:
        if len(inputs.templates) + len(inputs.policies) + len(inputs.errors) > 1:
            message = f"{inputs.policies[0].name} is a lifecycle policy, and there are other paths"
            remedy = "check each policy in a call of its own"
            raise CommandError(Diagnostic("policy-not-alone", message, remedy=remedy))
        for name in _TEMPLATE_OPTIONS:
            if getattr(options, name):
                message = f"--{name.replace('_', '-')} is for templates, not for a lifecycle policy"
                raise CommandError(
                    Diagnostic("option-needs-templates", message, remedy="leave it out")
                )
        return check_policy(inputs.policies[0], options)
    is_app = bool(inputs.templates) or not inputs.errors
    status = _check_templates(inputs, options) if is_app else 0
    if inputs.errors:
        raise CommandError(*(item for error in inputs.errors for item in error.diagnostics))
    return status


def _check_templates(inputs: Inputs, options: argparse.Namespace) -> int:
    for name in _POLICY_OPTIONS:
        if all(getattr(options, name) is not unset for unset in (None, False)):
            message = f"--{name.replace('_', '-')} is for a lifecycle policy, not for templates"
            raise CommandError(Diagnostic("option-needs-policy", message, remedy="leave it out"))
    config = _config(options)
    if options.write_baseline:
        return _write_baseline(Path(options.write_baseline), inputs, config)
    result = report(inputs.templates, config=config, unread=inputs.unread)
    emit(options, lambda form: FORMATS[form](result, len(inputs.templates)))
    return _status(options, (finding.severity for finding in result.findings), config.fail_on)


def _config(options: argparse.Namespace) -> Config:
    """Return the configuration with what the command line says, which takes precedence."""
    config = Config() if options.no_config else Config.given(options.config)
    selected = _selected(options.select) if options.select else config.select
    baseline = Path(options.baseline) if options.baseline else config.baseline
    return replace(config, select=selected - _selected(options.ignore), baseline=baseline)


def _selected(lists: Iterable[str] | None) -> frozenset[str]:
    names = [name.strip() for text in lists or () for name in text.split(",")]
    for name in names:
        if not select([name]):
            message = f"unknown rule {name!r}"
            raise CommandError(Diagnostic("rule-unknown", message, remedy=suggestion(name)))
    return select(names)


def _write_baseline(file: Path, inputs: Inputs, config: Config) -> int:
    if inputs.errors:
        # It would lack the findings of what cannot be read, and nobody would notice.
        return 0
    baseline = Baseline(file, {})
    if exists(file):
        try:
            baseline = Baseline.read(file)
        except BaselineError as error:
            message = f"{error.diagnostics[0].message}; it is not overwritten"
            problem = Diagnostic("baseline-invalid", message, remedy="name another file")
            raise CommandError(problem) from None
    result = report(inputs.templates, config=replace(config, baseline=None))
    write_text(str(file), baseline.updated(result, inputs.templates).to_json())
    line = f"{file}: {pluralize(len(result.findings), 'finding')} accepted."
    sys.stdout.write(f"{printable(line)}\n")
    return 0


def _status(
    options: argparse.Namespace, severities: Iterable[Severity], default: str | None = None
) -> int:
    name = options.fail_on or default or "error"
    if name == NEVER:
        return 0
    threshold = Severity({"info": "note"}.get(name, name))
    return int(any(severity >= threshold for severity in severities))


def check_policy(source: NamedPolicy, options: argparse.Namespace) -> int:
    """Check a policy; 1 if it is rejected or a finding is as severe as ``--fail-on``."""
    if options.manifests and not options.images:
        message, remedy = "--manifests describes images", "give --images too"
        raise CommandError(Diagnostic("images-missing", message, remedy=remedy))
    findings = list(_policy_findings(source, options))

    def render(form: str) -> str | list[Block]:
        if form == "json":
            is_valid = source.stated.policy is not None
            return json_text({"valid": is_valid, "findings": list(map(_to_json, findings))})
        if form == "github":
            annotations = [_annotation(source, finding) for finding in findings]
            return "\n".join([*annotations, _verdict(source, findings), ""])
        if form == "gitlab":
            in_file = tuple(_in_file(source, finding) for finding in findings)
            return FORMATS[form](Report(in_file, ()), 1)
        if form not in _POLICY_FORMATS:
            message = f"a lifecycle policy has no report in the format {form}"
            remedy = f"choose one of {', '.join(_POLICY_FORMATS)}"
            raise CommandError(Diagnostic("format-unsupported", message, remedy=remedy))
        return list(_blocks(source, findings))

    emit(options, render)
    return _status(options, (finding.severity for finding in findings))


def _policy_findings(
    source: NamedPolicy, options: argparse.Namespace
) -> Iterable[LifecycleFinding]:
    policy = source.stated.policy
    if policy is None:
        return (
            LifecycleFinding(
                id="LC000",
                severity=Severity.ERROR,
                sentence=f"{error.message}.",
                remedy=error.remedy or "ECR rejects the policy.",
                rule_priority=error.rule_priority,
            )
            for error in source.stated.errors
        )
    context = Context(
        pull_through_cache=source.context.pull_through_cache or options.pull_through_cache,
        pull_time_exclusions=source.context.pull_time_exclusions,
    )
    images = None
    if options.images:
        images = read_inventory(
            options.images,
            options.manifests,
            repository=getattr(options, "repository", None),
            allow_incomplete=options.allow_incomplete,
        )
    return policy.lint(
        images, now=options.now, context=context, pulled_within_days=pulled_within(options)
    )


def _to_json(finding: LifecycleFinding) -> dict[str, Any]:
    return {
        "id": finding.id,
        "severity": finding.severity,
        "message": finding.message,
        "rulePriority": finding.rule_priority,
    }


def _blocks(source: NamedPolicy, findings: Sequence[LifecycleFinding]) -> Iterator[Block]:
    if (policy := source.stated.policy) is not None:
        rules = zip(policy.rules, policy.in_words(), strict=False)
        lines = [f"{rule.rule_priority}. {words}" for rule, words in rules]
        yield Lines(lines or ["keep every image"])
    if findings:
        rows = [(item.id, item.severity, _priority(item), item.message) for item in findings]
        yield Table(("id", "severity", "rule", "finding"), rows)
    yield Lines([_verdict(source, findings)])


def _priority(finding: LifecycleFinding) -> str:
    return str(finding.rule_priority or "")


def _verdict(source: NamedPolicy, findings: Sequence[LifecycleFinding]) -> str:
    verb = "rejects" if source.stated.policy is None else "accepts"
    return f"{source.name}: ECR {verb} this policy; {pluralize(len(findings), 'finding')}."


def _annotation(source: NamedPolicy, finding: LifecycleFinding) -> str:
    command = _ANNOTATIONS[finding.severity]
    return workflow_command(command, finding.message, file=source.name, title=finding.id)


def _in_file(source: NamedPolicy, finding: LifecycleFinding) -> Finding:
    return Finding(
        rule=finding.id,
        severity=finding.severity,
        template=source.name,
        resource="",
        path=("rules", _priority(finding)),
        message=finding.sentence.removesuffix("."),
        remedy=finding.remedy,
    )


def _named(rule_id: str) -> Rule:
    if rule_id.upper() not in RULES:
        message = f"unknown rule {rule_id!r}"
        raise CommandError(Diagnostic("rule-unknown", message, remedy="--list shows all rules"))
    return RULES[rule_id.upper()]


def _explained(rule: Rule) -> Iterator[str]:
    yield f"{rule.id} ({rule.severity}): {rule.summary}"
    yield ""
    yield fill(rule.why, _WIDTH)
    yield ""
    yield fill(f"Instead: {rule.remedy}", _WIDTH, break_long_words=False)
    yield ""
    if rule.is_opt_in:
        yield "Off by default; select it in the configuration, or with --select."
    if rule.types:
        yield fill(f"Resource types: {', '.join(rule.types)}", _WIDTH, break_on_hyphens=False)
    if rule.controls:
        yield f"Controls: {', '.join(rule.controls)}"
    yield f"Source: {rule.source}"
