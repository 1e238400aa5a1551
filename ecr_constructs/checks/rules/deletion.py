"""What happens to images and keys when a stack, or a resource of it, goes."""

from collections.abc import Iterator

from ecr_constructs.checks.rule import Fault, rule
from ecr_constructs.cloudformation.resource import Resource
from ecr_constructs.cloudformation.resource_types import KEY, REPOSITORY

_ATTRIBUTE = (
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/"
    "aws-attribute-deletionpolicy.html"
)
_ATTRIBUTES = ("DeletionPolicy", "UpdateReplacePolicy")
_RETAINING = ("Retain", "RetainExceptOnCreate")
_WHEN = {
    "DeletionPolicy": "the stack is deleted",
    "UpdateReplacePolicy": "the resource is replaced",
}


def _unretained(resource: Resource) -> list[str]:
    """Return the attributes that surely do not retain a resource."""
    found = {name: resource.stack.resolver.resolve(resource.body.get(name)) for name in _ATTRIBUTES}
    return [name for name, value in found.items() if value in (None, "Delete", "Snapshot")]


def _empties(resource: Resource) -> bool:
    return str(resource.get("EmptyOnDelete")).lower() == "true"


def _given(resource: Resource, names: list[str]) -> str:
    return ", ".join(
        f"{name} is {resource.body[name]}" if name in resource.body else f"{name} is not set"
        for name in names
    )


def _deleted(what: str, names: list[str]) -> str:
    return f"{what} is deleted when {' or '.join(_WHEN[name] for name in names)}"


@rule(
    "ECR015",
    "error",
    "A repository's images do not go with its stack",
    types=[REPOSITORY],
    why="EmptyOnDelete deletes every image, in use or not, without asking.",
    remedy="Write DeletionPolicy: Retain and UpdateReplacePolicy: Retain, or leave out "
    "EmptyOnDelete.",
    source="https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/"
    "aws-resource-ecr-repository.html#cfn-ecr-repository-emptyondelete",
)
def images_stay(resource: Resource) -> Iterator[Fault]:
    """Look for EmptyOnDelete on what is not retained."""
    if _empties(resource) and (missing := _unretained(resource)):
        when = " or ".join(_WHEN[name] for name in missing)
        yield Fault(("Properties", "EmptyOnDelete"), f"every image is lost when {when}")


@rule(
    "ECR016",
    "warning",
    "A repository is retained",
    types=[REPOSITORY],
    why="CloudFormation deletes a repository when its resource is removed, renamed or replaced; "
    "an empty one is gone, one with images makes the deletion of its stack fail.",
    remedy="Write DeletionPolicy: Retain and UpdateReplacePolicy: Retain.",
    source=_ATTRIBUTE,
)
def repository_retained(resource: Resource) -> Iterator[Fault]:
    """Look for a missing policy; ECR015 speaks of those that lose images."""
    missing = _unretained(resource)
    if missing and not _empties(resource):
        yield Fault((missing[0],), f"{_given(resource, missing)}: {_deleted('it', missing)}")


@rule(
    "ECR017",
    "error",
    "A key that encrypts images is retained",
    types=[KEY],
    why="Without its key no image can be read again, not even from a repository that was retained.",
    remedy="Write DeletionPolicy: Retain and UpdateReplacePolicy: Retain.",
    source="https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html",
)
def key_retained(resource: Resource) -> Iterator[Fault]:
    """Look at the keys that repositories name."""
    user, missing = resource.assembly.user_of_key(resource), _unretained(resource)
    if user is not None and missing:
        said = _deleted(f"the key of {user.id}", missing)
        yield Fault((missing[0],), f"{_given(resource, missing)}: {said}")
