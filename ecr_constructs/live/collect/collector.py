"""A snapshot of one account and Region, in memory or in a file."""

from __future__ import annotations

import threading
from collections import Counter
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import ecr_constructs
from ecr_constructs.live import LiveError
from ecr_constructs.live.collect.caller import Caller
from ecr_constructs.live.collect.engine import run
from ecr_constructs.live.collect.part_file import PartFile
from ecr_constructs.live.session import BotoCoreError, ClientError, no_note, no_progress
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.snapshot_sources import (
    DEFAULT_SOURCES,
    SOURCES,
    aggregator_source,
    selected,
)
from ecr_constructs.snapshot.document import Header, NotAsked, Record, Snapshot, now_text
from ecr_constructs.snapshot.plan import Plan
from ecr_constructs.snapshot.result import Summary

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence
    from pathlib import Path

    from ecr_constructs.live.session import Progress
    from ecr_constructs.model.snapshot_sources.operation import Source

CONCURRENCY = 16
"""The calls that are made at the same time, in one account and Region."""

NOT_SELECTED = "not selected"


@dataclass(slots=True)
class Collector:
    """What is asked, of one account and Region or of several, and how.

    Attributes:
        sources: The names of sources and groups. Default: registry, repositories and images.
        aggregator: An aggregator of AWS Config to read, too. Default: none.
        files: Further answers to add: those of Kubernetes. Default: none.
        concurrency: The calls that are made at the same time in one account and Region.
        progress: Shows how far it is. Default: nothing does.
        note: Is called with a line of text about what takes longer. Default: nothing.

    Example:
        >>> Collector(["registry", "workloads"]).names[:3]
        ['registry', 'ecs', 'ecs-daemons']
    """

    sources: Iterable[str] = DEFAULT_SOURCES
    aggregator: str | None = None
    files: Sequence[Record] = ()
    concurrency: int = CONCURRENCY
    progress: Progress = no_progress
    note: Callable[[str], None] = no_note
    names: list[str] = field(init=False)

    def __post_init__(self) -> None:
        """Find the sources.

        Raises:
            ValidationError: ``snapshot-source-unknown``.
        """
        self.names = selected(self.sources)

    def caller(
        self, region: str | None = None, *, profile: str | None = None, credentials: Any = None
    ) -> Caller:
        """Return what makes the calls in a Region; by default with the caller's credentials."""
        return Caller(
            region,
            profile=profile,
            credentials=credentials,
            concurrency=self.concurrency,
            note=self.note,
        )

    def chosen(self, *, skip_global: str = "") -> list[Source]:
        """Return the sources that are read.

        Args:
            skip_global: The Region whose snapshot has what every Region answers alike. Default:
                this one.
        """
        sources = [SOURCES[name] for name in self.names]
        if skip_global:
            sources = [source for source in sources if not source.is_global]
        return sources + ([aggregator_source(self.aggregator)] if self.aggregator else [])

    def header(self, caller: Caller, *, skip_global: str = "") -> Header:
        """Ask who asks, and return what a snapshot is of.

        Raises:
            LiveError: Nobody answers, or the credentials are not valid.
        """
        identity = identity_of(caller)
        chosen = [source.name for source in self.chosen(skip_global=skip_global)]
        others = [*SOURCES, "config", "kubernetes"]
        chosen += ["kubernetes"] if self.files else []
        return Header(
            account=str(identity["Account"]),
            region=str(caller.session.region),
            caller=str(identity["Arn"]),
            started=now_text(),
            sources=chosen,
            not_asked=[
                NotAsked(
                    name,
                    f"is in the snapshot of {skip_global}" if name in self.names else NOT_SELECTED,
                )
                for name in others
                if name not in chosen
            ],
            tool=f"ecr-constructs {ecr_constructs.__version__}",
        )


def identity_of(caller: Caller) -> dict[str, Any]:
    """Return the account and the ARN of the caller.

    Raises:
        LiveError: Nobody answers, or the credentials are not valid.
    """
    try:
        identity = caller.ask("sts", "GetCallerIdentity", {})
    except ClientError as error:
        raise caller.session.rejected(error, "the caller", service="sts") from None
    except BotoCoreError as error:
        raise caller.session.failed(error) from None
    if not identity.get("Account") or not identity.get("Arn"):
        message = "the answer to GetCallerIdentity is not AWS's: it names no account"
        remedy = "check AWS_ENDPOINT_URL, HTTPS_PROXY and the network"
        raise LiveError(Diagnostic("aws-answer-unreadable", message, remedy=remedy))
    return identity


