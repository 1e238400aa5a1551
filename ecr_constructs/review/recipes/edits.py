"""Recognize the changes of an app that a deployment alone does not make."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ecr_constructs.cloudformation.cloud_assembly import construct_paths
from ecr_constructs.cloudformation.resource_types import (
    KEY,
    OIDC_PROVIDER,
    PUBLIC_REPOSITORY,
    REPOSITORY,
)
from ecr_constructs.cloudformation.update_behavior import (
    Fate,
    Outcome,
    certainly_differ,
    outcome_of,
)
from ecr_constructs.cloudformation.uses import serves_ecr
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.review.analyzers.replication import edges
from ecr_constructs.review.phrases import subject_of
from ecr_constructs.review.recipes.recipe import Subject

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from ecr_constructs.cloudformation.graph import Resource
    from ecr_constructs.cloudformation.template import Template
    from ecr_constructs.model.registry_id import RegistryId
    from ecr_constructs.review.comparison import Comparison

_REPOSITORIES = (REPOSITORY, PUBLIC_REPOSITORY)
_ENCRYPTION, _NAME = "EncryptionConfiguration", "RepositoryName"


@dataclass(frozen=True, slots=True)
class Edit:
    """A repository of base, and what becomes of it.

    Attributes:
        before: The repository in base.
        after: The repository in head that takes its place. None: it leaves the app.
    """

    before: Resource
    after: Resource | None = None

    @property
    def name(self) -> str:
        """The name before."""
        return str(self.before.text(_NAME))

    @property
    def new_name(self) -> str:
        """The name after."""
        return str((self.after or self.before).text(_NAME))

    @property
    def outcome(self) -> Outcome:
        """What CloudFormation does with the repository of base."""
        before, after = self.before, self.after
        if (
            after is not None
            and after.id == before.id
            and after.stack.template.stack == (before.stack.template.stack)
        ):
            return outcome_of(before, "UpdateReplacePolicy", after)
        return outcome_of(before, "DeletionPolicy")

    @property
    def is_retained(self) -> bool:
        """Whether the repository is definitely retained."""
        return _is_kept(self.outcome)

    @property
    def subject(self) -> Subject:
        """The resource, for formats."""
        before, after = self.before, self.after
        changed = after is not None and after.id != before.id
        stacks = before.stack.template.stack, after.stack.template.stack if after else None
        return Subject(
            name=self.name,
            stack=stacks[0],
            resource=before.id,
            account=before.stack.account,
            region=before.stack.region,
            new_name=self.new_name if self.new_name != self.name else None,
            new_stack=stacks[1] if stacks[1] != stacks[0] else None,
            new_resource=after.id if after is not None and changed else None,
        )


class Edits:
    """The edits of one comparison; each repository that leaves its place is in one of them.

    Attributes:
        moves: Repositories that another stack, or another logical id, takes over.
        renames: Repositories that a new one with another name replaces, or seems to replace.
        retired: Repositories that leave the app.
        encrypted: Repositories of a custom name whose encryption changes.
        new_names: The names of new repositories, in any registry.
    """

    def __init__(self, comparison: Comparison) -> None:
        """Recognize them."""
        self.comparison = comparison
        self._replicas: frozenset[RegistryId] | None = None
        self._paths: dict[Path, Mapping[str, str]] = {}
        self.moves = list(self._moves())
        taken = {edit.before for edit in self.moves} | {edit.after for edit in self.moves}
        gone = [item for item in self._gone() if item not in taken]
        new = [item for item in self._new() if item not in taken]
        self.new_names = {item.text(_NAME) for item in new}
        # A name that another resource has, or gets, is nobody's to copy to or to delete.
        free = [item for item in new if comparison.holder_of(item) is None]
        renames = [*self._renamed_in_place(), *_renames(comparison, gone, free)]
        renamed = {edit.before for edit in renames}
        retired = [Edit(item) for item in gone if item not in renamed]
        declared = self._declared() if renames or retired else frozenset()
        self.renames, self.retired = (
            [edit for edit in edits if (edit.before.registry, edit.name) not in declared]
            for edits in (renames, retired)
        )
        self.encrypted = [
            Edit(before, after)
            for before, after, properties in self._replacements(is_rejected=True)
            if _ENCRYPTION in properties
        ]

    def is_replica(self, registry: RegistryId | None) -> bool:
        """Tell whether images that are pushed elsewhere are copied to a registry."""
        if self._replicas is None:
            listed = edges(self.comparison)
            self._replicas = frozenset(
                edge.destination for edge in listed if edge.state != "removed"
            )
        return registry in self._replicas

    def left_stacks(self) -> Iterator[Template]:
        """Yield the root stacks that are no longer in the app; those of keys come last."""
        stacks = [
            stack
            for stack in self.comparison.head.stacks
            if stack.template.is_left and stack.template.root is None
        ]
        # CloudFormation does not delete a stack while another one imports its key.
        for stack in sorted(
            stacks, key=lambda stack: any(item.type == KEY for item in stack.resources.values())
        ):
            yield stack.template

    def deleted_with(self, left: Sequence[Template]) -> list[str]:
        """Return what the deletion of stacks that left the app deletes, or may delete.

        Returns:
            The repositories, and the keys of images, that are not definitely retained.
        """
        resources = [
            resource
            for stack in self.comparison.head.stacks
            if any(stack.template is template for template in left)
            for resource in stack.resources.values()
            if resource.is_created
        ]
        return [
            subject_of(resource)
            for resource in resources
            if resource.type in _REPOSITORIES or (resource.type == KEY and serves_ecr(resource))
            if not _is_kept(outcome_of(resource, "DeletionPolicy"))
        ]

    def base_of(self, resource: Resource) -> Template:
        """Return the root stack of a resource as it is deployed."""
        return self.comparison.base.stacks[self.comparison.root_of(resource)].template

    def head_of(self, resource: Resource) -> Template:
        """Return the root stack of a resource as it will be."""
        return self.comparison.head.stacks[self.comparison.root_of(resource)].template

    def construct_of(self, resource: Resource) -> str | None:
        """Return the path of the construct of a resource in base, if the assembly names it."""
        if resource.stack.template.root is not None:
            # The CDK CLI does not look into nested stacks.
            return None
        written = resource.body.get("Metadata")
        path = written.get("aws:cdk:path") if isinstance(written, Mapping) else None
        root = self.base_of(resource).path
        if path is None and root is not None:
            if root not in self._paths:
                self._paths[root] = construct_paths(root)
            path = self._paths[root].get(resource.id)
        return path.removesuffix("/Resource") if isinstance(path, str) else None

    def stays(self, resource: Resource) -> bool:
        """Tell whether the stack of a resource is still in the app."""
        return not self.head_of(resource).is_left

    def has_other_encryption(self, edit: Edit) -> bool | None:
        """Tell whether a repository would be imported with an encryption that it does not have.

        Returns:
            None if it is not known: a key ARN can be that of the key that the app defines.
        """
        assert edit.after is not None
        old, new = edit.before.get(_ENCRYPTION), edit.after.get(_ENCRYPTION)
        keys = self.keys_of(edit)
        is_equal = old == new and not is_unresolved(old)
        if is_equal or (keys and (self.is_same(*keys) or self.is_passed_on(*keys))):
            return False
        return True if certainly_differ(old, new, edit.before, edit.after) else None

    def keys_of(self, edit: Edit) -> tuple[Resource, Resource] | None:
        """Return the keys of both sides, if both are resources of the app."""
        assert edit.after is not None
        path = (_ENCRYPTION, "KmsKey")
        old = self.comparison.base.referred_to(edit.before.get(*path))
        new = self.comparison.head.referred_to(edit.after.get(*path))
        return None if old is None or new is None else (old, new)

    def is_same(self, old: Resource, new: Resource) -> bool:
        """Tell whether two resources are one that stays in its place."""
        number = self.comparison.number_of
        return number(old) == number(new) and old.id == new.id

    def is_passed_on(self, old: Resource, new: Resource) -> bool:
        """Tell whether a new resource can take over one that leaves the app."""
        base = self.comparison.base.stacks[self.comparison.number_of(new)]
        is_new = new.id not in base.resources
        leaves = not self.stays(old) or self.comparison.counterpart_of(old) is None
        return is_new and leaves and old.type == new.type

    def passed_on(self) -> Mapping[Resource, Resource]:
        """Return the keys and OIDC providers that new resources take over, by the new ones."""
        passed: dict[Resource, Resource] = {}
        for edit in self.moves:
            keys = self.keys_of(edit)
            if keys is not None and self.is_passed_on(*keys):
                passed.setdefault(keys[1], keys[0])
        old = {
            (item.stack.account, item.text("Url")): item
            for item in self.comparison.base.of_type(OIDC_PROVIDER)
        }
        for new in self.comparison.head.of_type(OIDC_PROVIDER):
            before = old.get((new.stack.account, new.text("Url")))
            if before is not None and self.is_passed_on(before, new):
                passed[new] = before
        return passed

    def _moves(self) -> Iterator[Edit]:
        for pair in self.comparison.of_type(*_REPOSITORIES):
            if pair.sides is not None and pair.is_moved and pair.sides[0].text(_NAME):
                yield Edit(*pair.sides)
            elif pair.after is not None and pair.before is None:
                holder = self.comparison.holder_of(pair.after)
                if holder is not None and not self.stays(holder.resource):
                    yield Edit(holder.resource, pair.after)

    def _gone(self) -> Iterator[Resource]:
        for pair in self.comparison.of_type(*_REPOSITORIES):
            if pair.before is not None and pair.after is None and pair.before.text(_NAME):
                yield pair.before
        sides = (self.comparison.base.stacks, self.comparison.head.stacks)
        for stack, after in zip(*sides, strict=True):
            for resource in stack.resources.values() if after.template.is_left else ():
                if resource.type in _REPOSITORIES and resource.is_created and resource.text(_NAME):
                    yield resource

    def _declared(self) -> frozenset[tuple[RegistryId | None, str | None]]:
        """Return the names of the repositories of head, without those of stacks that left."""
        return frozenset(
            (item.registry, item.text(_NAME))
            for item in self.comparison.head.of_type(*_REPOSITORIES)
            if item.is_created and self.stays(item)
        )

    def _new(self) -> Iterator[Resource]:
        for pair in self.comparison.of_type(*_REPOSITORIES):
            if pair.after is not None and pair.before is None and pair.after.text(_NAME):
                yield pair.after

    def _renamed_in_place(self) -> Iterator[Edit]:
        for before, after, properties in self._replacements(is_rejected=False):
            is_named = _NAME in properties and before.text(_NAME) and after.text(_NAME)
            if is_named and self.comparison.holder_of(after) is None:
                yield Edit(before, after)

    def _replacements(self, *, is_rejected: bool) -> Iterator[tuple[Resource, Resource, set[str]]]:
        """Yield the private repositories that have a replacement, with its properties."""
        for pair in self.comparison.of_type(REPOSITORY):
            if pair.sides is None or pair.is_moved:
                continue
            replacement = self.comparison.replacements.get(pair.sides[1])
            if replacement is not None and replacement.is_rejected == is_rejected:
                yield *pair.sides, set(replacement.properties)


def _is_kept(outcome: Outcome) -> bool:
    return outcome.fate is Fate.RETAINED and outcome.is_certain


def _renames(
    comparison: Comparison, gone: Iterable[Resource], new: Iterable[Resource]
) -> Iterator[Edit]:
    """Yield the removed repositories that a new one seems to replace.

    It has the same last part of its name, in the same registry; or it is the only new one of a
    stack that loses only one, and has the same settings.
    """
    taken: set[Resource] = set()
    sides = [item for item in gone if item.type == REPOSITORY], list(new)
    by_part: dict[object, tuple[list[Resource], list[Resource]]] = defaultdict(lambda: ([], []))
    for side, members in enumerate(sides):
        for item in members:
            by_part[item.registry, _last_part(item)][side].append(item)
    for olds, news in by_part.values():
        if len(olds) == len(news) == 1:
            taken |= {*olds, *news}
            yield Edit(olds[0], news[0])
    stacks: dict[int, tuple[list[Resource], list[Resource]]] = defaultdict(lambda: ([], []))
    for side, members in enumerate(sides):
        for item in members:
            if item not in taken:
                stacks[comparison.number_of(item)][side].append(item)
    for olds, news in stacks.values():
        if len(olds) == len(news) == 1 and _settings(olds[0]) == _settings(news[0]):
            yield Edit(olds[0], news[0])


def _last_part(repository: Resource) -> str:
    return str(repository.text(_NAME)).rpartition("/")[2]


def _settings(repository: Resource) -> object:
    """Return the properties of a repository without its name and description of access."""
    ignored = (_NAME, "RepositoryPolicyText", "Tags")
    return {key: value for key, value in repository.properties.items() if key not in ignored}


def stage_of(template: Template) -> str:
    """Return the stage of a stack: ``Prod`` of ``Prod/EuWest1/Payments``, else an empty text."""
    stage, slash, _ = (template.construct or "").partition("/")
    return stage if slash else ""
