"""All templates that are checked together: stacks, resources, and how they refer to each other."""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any, TypeVar

from ecr_constructs.cloudformation.attribute_values import attribute_of
from ecr_constructs.cloudformation.intrinsics import ABSENT, Resolver, unknown
from ecr_constructs.cloudformation.language_extensions import (
    TRANSFORM,
    expand,
    transforms_of,
)
from ecr_constructs.cloudformation.resource_body import Memo, ResourceBody
from ecr_constructs.cloudformation.resource_types import ALIAS
from ecr_constructs.model.json_text import compact
from ecr_constructs.model.registry_id import RegistryId

if TYPE_CHECKING:
    from ecr_constructs.cloudformation.template import Place, Template

_REFERENCE = re.compile(r"\$\{Token\[(\d+)\.(\w+)\.([\w.]+)\]\}", re.ASCII)

_T = TypeVar("_T")


class Resource(ResourceBody):
    """A resource of a template, or the template as a whole, which has no id and no type.

    Attributes:
        stack: The template that it is in.
        id: The logical id.
    """

    def __init__(self, stack: Stack, logical_id: str, body: Mapping[str, Any]) -> None:
        """Store the resource; nothing is resolved yet."""
        super().__init__(body, stack.resolver)
        self.stack = stack
        self.id = logical_id
        self._texts: dict[str, str | None] = {}
        self._keys: dict[tuple[str, ...], int | None] = {}

    def is_created_with(self, other: Resource) -> bool:
        """Tell whether there is a deployment that definitely creates both resources."""
        if self.condition is None or other.condition is None:
            return True
        # Two conditions can exclude each other, as those of two environments do.
        return (self.stack, self.condition) == (other.stack, other.condition)

    def shared(self, names: Sequence[str], compute: Callable[..., _T], *arguments: object) -> _T:
        """Return the result of a function that reads some of the properties.

        It is computed once for the resources of a stack whose properties are written alike: the
        repositories of a company have a few policies.

        Args:
            names: The properties that decide, with the settings of the stack.
            compute: The function. It gets the resource first.
            arguments: What else it gets.
        """
        names = tuple(names)
        if names not in self._keys:
            self._keys[names] = self._key_of(names)
        key = self._keys[names]
        if key is None:
            return compute(self, *arguments)
        results: dict[Any, _T] = self.stack.memo.setdefault((compute, *arguments), {})
        if key not in results:
            results[key] = compute(self, *arguments)
        return results[key]

    def _key_of(self, names: tuple[str, ...]) -> int | None:
        """Return a number of properties as written; None if conditions or parameters decide."""
        for name in names:
            if name not in self._texts:
                text = compact(self.written(name))
                self._texts[name] = None if self.stack.choosing.search(text) else text
        texts = tuple(self._texts[name] for name in names)
        if None in texts:
            return None
        # A number is hashed faster than texts.
        numbers: dict[Any, int] = self.stack.memo.setdefault(Resource._key_of, {})
        key = self.type, self.condition, self.is_known, names, texts
        return numbers.setdefault(key, len(numbers))

    def search(self, search: Callable[[Any, Place], Iterator[_T]]) -> Iterator[_T]:
        """Yield what a function finds in the properties as written, at a place.

        Properties that are written alike are searched once.
        """
        written = self.body.get("Properties")
        if not isinstance(written, dict) or len(written) == 1:
            # It may be a function, which returns the properties.
            yield from search(written, ("Properties",))
            return
        for name in written:
            yield from self.shared([name], Resource._searched, search, name)

    def _searched(self, search: Callable[[Any, Place], Iterator[_T]], name: str) -> tuple[_T, ...]:
        return tuple(search(self.written(name), ("Properties", str(name))))

    @property
    def assembly(self) -> TemplateSet:
        """All templates that are checked together."""
        return self.stack.assembly

    @property
    def registry(self) -> RegistryId | None:
        """The account and Region of the resource; None if either is unknown."""
        return self.stack.registry

    def name_for(self, other: Resource) -> str:
        """Return the logical id, with the template if another resource is in a different one."""
        is_near = self.stack is other.stack
        return self.id if is_near else f"{self.id} of {self.stack.template.name}"

    def __repr__(self) -> str:
        """Return type, logical id and template."""
        return f"<{self.type} {self.id} in {self.stack.template.name}>"


