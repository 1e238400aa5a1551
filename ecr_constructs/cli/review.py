"""``ecr-constructs review``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from ecr_constructs.cli.arguments import add_now
from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.output import print_blocks, print_json
from ecr_constructs.cloudformation.errors import CheckError
from ecr_constructs.report.review_formats import blocks, to_github, to_json
from ecr_constructs.report.review_markdown import to_markdown
from ecr_constructs.review import load_sides, read_inventories, review
from ecr_constructs.review.change import KINDS, SEVERITIES

if TYPE_CHECKING:
    import argparse
    from collections.abc import Collection

    from ecr_constructs.review import Review

_NEVER = "never"


def add_to(commands: argparse._SubParsersAction[Any]) -> None:
    """Add the command."""
    parser = commands.add_parser(
        "review",
        help="what a pull request will do to the registry",
        description="Compare two sides of an app, and say what is replaced, removed, opened or "
        "weakened when one is deployed over the other. Exit status: 1 if there is anything that "
        "--fail-on names.",
    )
    for side, what in (("base", "what is deployed"), ("head", "what is wanted")):
        parser.add_argument(
            f"--{side}",
            required=True,
            metavar="DIR",
            help=f"{what}: a cloud assembly such as cdk.out, or a folder of templates or snapshots",
        )
    parser.add_argument(
        "--images",
        metavar="DIR",
        help="what `aws ecr describe-images` printed, a file for each repository: which of these "
        "images will be deleted",
    )
    add_now(parser)
    parser.add_argument("--format", choices=("text", "json", "markdown", "github"), default="text")
    parser.add_argument(
        "--fail-on",
        action="append",
        choices=(*SEVERITIES, *KINDS, _NEVER),
        metavar="WHAT",
        help="a kind of change, or the least severity, that is a failure; may be repeated: "
        f"{', '.join((*SEVERITIES, *KINDS))}; or {_NEVER}; default: error",
    )
    parser.set_defaults(run=run, prog=parser.prog)


def run(options: argparse.Namespace) -> int:
    """Review a change; 1 if there is what ``--fail-on`` names."""
    try:
        sides = load_sides(options.base, options.head)
        inventories = read_inventories(options.images) if options.images else None
        judged = review(*sides, inventories=inventories, now=options.now)
    except CheckError as error:
        raise CommandError(str(error)) from None
    _print(judged, options.format)
    return int(_fails(judged, options.fail_on or ["error"]))


def _print(judged: Review, form: str) -> None:
    if form == "text":
        print_blocks("text", blocks(judged))
    elif form == "json":
        print_json(to_json(judged))
    else:
        sys.stdout.write(to_markdown(judged) if form == "markdown" else to_github(judged))


def _fails(judged: Review, fail_on: Collection[str]) -> bool:
    """Tell whether there is a change of a kind, or as severe as a severity, that is named."""
    least = max((SEVERITIES.index(each) for each in SEVERITIES if each in fail_on), default=-1)
    return any(
        each.kind in fail_on or SEVERITIES.index(each.severity) <= least for each in judged.changes
    )
