"""``ecr-constructs report``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecr_constructs.cli.output import write_text
from ecr_constructs.cli.snapshots import add_snapshots, chosen_snapshots
from ecr_constructs.report.page.figures import Figures
from ecr_constructs.report.page.page import to_html
from ecr_constructs.status.engine import status

if TYPE_CHECKING:
    import argparse

_SOURCES = ("registry", "repositories", "images")


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.description = (
        "Write a page about registries: one HTML file that needs no network, with storage, "
        "retention, repositories by team, replication, findings, and what is not known."
    )
    parser.add_argument(
        "--html", action="store_true", help="write HTML, which is the only format yet"
    )
    add_snapshots(parser, "repositories and images")
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
    snapshots = chosen_snapshots(options, _SOURCES)
    figures = Figures(snapshots, options.team_tag)
    findings = status(figures.snapshots, now=figures.now).findings
    write_text(options.output, to_html(figures, findings))
    return 0
