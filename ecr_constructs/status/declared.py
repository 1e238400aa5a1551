"""What templates declare for the registries of snapshots, and what of it is deployed."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal

from ecr_constructs.cloudformation.errors import TemplateError
from ecr_constructs.cloudformation.graph import TemplateSet
from ecr_constructs.cloudformation.parsing import read_json, read_yaml
from ecr_constructs.cloudformation.resource_types import (
    ECR_TYPES,
    PUBLIC_REPOSITORY,
    SINGLETONS,
)
from ecr_constructs.cloudformation.unread import unread_of
from ecr_constructs.cloudformation.update_behavior import name_of
from ecr_constructs.model.not_known import NotKnown
from ecr_constructs.review.phrases import subject_of

if TYPE_CHECKING:
    from ecr_constructs.cloudformation.graph import Resource, Stack
    from ecr_constructs.cloudformation.template import Template
    from ecr_constructs.model.registry_id import RegistryId
    from ecr_constructs.snapshot.document import Snapshot

TEMPLATES = "templates"
"""The source of what the templates themselves do not tell."""

Deployed = Literal["unchanged", "changed", "new", "not-known"]
"""How a resource of a template differs from the deployed one."""

Key = tuple[str, str]
"""A resource type, and a name, prefix or principal; ``""`` for what a registry has one of."""


@dataclass(frozen=True)
class Declared:
    """The templates of some registries.

    Attributes:
        assembly: The templates.
        snapshots: The snapshots by registry.
        unmatched: Why nothing is concluded from a template.
    """

    assembly: TemplateSet
    snapshots: Mapping[RegistryId, Snapshot]
    unmatched: tuple[NotKnown, ...] = ()

    @cached_property
    def _deployed(self) -> TemplateSet:
        """The deployed templates, each at the index of the template that replaces it."""
        return TemplateSet(list(map(self._deployed_template, self.assembly.stacks)))

    def _deployed_template(self, stack: Stack) -> Template:
        body = self._deployed_bodies[stack.number]
        # A function is resolved as in the template that is to be deployed.
        return replace(stack.template, body=body or {"Resources": {}}, path=None, line_of=None)

    @cached_property
    def _deployed_bodies(self) -> Sequence[Mapping[str, Any] | None]:
        return list(map(self._deployed_body, self.assembly.stacks))

    def _deployed_body(self, stack: Stack) -> Mapping[str, Any] | None:
        template = stack.template
        snapshot = self.snapshots.get(stack.registry) if stack.registry else None
        if snapshot is None or template.stack_name is None or template.root is not None:
            return None
        request = {"StackName": template.stack_name, "TemplateStage": "Processed"}
        answer = snapshot.answer("GetTemplate", request, service="cloudformation")
        body = answer.value("TemplateBody") if answer.is_known else None
        return _parsed(body)

    def is_stack_deployed(self, stack: Stack) -> bool | None:
        """Tell whether a stack is deployed; None if the snapshot does not tell."""
        if self._deployed_bodies[stack.number] is not None:
            return True
        snapshot = self.snapshots.get(stack.registry) if stack.registry else None
        names = stack_names(snapshot) if snapshot is not None else None
        name = stack.template.stack_name
        if names is None or name is None or stack.template.root is not None or name in names:
            return None
        return False

    def deployed(self, resource: Resource) -> tuple[Deployed, Resource | None]:
        """Return how a resource differs from the deployed one, and that one."""
        state = self.is_stack_deployed(resource.stack)
        if state is None:
            return "not-known", None
        number = resource.stack.number
        before = self._deployed.stacks[number].resources.get(resource.id)
        if before is None or before.type != resource.type:
            return "new", None
        is_same = _acted_on(before.body) == _acted_on(resource.body)
        is_same = is_same or before.properties == resource.properties
        return ("unchanged" if is_same else "changed"), before

    def deployed_owner(self, registry: RegistryId, key: Key) -> Resource | None:
        """Return the deployed resource with a name, if a stack of the templates has it."""
        return self._owners.get(registry, {}).get(key)

    @cached_property
    def _owners(self) -> Mapping[RegistryId, Mapping[Key, Resource]]:
        return _by_registry(self._deployed)

    def is_deployment_known(self, registry: RegistryId) -> bool:
        """Tell whether the deployed templates of all stacks of a registry are known."""
        if registry not in self._known_deployments:
            stacks = self.stacks_of(registry)
            self._known_deployments[registry] = None not in map(self.is_stack_deployed, stacks)
        return self._known_deployments[registry]

    @cached_property
    def _known_deployments(self) -> dict[RegistryId, bool]:
        return {}

    def stacks_of(self, registry: RegistryId) -> list[Stack]:
        """Return the stacks of a registry."""
        return [stack for stack in self.assembly.stacks if stack.registry == registry]

    @cached_property
    def _resources(self) -> Mapping[RegistryId, Mapping[Key, Resource]]:
        return _by_registry(self.assembly)

    def has_resources(self, registry: RegistryId) -> bool:
        """Tell whether templates declare anything of ECR in a registry."""
        return any(
            stack.by_type.get(kind) for stack in self.stacks_of(registry) for kind in ECR_TYPES
        )

    def resources_of(self, registry: RegistryId) -> Mapping[Key, Resource]:
        """Return the resources of a registry whose names are known."""
        return self._resources.get(registry, {})

    def not_known_of(self, registry: RegistryId) -> Iterator[NotKnown]:
        """Yield what the templates of a registry do not tell."""
        for stack in self.stacks_of(registry):
            name = stack.template.stack
            for part in unread_of(stack):
                yield NotKnown(f"stack {name}", part.code, part.message, TEMPLATES)
            for resource in (item for kind in ECR_TYPES for item in stack.by_type.get(kind, ())):
                subject = f"{resource.type} {resource.id} of stack {name}"
                if resource.type == PUBLIC_REPOSITORY:
                    reason = "public repositories are not in snapshots"
                    yield NotKnown(subject, "DescribeRepositories", reason, "ecr-public")
                elif key_of(resource) is None:
                    reason = "its name is known only after the deployment"
                    yield NotKnown(subject, "ListStackResources", reason, "cloudformation")

    def is_complete(self, registry: RegistryId) -> bool:
        """Tell whether nothing can be declared besides the resources that are known."""
        if registry not in self._complete:
            self._complete[registry] = not self.unmatched and not any(
                item.source in (TEMPLATES, "cloudformation") for item in self.not_known_of(registry)
            )
        return self._complete[registry]

    @cached_property
    def _complete(self) -> dict[RegistryId, bool]:
        return {}

    def account_settings_of(self, registry: RegistryId) -> Mapping[str, str]:
        """Return the account settings that custom resources set, by ECR's names."""
        settings: dict[str, str] = {}
        for stack in self.stacks_of(registry):
            for resource in stack.by_type.get("Custom::AWS", ()):
                for event in ("Create", "Update"):
                    settings |= _put_setting(resource.get(event))
        return settings


