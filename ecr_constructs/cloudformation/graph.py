"""All templates that are checked together, and what one of them knows of the others."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

from ecr_constructs.cloudformation.attributes import attribute_of
from ecr_constructs.cloudformation.intrinsics import ABSENT, UNKNOWN, Resolver
from ecr_constructs.cloudformation.resource import Resource
from ecr_constructs.cloudformation.resource_types import (
    ALIAS,
    CREATION_TEMPLATE,
    EVENT_RULE,
    KEY,
    REPOSITORY,
    TOPIC,
)
from ecr_constructs.model.registry_id import RegistryId

if TYPE_CHECKING:
    from ecr_constructs.cloudformation.template import Template

_REFERENCE = re.compile(r"\$\{Token\[(\d+)\.(\w+)\.([\w.]+)\]\}", re.ASCII)
_EVENT_SOURCES = ("aws.ecr", "aws.inspector2")


def is_about_images(pattern: object) -> bool:
    """Tell whether an event pattern asks for events of ECR, or of Inspector about images."""
    sources = pattern.get("source") if isinstance(pattern, Mapping) else None
    return isinstance(sources, list) and any(each in _EVENT_SOURCES for each in sources)


def topics_of(policy: Resource) -> Sequence[object]:
    """Return what a topic's policy, of either type, names topics by."""
    topics = policy.get("Topics") or policy.get("TopicArn")
    return topics if isinstance(topics, list) else [topics]


class Stack:
    """A template with its resources: what `Resolver` needs to know."""

    def __init__(self, assembly: TemplateSet, number: int, template: Template) -> None:
        """Find the resources."""
        self.assembly = assembly
        self.template = template
        self.body = template.body
        self.account, self.region = template.account, template.region
        self.resolver = Resolver(self)
        self._number = number
        self._resolving: set[tuple[str, str]] = set()
        resources = self.body.get("Resources")
        self.resources = {
            str(logical_id): Resource(self, str(logical_id), body)
            for logical_id, body in (resources.items() if isinstance(resources, Mapping) else ())
            if isinstance(body, Mapping)
        }

    @property
    def registry(self) -> RegistryId | None:
        """The account and Region; None if either is not known."""
        if self.account is None or self.region is None:
            return None
        return RegistryId(self.account, self.region)

    @property
    def registry_key(self) -> object:
        """Where it is: equal for stacks that surely are in one account and Region."""
        return self.registry or self.template.root or self.template.path or self._number

    @cached_property
    def template_resource(self) -> Resource:
        """The template as a whole."""
        return Resource(self, "", {})

    @cached_property
    def is_complete(self) -> bool:
        """Whether no transform or module adds resources that are not in the template."""
        resources = self.body.get("Resources")
        named = resources if isinstance(resources, Mapping) else {}
        return (
            "Transform" not in self.body
            and not any(str(each).startswith("Fn::") for each in named)
            and not any(each.type.endswith("::MODULE") for each in self.resources.values())
        )

    def attribute(self, logical_id: str, name: str) -> object:
        """Return an attribute of a resource, or a mark that names it."""
        resource, asked = self.resources.get(logical_id), (logical_id, name)
        if resource is None or asked in self._resolving:
            return UNKNOWN
        self._resolving.add(asked)
        try:
            known = attribute_of(resource, name)
        finally:
            self._resolving.discard(asked)
        return f"${{Token[{self._number}.{logical_id}.{name}]}}" if known is None else known

    def imported(self, export: str) -> object:
        """Return the value of an export of a stack of the same account and Region."""
        return self.assembly.exported(self, export)


@dataclass(frozen=True, slots=True)
class _Export:
    stack: Stack
    value: Any


