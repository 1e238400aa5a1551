"""Arguments of the commands that read snapshots."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.output import note, progress
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.snapshot.files import read_snapshots
from ecr_constructs.snapshot.usage.references import REVISIONS
from ecr_constructs.snapshot.usage.workloads import SOURCES

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from ecr_constructs.snapshot.document import Snapshot


_LIVE = ("registry", "repositories", "images", "workloads", "inspector")


def add_snapshots(
    parser: argparse.ArgumentParser, what: str = "images and workloads"
) -> argparse._MutuallyExclusiveGroup:
    """Add the snapshots, and return the group of the sources.

    Args:
        parser: The parser.
        what: What ``--live`` reads.
    """
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--snapshot",
        action="append",
        default=[],
        metavar="FILE|FOLDER",
        help="a file of `ecr-constructs snapshot`, or a folder of them; may be repeated, for "
        "several accounts and Regions",
    )
    source.add_argument(
        "--live",
        action="store_true",
        help=f"read {what} of your account in one Region from AWS now",
    )
    parser.add_argument("--region", help="with --live; default: the Region of the environment")
    parser.add_argument(
        "--profile", metavar="NAME", help="the profile of the AWS CLI, for what asks AWS"
    )
    return source


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


def chosen_snapshots(options: argparse.Namespace, sources: Sequence[str] = _LIVE) -> list[Snapshot]:
    """Read the snapshots, or make one now.

    Args:
        options: The options of `add_snapshots`.
        sources: What ``--live`` reads. Default: images and workloads.

    Raises:
        CommandError: ``argument-without-live``: a Region or profile without ``--live``; or as
            `given_snapshots`.
        LiveError: AWS does not answer.
    """
    if not options.live:
        # `protect --apply` asks AWS as well.
        unused = ("region",) if getattr(options, "apply", False) else ("region", "profile")
        for name in unused:
            if getattr(options, name) is not None:
                message = f"--{name} is for --live; a snapshot has its own"
                raise CommandError(Diagnostic("argument-without-live", message))
        return given_snapshots(options.snapshot)
    from ecr_constructs.live.collect import snapshot_of  # noqa: PLC0415 - boto3 is optional

    return [
        snapshot_of(
            options.region, profile=options.profile, sources=sources, progress=progress, note=note
        )
    ]


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
