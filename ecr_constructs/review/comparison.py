"""Match the resources of both sides of a review."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from ecr_constructs.cloudformation.resource_types import (
    CACHE,
    CREATION_TEMPLATE,
    KEY,
    PUBLIC_REPOSITORY,
    REPOSITORY,
    SINGLETONS,
)
from ecr_constructs.cloudformation.update_behavior import (
    Replacement,
    can_refer,
    name_of,
    rejects_duplicates,
    replacement_of,
)
from ecr_constructs.review.change import Change, Effect, Kind
from ecr_constructs.review.inventories import Inventories

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path
    from typing import Unpack

    from ecr_constructs.cloudformation.graph import Resource, Stack, TemplateSet
    from ecr_constructs.model.diagnostics import Severity

# The sections of a template that its values may depend on.
_CONTEXT_KEYS = ("Parameters", "Mappings", "Conditions", "Transform")
# The types whose names are those of repositories, or prefixes of them.
_REPOSITORY_NAMES = (REPOSITORY, PUBLIC_REPOSITORY, CACHE, CREATION_TEMPLATE)


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
        return repository_name_of(self.resource)

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
        self,
        kind: Kind,
        severity: Severity,
        summary: str,
        *,
        of: Resource | None = None,
        **effect: Unpack[Effect],
    ) -> Change:
        """Return a change of this resource; `of` is the one of both that it names."""
        return Change(
            kind=kind,
            severity=severity,
            stack=self.stack,
            resource=self.resource.id,
            type=self.type,
            repository=repository_name_of(of or self.resource),
            summary=summary,
            **effect,
        )


class Holder(NamedTuple):
    """A resource with the name of another one.

    Attributes:
        resource: The resource in base.
        is_certain: Whether it definitely exists, so that AWS rejects the other one.
    """

    resource: Resource
    is_certain: bool


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

    @cached_property
    def pairs(self) -> Sequence[Pair]:
        """The resources that differ between the sides, in the order of their stacks."""
        listed = self._resource_changes[0]
        there = {pair.after for pair in listed}
        # Texts can be equal, and refer to a resource that is replaced.
        referring = (after for after in self.replacements if after not in there)
        return [*listed, *map(self._pair_of, referring)]

    @cached_property
    def replacements(self) -> Mapping[Resource, Replacement]:
        """The changes that CloudFormation cannot make in place, by the resource in head."""
        pairs = self._resource_changes[0]
        replacements: dict[Resource, Replacement] = {}
        for pair in pairs:
            if pair.sides is not None and not pair.is_moved:
                before, after = pair.sides
                if (replacement := replacement_of(before, after)) is not None:
                    replacements[after] = replacement
        unchecked = {
            after: replacement.is_certain
            for after, replacement in replacements.items()
            if not replacement.is_rejected
        }
        while unchecked:
            more = dict(self._replaced_by(unchecked, replacements))
            replacements |= more
            unchecked = {
                after: replacement.is_certain
                for after, replacement in more.items()
                if not replacement.is_rejected
            }
        return replacements

    def _replaced_by(
        self, replaced: Mapping[Resource, bool], seen: Mapping[Resource, Replacement]
    ) -> Iterator[tuple[Resource, Replacement]]:
        """Yield the resources that are replaced because they refer to replaced ones."""
        for stack in self.head.stacks:
            for after in filter(can_refer, stack.resources.values()):
                before = self._pair_of(after).before
                if after in seen or before is None or before.type != after.type:
                    continue
                replacement = replacement_of(before, after, replaced)
                if replacement is not None:
                    yield after, replacement

    def _pair_of(self, after: Resource) -> Pair:
        """Return the pair of a resource in head that keeps its place."""
        return Pair(_made(self.base.stacks[self.number_of(after)], after.id), after)

    def number_of(self, resource: Resource) -> int:
        """Return the index of the stack of a resource of either side."""
        return self._numbers[resource.stack]

    @cached_property
    def _numbers(self) -> Mapping[Stack, int]:
        sides = (self.base.stacks, self.head.stacks)
        return {stack: number for side in sides for number, stack in enumerate(side)}

    def is_one_deployment(self, one: Resource, other: Resource) -> bool:
        """Tell whether two resources are in one stack, or in nested stacks of one."""
        return self.root_of(one) == self.root_of(other)

    def root_of(self, resource: Resource) -> int:
        """Return the index of the stack of a resource, or of its root if it is nested."""
        root = resource.stack.template.root
        return self.number_of(resource) if root is None else self._roots[root]

    @cached_property
    def _roots(self) -> Mapping[Path | None, int]:
        return {stack.template.path: number for stack, number in self._numbers.items()}

    def counterpart_of(self, before: Resource) -> Resource | None:
        """Return the resource in head at the place of one in base, if it is of the same type."""
        after = _made(self.head.stacks[self.number_of(before)], before.id)
        return after if after is not None and after.type == before.type else None

    @cached_property
    def type_changes(self) -> Sequence[tuple[Resource, Resource]]:
        """The resources whose type changes under the same logical ID, which is rejected."""
        gone = [pair.before for pair in self._resource_changes[0] if pair.after is None]
        changes = []
        for before in filter(None, gone):
            after = _made(self.head.stacks[self.number_of(before)], before.id)
            if after is not None and after.type != before.type:
                changes.append((before, after))
        return changes

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
            moving = left.parameters != right.parameters or any(
                left.body.get(name) != right.body.get(name) for name in _CONTEXT_KEYS
            )
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

    def holder_of(self, after: Resource) -> Holder | None:
        """Return the resource in base with the name of one that is created, if there is one."""
        identity = _identity_by_name(after)
        holders = self._named(after.type).get(identity, ()) if identity is not None else ()
        holder = next(iter(holders), None)
        return Holder(holder, self._is_there(holder, after)) if holder is not None else None

    def _is_there(self, holder: Resource, after: Resource) -> bool:
        """Tell whether a resource definitely exists when another one is created."""
        kept = self.counterpart_of(holder)
        # Within a stack, CloudFormation deletes at the end; the order of stacks is unknown.
        is_in_time = self.is_one_deployment(holder, after) or (
            kept is not None and _identity_by_name(kept) == _identity_by_name(holder)
        )
        fails = rejects_duplicates(after.type) is True
        return is_in_time and fails and holder.existence in (True, after.existence)

    def _named(self, kind: str) -> Mapping[object, Sequence[Resource]]:
        if kind not in self._by_name:
            by_name: dict[object, list[Resource]] = defaultdict(list)
            for resource in self.base.of_type(kind):
                by_name[_identity_by_name(resource)].append(resource)
            self._by_name[kind] = by_name
        return self._by_name[kind]

    @cached_property
    def _by_name(self) -> dict[str, Mapping[object, Sequence[Resource]]]:
        return {}

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


def repository_name_of(resource: Resource) -> str | None:
    """Return the name of a repository, or the prefix of a cache or template, if it is known."""
    return name_of(resource) if resource.type in _REPOSITORY_NAMES else None


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
    where = resource.type, _scope(resource)
    if resource.type in SINGLETONS:
        return where
    if (name := name_of(resource)) is not None:
        return *where, name
    if resource.type == KEY:
        # A key has no name; equal properties identify it.
        return *where, repr(resource.properties)
    return *where, resource.stack.template.stack, resource.id


def _scope(resource: Resource) -> object:
    """Return where the name of a resource is unique: its Region, or its account for IAM."""
    if resource.type.startswith("AWS::IAM::"):
        return resource.stack.account
    return resource.registry


def _identity_by_name(resource: Resource) -> tuple[object, ...] | None:
    """Return the key by which AWS rejects a second resource; None without a known one."""
    scope = _scope(resource)
    if resource.type in SINGLETONS:
        return resource.type, scope or resource.stack.template.stack
    name = name_of(resource)
    # In an unknown account, only a stack itself is definitely in the same one.
    return None if name is None else (resource.type, scope or resource.stack.template.stack, name)
