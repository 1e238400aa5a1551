"""What differences mean, by the analyzers of `review`: in both directions.

What somebody changed by hand is the review of the registry against its templates; what a deployment
would undo is the review of the templates against the registry.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from ecr_constructs.cloudformation.graph import TemplateSet
from ecr_constructs.review import review
from ecr_constructs.snapshot.rendering import template_with

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

    from ecr_constructs.checks.config import Config
    from ecr_constructs.cloudformation.graph import Resource
    from ecr_constructs.cloudformation.template import Template
    from ecr_constructs.review import Change
    from ecr_constructs.snapshot.rendering import LiveRegistry, LiveResource
    from ecr_constructs.status.declared import Declared

Place = tuple[str, str]


@dataclass(frozen=True)
class Effects:
    """The changes that `review` reports.

    Attributes:
        drift: Those of the registry against its templates, by stack and logical ID.
        undone: Those of a deployment that sets what the templates declare.
    """

    drift: Mapping[Place, Sequence[Change]]
    undone: Mapping[Place, Sequence[Change]]


@dataclass(frozen=True, slots=True)
class Difference:
    """Properties of a declared resource that are live with other values.

    Attributes:
        resource: The declared resource.
        properties: The live values; None where there is none. None: the resource is not live.
    """

    resource: Resource
    properties: Mapping[str, Any] | None


def effects(
    declared: Declared,
    differences: Iterable[Difference],
    undeclared: Iterable[tuple[LiveRegistry, Sequence[LiveResource]]],
    config: Config,
    now: datetime | None,
) -> Effects:
    """Return what differences mean.

    Args:
        declared: The templates.
        differences: How declared resources differ.
        undeclared: The live resources that no template declares, by registry.
        config: The configuration of the checks.
        now: When lifecycle policies are simulated. Default: now.
    """
    templates = [stack.template for stack in declared.assembly.stacks]
    live = list(templates)
    by_stack: dict[int, list[Difference]] = defaultdict(list)
    for difference in differences:
        by_stack[difference.resource.stack.number].append(difference)
    for number, items in by_stack.items():
        live[number] = _overlaid(templates[number], items)
    extra = [template_with(registry, items) for registry, items in undeclared]
    if not by_stack and not extra:
        return Effects({}, {})
    empty = [replace(template, body={"Resources": {}}) for template in extra]
    drift = review(
        TemplateSet([*templates, *empty]), TemplateSet([*live, *extra]), config=config, now=now
    )
    undone = review(TemplateSet(live), TemplateSet(templates), config=config, now=now)
    return Effects(_by_place(drift.changes), _by_place(undone.changes))


def _by_place(changes: Iterable[Change]) -> Mapping[Place, Sequence[Change]]:
    by_place: dict[Place, list[Change]] = defaultdict(list)
    for change in changes:
        by_place[change.place].append(change)
    return by_place


def _overlaid(template: Template, differences: Iterable[Difference]) -> Template:
    """Return a template with the live values of what differs; all else is as it is declared."""
    resources = dict(template.body["Resources"])
    for difference in differences:
        logical_id = difference.resource.id
        if difference.properties is None:
            del resources[logical_id]
            continue
        body = resources[logical_id]
        written = body.get("Properties")
        properties = dict(written) if isinstance(written, dict) else {}
        for name, value in difference.properties.items():
            properties.pop(name, None)
            if value is not None:
                properties[name] = value
        resources[logical_id] = {**body, "Properties": properties}
    return replace(template, body={**template.body, "Resources": resources})
