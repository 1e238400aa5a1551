"""What deletes repositories, their images and their keys."""

from collections.abc import Iterator

from ecr_constructs.checks.rule import (
    CFN_REFERENCE,
    ECR_GUIDE,
    Problem,
    each_choice,
    each_condition,
    error_rule,
    warning_rule,
)
from ecr_constructs.cloudformation.graph import Resource
from ecr_constructs.cloudformation.resource_types import (
    AUTO_DELETE_IMAGES,
    KEY,
    RELATED_TYPES,
    REPOSITORY,
)
from ecr_constructs.cloudformation.update_behavior import (
    Attribute,
    auto_deletes,
    empties,
    has_auto_delete_tag,
)
from ecr_constructs.cloudformation.uses import user_of_key
from ecr_constructs.model.tokens import is_unresolved

_ATTRIBUTES = f"{CFN_REFERENCE}/aws-attribute"
# RetainExceptOnCreate is about the operation that creates a resource, of which a replacement is
# none.
_OPTIONS = {
    "DeletionPolicy": ("Delete", "Retain", "RetainExceptOnCreate"),
    "UpdateReplacePolicy": ("Delete", "Retain"),
}


@error_rule(
    "ECR008",
    "DeletionPolicy and UpdateReplacePolicy are valid",
    types=[*RELATED_TYPES, AUTO_DELETE_IMAGES],
    why="CloudFormation rejects the template. Snapshot is for types that have snapshots, "
    "RetainExceptOnCreate for DeletionPolicy only, and functions need the transform "
    "AWS::LanguageExtensions.",
    remedy="Write DeletionPolicy: Retain and UpdateReplacePolicy: Retain.",
    source=f"{_ATTRIBUTES}-deletionpolicy.html",
)
def _valid_policies(resource: Resource) -> Iterator[Problem]:
    for name, options in _OPTIONS.items():
        written = resource.body.get(name)
        value = resource.setting(name)
        # Any transform may replace a function.
        if isinstance(written, dict) and "Transform" not in resource.stack.body:
            message = f"{name} is a function, which needs the transform AWS::LanguageExtensions"
            yield Problem((name,), message, "Write Transform: AWS::LanguageExtensions, or a text.")
        elif value is not None and value not in options and not is_unresolved(value):
            message = f"{name} must be one of {', '.join(options)}, got {value!r}"
            yield Problem((name,), message, "Write Retain.")


_WHEN: dict[Attribute, str] = {
    "DeletionPolicy": "the stack is deleted",
    "UpdateReplacePolicy": "the resource is replaced",
}


def _unretained(resource: Resource) -> list[Attribute]:
    """Return the attributes that definitely do not retain a resource; ECR008 reports others."""
    deleting = (None, "Delete", "Snapshot")
    return [name for name in _WHEN if resource.setting(name) in deleting]


def _emptied_by(resource: Resource) -> Resource | None:
    """Return the repository that a custom resource of stock CDK empties."""
    name, stack = resource.get("RepositoryName"), resource.stack
    repositories = (item for item in stack.resources.values() if item.type == REPOSITORY)
    named = (item for item in repositories if name == stack.attribute(item.id, "Ref"))
    return next(filter(has_auto_delete_tag, named), None)


def _when(names: list[Attribute]) -> str:
    return " or ".join(_WHEN[name] for name in names)


def _settings(resource: Resource, names: list[Attribute]) -> str:
    return ", ".join(f"{name} is {resource.body.get(name, 'not set')}" for name in names)


@error_rule(
    "ECR015",
    "The images of a repository are not deleted with its stack",
    types=[REPOSITORY, AUTO_DELETE_IMAGES],
    why="EmptyOnDelete, and auto_delete_images of the CDK, delete every image, in use or not, "
    "without confirmation.",
    remedy="Write DeletionPolicy: Retain and UpdateReplacePolicy: Retain, or leave out "
    "EmptyOnDelete.",
    source=f"{CFN_REFERENCE}/aws-resource-ecr-repository.html#cfn-ecr-repository-emptyondelete",
)
@each_choice
def _images_stay(resource: Resource) -> Iterator[Problem]:
    missing = _unretained(resource)
    if resource.type == AUTO_DELETE_IMAGES:
        repository = _emptied_by(resource) if missing else None
        if repository is not None:
            remedy = f"Remove {resource.id}, or write DeletionPolicy: Retain and "
            remedy += "UpdateReplacePolicy: Retain for it; Retain of the repository is not enough."
            message = f"every image of {repository.id} is lost when {_when(missing)}"
            yield Problem((), message, remedy)
    elif missing and empties(resource):
        message = f"every image is lost when {_when(missing)}"
        yield Problem(("Properties", "EmptyOnDelete"), message)


@warning_rule(
    "ECR016",
    "A repository is retained",
    types=[REPOSITORY],
    why="CloudFormation deletes an empty repository when its resource is removed, renamed or "
    "replaced. One with images makes the deletion of the stack fail "
    "(RepositoryNotEmptyException), and belongs to no stack after a replacement.",
    remedy="Write DeletionPolicy: Retain and UpdateReplacePolicy: Retain.",
    source=f"{_ATTRIBUTES}-deletionpolicy.html",
)
@each_condition
def _repository_retained(resource: Resource) -> Iterator[Problem]:
    """Find missing policies; ECR015 covers repositories that lose images."""
    missing = _unretained(resource)
    if missing and not (empties(resource) or auto_deletes(resource)):
        message = (
            f"{_settings(resource, missing)}: {'; '.join(_OUTCOMES[name] for name in missing)}"
        )
        yield Problem((missing[0],), message)


_OUTCOMES: dict[Attribute, str] = {
    "DeletionPolicy": "a deletion of the stack fails while the repository holds images, and "
    "deletes an empty one",
    "UpdateReplacePolicy": "a replaced repository is deleted if it is empty, and otherwise left "
    "outside of the stack",
}


@error_rule(
    "ECR017",
    "A key that encrypts images is retained",
    types=[KEY],
    why="Without its key no image can be read again, even from a retained repository.",
    remedy="Write DeletionPolicy: Retain and UpdateReplacePolicy: Retain.",
    source=f"{ECR_GUIDE}/encryption-at-rest.html",
)
def _key_retained(resource: Resource) -> Iterator[Problem]:
    user, missing = user_of_key(resource), _unretained(resource)
    if user is not None and missing:
        message = f"the key of {user.id} is deleted when {_when(missing)}"
        yield Problem((missing[0],), f"{_settings(resource, missing)}: {message}")
