"""What happens to images and keys when a stack, or a resource of it, goes."""

from collections.abc import Iterator

from ecr_constructs.checks.resource import Resource
from ecr_constructs.checks.rule import Fault, rule
from ecr_constructs.checks.types import KEY, REPOSITORY

_ATTRIBUTE = (
    "https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/"
    "aws-attribute-deletionpolicy.html"
)
_ATTRIBUTES = ("DeletionPolicy", "UpdateReplacePolicy")
_RETAINING = ("Retain", "RetainExceptOnCreate")
_WHEN = {"DeletionPolicy": "the stack is deleted", "UpdateReplacePolicy": "it is replaced"}


def _unretained(resource: Resource) -> list[str]:
    """Return the attributes that surely do not retain a resource."""
    found = {name: resource.stack.resolver.resolve(resource.body.get(name)) for name in _ATTRIBUTES}
    return [name for name, value in found.items() if value in (None, "Delete", "Snapshot")]


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
    if str(resource.get("EmptyOnDelete")).lower() == "true":
        for name in _unretained(resource):
            yield Fault(("Properties", "EmptyOnDelete"), f"every image is lost when {_WHEN[name]}")


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
    if str(resource.get("EmptyOnDelete")).lower() not in ("none", "false"):
        return
    for name in _unretained(resource):
        given = "is not set" if name not in resource.body else f"is {resource.body[name]}"
        yield Fault((name,), f"{name} {given}, so that it is deleted when {_WHEN[name]}")


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
    if user := resource.assembly.user_of_key(resource):
        for name in _unretained(resource):
            given = "is not set" if name not in resource.body else f"is {resource.body[name]}"
            yield Fault(
                (name,),
                f"{name} {given}, and the images of {user.id} go with it when {_WHEN[name]}",
            )
