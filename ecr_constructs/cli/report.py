"""``ecr-constructs report``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ecr_constructs.cli.output import write_text
from ecr_constructs.report.page.figures import Figures
from ecr_constructs.report.page.page import to_html
from ecr_constructs.snapshot.files import read_snapshots
from ecr_constructs.status.engine import status

if TYPE_CHECKING:
    import argparse


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.description = (
        "Write a page about registries: one HTML file that needs no network, with storage, "
        "retention, repositories by team, replication, findings, and what is not known."
    )
    parser.add_argument(
        "--html", action="store_true", help="write HTML, which is the only format yet"
    )
    parser.add_argument(
        "--snapshot",
        action="append",
        type=Path,
        required=True,
        metavar="PATH",
        help="a file of `ecr-constructs snapshot`, or a folder of such files; may be repeated",
    )
    parser.add_argument("--output", required=True, metavar="FILE", help="the page")
    parser.add_argument(
        "--team-tag",
        default="team",
        metavar="KEY",
        help="the tag of repositories that names a team; default: %(default)s",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Write the page."""
    snapshots = read_snapshots(options.snapshot)
    figures = Figures(snapshots, options.team_tag)
    findings = status(figures.snapshots, now=figures.now).findings
    write_text(options.output, to_html(figures, findings))
    return 0
