"""Match the resources of both sides of a review."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass, field
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from ecr_constructs.cloudformation.resource_types import (
    CACHE,
    CREATION_TEMPLATE,
    KEY,
    PUBLIC_REPOSITORY,
    PULL_TIME_EXCLUSION,
    REPOSITORY,
    SINGLETONS,
)
from ecr_constructs.review.change import Change, Effect, Kind
from ecr_constructs.review.inventories import Inventories

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from typing import Unpack

    from ecr_constructs.cloudformation.graph import Resource, Stack, TemplateSet
    from ecr_constructs.model.diagnostics import Severity

# The properties that name a resource in its registry.
_NAMES = {
    REPOSITORY: "RepositoryName",
    PUBLIC_REPOSITORY: "RepositoryName",
    CACHE: "EcrRepositoryPrefix",
    CREATION_TEMPLATE: "Prefix",
    PULL_TIME_EXCLUSION: "PrincipalArn",
    "AWS::KMS::Alias": "AliasName",
}
# The sections of a template that its values may depend on.
_CONTEXT_KEYS = ("Parameters", "Mappings", "Conditions", "Transform")


@dataclass(frozen=True, slots=True)
class Pair:
    """A resource on both sides.

    Attributes:
        before: The resource in base. None: it is new.
        after: The resource in head. None: it is removed.
    """

    before: Resource | None
    after: Resource | None

    @property
    def resource(self) -> Resource:
        """The resource in head, or in base if it is removed."""
        resource = self.after or self.before
        assert resource is not None
        return resource

    @property
    def type(self) -> str:
        """The resource type."""
        return self.resource.type

    @property
    def is_moved(self) -> bool:
        """Whether its stack or its logical ID changes."""
        return self.sides is not None and _place(self.sides[0]) != _place(self.sides[1])

    @property
    def name(self) -> str | None:
        """The name of a repository, or the prefix of a cache or template, if known."""
        return name_of(self.resource)

    @property
    def label(self) -> str:
        """Its name in sentences: the name, or the type and logical ID."""
        return self.name or f"{self.type} {self.resource.id}"

    @property
    def stack(self) -> str:
        """The name of the stack in the app."""
        return self.resource.stack.template.stack

    @property
    def sides(self) -> tuple[Resource, Resource] | None:
        """Both resources, or None if there is only one."""
        if self.before is None or self.after is None:
            return None
        return self.before, self.after

    def values(self, name: str, *path: str | int) -> tuple[Any, Any]:
        """Return a property before and after; None where it is absent."""
        before, after = self.before, self.after
        return (
            before.get(name, *path) if before is not None else None,
            after.get(name, *path) if after is not None else None,
        )

    def change(
        self, kind: Kind, severity: Severity, summary: str, **effect: Unpack[Effect]
    ) -> Change:
        """Return a change of this resource."""
        return Change(
            kind=kind,
            severity=severity,
            stack=self.stack,
            resource=self.resource.id,
            type=self.type,
            repository=self.name,
            summary=summary,
            **effect,
        )


@dataclass(frozen=True)
class Comparison:
    """Two sides of an app.

    Attributes:
        base: The deployed side.
        head: The side of the pull request.
        inventories: The images of repositories. Default: none.
        now: The time at which lifecycle policies are simulated. Default: the current time.
    """

    base: TemplateSet
    head: TemplateSet
    inventories: Inventories = field(default_factory=Inventories)
    now: datetime | None = None

    @property
    def pairs(self) -> Sequence[Pair]:
        """The resources that differ between the sides, in the order of their stacks."""
        return self._resource_changes[0]

    @property
    def rewritten(self) -> frozenset[Resource]:
        """The resources of both sides whose text differs, if only in their metadata."""
        return self._resource_changes[1]

    @cached_property
    def _resource_changes(self) -> tuple[Sequence[Pair], frozenset[Resource]]:
        matched: list[Pair] = []
        gone: list[Resource] = []
        new: list[Resource] = []
        rewritten: list[Resource] = []
        for left, right in zip(self.base.stacks, self.head.stacks, strict=True):
            moving = any(left.body.get(name) != right.body.get(name) for name in _CONTEXT_KEYS)
            for before, after in _matched(left, right):
                if before is None or after is None:
                    gone += [before] if before else []
                    new += [after] if after else []
                elif before.body != after.body:
                    rewritten += [before, after]
                    acts = _acted_on(before.body) != _acted_on(after.body)
                    if acts or before.properties != after.properties:
                        matched.append(Pair(before, after))
                # Equal texts have different values if what they refer to differs.
                elif (moving or before.type != REPOSITORY) and (
                    before.properties != after.properties or before.existence != after.existence
                ):
                    matched.append(Pair(before, after))
        pairs = [*matched, *_moved(gone, new)]
        return pairs, frozenset([*rewritten, *gone, *new])

    def of_type(self, *types: str) -> Iterator[Pair]:
        """Yield the pairs of some types."""
        return (pair for pair in self.pairs if pair.type in types)

    @cached_property
    def changed_stacks(self) -> frozenset[int]:
        """The indices of the stacks in which anything except repositories differs."""
        return frozenset(
            number
            for number, (left, right) in enumerate(
                zip(self.base.stacks, self.head.stacks, strict=True)
            )
            if left.body is not right.body
            and _without_repositories(left) != _without_repositories(right)
        )


def name_of(resource: Resource) -> str | None:
    """Return the name of a resource in its registry, if it has one and it is known."""
    key = _NAMES.get(resource.type)
    return resource.text(key) if key else None


def _place(resource: Resource) -> tuple[str, str | None, str | None, str]:
    stack = resource.stack
    return stack.template.stack, stack.account, stack.region, resource.id


def _without_repositories(stack: Stack) -> dict[str, Any]:
    """Return a template without the content of its repositories."""
    resources = {
        resource.id: resource.type if resource.type == REPOSITORY else resource.body
        for resource in stack.resources.values()
    }
    return {**stack.body, "Resources": resources}


def _matched(left: Stack, right: Stack) -> Iterator[tuple[Resource | None, Resource | None]]:
    for logical_id in dict.fromkeys((*left.resources, *right.resources)):
        before, after = _made(left, logical_id), _made(right, logical_id)
        if before is not None and after is not None and before.type != after.type:
            # CloudFormation does not change the type of a resource.
            yield before, None
            yield None, after
        elif before is not None or after is not None:
            yield before, after


def _made(stack: Stack, logical_id: str) -> Resource | None:
    resource = stack.resources.get(logical_id)
    return resource if resource is not None and resource.is_created else None


def _acted_on(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of a resource that CloudFormation acts on."""
    return {key: value for key, value in body.items() if key != "Metadata"}


