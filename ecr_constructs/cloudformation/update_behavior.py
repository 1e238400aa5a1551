"""What CloudFormation does with a resource that is changed, replaced, moved or removed.

- A changed create-only property replaces a resource: CloudFormation creates the replacement, then
  deletes or retains the old resource.
  https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/using-cfn-updating-stacks-update-behaviors.html
- It does not replace a resource with a custom name: the update fails and nothing is lost.
  https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-properties-name.html
- The immutable properties of a key are never replaced: the update fails.
  https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-kms-key.html
- DeletionPolicy decides about a removed resource, UpdateReplacePolicy about a replaced one.
  https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-deletionpolicy.html
  https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-attribute-updatereplacepolicy.html
- CDK empties a repository by a custom resource that is deleted with it or, if the repository gets
  another name, updated: https://github.com/aws/aws-cdk/pull/26711
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from ecr_constructs.cloudformation.resource_types import (
    KEY,
    PUBLIC_REPOSITORY,
    REGISTRY_POLICY,
    REPLICATION,
    REPOSITORY,
    SINGLETONS,
)
from ecr_constructs.cloudformation.uses import serves_ecr, user_of_key
from ecr_constructs.model.tokens import is_unresolved

if TYPE_CHECKING:
    from ecr_constructs.cloudformation.graph import Resource, Stack

Attribute = Literal["DeletionPolicy", "UpdateReplacePolicy"]
AUTO_DELETE = "Custom::ECRAutoDeleteImages"
"""CDK's custom resource that deletes the images of a repository: ``auto_delete_images``."""

_RETAINING = ("Retain", "RetainExceptOnCreate")
_AUTO_DELETE_TAG = "aws-cdk:auto-delete-images"
_IMMUTABLE: Mapping[str, Mapping[str, Any]] = {
    KEY: {
        "KeySpec": "SYMMETRIC_DEFAULT",
        "KeyUsage": "ENCRYPT_DECRYPT",
        "MultiRegion": False,
        "Origin": "AWS_KMS",
    }
}
# Their create handlers answer AlreadyExists; those of the other settings are not published.
# https://github.com/aws-cloudformation/aws-cloudformation-resource-providers-ecr
_REJECTING_SETTINGS = (REPLICATION, REGISTRY_POLICY)
# Their attributes can be equal although the resources differ.
_ANY_VALUE = ("Custom::", "AWS::CloudFormation::")
_TOKEN = re.compile(r"(\$\{Token\[[^\[\]]*\]\})")


class Fate(StrEnum):
    """What becomes of a resource that leaves its stack."""

    RETAINED = "retained"
    DELETED = "deleted"
    DELETED_IF_EMPTY = "deleted-if-empty"
    IMAGES_DELETED = "images-deleted"
    UNREADABLE = "unreadable"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What CloudFormation does with a resource that leaves its stack.

    Attributes:
        fate: What becomes of it; the worst case, if several are possible.
        is_certain: Whether no other case is possible.
        emptied_by: What deletes the images: `AUTO_DELETE` or ``EmptyOnDelete``. Default: nothing.
    """

    fate: Fate
    is_certain: bool = True
    emptied_by: str | None = None

    @property
    def is_lost(self) -> bool:
        """Whether images are, or may be, lost permanently."""
        return self.fate in (Fate.IMAGES_DELETED, Fate.UNREADABLE)


@dataclass(frozen=True, slots=True)
class Replacement:
    """A change that CloudFormation cannot make in place.

    Attributes:
        properties: The properties that require it, with their values before and after.
        is_certain: Whether the values definitely differ.
        is_rejected: Whether CloudFormation does not make the replacement: the update fails.
    """

    properties: Mapping[str, tuple[Any, Any]]
    is_certain: bool
    is_rejected: bool


@cache
def _data() -> Mapping[str, Mapping[str, Any]]:
    path = Path(__file__).with_suffix(".json")
    content: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return content


def create_only(resource_type: str) -> Sequence[str]:
    """Return the paths of a type's create-only properties: ``EncryptionConfiguration/KmsKey``."""
    paths: Sequence[str] = _data().get(resource_type, {}).get("createOnly", ())
    return paths


