"""``ecr-constructs check``."""

from __future__ import annotations

import sys
from textwrap import fill
from typing import TYPE_CHECKING, Any

from ecr_constructs.checks.engine import report
from ecr_constructs.checks.rules import RULES
from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cloudformation.errors import CheckError
from ecr_constructs.cloudformation.loading import load
from ecr_constructs.report.findings import FORMATS
from ecr_constructs.report.sarif import sarif

if TYPE_CHECKING:
    import argparse
    from collections.abc import Iterator

    from ecr_constructs.checks.rule import Rule

_WIDTH = 100
_FORMATS = {**FORMATS, "sarif": sarif}


def add_to(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "check",
        help="what is wrong in a synthesized template",
        description="Say what ECR and CloudFormation will refuse in templates, what loses images "
        "or opens access, and what else is not as it should be. Exit status: 1 if there is any, "
        "from --fail-on up.",
    )
    parser.add_argument(
        "paths",
        nargs="*",
        metavar="PATH",
        help="a template in JSON or YAML, a folder of them, or a cloud assembly such as cdk.out",
    )
    parser.add_argument("--format", choices=tuple(_FORMATS), default="text")
    parser.add_argument(
        "--fail-on",
        choices=("error", "warning"),
        default="error",
        help="the least severity that is a failure; default: error",
    )
    parser.add_argument("--list", action="store_true", help="list the rules")
    parser.add_argument("--explain", metavar="RULE", help="say what a rule is for, and what to do")
    parser.set_defaults(run=run, prog=parser.prog)


def run(options: argparse.Namespace) -> int:
    """Check templates; 1 if a finding is as severe as ``--fail-on``."""
    if options.explain:
        sys.stdout.write("\n".join(_explained(_named(options.explain))) + "\n")
        return 0
    if options.list:
        sys.stdout.writelines(
            f"{each.id}  {each.severity:7}  {each.summary}\n" for each in RULES.values()
        )
        return 0
    if not options.paths:
        msg = "name a template, a folder of templates or a cloud assembly such as cdk.out"
        raise CommandError(msg)
    try:
        templates = load(options.paths)
    except CheckError as error:
        raise CommandError(str(error)) from None
    judged = report(templates)
    sys.stdout.write(_FORMATS[options.format](judged, len(templates)))
    failures = ("error",) if options.fail_on == "error" else ("error", "warning")
    return int(any(each.severity in failures for each in judged.findings))


def _named(rule_id: str) -> Rule:
    if rule_id.upper() not in RULES:
        msg = f"there is no rule {rule_id!r}; --list shows those there are"
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
        yield fill(f"Looks at: {', '.join(rule.types)}", _WIDTH, break_on_hyphens=False)
    if rule.controls:
        yield f"Controls: {', '.join(rule.controls)}"
    yield f"Source: {rule.source}"
