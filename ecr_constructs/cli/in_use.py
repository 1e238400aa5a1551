"""``ecr-constructs in-use``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecr_constructs.cli.arguments import add_formats, add_limit, add_now, limit_of
from ecr_constructs.cli.output import emit, json_text
from ecr_constructs.cli.usage import add_usage, usage_of
from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.report.in_use import in_use_blocks, in_use_document
from ecr_constructs.snapshot.usage.policy_conflicts import policy_conflicts

if TYPE_CHECKING:
    import argparse

    from ecr_constructs.report.document import Block

NEVER = "never"


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.description = (
        "Show which images of a snapshot workloads use, which references of workloads fail at the "
        "next start, and which images nothing uses in what was looked at. Exit status: 1 if there "
        "is a dangling reference, or with --days an image that is deleted, of the severity "
        "--fail-on or above."
    )
    add_usage(parser)
    parser.add_argument(
        "--days",
        type=int,
        metavar="N",
        help="also report the images in use that lifecycle policies delete or archive in the next "
        "N days; takes as long as a preview of each repository with images in use",
    )
    add_now(parser)
    parser.add_argument(
        "--fail-on",
        choices=(*Severity, NEVER),
        default=Severity.ERROR,
        help="the minimum severity of what fails the command; default: error",
    )
    add_limit(parser)
    add_formats(parser, ("text", "json", "markdown"))
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Report the images in use; 1 if a reference dangles."""
    limit = limit_of(options)
    result = usage_of(options)

    policies = None
    if options.days is not None:
        policies = policy_conflicts(result, days=options.days, now=options.now)

    def render(form: str) -> str | list[Block]:
        if form == "json":
            return json_text(in_use_document(result, policies))
        return [*in_use_blocks(result, limit, policies)]

    emit(options, render)
    if options.fail_on == NEVER:
        return 0
    severities = [item.severity for item in result.dangling]
    severities += [item.severity for _, item in policies.conflicts] if policies else []
    return int(any(severity >= options.fail_on for severity in severities))
