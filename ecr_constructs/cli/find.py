"""``ecr-constructs find``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ecr_constructs.cli.arguments import add_formats, add_now
from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.output import emit, json_text
from ecr_constructs.cli.usage import add_usage, usage_of
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.report.find import find_blocks, find_document
from ecr_constructs.snapshot.usage.deletions import read_deletions
from ecr_constructs.snapshot.usage.find import find, read_query

if TYPE_CHECKING:
    import argparse

    from ecr_constructs.report.document import Block


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.description = (
        "Find an image in snapshots: all places that have it, since when, its last pull, what uses "
        "it, which lifecycle rule takes it and when; and with --cloudtrail, what deleted it. Exit "
        "status: 1 if no place has it."
    )
    parser.add_argument(
        "image",
        metavar="IMAGE|DIGEST|TAG",
        help="REPOSITORY:TAG or REPOSITORY@DIGEST, with or without the host; a digest, or at least "
        "six digits of it; or a tag",
    )
    add_usage(parser)
    parser.add_argument(
        "--cloudtrail",
        action="append",
        default=[],
        metavar="FILE",
        help="events of CloudTrail: a log file of a trail, or what `aws cloudtrail lookup-events` "
        "prints; may be repeated",
    )
    parser.add_argument(
        "--days", type=int, default=365, metavar="N", help="how far to look ahead; default: 365"
    )
    add_now(parser)
    add_formats(parser, ("text", "json", "markdown"))
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Find an image; 1 if no place has it."""
    if options.days < 1:
        message = f"--days must be at least 1, got {options.days}"
        raise CommandError(Diagnostic("days-out-of-range", message))
    query = read_query(options.image)
    deletions = [item for name in options.cloudtrail for item in read_deletions(Path(name))]
    result = usage_of(options)
    answer = find(query, result, deletions, days=options.days, now=options.now)

    def render(form: str) -> str | list[Block]:
        if form == "json":
            return json_text(find_document(options.image, answer, result))
        return [*find_blocks(options.image, answer, result)]

    emit(options, render)
    return int(not answer.places)
