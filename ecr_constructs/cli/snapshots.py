"""Arguments of the commands that read snapshots."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.output import note, progress
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.snapshot.files import read_snapshots

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from ecr_constructs.snapshot.document import Snapshot


def add_snapshots(parser: argparse.ArgumentParser, what: str) -> argparse._MutuallyExclusiveGroup:
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


def chosen_snapshots(
    options: argparse.Namespace, sources: Sequence[str], *, asks_aws: bool = False
) -> list[Snapshot]:
    """Read the snapshots, or make one now.

    Args:
        options: The options of `add_snapshots`.
        sources: What ``--live`` reads.
        asks_aws: Whether the command asks AWS afterwards, for which it takes a profile.

    Raises:
        CommandError: ``argument-without-live``: a Region or profile without ``--live``; or as
            `given_snapshots`.
        LiveError: AWS does not answer.
    """
    if not options.live:
        for name in ("region",) if asks_aws else ("region", "profile"):
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