def snapshot_of(
    region: str | None = None,
    *,
    profile: str | None = None,
    sources: Iterable[str] = DEFAULT_SOURCES,
    files: Sequence[Record] = (),
    concurrency: int = CONCURRENCY,
    progress: Progress = no_progress,
    note: Callable[[str], None] = no_note,
) -> Snapshot:
    """Return a snapshot in memory, for ``--live``.

    Args:
        region: The Region. Default: AWS_REGION, AWS_DEFAULT_REGION, or that of the profile.
        profile: The profile of the AWS CLI. Default: that of the environment.
        sources: The names of sources and groups. Default: registry, repositories and images.
        files: Further answers to add: those of Kubernetes. Default: none.
        concurrency: The calls that are made at the same time. Default: 16.
        progress: Shows how far it is. Default: nothing does.
        note: Is called with a line of text about what takes longer. Default: nothing.

    Raises:
        LiveError: Nobody answers, what answers is not AWS, or the credentials are not valid. What
            is refused is no error: the snapshot says it.
        ValidationError: ``snapshot-source-unknown``.

    Example:
        >>> snapshot_of("eu-central-1").answer("DescribeRegistry").state  # doctest: +SKIP
        'answered'
    """
    collector = Collector(
        sources, files=files, concurrency=concurrency, progress=progress, note=note
    )
    caller = collector.caller(region, profile=profile)
    header = collector.header(caller)
    plan = Plan(collector.chosen())
    records = [*files]
    with progress(f"reading {header.account}/{header.region}") as done:
        run(plan, plan.first(), caller.pages, records.append, concurrency=concurrency, done=done)
    return Snapshot(header, records, finished=now_text())


def write_snapshot(
    collector: Collector,
    caller: Caller,
    path: Callable[[Header], Path],
    *,
    account: str | None = None,
    skip_global: str = "",
    restart: bool = False,
    stop: threading.Event | None = None,
) -> Summary:
    """Write a snapshot to a file, and continue one that was interrupted.

    Args:
        collector: What is asked.
        caller: Makes the calls.
        path: Returns the file of a snapshot, with a suffix of `snapshot.files.SUFFIXES`.
        account: The account that must answer. Default: any.
        skip_global: The Region whose snapshot has what every Region answers alike. Default: this
            one.
        restart: Whether to ignore what was interrupted.
        stop: Ends it when it is set. Default: nothing does.

    Raises:
        LiveError: Nobody answers, what answers is not AWS, the credentials have expired, or the
            interrupted snapshot is another one. What was read until then is kept.
    """
    header = collector.header(caller, skip_global=skip_global)
    if account not in (None, header.account):
        message = f"account {header.account} answers, not {account}"
        raise LiveError(Diagnostic("account-other", message, remedy="check the role"))
    file = PartFile(path(header), header, collector.chosen(skip_global=skip_global))
    unanswered: Counter[tuple[str, str]] = Counter()
    lock = threading.Lock()
    calls = 0

    def write(record: Record) -> None:
        file.write(record)
        if record.error is not None and not record.is_end:
            with lock:
                unanswered[f"{record.service}:{record.operation}", record.error.code] += 1

    def count(done: int) -> None:
        nonlocal calls
        calls += done
        advance(done)

    try:
        plan, first = file.open(restart=restart)
        if file.kept:
            collector.note(
                f"continuing the snapshot of {file.header.started}: {file.kept:,} calls are there"
            )
        with collector.progress(f"reading {header.account}/{header.region}") as advance:
            run(
                plan,
                first,
                caller.pages,
                write,
                concurrency=collector.concurrency,
                done=count,
                stop=stop,
            )
        for record in collector.files:
            file.write(record)
        finished = file.finish()
    except LiveError as error:
        raise file.interrupted(error) from None
    finally:
        file.close()
    return Summary(file.header, file.path, calls, file.kept, unanswered, finished)