def _by_registry(assembly: TemplateSet) -> Mapping[RegistryId, Mapping[Key, Resource]]:
    """Return the resources whose names are known, by their registries."""
    resources: dict[RegistryId, dict[Key, Resource]] = defaultdict(dict)
    for resource in assembly.of_type(*ECR_TYPES):
        key = key_of(resource)
        if key is not None and resource.registry is not None:
            resources[resource.registry].setdefault(key, resource)
    return resources


def _put_setting(call: Any) -> dict[str, str]:
    """Return the account setting of a call of the SDK, as CDK writes it into a template."""
    if not isinstance(call, str) or "PutAccountSetting" not in call:
        return {}
    try:
        content = json.loads(call)
    except ValueError:
        return {}
    match content:
        case {"parameters": {"name": str(name), "value": str(value)}}:
            return {name: value}
    return {}


def declared(templates: Sequence[Template], snapshots: Sequence[Snapshot]) -> Declared:
    """Match templates with the registries of snapshots.

    A stack of an unknown account or Region is that of the only registry that it can be.
    """
    by_registry = {snapshot.registry: snapshot for snapshot in snapshots}
    unmatched: list[NotKnown] = []
    placed = []
    tags = {template.path: template.tags for template in templates if template.root is None}
    for template in templates:
        title = template.construct or template.stack_name or template.name
        candidates = [registry for registry in by_registry if _is_possible(template, registry)]
        if None not in (template.account, template.region):
            place = template
        elif len(candidates) == 1:
            place = replace(template, account=candidates[0][0], region=candidates[0][1])
        else:
            place = template
            if candidates:
                reason = "its account or Region is unknown, and several snapshots are possible"
                unmatched.append(NotKnown(f"stack {title}", "environment", reason, TEMPLATES))
        place = _named(place, by_registry)
        ids = _physical_ids(place, by_registry)
        # CloudFormation gives the tags of a stack to its nested stacks.
        own = place.tags if place.root is None else tags.get(place.root, {})
        placed.append(replace(place, stack=title, physical_ids=ids, tags=own))
    return Declared(TemplateSet(_distinct(placed)), by_registry, tuple(unmatched))