class Stack(Memo):
    """A template with its resources; implements `ResolutionScope` for `Resolver`."""

    def __init__(self, assembly: TemplateSet, number: int, template: Template) -> None:
        """Read the resources."""
        super().__init__()
        self.assembly = assembly
        self.body = template.body
        self.account, self.region = template.account, template.region
        self.parameters, self.assumed = template.parameters, template.assumed
        self.number = number
        self.resources: Mapping[str, Resource] = {}
        self.template = expand(template, Resolver(self).resolve)
        self.body = self.template.body
        self.resolver = Resolver(self)
        self._resolving: set[tuple[str, str]] = set()
        resources = self.body.get("Resources")
        self.resources = {
            str(logical_id): Resource(self, str(logical_id), body)
            for logical_id, body in (resources.items() if isinstance(resources, Mapping) else ())
            # A dict, as most are, is known without asking the abstract class.
            if isinstance(body, (dict, Mapping)) and not str(logical_id).startswith("Fn::")
        }

    @property
    def registry(self) -> RegistryId | None:
        """The account and Region; None if either is unknown."""
        if self.account is None or self.region is None:
            return None
        return RegistryId(self.account, self.region)

    @cached_property
    def choosing(self) -> re.Pattern[str]:
        """A pattern that finds what has several values in the JSON of a property."""
        parameters = self.body.get("Parameters")
        names = map(str, parameters if isinstance(parameters, Mapping) else ())
        written = (text for name in names for text in (f'"{name}"', f"${{{name}}}"))
        return re.compile("|".join(map(re.escape, ('"Fn::If"', *written))))

    @cached_property
    def by_type(self) -> Mapping[str, Sequence[Resource]]:
        """The resources that are, or may be, created, by type."""
        by_type: dict[str, list[Resource]] = defaultdict(list)
        for resource in self.resources.values():
            if resource.is_created:
                by_type[resource.type].append(resource)
        return by_type

    @property
    def registry_key(self) -> object:
        """A key that is equal for stacks that are definitely in one account and Region."""
        return self.registry or self.template.root or self.template.path or self.number

    @cached_property
    def template_resource(self) -> Resource:
        """The template as a whole."""
        return Resource(self, "", {})

    @cached_property
    def is_complete(self) -> bool:
        """Whether no transform or module can add resources."""
        resources = self.body.get("Resources")
        names = resources if isinstance(resources, Mapping) else {}
        return (
            set(transforms_of(self.body)) <= {TRANSFORM}
            and not any(str(name).startswith("Fn::") for name in names)
            and not any(item.type.endswith("::MODULE") for item in self.resources.values())
        )

    def section(self, name: str) -> Mapping[str, Any]:
        """Return a section of the template, such as ``Parameters``; empty if it has none."""
        section = self.body.get(name)
        return section if isinstance(section, Mapping) else {}

    def attribute(self, logical_id: str, name: str) -> object:
        """Return an attribute of a resource, or a mark that refers to it."""
        resource, key = self.resources.get(logical_id), (logical_id, name)
        if resource is None or key in self._resolving:
            return unknown("Fn::GetAtt", [logical_id, name])
        self._resolving.add(key)
        try:
            value = attribute_of(
                resource,
                name,
                account=self.account,
                region=self.region,
                physical_id=self.template.physical_ids.get(logical_id),
            )
        finally:
            self._resolving.discard(key)
        return f"${{Token[{self.number}.{logical_id}.{name}]}}" if value is None else value

    def imported(self, export: str) -> object:
        """Return the value of an export of a stack of the same account and Region."""
        return self.assembly.exported(self, export)


