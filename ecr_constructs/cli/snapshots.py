"""Arguments of the commands that read snapshots."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ecr_constructs.cli.errors import CommandError
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.snapshot.files import read_snapshots
from ecr_constructs.snapshot.usage.references import REVISIONS
from ecr_constructs.snapshot.usage.workloads import SOURCES

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from ecr_constructs.snapshot.document import Snapshot


def add_snapshots(parser: argparse.ArgumentParser) -> None:
    """Add the snapshots."""
    parser.add_argument(
        "--snapshot",
        action="append",
        required=True,
        metavar="FILE|FOLDER",
        help="a file of `ecr-constructs snapshot`, or a folder of them; may be repeated, for "
        "several accounts and Regions",
    )


def add_workloads(parser: argparse.ArgumentParser) -> None:
    """Add how the references of workloads count."""
    parser.add_argument(
        "--revisions",
        type=int,
        default=REVISIONS,
        metavar="N",
        help="how many former revisions of a workload count as ones that a rollback returns to; "
        "default: %(default)s",
    )
    parser.add_argument(
        "--ignore",
        action="append",
        default=[],
        choices=SOURCES,
        metavar="SERVICE",
        help="a service that certainly uses no image: what the snapshot does not know of it is "
        "left out; may be repeated: " + ", ".join(SOURCES),
    )


def given_snapshots(names: Sequence[str]) -> list[Snapshot]:
    """Read the snapshots.

    Raises:
        CommandError: A name is empty.
        SnapshotError: One cannot be read.
    """
    if "" in names:
        message = "--snapshot is empty: is a variable not set?"
        raise CommandError(Diagnostic("argument-empty", message))
    return read_snapshots(map(Path, names))


def check_revisions(options: argparse.Namespace) -> None:
    """Raise an error if the number of revisions is negative."""
    if options.revisions < 0:
        message = f"--revisions must be at least 0, got {options.revisions}"
        raise CommandError(Diagnostic("revisions-negative", message))
