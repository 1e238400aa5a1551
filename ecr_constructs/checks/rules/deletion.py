"""What happens to images and keys when a stack or resource is deleted."""

from collections.abc import Iterator

from ecr_constructs.checks.rule import Problem, rule
from ecr_constructs.cloudformation.graph import Resource
from ecr_constructs.cloudformation.resource_types import KEY, REPOSITORY
from ecr_constructs.model.diagnostics import Severity

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
    """Return the attributes that definitely do not retain a resource."""
    values = {
        name: resource.stack.resolver.resolve(resource.body.get(name)) for name in _ATTRIBUTES
    }
    return [name for name, value in values.items() if value in (None, "Delete", "Snapshot")]


def _empties(resource: Resource) -> bool:
    return str(resource.get("EmptyOnDelete")).lower() == "true"


def _settings(resource: Resource, names: list[str]) -> str:
    return ", ".join(
        f"{name} is {resource.body[name]}" if name in resource.body else f"{name} is not set"
        for name in names
    )


def _deleted(what: str, names: list[str]) -> str:
    return f"{what} is deleted when {' or '.join(_WHEN[name] for name in names)}"


@rule(
    "ECR015",
    Severity.ERROR,
    "The images of a repository are not deleted with its stack",
    types=[REPOSITORY],
    why="EmptyOnDelete deletes every image, in use or not, without confirmation.",
    remedy="Write DeletionPolicy: Retain and UpdateReplacePolicy: Retain, or leave out "
    "EmptyOnDelete.",
    source="https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/"
    "aws-resource-ecr-repository.html#cfn-ecr-repository-emptyondelete",
)
def images_stay(resource: Resource) -> Iterator[Problem]:
    """Find EmptyOnDelete on repositories that are not retained."""
    if _empties(resource) and (missing := _unretained(resource)):
        when = " or ".join(_WHEN[name] for name in missing)
        yield Problem(("Properties", "EmptyOnDelete"), f"every image is lost when {when}")


@rule(
    "ECR016",
    Severity.WARNING,
    "A repository is retained",
    types=[REPOSITORY],
    why="CloudFormation deletes a repository when its resource is removed, renamed or replaced; "
    "an empty one is deleted, one with images makes the stack deletion fail.",
    remedy="Write DeletionPolicy: Retain and UpdateReplacePolicy: Retain.",
    source=_ATTRIBUTE,
)
def repository_retained(resource: Resource) -> Iterator[Problem]:
    """Find missing policies; ECR015 covers repositories that lose images."""
    missing = _unretained(resource)
    if missing and not _empties(resource):
        yield Problem((missing[0],), f"{_settings(resource, missing)}: {_deleted('it', missing)}")


@rule(
    "ECR017",
    Severity.ERROR,
    "A key that encrypts images is retained",
    types=[KEY],
    why="Without its key no image can be read again, even from a retained repository.",
    remedy="Write DeletionPolicy: Retain and UpdateReplacePolicy: Retain.",
    source="https://docs.aws.amazon.com/AmazonECR/latest/userguide/encryption-at-rest.html",
)
def key_retained(resource: Resource) -> Iterator[Problem]:
    """Check the keys that repositories name."""
    user, missing = resource.assembly.user_of_key(resource), _unretained(resource)
    if user is not None and missing:
        deletion = _deleted(f"the key of {user.id}", missing)
        yield Problem((missing[0],), f"{_settings(resource, missing)}: {deletion}")