class TemplateSet(Memo):
    """All templates that are checked together."""

    def __init__(self, templates: Sequence[Template]) -> None:
        """Read the stacks."""
        super().__init__()
        self.stacks = [Stack(self, number, template) for number, template in enumerate(templates)]
        self._importing: set[str] = set()
        self._equals: dict[tuple[str, object, str], dict[str, list[Resource]]] = {}

    @cached_property
    def _by_type(self) -> dict[str, list[Resource]]:
        # After the stacks: a condition can depend on an export of another stack.
        by_type: dict[str, list[Resource]] = defaultdict(list)
        for stack in self.stacks:
            for kind, resources in stack.by_type.items():
                by_type[kind] += resources
        return by_type

    def of_type(self, *types: str) -> list[Resource]:
        """Return all resources of some types that are, or may be, created."""
        return [resource for kind in types for resource in self._by_type.get(kind, ())]

    @cached_property
    def _by_registry(self) -> dict[tuple[str, object], list[Resource]]:
        by_registry: dict[tuple[str, object], list[Resource]] = defaultdict(list)
        for stack in self.stacks:
            for kind, resources in stack.by_type.items():
                by_registry[kind, stack.registry_key] += resources
        return by_registry

    @cached_property
    def registries(self) -> frozenset[RegistryId]:
        """The accounts and Regions of the templates."""
        return frozenset(stack.registry for stack in self.stacks if stack.registry is not None)

    def siblings(self, resource: Resource) -> list[Resource]:
        """Return the resources of the same type that are definitely in the same registry."""
        return self.in_registry_of(resource, resource.type)

    def in_registry_of(self, resource: Resource, kind: str) -> list[Resource]:
        """Return the resources of a type that are definitely in the same registry as a resource."""
        return self._by_registry.get((kind, resource.stack.registry_key), [])

    def in_registry(self, registry: RegistryId, kind: str) -> list[Resource]:
        """Return the resources of a type in a registry."""
        return self._by_registry.get((kind, registry), [])

    def first_sibling(self, resource: Resource) -> Resource:
        """Return the first resource of the type that is created in the same registry."""
        return next(filter(resource.is_created_with, self.siblings(resource)))

    def first_of(self, resource: Resource, name: str) -> Resource:
        """Return the first sibling of a resource that has an equal property, a literal string."""
        key = (resource.type, resource.stack.registry_key, name)
        if key not in self._equals:
            equals: dict[str, list[Resource]] = defaultdict(list)
            for sibling in self.siblings(resource):
                if (value := sibling.text(name)) is not None:
                    equals[value].append(sibling)
            self._equals[key] = equals
        return next(filter(resource.is_created_with, self._equals[key][resource.properties[name]]))

    def referred_to(self, value: object) -> Resource | None:
        """Return the resource of a value that is exactly one of its attributes."""
        match = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
        # A template can contain the text of a mark with any number.
        if match is None or int(match[1]) >= len(self.stacks):
            return None
        return self.stacks[int(match[1])].resources.get(match[2])

    def wrong_type_reference(self, value: object, wanted: str) -> Resource | None:
        """Return the resource that a value refers to, if it definitely has a wrong type.

        Custom resources and nested stacks can return anything; so can resources of the same
        service as the wanted type, except aliases.
        """
        match = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
        target = self.referred_to(value)
        if match is None or target is None or match[3] not in ("Arn", "Ref"):
            return None
        service = wanted.rpartition("::")[0]
        any_value = ("Custom::", "AWS::CloudFormation::", f"{service}::")
        if target.type.startswith(any_value) and target.type != ALIAS:
            return None
        return target

    @cached_property
    def _exports(self) -> dict[str, list[tuple[Stack, Any]]]:
        exports: dict[str, list[tuple[Stack, Any]]] = defaultdict(list)
        for stack in self.stacks:
            outputs = stack.body.get("Outputs")
            for output in outputs.values() if isinstance(outputs, Mapping) else ():
                match output:
                    case {"Export": {"Name": name}, "Value": value}:
                        resolved = stack.resolver.resolve(name)
                        if isinstance(resolved, str):
                            exports[resolved].append((stack, value))
        return exports

    def exported(self, importer: Stack, name: str) -> object:
        """Return the value of an export for a stack; None if it is unknown."""
        if name in self._importing:
            return None
        self._importing.add(name)
        try:
            here = (importer.account, importer.region)
            exports = [
                (stack, value)
                for stack, value in self._exports.get(name, ())
                if (stack.account, stack.region) == here
            ]
            if len(exports) != 1:
                return None
            [(stack, value)] = exports
            resolved = stack.resolver.resolve(value)
            return None if resolved is ABSENT else resolved
        finally:
            self._importing.discard(name)
