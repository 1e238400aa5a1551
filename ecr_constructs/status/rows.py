"""The entries of a comparison."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ecr_constructs.cloudformation.graph import TemplateSet
from ecr_constructs.cloudformation.intrinsics import as_written
from ecr_constructs.cloudformation.resource_types import REPOSITORY
from ecr_constructs.snapshot.rendering import template_with
from ecr_constructs.status.model import SettingStatus

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ecr_constructs.cloudformation.graph import Resource
    from ecr_constructs.model.not_known import NotKnown
    from ecr_constructs.model.registry_id import RegistryId
    from ecr_constructs.snapshot.rendering import LiveRegistry, LiveResource
    from ecr_constructs.status.aspects import Aspect
    from ecr_constructs.status.declared import Declared, Key
    from ecr_constructs.status.model import State


@dataclass(frozen=True, slots=True)
class Row:
    """One comparison.

    Attributes:
        status: Its result.
        declared: The resource of the template. None: there is none.
        live: What is live. None: nothing is.
        aspect: The setting. None: the resource as a whole, or a setting without a resource.
        is_missing: Whether a declared resource is not live.
        is_undeclared: Whether a live resource is not declared.
        undecided: Why it is not known what the next deployment does.
    """

    status: SettingStatus
    declared: Resource | None = None
    live: LiveResource | None = None
    aspect: Aspect | None = None
    is_missing: bool = False
    is_undeclared: bool = False
    undecided: NotKnown | None = None


def not_known(
    registry: RegistryId,
    subject: str,
    setting: str,
    reason: NotKnown,
    summary: str = "",
    *,
    resource: Resource | None = None,
    item: LiveResource | None = None,
) -> SettingStatus:
    """Return that it is not known whether a setting is as declared."""
    words = setting.replace("-", " ")
    summary = summary or f"{subject}: it is not known whether its {words} is as declared"
    return setting_status(
        registry,
        subject,
        setting,
        "not-known",
        summary,
        resource=resource,
        item=item,
        reason=reason,
    )


def setting_status(
    registry: RegistryId,
    subject: str,
    setting: str,
    state: State,
    summary: str = "",
    *,
    resource: Resource | None = None,
    item: LiveResource | None = None,
    repository: str | None = None,
    **members: Any,
) -> SettingStatus:
    """Return the comparison of a setting, with the place of its resource."""
    place: dict[str, Any] = {}
    if resource is not None:
        template = resource.stack.template
        place = {"stack": template.stack, "resource": resource.id, "file": template.path}
        if state != "same":
            place["line"] = template.line(("Resources", resource.id))
        if resource.type == REPOSITORY:
            repository = subject
    elif item is not None and item.type == REPOSITORY:
        repository = item.key
    return SettingStatus(
        registry=registry,
        subject=subject,
        setting=setting,
        state=state,
        summary=as_written(summary),
        repository=repository,
        **place,
        **members,
    )


class Sides:
    """What is declared and what is live of one registry.

    Attributes:
        live: What is live.
        declared: The templates of all registries.
        view: The snapshot.
        registry: The account and Region.
        wanted: The declared resources by type and name.
        items: The live ones.
    """

    def __init__(self, live: LiveRegistry, declared: Declared) -> None:
        """Render what is live as a template."""
        self.live, self.declared = live, declared
        self.view, self.registry = live.view, live.view.id
        self.wanted: Mapping[Key, Resource] = declared.resources_of(self.registry)
        self.items = {(item.type, item.key): item for item in live.resources}
        [self._stack] = TemplateSet([template_with(live, live.resources)]).stacks

    def resource_of(self, item: LiveResource) -> Resource:
        """Return what is live as a resource of a template."""
        return self._stack.resources[item.logical_id]

    def same(
        self,
        subject: str,
        setting: str,
        *,
        resource: Resource | None = None,
        item: LiveResource | None = None,
    ) -> SettingStatus:
        """Return that a setting is as declared."""
        return setting_status(self.registry, subject, setting, "same", resource=resource, item=item)
