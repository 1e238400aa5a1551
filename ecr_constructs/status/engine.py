"""Compare each setting of registries with the templates that declare it."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from typing import TYPE_CHECKING

from ecr_constructs.checks.config import Config
from ecr_constructs.cloudformation.intrinsics import as_written
from ecr_constructs.cloudformation.update_behavior import name_of
from ecr_constructs.model.not_known import NotKnown
from ecr_constructs.snapshot.merging import merged
from ecr_constructs.snapshot.rendering import live_registry
from ecr_constructs.status.comparison import compared
from ecr_constructs.status.declared import TEMPLATES, declared, label_of
from ecr_constructs.status.effects import Difference, effects
from ecr_constructs.status.model import LiveFinding, RegistryStatus, Status

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence
    from datetime import datetime

    from ecr_constructs.cloudformation.graph import Resource
    from ecr_constructs.cloudformation.template import Template
    from ecr_constructs.model.registry_id import RegistryId
    from ecr_constructs.review import Change
    from ecr_constructs.snapshot.document import Snapshot
    from ecr_constructs.snapshot.rendering import LiveRegistry, LiveResource
    from ecr_constructs.status.declared import Declared
    from ecr_constructs.status.effects import Effects
    from ecr_constructs.status.model import SettingStatus
    from ecr_constructs.status.rows import Row


def status(
    snapshots: Sequence[Snapshot],
    templates: Sequence[Template] = (),
    *,
    config: Config | None = None,
    now: datetime | None = None,
) -> Status:
    """Compare registries with the templates that declare them.

    Args:
        snapshots: What is live; of several snapshots of a registry, the latest answers.
        templates: The templates, of all stacks. Default: none, and the rules of `check` alone
            judge what is live.
        config: The configuration of the checks. Default: every rule that is on by default.
        now: When lifecycle policies are simulated. Default: now.

    Example:
        >>> from ecr_constructs.snapshot.document import Header, Snapshot
        >>> header = Header("111122223333", "eu-central-1", "arn:…", "2026-11-27T23:05:00Z")
        >>> result = status([Snapshot(header, [])])
        >>> str(result.not_known[0])
        'registry 111122223333/eu-central-1: DescribePullThroughCacheRules: not-asked'
    """
    config = config or Config()
    latest = merged(snapshots)
    side = declared([config.completed(template) for template in templates], latest)
    registries = {snapshot.registry: live_registry(snapshot) for snapshot in latest}
    views = {registry: live.view for registry, live in registries.items()}
    rows = [
        row
        for live in registries.values()
        for row in compared(live, side, views, has_templates=bool(templates))
    ]
    meant = effects(
        side,
        _differences(rows),
        [(registries[registry], items) for registry, items in _undeclared(rows).items()],
        config,
        now,
    )
    settings = [_judged(row, meant) for row in rows]
    unknown = [item for item in settings if item.state == "not-known"]
    return Status(
        registries=[_registry(live) for live in registries.values()],
        settings=sorted(
            (item for item in settings if item.state == "different"), key=lambda item: item.order
        ),
        unknown=sorted(unknown, key=lambda item: item.order),
        same=sum(item.state == "same" for item in settings),
        findings=sorted(
            _findings(meant, side, registries),
            key=lambda item: (-item.severity.rank, item.registry, item.subject, item.rule),
        ),
        not_known=list(dict.fromkeys(_not_known(side, rows, latest, has=bool(templates)))),
        has_templates=bool(templates),
    )


def _registry(live: LiveRegistry) -> RegistryStatus:
    snapshot = live.view.snapshot
    return RegistryStatus(
        registry=snapshot.registry,
        started=snapshot.header.started,
        caller=snapshot.header.caller,
        file=snapshot.path,
        is_finished=snapshot.finished is not None,
        repositories=len(live.view.repositories.value),
    )


def _differences(rows: Iterable[Row]) -> Iterator[Difference]:
    """Yield the differing properties by declared resource."""
    by_resource: dict[Resource, dict[str, object] | None] = {}
    for row in rows:
        if row.declared is None or row.status.state != "different":
            continue
        if row.is_missing:
            by_resource[row.declared] = None
        else:
            properties = by_resource.setdefault(row.declared, {})
            live = row.live.properties if row.live is not None else {}
            assert properties is not None
            assert row.aspect is not None
            properties.update({name: live.get(name) for name in row.aspect.properties})
    for resource, values in by_resource.items():
        yield Difference(resource, values)


def _undeclared(rows: Iterable[Row]) -> Mapping[RegistryId, list[LiveResource]]:
    """Return what is live and not declared, by registry."""
    undeclared: dict[RegistryId, list[LiveResource]] = defaultdict(list)
    for row in rows:
        if row.is_undeclared and row.live is not None:
            undeclared[row.status.registry].append(row.live)
    return undeclared


def _judged(row: Row, meant: Effects) -> SettingStatus:
    """Return a difference with the severity and sentences of a review."""
    item = row.status
    if item.state != "different":
        return item
    drift = list(_relevant(row, meant.drift))
    undone: list[Change] = []
    if item.deployment is not None and item.deployment.winner in ("declared", "not-known"):
        undone = list(_relevant(row, meant.undone))
    severity = max((item.severity, *(change.severity for change in (*drift, *undone))))
    details = [
        *item.details,
        *(f"Compared with the template: {change.summary}." for change in drift),
        *(f"If it is deployed: {change.summary}." for change in undone),
    ]
    return replace(item, severity=severity, details=tuple(map(as_written, dict.fromkeys(details))))


def _relevant(row: Row, changes: Mapping[tuple[str, str], Sequence[Change]]) -> Iterator[Change]:
    if row.is_missing:
        return
    if row.is_undeclared:
        assert row.live is not None
        place = (str(row.status.registry), row.live.logical_id)
        yield from (item for item in changes.get(place, ()) if item.kind == "access-widened")
    elif row.declared is not None and row.aspect is not None:
        place = (row.declared.stack.template.stack, row.declared.id)
        for change in changes.get(place, ()):
            is_about = bool({*change.properties} & {*row.aspect.properties})
            # No deployment makes these changes.
            if is_about and change.kind not in ("finding", "replaced"):
                yield change


def _findings(
    meant: Effects, side: Declared, registries: Mapping[RegistryId, LiveRegistry]
) -> Iterator[LiveFinding]:
    stacks = {stack.template.stack: stack for stack in side.assembly.stacks}
    registry_of = {str(registry): registry for registry in registries} | {
        title: stack.registry for title, stack in stacks.items() if stack.registry is not None
    }
    places = ((place, changes) for place, changes in meant.drift.items() if place[0] in registry_of)
    for (title, logical_id), changes in places:
        registry, stack = registry_of[title], stacks.get(title)
        resource = stack.resources.get(logical_id) if stack is not None else None
        subject = logical_id or title
        if resource is not None:
            subject = name_of(resource) or label_of(resource)
        for change in changes:
            for finding in (change, *change.findings):
                if finding.kind == "finding" and not finding.codes:
                    yield _finding(registry, subject, finding)


def _finding(registry: RegistryId, subject: str, change: Change) -> LiveFinding:
    rule, path = str(change.after["rule"]), str(change.after["path"])
    # ECR101 Api: RepositoryName: the message
    message = change.summary.split(": ", 1)[-1]
    short = path.removeprefix("Properties").removeprefix(".")
    return LiveFinding(
        registry=registry,
        subject=subject,
        rule=rule,
        severity=change.severity,
        message=message.removeprefix(f"{short}: "),
        remedy=" ".join(change.details),
        path=path,
    )


def _not_known(
    side: Declared, rows: Sequence[Row], snapshots: Sequence[Snapshot], *, has: bool
) -> Iterator[NotKnown]:
    for snapshot in snapshots:
        if snapshot.finished is None:
            reason = "the snapshot was interrupted"
            yield NotKnown(f"registry {snapshot.registry}", "snapshot", reason, "snapshot")
    yield from (row.status.reason for row in rows if row.status.reason is not None)
    yield from (row.undecided for row in rows if row.undecided is not None)
    if has:
        yield from side.unmatched
        with_snapshot = {snapshot.registry for snapshot in snapshots}
        for snapshot in snapshots:
            yield from side.not_known_of(snapshot.registry)
        for registry in sorted(side.assembly.registries - with_snapshot):
            if side.has_resources(registry):
                yield NotKnown(f"registry {registry}", "snapshot", "no snapshot", TEMPLATES)
