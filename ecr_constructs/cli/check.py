"""``ecr-constructs check``."""

from __future__ import annotations

import sys
from textwrap import fill
from typing import TYPE_CHECKING, Any

from ecr_constructs.checks.engine import report
from ecr_constructs.checks.rules import RULES
from ecr_constructs.cli.arguments import add_formats
from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.output import emit
from ecr_constructs.cloudformation.loading import load
from ecr_constructs.report.findings import FORMATS

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from ecr_constructs.checks.rule import Rule

_WIDTH = 100


def add_to(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "check",
        help="find errors in synthesized templates",
        description="Find what ECR and CloudFormation reject in templates, what loses images or "
        "opens access, and what is probably a mistake. Exit status: 1 if there is a finding of "
        "the severity --fail-on or above.",
    )
    parser.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="a template in JSON or YAML, a folder of them, or a cloud assembly such as cdk.out",
    )
    add_formats(parser, tuple(FORMATS))
    parser.add_argument(
        "--fail-on",
        choices=("error", "warning"),
        default="error",
        help="minimum severity that fails the command; default: error",
    )
    parser.add_argument("--list", action="store_true", help="list the rules")
    parser.add_argument("--explain", metavar="RULE", help="explain a rule and its remedy")
    parser.set_defaults(run=run, prog=parser.prog)


def run(options: argparse.Namespace) -> int:
    """Check templates; 1 if a finding is as severe as ``--fail-on``."""
    if options.explain:
        sys.stdout.write("\n".join(_explained(_named(options.explain))) + "\n")
        return 0
    if options.list:
        sys.stdout.writelines(
            f"{rule.id}  {rule.severity:7}  {rule.summary}\n" for rule in RULES.values()
        )
        return 0
    if not options.paths:
        msg = "name a template, a folder of templates or a cloud assembly such as cdk.out"
        raise CommandError(msg)
    templates = load(options.paths)
    result = report(templates)
    emit(options, lambda form: FORMATS[form](result, len(templates)))
    failures = ("error",) if options.fail_on == "error" else ("error", "warning")
    return int(any(finding.severity in failures for finding in result.findings))


def _named(rule_id: str) -> Rule:
    if rule_id.upper() not in RULES:
        msg = f"unknown rule {rule_id!r}; --list shows all rules"
        raise CommandError(msg)
    return RULES[rule_id.upper()]


def _explained(rule: Rule) -> Iterator[str]:
    yield f"{rule.id} ({rule.severity}): {rule.summary}"
    yield ""
    yield fill(rule.why, _WIDTH)
    yield ""
    yield fill(f"Instead: {rule.remedy}", _WIDTH, break_long_words=False)
    yield ""
    if rule.types:
        yield fill(f"Resource types: {', '.join(rule.types)}", _WIDTH, break_on_hyphens=False)
    if rule.controls:
        yield f"Controls: {', '.join(rule.controls)}"
    yield f"Source: {rule.source}"
