"""The services that hold references to images: who reads each, and what is missing of it.

What is asked of a service is in the table of `model.snapshot_sources`; what of it was never asked,
was refused or is incomplete follows from that table.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from ecr_constructs.model.members import text, texts
from ecr_constructs.model.snapshot_sources import SOURCES as ASKED
from ecr_constructs.snapshot.usage import ecs, kubernetes, services
from ecr_constructs.snapshot.usage.other_services import read_aggregated, read_described
from ecr_constructs.snapshot.usage.references import REVISIONS, Reading

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Mapping, Sequence

    from ecr_constructs.model.snapshot_sources.operation import Operation
    from ecr_constructs.snapshot.document import Snapshot

# By the names of the sources of a snapshot. Their order is that of reports.
_READERS: Mapping[str, Callable[[Reading], None]] = {
    "ecs": ecs.read,
    "ecs-daemons": ecs.read_daemons,
    "eks": kubernetes.read,
    "lambda": services.functions,
    "apprunner": services.app_runner,
    "batch": services.batch,
    "codebuild": services.code_build,
    "sagemaker": services.sage_maker,
    "agentcore": services.agent_core,
    "emr-serverless": services.emr_serverless,
    **{
        name: partial(read_described, service=ASKED[name].operations[0].service)
        for name in ("gamelift", "omics", "cleanrooms-ml", "lightsail", "imagebuilder")
    },
}

KUBERNETES = "kubernetes"
"""The service of the records of clusters, which kubectl has printed."""

SOURCES = tuple(
    dict.fromkeys(
        KUBERNETES if name == "eks" else operation.service
        for name in _READERS
        for operation in ASKED[name].operations
    )
)
"""The services whose references are read."""

NOT_READ = (
    "braket",
    "elasticbeanstalk",
    "iotsitewise",
)
"""Services that can use images, too, and that no version reads yet."""


def read_workloads(
    snapshot: Snapshot, revisions: int = REVISIONS, ignored: Collection[str] = ()
) -> Reading:
    """Return the references of all workloads of a snapshot, and what is not known about them.

    Args:
        snapshot: The snapshot.
        revisions: How many former revisions count as ones that a rollback returns to.
        ignored: The services that certainly use no image: what is missing of them is not said.

    Example:
        >>> from ecr_constructs.snapshot.document import Header, Snapshot
        >>> header = Header("111122223333", "eu-central-1", "arn:…", "2026-11-27T23:05:00Z")
        >>> [item.source for item in read_workloads(Snapshot(header, [])).not_known][:2]
        ['ecs', 'ecs']
    """
    reading = Reading(snapshot, revisions)
    for name, read in _READERS.items():
        read(reading)
        if name == "eks":
            _look_for_clusters(reading)
        else:
            _look_for_gaps(reading, name, ASKED[name].operations)
    # They add to the services, and need not be there.
    services.inspector(reading)
    read_aggregated(reading)
    for operation, service in _EXTRA.items():
        _look_for_refusals(reading, service, operation)
    reading.not_known = {item: None for item in reading.not_known if item.source not in ignored}
    return reading


_EXTRA = {"ListCoverage": "inspector2", "SelectAggregateResourceConfig": "config"}


def _look_for_gaps(reading: Reading, name: str, operations: Sequence[Operation]) -> None:
    """Add the calls of a source that were refused, are incomplete, or were never made."""
    snapshot = reading.snapshot
    for operation in operations:
        answers = snapshot.answers(operation.name, service=operation.service)
        if not operation.after and not any(answers):
            registry = str(snapshot.registry)
            reading.doubt(operation.service, operation.name, registry, _why(snapshot, name))
        _look_for_refusals(reading, operation.service, operation.name)
    for operation in operations:
        if operation.after:
            _look_for_subjects(reading, operation)


def _look_for_refusals(reading: Reading, service: str, operation: str) -> None:
    snapshot = reading.snapshot
    for answer in snapshot.answers(operation, service=service):
        if not answer.is_known:
            names = [name for value in answer.request.values() for name in _names(value)]
            subject = f"{snapshot.registry} {_some(names)}".rstrip()
            reading.doubt(service, operation, subject, answer.reason)


def _look_for_subjects(reading: Reading, operation: Operation) -> None:
    """Add what an operation was not asked about, of that which another one lists."""
    snapshot = reading.snapshot
    service, _, listing = operation.after.partition(":")
    asked = {
        name
        for answer in snapshot.answers(operation.name, service=operation.service)
        for name in _names(answer.request.get(operation.parameter))
    }
    missing = [
        name
        for answer in snapshot.answers(listing, service=service)
        for page in answer.pages
        for name in operation.subjects(page)
        if name not in asked
    ]
    if missing:
        subject = f"{snapshot.registry} {_some(missing)}"
        reading.doubt(operation.service, operation.name, subject, "not-asked")


def _why(snapshot: Snapshot, source: str) -> str:
    reasons = (item.reason for item in snapshot.header.not_asked if item.source == source)
    return f"not-asked: {reason}" if (reason := next(reasons, "")) else "not-asked"


def _names(value: object) -> Sequence[str]:
    return [value] if isinstance(value, str) else texts(value)


_SHOWN = 3


def _some(names: Sequence[str]) -> str:
    """Return the last parts of some names."""
    shown = ", ".join(name.rpartition("/")[2] for name in names[:_SHOWN])
    return f"{shown} and {len(names) - _SHOWN} more" if len(names) > _SHOWN else shown


def _look_for_clusters(reading: Reading) -> None:
    """Add the clusters of EKS whose objects are not there, or that they were not asked for."""
    snapshot = reading.snapshot
    files = [*snapshot.answers("List", service=KUBERNETES)]
    read = {text(answer.request, "cluster") for answer in files if answer.is_known}
    listed = [*snapshot.answers("ListClusters", service="eks")]
    registry = str(snapshot.registry)
    for answer in listed:
        if not answer.is_known:
            reading.doubt(KUBERNETES, "ListClusters", registry, answer.reason)
        for name in texts(answer.items("clusters")):
            if name not in read:
                reading.doubt(KUBERNETES, "List", f"{registry} {name}", "not-asked")
    for answer in files:
        if not answer.is_known:
            subject = f"{registry} {text(answer.request, 'cluster')}"
            reading.doubt(KUBERNETES, "List", subject, answer.reason)
    if not listed:
        reading.doubt(KUBERNETES, "ListClusters", registry, _why(snapshot, "eks"))
