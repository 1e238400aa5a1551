"""``ecr-constructs status``."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ecr_constructs.checks.config import Config
from ecr_constructs.cli.arguments import add_config, add_formats, add_now
from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.output import emit, json_text
from ecr_constructs.cloudformation.loading import load
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.report.status import blocks, markdown_blocks, to_json, to_sarif
from ecr_constructs.review.change import SEVERITIES
from ecr_constructs.snapshot.files import read_snapshots
from ecr_constructs.status.engine import status

if TYPE_CHECKING:
    import argparse
    from collections.abc import Callable, Collection, Sequence

    from ecr_constructs.report.document import Block
    from ecr_constructs.snapshot.document import Snapshot
    from ecr_constructs.status.model import Status

_NEVER, _NOT_KNOWN = "never", "not-known"
_SOURCES = ("registry", "repositories", "cloudformation")


def add_to(parser: argparse.ArgumentParser) -> None:
    """Add the arguments."""
    parser.description = (
        "Compare registries with the templates that declare them and with the deployed templates: "
        "each setting is as declared, different, or not known. Exit status: 1 if there is "
        "something that --fail-on names."
    )
    source = parser.add_mutually_exclusive_group(required=True)
    source.add_argument(
        "--snapshot",
        action="append",
        metavar="PATH",
        help="a file of `ecr-constructs snapshot`, or a folder of such files; may be repeated",
    )
    source.add_argument(
        "--live",
        action="store_true",
        help="read the registry of the current credentials and Region",
    )
    parser.add_argument("--profile", metavar="NAME", help="with --live: the profile of the AWS CLI")
    parser.add_argument(
        "--region",
        metavar="REGION",
        help="with --live: the Region; default: that of the environment",
    )
    parser.add_argument(
        "--templates",
        action="append",
        metavar="PATH",
        help="what declares the registries: a cloud assembly such as cdk.out, a template, or a "
        "folder of templates; may be repeated. Default: nothing is compared, and the rules of "
        "check judge what is live",
    )
    add_now(parser)
    add_config(parser)
    add_formats(parser, ("text", "json", "markdown", "sarif"))
    parser.add_argument(
        "--fail-on",
        action="append",
        choices=(*SEVERITIES, _NOT_KNOWN, _NEVER),
        metavar="WHAT",
        help="what fails the command: a minimum severity of differences and findings "
        f"({', '.join(SEVERITIES)}); {_NOT_KNOWN}: a setting of which it is not known whether it "
        f"is as declared; or {_NEVER}; may be repeated; default: note and {_NOT_KNOWN}",
    )
    parser.set_defaults(run=run)


def run(options: argparse.Namespace) -> int:
    """Compare; 1 if there is something that ``--fail-on`` names."""
    snapshots = _snapshots(options)
    templates = load(options.templates) if options.templates else ()
    config = Config() if options.no_config else Config.given(options.config)
    result = status(snapshots, templates, config=config, now=options.now)
    formats: dict[str, Callable[[], str | list[Block]]] = {
        "text": lambda: list(blocks(result)),
        "json": lambda: json_text(to_json(result)),
        "markdown": lambda: list(markdown_blocks(result)),
        "sarif": lambda: to_sarif(result),
    }
    emit(options, lambda form: formats[form]())
    return int(_fails(result, options.fail_on or ["note", _NOT_KNOWN]))


def _snapshots(options: argparse.Namespace) -> Sequence[Snapshot]:
    """Return the snapshots of files, or one that is made now.

    Raises:
        CommandError: ``argument-empty``; ``argument-without-live``.
    """
    if options.live:
        # boto3 is slow to import.
        from ecr_constructs.live.collect import snapshot_of  # noqa: PLC0415

        return [snapshot_of(options.region, profile=options.profile, sources=_SOURCES)]
    for name in ("profile", "region"):
        if getattr(options, name) is not None:
            message = f"--{name} is for --live; a snapshot has its own"
            raise CommandError(Diagnostic("argument-without-live", message))
    if "" in options.snapshot:
        message = "--snapshot is empty: is a variable not set?"
        raise CommandError(Diagnostic("argument-empty", message))
    return read_snapshots(map(Path, options.snapshot))


def _fails(result: Status, fail_on: Collection[str]) -> bool:
    """Tell whether there is something of a list."""
    if _NOT_KNOWN in fail_on and result.unknown:
        return True
    minimum = max((SEVERITIES.index(name) for name in SEVERITIES if name in fail_on), default=-1)
    severities = {item.severity for item in result.settings}
    severities |= {item.severity for item in result.findings}
    return any(SEVERITIES.index(severity) <= minimum for severity in severities)