def name_property(resource_type: str) -> str | None:
    """Return the create-only property that names the resources of a type, if there is one."""
    name: str | None = _data().get(resource_type, {}).get("name")
    return name


def name_of(resource: Resource) -> str | None:
    """Return the custom name of a resource, if it has one and it is known."""
    key = name_property(resource.type)
    return resource.text(key) if key else None


def rejects_duplicates(resource_type: str) -> bool | None:
    """Tell whether creating a resource fails if one of its name exists; None if it is unknown.

    The settings of a registry exist once per account and Region, as if they had one name.
    """
    if resource_type in SINGLETONS:
        return True if resource_type in _REJECTING_SETTINGS else None
    return name_property(resource_type) is not None


def replacement_of(
    before: Resource, after: Resource, replaced: Mapping[Resource, bool] | None = None
) -> Replacement | None:
    """Return the replacement that the changed properties of a resource require, if any.

    Args:
        before: The resource in the deployed template.
        after: The resource in the new template, with the same logical ID and type.
        replaced: Resources of the new template that are replaced too, each with whether it
            definitely is: what refers to them gets another value. Default: none.
    """
    if immutable := dict(_immutable_changes(before, after)):
        return Replacement(immutable, _differ(immutable, before, after), is_rejected=True)
    changed: dict[str, tuple[Any, Any]] = {}
    is_referring = False
    for path in create_only(after.type):
        top, *inner = path.split("/")
        old, new = before.get(top, *inner), after.get(top, *inner)
        targets = targets_of(new, after) if replaced else ()
        referred = [replaced[target] for target in targets if replaced and target in replaced]
        if old != new or referred:
            changed.setdefault(top, (before.get(top), after.get(top)))
        is_referring = is_referring or any(referred)
    if not changed:
        return None
    name = name_property(after.type)
    is_named = name is not None and name not in changed and after.get(name) is not None
    is_certain = is_referring or _differ(changed, before, after)
    return Replacement(changed, is_certain, is_rejected=is_named)


def can_refer(resource: Resource) -> bool:
    """Tell whether a create-only property, as written, can refer to another resource."""
    written = resource.body.get("Properties")
    tops = {path.partition("/")[0] for path in create_only(resource.type)}
    return isinstance(written, Mapping) and any(
        isinstance(written.get(top), Mapping | list) for top in tops
    )


def _immutable_changes(before: Resource, after: Resource) -> Sequence[tuple[str, tuple[Any, Any]]]:
    values = {name: (before.get(name), after.get(name)) for name in _IMMUTABLE.get(after.type, ())}
    defaults = _IMMUTABLE.get(after.type, {})
    return [
        (name, (old, new))
        for name, (old, new) in values.items()
        if _or_default(old, defaults[name]) != _or_default(new, defaults[name])
    ]


def _or_default(value: Any, default: Any) -> str:
    return str(default if value is None else value).lower()


def targets_of(value: Any, source: Resource) -> Iterator[Resource]:
    """Yield the resources whose attributes a value contains."""
    if isinstance(value, Mapping | list):
        for item in value.values() if isinstance(value, Mapping) else value:
            yield from targets_of(item, source)
    for part in _TOKEN.findall(value) if isinstance(value, str) else ():
        if (target := source.assembly.referred_to(part)) is not None:
            yield target


def _differ(changed: Mapping[str, tuple[Any, Any]], before: Resource, after: Resource) -> bool:
    """Tell whether some values definitely differ."""
    return any(certainly_differ(old, new, before, after) for old, new in changed.values())


def certainly_differ(old: Any, new: Any, before: Resource, after: Resource) -> bool:
    """Tell whether two values of a property are different whatever unresolved parts are."""
    if isinstance(old, Mapping) and isinstance(new, Mapping):
        return any(
            certainly_differ(old.get(key), new.get(key), before, after) for key in {*old, *new}
        )
    if not is_unresolved(old) and not is_unresolved(new):
        return bool(old != new)
    references = before.assembly.referred_to(old), after.assembly.referred_to(new)
    if old is None or new is None:
        # An expression can result in no value, a reference to a resource cannot.
        return any(references)
    if all(reference and not reference.type.startswith(_ANY_VALUE) for reference in references):
        return bool(old != new)
    return _texts_differ(str(old), str(new))


