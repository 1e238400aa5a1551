"""``ecr-constructs snapshot``: read registries and what uses them, and write it to files."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from ecr_constructs.cli.arguments import empty_option
from ecr_constructs.cli.errors import CommandError
from ecr_constructs.cli.files import read_text
from ecr_constructs.cli.output import json_text, note, print_blocks, progress
from ecr_constructs.cloudformation.reading import INVENTORY_MAX_BYTES
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.partitions import region_errors
from ecr_constructs.model.principals import account_id_errors
from ecr_constructs.model.snapshot_sources import (
    DEFAULT_SOURCES,
    GROUPS,
    SOURCES,
    aggregator_source,
    selected,
)
from ecr_constructs.model.snapshot_sources.audit_role import (
    external_id_errors,
    read_policy,
    role_template,
)
from ecr_constructs.report.snapshot import (
    registries_blocks,
    registries_document,
    summary_blocks,
    summary_document,
)
from ecr_constructs.snapshot.diff import compare
from ecr_constructs.snapshot.document import now_text
from ecr_constructs.snapshot.files import SUFFIXES, read_snapshots
from ecr_constructs.snapshot.kubernetes import record_of

if TYPE_CHECKING:
    from argparse import ArgumentParser, Namespace
    from collections.abc import Sequence

    from ecr_constructs.live.collect import Failure, Summary
    from ecr_constructs.model.registry_id import RegistryId
    from ecr_constructs.snapshot.document import Header, Snapshot

_FILES = SUFFIXES[:3]
FOLDER = "snapshots"
_SUFFIX = ".jsonl.gz"
_MOST_CONCURRENT = 256


def add_to(parser: ArgumentParser) -> None:
    """Add the arguments."""
    parser.description = (
        "Read registries, their images and what uses them, and write one file for each account and "
        "Region. Nothing is changed in AWS. Exit status: 1 if AWS refused a part, which the file "
        "says; 2 if one could not be finished."
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
        help=f"a folder, or a file that ends with {', '.join(_FILES)}; default: {FOLDER}. An "
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
    _add_accounts(parser)
    parser.add_argument(
        "--config-aggregator",
        metavar="NAME",
        help="also read the resources that an aggregator of AWS Config has, of all its accounts",
    )
    parser.add_argument(
        "--kubernetes",
        action="append",
        default=[],
        type=_cluster,
        metavar="CLUSTER=FILE",
        help="add what runs in a cluster: the output of `kubectl get pods,replicasets,"
        "controllerrevisions,cronjobs,jobs -A -o json`; may be repeated",
    )
    parser.add_argument(
        "--concurrency",
        type=_concurrency,
        default=16,
        metavar="N",
        help="calls at the same time in one account and Region; default: 16",
    )
    parser.add_argument("--format", choices=("text", "json", "markdown"), default="text")
    instead = parser.add_mutually_exclusive_group()
    instead.add_argument(
        "--print-policy",
        action="store_true",
        help="print the IAM policy that --sources need, and ask nothing",
    )
    instead.add_argument(
        "--print-template",
        action="store_true",
        help="print a template of a role with that policy, for a StackSet, and ask nothing",
    )
    instead.add_argument(
        "--diff",
        nargs=2,
        metavar=("BEFORE", "AFTER"),
        help="compare two snapshots, or folders of them, and ask nothing; exit status 1 if they "
        "differ or a part is not known",
    )
    parser.set_defaults(run=_run)


def _add_accounts(parser: ArgumentParser) -> None:
    accounts = parser.add_mutually_exclusive_group()
    accounts.add_argument(
        "--accounts",
        action="append",
        type=_words,
        metavar="ID,…",
        help="the accounts, with --role; default: that of the caller",
    )
    accounts.add_argument(
        "--organization",
        action="store_true",
        help="all active accounts of the organization, with --role",
    )
    parser.add_argument(
        "--role", metavar="NAME", help="the role to assume in accounts other than the caller's"
    )
    parser.add_argument(
        "--external-id", metavar="ID", help="with --role: the external id of its trust policy"
    )


def _words(text: str) -> list[str]:
    return [word.strip() for word in text.split(",") if word.strip()]


def _concurrency(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text[:4]) == int(text) <= _MOST_CONCURRENT:
        msg = f"write a number from 1 to {_MOST_CONCURRENT}; got {text!r}"
        raise argparse.ArgumentTypeError(msg)
    return int(text)


def _cluster(text: str) -> tuple[str, str]:
    cluster, _, file = text.partition("=")
    if not cluster or not file:
        msg = f"write CLUSTER=FILE; got {text!r}"
        raise argparse.ArgumentTypeError(msg)
    return cluster, file


def _flat(lists: Sequence[Sequence[str]] | None) -> list[str]:
    return [*dict.fromkeys(word for words in lists or () for word in words)]


def _run(options: Namespace) -> int:
    """Write snapshots; 1 if AWS refused a part, 2 if one could not be finished."""
    _check(options)
    if options.diff:
        return _diff(options)
    names = _flat(options.sources) if options.sources else [*DEFAULT_SOURCES]
    names = selected([*names, "manifests"] if options.manifests else names)
    if options.print_policy or options.print_template:
        sources = [SOURCES[name] for name in names]
        sources += [aggregator_source(options.config_aggregator)] * bool(options.config_aggregator)
        document = (read_policy if options.print_policy else role_template)(sources)
        sys.stdout.write(f"{json.dumps(document, indent=2)}\n")
        return 0
    return _write(options, names)


def _check(options: Namespace) -> None:
    texts = ("output", "profile", "role", "external_id", "config_aggregator")
    if empty := empty_option(options, texts):
        message = f"{empty} is empty: is a variable not set?"
        raise CommandError(Diagnostic("argument-empty", message))
    regions, accounts = _flat(options.regions), _flat(options.accounts)
    errors: list[Diagnostic] = []
    for region in regions:
        errors += (error.within(f"--region {region}") for error in region_errors(region))
    for account in accounts:
        errors += (error.within(f"--accounts {account}") for error in account_id_errors(account))
    if options.external_id:
        errors += (
            error.within("--external-id") for error in external_id_errors(options.external_id)
        )
    if (options.regions and not regions) or (options.accounts and not accounts):
        message = "--regions or --accounts names none: is a variable not set?"
        errors.append(Diagnostic("argument-empty", message))
    if (accounts or options.organization) and not options.role:
        message = "--accounts and --organization need --role"
        errors.append(Diagnostic("role-missing", message, remedy="give the name of the role"))
    if options.external_id and not options.role:
        errors.append(Diagnostic("external-id-alone", "--external-id needs --role"))
    is_one = not options.organization and max(len(accounts), 1) * max(len(regions), 1) == 1
    if not is_one and options.output.endswith(_FILES):
        message = f"{options.output} is one file, and each account and Region has its own"
        errors.append(Diagnostic("output-not-folder", message, remedy="give a folder"))
    if errors:
        raise CommandError(*errors)


def _write(options: Namespace, names: Sequence[str]) -> int:
    from ecr_constructs.live.collect import (  # noqa: PLC0415 - boto3 is optional
        Collector,
        Role,
        Summary,
        accounts_of,
        targets,
        write_snapshots,
    )

    at = now_text()
    collector = Collector(
        names,
        aggregator=options.config_aggregator,
        files=[
            record_of(cluster, read_text(file, INVENTORY_MAX_BYTES), at, name=file)
            for cluster, file in options.kubernetes
        ],
        concurrency=options.concurrency,
        progress=progress,
        note=note,
    )
    if "manifests" in names:
        note("reading manifests: each one counts as a pull of its image")
    regions: list[str | None] = [*_flat(options.regions)] or [None]
    accounts: list[str | None] = [*_flat(options.accounts)] or [None]
    if options.organization:
        accounts = [*accounts_of(collector.caller(regions[0], profile=options.profile))]
    results = write_snapshots(
        collector,
        targets(accounts, regions),
        lambda header: _path(options.output, header),
        profile=options.profile,
        role=Role(options.role, options.external_id or "") if options.role else None,
        restart=options.restart,
    )
    summaries = [result for result in results if isinstance(result, Summary)]
    failures = [result for result in results if not isinstance(result, Summary)]
    if len(results) > 1 or summaries:
        _print(options, summaries, failures)
    if failures:
        raise CommandError(
            *(
                item.within(failure.name) if len(results) > 1 else item
                for failure in failures
                for item in failure.error.diagnostics
            )
        )
    return int(any(summary.unanswered for summary in summaries))


def _path(output: str, header: Header) -> Path:
    if output.endswith(_FILES):
        return Path(output)
    return Path(output) / f"{header.account}-{header.region}{_SUFFIX}"


def _print(options: Namespace, summaries: Sequence[Summary], failures: Sequence[Failure]) -> None:
    if options.format == "json":
        sys.stdout.write(json_text(summary_document(summaries, failures)))
    else:
        print_blocks(options.format, [*summary_blocks(summaries, failures)])


def _diff(options: Namespace) -> int:
    """Compare snapshots; 1 if they differ or a part is not known."""
    before, after = (_by_registry(Path(name)) for name in options.diff)
    differences = [
        compare(before[registry], after[registry])
        for registry in sorted(before.keys() & after.keys())
    ]
    missing = [
        *((str(registry), "after") for registry in sorted(before.keys() - after.keys())),
        *((str(registry), "before") for registry in sorted(after.keys() - before.keys())),
    ]
    document = registries_document(differences, missing)
    if options.format == "json":
        sys.stdout.write(json_text(document))
    else:
        print_blocks(options.format, [*registries_blocks(differences, missing)])
    return int(not document["equal"])


def _by_registry(path: Path) -> dict[RegistryId, Snapshot]:
    snapshots: dict[RegistryId, Snapshot] = {}
    for snapshot in read_snapshots([path]):
        if other := snapshots.get(snapshot.registry):
            message = f"{other.name} and {snapshot.name} are of the same registry"
            remedy = "give one of them, or a folder with one"
            raise CommandError(Diagnostic("snapshot-duplicate", message, remedy=remedy))
        snapshots[snapshot.registry] = snapshot
    return snapshots