class TemplateSet:
    """All templates that are checked together."""

    def __init__(self, templates: Sequence[Template]) -> None:
        """Number them."""
        self.stacks = [Stack(self, number, each) for number, each in enumerate(templates)]
        self.memo: dict[Any, Any] = {}
        self._importing: set[str] = set()
        self._equals: dict[tuple[str, object, str], dict[str, list[Resource]]] = {}

    @cached_property
    def _by_type(self) -> dict[str, list[Resource]]:
        # Later than the stacks: whether a resource is made may rest on another stack's export.
        found: dict[str, list[Resource]] = defaultdict(list)
        for stack in self.stacks:
            for resource in stack.resources.values():
                if resource.is_created:
                    found[resource.type].append(resource)
        return found

    def of_type(self, *types: str) -> list[Resource]:
        """Return all resources of some types that are, or may be, made."""
        return [each for kind in types for each in self._by_type.get(kind, ())]

    @cached_property
    def _by_home(self) -> dict[tuple[str, object], list[Resource]]:
        found: dict[tuple[str, object], list[Resource]] = defaultdict(list)
        for kind, resources in self._by_type.items():
            for each in resources:
                found[kind, each.stack.registry_key].append(each)
        return found

    @cached_property
    def registries(self) -> frozenset[RegistryId]:
        """The accounts and Regions that the templates are for."""
        return frozenset(each.registry for each in self.stacks if each.registry is not None)

    def siblings(self, resource: Resource) -> list[Resource]:
        """Return the resources of the same type that are surely in the same registry."""
        return self.in_registry_of(resource, resource.type)

    def in_registry_of(self, resource: Resource, kind: str) -> list[Resource]:
        """Return the resources of a type that are surely in the same registry as a resource."""
        return self._by_home.get((kind, resource.stack.registry_key), [])

    def in_registry(self, registry: RegistryId, kind: str) -> list[Resource]:
        """Return the resources of a type in a registry."""
        return self._by_home.get((kind, registry), [])

    def first_beside(self, resource: Resource) -> Resource:
        """Return the first resource of the type that surely is made in the same registry."""
        return next(filter(resource.is_made_with, self.siblings(resource)))

    def first_of(self, resource: Resource, name: str) -> Resource:
        """Return the first one beside a resource that has an equal property.

        Args:
            resource: A resource with this property.
            name: The property, a known text.
        """
        key = (resource.type, resource.stack.registry_key, name)
        if key not in self._equals:
            equals: dict[str, list[Resource]] = defaultdict(list)
            for each in self.siblings(resource):
                if (value := each.text(name)) is not None:
                    equals[value].append(each)
            self._equals[key] = equals
        return next(filter(resource.is_made_with, self._equals[key][resource.properties[name]]))

    @cached_property
    def _key_users(self) -> dict[Resource, Resource]:
        found: dict[Resource, Resource] = {}
        for each in self.of_type(REPOSITORY, CREATION_TEMPLATE):
            key = self.referred_to(each.get("EncryptionConfiguration", "KmsKey"))
            if key is not None:
                found.setdefault(key, each)
        return found

    @cached_property
    def topics_of_events(self) -> frozenset[Resource]:
        """The topics that rules for ECR's events send to."""
        targets = [
            self.referred_to(target.get("Arn"))
            for each in self.of_type(EVENT_RULE)
            if is_about_images(each.get("EventPattern"))
            for _, target in each.mappings("Targets")
        ]
        return frozenset(each for each in targets if each is not None and each.type == TOPIC)

    @cached_property
    def _keys_of_topics(self) -> frozenset[Resource]:
        keys = [self.referred_to(each.get("KmsMasterKeyId")) for each in self.topics_of_events]
        return frozenset(each for each in keys if each is not None)

    def serves_ecr(self, resource: Resource) -> bool:
        """Tell whether a key encrypts images or their events, or a topic policy is about these."""
        if resource.type == KEY:
            return resource in self._key_users or resource in self._keys_of_topics
        return any(self.referred_to(each) in self.topics_of_events for each in topics_of(resource))

    def user_of_key(self, key: Resource) -> Resource | None:
        """Return a repository, or a template of such, whose images a key encrypts."""
        return self._key_users.get(key)

    def referred_to(self, value: object) -> Resource | None:
        """Return the resource whose attribute a value is, if it is nothing else."""
        match = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
        # Whoever writes a mark into a template may write any number.
        known = match is not None and int(match[1]) < len(self.stacks)
        return self.stacks[int(match[1])].resources.get(match[2]) if match and known else None

    def wrong_type_reference(self, value: object, wanted: str) -> Resource | None:
        """Return the resource that a value names, if it surely is none of the wanted type.

        Custom resources and nested stacks may give anything; so may what belongs to the wanted
        type's own service, but for aliases.
        """
        match = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
        found = self.referred_to(value)
        if match is None or found is None or match[3] not in ("Arn", "Ref"):
            return None
        service = wanted.rpartition("::")[0]
        others = ("Custom::", "AWS::CloudFormation::", f"{service}::")
        if found.type.startswith(others) and found.type != ALIAS:
            return None
        return found

    @cached_property
    def _exports(self) -> dict[str, list[_Export]]:
        exports: dict[str, list[_Export]] = defaultdict(list)
        for stack in self.stacks:
            outputs = stack.body.get("Outputs")
            for output in outputs.values() if isinstance(outputs, Mapping) else ():
                match output:
                    case {"Export": {"Name": name}, "Value": value}:
                        resolved = stack.resolver.resolve(name)
                        if isinstance(resolved, str):
                            exports[resolved].append(_Export(stack, value))
        return exports

    def exported(self, importer: Stack, name: str) -> object:
        """Return what an export is for a stack."""
        if name in self._importing:
            return UNKNOWN
        self._importing.add(name)
        try:
            here = (importer.account, importer.region)
            found = [
                export
                for export in self._exports.get(name, ())
                if (export.stack.account, export.stack.region) == here
            ]
            if len(found) != 1:
                return UNKNOWN
            value = found[0].stack.resolver.resolve(found[0].value)
            return UNKNOWN if value is ABSENT else value
        finally:
            self._importing.discard(name)