def _distinct(templates: Sequence[Template]) -> list[Template]:
    """Return templates with distinct titles: a stage has one stack in several Regions."""
    titles = Counter(template.stack for template in templates)
    placed = [f"{item.stack} in {item.account}/{item.region}" for item in templates]
    more = Counter(placed)
    return [
        item
        if titles[item.stack] == 1
        else replace(item, stack=place if more[place] == 1 else f"{place}: {item.name}")
        for item, place in zip(templates, placed, strict=True)
    ]


def _is_possible(template: Template, registry: RegistryId) -> bool:
    account = template.account in (None, registry.account)
    return account and template.region in (None, registry.region)


def _snapshot_of(template: Template, snapshots: Mapping[RegistryId, Snapshot]) -> Snapshot | None:
    place = (template.account, template.region)
    return next((item for registry, item in snapshots.items() if registry == place), None)


def _named(template: Template, snapshots: Mapping[RegistryId, Snapshot]) -> Template:
    """Return a template with the stack of its name, if it is a file that no assembly lists."""
    snapshot = _snapshot_of(template, snapshots)
    if template.stack_name is not None or template.path is None or snapshot is None:
        return template
    name = template.path.name.split(".")[0]
    return replace(template, stack_name=name) if name in (stack_names(snapshot) or ()) else template


def _physical_ids(
    template: Template, snapshots: Mapping[RegistryId, Snapshot]
) -> Mapping[str, str]:
    """Return the physical IDs of a stack's resources, as far as its snapshot tells them."""
    snapshot = _snapshot_of(template, snapshots)
    if snapshot is None or template.stack_name is None or template.root is not None:
        return {}
    request = {"StackName": template.stack_name}
    answer = snapshot.answer("ListStackResources", request, service="cloudformation")
    return {
        str(item.get("LogicalResourceId")): str(item["PhysicalResourceId"])
        for item in answer.items("StackResourceSummaries")
        if isinstance(item, Mapping) and item.get("PhysicalResourceId")
    }


def stack_names(snapshot: Snapshot) -> frozenset[str] | None:
    """Return the names of the stacks that exist; None if the snapshot does not tell."""
    answers = list(snapshot.answers("ListStacks", service="cloudformation"))
    if not answers or not all(answer.is_known for answer in answers):
        return None
    return frozenset(
        str(item.get("StackName"))
        for answer in answers
        for item in answer.items("StackSummaries")
        if isinstance(item, Mapping) and item.get("StackStatus") != "DELETE_COMPLETE"
    )


def key_of(resource: Resource) -> Key | None:
    """Return the key of a resource; None if its name is unknown."""
    if resource.type in SINGLETONS:
        return resource.type, ""
    name = name_of(resource)
    if name is None:
        name = resource.stack.template.physical_ids.get(resource.id)
    return None if name is None else (resource.type, name)


def label_of(resource: Resource) -> str:
    """Return the name of a resource in sentences: ``payments/api``, ``cache docker-hub``."""
    if name_of(resource) is None and (key := key_of(resource)) is not None and key[1]:
        return key[1]
    return subject_of(resource)


def _acted_on(body: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in body.items() if key != "Metadata"}


def _parsed(body: Any) -> Mapping[str, Any] | None:
    """Return the template of an answer, which AWS gives as an object or as text."""
    if isinstance(body, str):
        try:
            read = read_json if body.lstrip().startswith("{") else None
            body = read(body, may_repeat=False)[0] if read else read_yaml(body)[0]
        except TemplateError:
            return None
    is_template = isinstance(body, Mapping) and isinstance(body.get("Resources"), Mapping)
    return body if is_template else None
