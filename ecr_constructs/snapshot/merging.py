"""Several snapshots of one registry as one: what each of them asked, as it was answered last."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from ecr_constructs.snapshot.document import Header, Snapshot

if TYPE_CHECKING:
    from collections.abc import Iterable

    from ecr_constructs.model.registry_id import RegistryId


def merged(snapshots: Iterable[Snapshot]) -> list[Snapshot]:
    """Return one snapshot for each registry.

    Of each operation, the answers are those of the latest snapshot that asked it.
    """
    groups: defaultdict[RegistryId, list[Snapshot]] = defaultdict(list)
    for snapshot in snapshots:
        groups[snapshot.registry].append(snapshot)
    return [group[0] if len(group) == 1 else _joined(group) for group in groups.values()]


def _joined(group: list[Snapshot]) -> Snapshot:
    group.sort(key=lambda snapshot: snapshot.header.started)
    latest = {
        (record.service, record.operation): number
        for number, snapshot in enumerate(group)
        for record in snapshot.records
    }
    records = [
        record
        for number, snapshot in enumerate(group)
        for record in snapshot.records
        if latest[record.service, record.operation] == number
    ]
    last = group[-1].header
    sources = dict.fromkeys(source for item in group for source in item.header.sources)
    header = Header(
        last.account,
        last.region,
        last.caller,
        last.started,
        [*sources],
        [item for item in last.not_asked if item.source not in sources],
        last.tool,
    )
    finished = [snapshot.finished for snapshot in group]
    return Snapshot(header, records, finished=None if None in finished else finished[-1])