def _moved(gone: Sequence[Resource], new: Sequence[Resource]) -> Iterator[Pair]:
    """Yield removed and new resources, as one pair if they are the same resource moved."""
    waiting: dict[tuple[Any, ...], list[Resource]] = defaultdict(list)
    for resource in new:
        waiting[_identity(resource)].append(resource)
    kept = set()
    for before in gone:
        candidates = waiting.get(_identity(before), [])
        # If accounts are unknown, the same stack is the better match.
        stack = before.stack.template.stack
        here = [candidate for candidate in candidates if candidate.stack.template.stack == stack]
        after = next(iter([*here, *candidates]), None)
        if after is not None:
            candidates.remove(after)
        kept.add(id(after))
        yield Pair(before, after)
    yield from (Pair(None, resource) for resource in new if id(resource) not in kept)


def _identity(resource: Resource) -> tuple[Any, ...]:
    """Return the key by which two resources are the same in AWS."""
    where = resource.type, resource.registry
    if resource.type in SINGLETONS:
        return where
    if (name := name_of(resource)) is not None:
        return *where, name
    if resource.type == KEY:
        # A key has no name; equal properties identify it.
        return *where, repr(resource.properties)
    return *where, resource.stack.template.stack, resource.id


@cache
def _create_only() -> dict[str, list[str]]:
    path = Path(__file__).with_name("create_only.json")
    content: dict[str, list[str]] = json.loads(path.read_text(encoding="utf-8"))
    return content


def create_only(resource_type: str) -> Sequence[str]:
    """Return the paths of a type's create-only properties: ``EncryptionConfiguration/KmsKey``."""
    return _create_only().get(resource_type, ())


def replacing_properties(pair: Pair) -> dict[str, tuple[Any, Any]]:
    """Return the create-only properties that change, with their values before and after."""
    changed: dict[str, tuple[Any, Any]] = {}
    for path in create_only(pair.type):
        top, *inner = path.split("/")
        before, after = pair.values(top, *inner)
        if before != after:
            changed.setdefault(top, pair.values(top))
    return changed
