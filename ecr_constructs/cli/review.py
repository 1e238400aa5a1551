"""``ecr-constructs review``."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from ecr_constructs.checks.config import Config
from ecr_constructs.cli.arguments import add_config, add_formats, add_now
from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.output import emit, json_text
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.printable import printable
from ecr_constructs.report.comment import to_markdown
from ecr_constructs.report.review import blocks, to_github, to_json
from ecr_constructs.review import load_sides, read_inventories, review
from ecr_constructs.review.change import KINDS, SEVERITIES

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Collection

    from ecr_constructs.report.document import Block
    from ecr_constructs.review import Review

_NEVER = "never"


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.description = (
        "Compare two versions of an app, and show what is replaced, removed, opened or weakened "
        "when one is deployed over the other. Exit status: 1 if there is a change that --fail-on "
        "names."
    )
    for side, version in (("base", "the deployed version"), ("head", "the new version")):
        parser.add_argument(
            f"--{side}",
            required=True,
            metavar="DIR",
            help=f"{version}: a cloud assembly such as cdk.out, or a folder of templates or "
            "snapshots",
        )
    parser.add_argument(
        "--images",
        metavar="DIR",
        help="a folder with the output of `aws ecr describe-images`, a file for each repository: "
        "show which of these images will be deleted",
    )
    parser.add_argument(
        "--in-use",
        action="append",
        default=[],
        metavar="FILE|FOLDER",
        help="snapshots with images and workloads: report the images in use that a policy deletes; "
        "may be repeated",
    )
    add_now(parser)
    add_config(parser)
    add_formats(parser, ("text", "json", "markdown", "github"))
    parser.add_argument(
        "--fail-on",
        action="append",
        choices=(*SEVERITIES, *KINDS, _NEVER),
        metavar="WHAT",
        help="a kind of change, or the minimum severity, that fails the command; may be repeated: "
        f"{', '.join((*SEVERITIES, *KINDS))}; or {_NEVER}; default: error",
    )
    parser.add_argument(
        "--comment",
        choices=("github", "gitlab"),
        help="in a job of this CI system: also write the review as one comment to the pull "
        "request, and update it there; the token is GITHUB_TOKEN or GITLAB_TOKEN",
    )
    parser.add_argument(
        "--comment-name",
        default="",
        metavar="NAME",
        help="what is reviewed, if a pull request has more than one review",
    )
    parser.add_argument(
        "--comment-author",
        default="github-actions[bot]",
        metavar="LOGIN",
        help="the owner of GITHUB_TOKEN, whose comments are updated; default: %(default)s",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Review a change; 1 if there is a change that ``--fail-on`` names."""
    sides = load_sides(options.base, options.head)
    inventories = read_inventories(options.images) if options.images else None
    if options.in_use:
        from ecr_constructs.cli.usage import inventories_in_use  # noqa: PLC0415 - rarely needed

        inventories = inventories_in_use(options.in_use, inventories)
    config = Config() if options.no_config else Config.given(options.config)
    result = review(*sides, inventories=inventories, now=options.now, config=config)

    formats: dict[str, Callable[[], str | list[Block]]] = {
        "text": lambda: list(blocks(result)),
        "json": lambda: json_text(to_json(result)),
        "markdown": lambda: to_markdown(result),
        "github": lambda: to_github(result),
    }
    emit(options, lambda form: formats[form]())
    if options.comment:
        _comment(options, result)
    return int(_fails(result, options.fail_on or ["error"]))


def _comment(options: argparse.Namespace, result: Review) -> None:
    # HTTP is slow to import.
    from ecr_constructs.cli.comments import github, gitlab, put_comment  # noqa: PLC0415

    if any(text in options.comment_name for text in ("--", "<", ">", "\n")):
        message = "--comment-name may hold neither '--' nor angle brackets nor line breaks"
        raise CommandError(Diagnostic("comment-name-characters", message))
    host = gitlab() if options.comment == "gitlab" else github(options.comment_author)
    notice = host
    if not isinstance(host, str):
        is_needed = bool(result.changes or result.unread)
        notice = put_comment(host, to_markdown(result), options.comment_name, is_needed=is_needed)
    # Standard output is the report.
    sys.stderr.write(f"{options.prog}: {printable(str(notice))}\n")


def _fails(result: Review, fail_on: Collection[str]) -> bool:
    """Tell whether a change is of a kind, or as severe as a severity, in a list."""
    minimum = max((SEVERITIES.index(name) for name in SEVERITIES if name in fail_on), default=-1)
    return any(
        # A finding that repeats a change is a detail of it.
        effect.kind in fail_on or SEVERITIES.index(effect.severity) <= minimum
        for change in result.changes
        for effect in (change, *change.findings)
    )