def _texts_differ(old: str, new: str) -> bool:
    """Tell whether two texts with the same unresolved parts differ."""
    left, right = _TOKEN.split(old), _TOKEN.split(new)
    if left[1::2] != right[1::2] or len(left) == 1:
        return False
    lengths = [[len(part) for part in parts[::2]] for parts in (left, right)]
    same_places = lengths[0] == lengths[1] and left != right
    return same_places or sum(lengths[0]) != sum(lengths[1])


def retains(resource: Resource, attribute: Attribute) -> bool | None:
    """Tell whether a resource that leaves its stack is retained; None if it is unknown."""
    value = resource.setting(attribute)
    return None if is_unresolved(value) else value in _RETAINING


def empties(repository: Resource) -> bool | None:
    """Tell whether EmptyOnDelete deletes the images of a repository; None if it is unknown."""
    value = repository.get("EmptyOnDelete")
    return None if is_unresolved(value) else str(value).lower() == "true"


def auto_deletes(repository: Resource) -> bool:
    """Tell whether a custom resource of CDK deletes the images of a repository.

    It does so whether or not the repository is retained, if it has the tag that CDK gives it.
    """
    emptying = repository.stack.memoized(_emptying_resources)
    if not emptying:
        return False
    own = {repository.stack.attribute(repository.id, "Ref"), repository.text("RepositoryName")}
    names = own & emptying.keys() - {None}
    return any(retains(emptying[name], "DeletionPolicy") is not True for name in names) and (
        has_auto_delete_tag(repository)
    )


def _emptying_resources(stack: Stack) -> Mapping[Any, Resource]:
    """Return the custom resources that delete images, by the repository that they name."""
    return {
        name: resource
        for resource in stack.resources.values()
        if resource.type == AUTO_DELETE and resource.is_created
        if isinstance(name := resource.get("RepositoryName"), str)
    }


def has_auto_delete_tag(repository: Resource) -> bool:
    """Tell whether a repository has, or may have, the tag that lets CDK delete its images."""
    return is_unresolved(repository.get("Tags")) or any(
        tag.get("Key") == _AUTO_DELETE_TAG and str(tag.get("Value")) == "true"
        for _, tag in repository.mappings("Tags")
    )


def outcome_of(old: Resource, attribute: Attribute, new: Resource | None = None) -> Outcome:
    """Return what CloudFormation does with a resource that is removed or replaced.

    Args:
        old: The resource.
        attribute: The attribute that decides.
        new: Its replacement, whose attribute decides. Default: it is removed.
    """
    is_retained = retains(new or old, attribute)
    if old.type == REPOSITORY and auto_deletes(old):
        return Outcome(Fate.IMAGES_DELETED, emptied_by=AUTO_DELETE)
    if is_retained:
        return Outcome(Fate.RETAINED)
    if old.type == REPOSITORY:
        return _deleted_repository(empties(old), empties(new or old), is_retained)
    fate = Fate.DELETED_IF_EMPTY if old.type == PUBLIC_REPOSITORY else Fate.DELETED
    return Outcome(fate_of_key(old) if old.type == KEY else fate, is_retained is False)


def _deleted_repository(old: bool | None, new: bool | None, is_retained: bool | None) -> Outcome:
    """Return the outcome for a repository, by EmptyOnDelete before and after."""
    if old is False and new is False:
        return Outcome(Fate.DELETED_IF_EMPTY, is_retained is False)
    # The deployed property decides; the published handlers do not show it.
    is_certain = old is True and new is True and is_retained is False
    return Outcome(Fate.IMAGES_DELETED, is_certain, "EmptyOnDelete")


def fate_of_key(key: Resource) -> Fate:
    """Return what the deletion of a key means; messages of a topic are not kept."""
    is_of_topic = serves_ecr(key) and user_of_key(key) is None
    return Fate.DELETED if is_of_topic else Fate.UNREADABLE
