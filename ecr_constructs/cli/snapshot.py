"""``ecr-constructs snapshot``: read registries and what uses them, and write it to files."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecr_constructs.cli.arguments import empty_option
from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.output import json_text, note, print_blocks, progress
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.snapshot_sources import DEFAULT_SOURCES, GROUPS, SOURCES
from ecr_constructs.report.document import Table
from ecr_constructs.snapshot.files import SUFFIXES

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Iterator, Sequence

    from ecr_constructs.live.collect.collector import Summary
    from ecr_constructs.report.document import Block
    from ecr_constructs.snapshot.document import Header

FOLDER = "snapshots"
_SUFFIX = ".jsonl.gz"
_MOST_CONCURRENT = 256


def add_to(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.description = (
        "Read registries, their images and what uses them, and write one file for each account and "
        "Region. Nothing is changed in AWS. Exit status: 1 if AWS refused a part, which the file "
        "says."
    )
    parser.add_argument(
        "--sources",
        action="append",
        type=_words,
        metavar="NAME,…",
        help=f"what to read; default: {','.join(DEFAULT_SOURCES)}. One of {', '.join(SOURCES)}, or "
        f"{', '.join(GROUPS)}; may be repeated",
    )
    parser.add_argument(
        "--manifests",
        action="store_true",
        help="also read which images an index lists; each manifest that is read counts as a pull",
    )
    parser.add_argument(
        "--output",
        default=FOLDER,
        metavar="PATH",
        help=f"a folder, or a file that ends with {', '.join(SUFFIXES[:3])}; default: {FOLDER}. An "
        "interrupted snapshot there is continued",
    )
    parser.add_argument(
        "--restart", action="store_true", help="do not continue an interrupted snapshot"
    )
    parser.add_argument(
        "--region",
        "--regions",
        action="append",
        type=_words,
        dest="regions",
        metavar="REGION,…",
        help="the Regions; default: that of the environment",
    )
    parser.add_argument("--profile", metavar="NAME", help="the profile of the AWS CLI")
    parser.add_argument(
        "--concurrency",
        type=_concurrency,
        default=16,
        metavar="N",
        help="calls at the same time in one account and Region; default: 16",
    )
    parser.add_argument("--format", choices=("text", "json", "markdown"), default="text")
    parser.set_defaults(run=_run)


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _concurrency(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text[:4]) == int(text) <= _MOST_CONCURRENT:
        msg = f"write a number from 1 to {_MOST_CONCURRENT}; got {text!r}"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def _flat(lists: Sequence[Sequence[str]] | None) -> list[str]:
    return [word for words in lists or () for word in words]


def _run(options: Namespace) -> int:
    """Write snapshots."""
    from ecr_constructs.live.collect import Collector, write_snapshot  # noqa: PLC0415 - boto3

    if empty := empty_option(options, ("output", "profile")):
        message = f"{empty} is empty: is a variable not set?"
        raise CommandError(Diagnostic("argument-empty", message))
    sources = _flat(options.sources) or [*DEFAULT_SOURCES]
    if options.manifests:
        sources.append("manifests")
        note("reading manifests: each one counts as a pull of its image")
    collector = Collector(sources, concurrency=options.concurrency, progress=progress, note=note)
    regions: list[str] | list[None] = _flat(options.regions) or [None]
    summaries = []
    for region in regions:
        caller = collector.caller(region, options.profile)
        summaries.append(
            write_snapshot(
                collector,
                caller,
                lambda header: _path(options.output, header),
                restart=options.restart,
            )
        )
    _print(options, summaries)
    return int(any(summary.unanswered for summary in summaries))


def _path(output: str, header: Header) -> Path:
    if output.endswith(SUFFIXES[:3]):
        return Path(output)
    return Path(output) / f"{header.account}-{header.region}{_SUFFIX}"


def _print(options: Namespace, summaries: Sequence[Summary]) -> None:
    if options.format == "json":
        sys.stdout.write(json_text({"snapshots": [*map(_document, summaries)]}))
    else:
        print_blocks(options.format, [*_blocks(summaries)])


def _document(summary: Summary) -> dict[str, Any]:
    header = summary.header
    return {
        "account": header.account,
        "region": header.region,
        "file": str(summary.path),
        "started": header.started,
        "finished": summary.finished,
        "calls": summary.calls,
        "callsKept": summary.kept,
        "refused": [
            {"operation": operation, "reason": reason, "calls": calls}
            for (operation, reason), calls in summary.unanswered.items()
        ],
        "notAsked": [{"source": item.source, "reason": item.reason} for item in header.not_asked],
    }


def _blocks(summaries: Sequence[Summary]) -> Iterator[Block]:
    yield Table(
        ("account", "Region", "calls", "refused", "file"),
        [
            (
                summary.header.account,
                summary.header.region,
                f"{summary.calls + summary.kept:,}",
                f"{sum(summary.unanswered.values()):,}",
                str(summary.path),
            )
            for summary in summaries
        ],
    )
