"""What becomes of a resource that its stack lets go."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from ecr_constructs.cloudformation.resource_types import KEY, PUBLIC_REPOSITORY, REPOSITORY

if TYPE_CHECKING:
    from ecr_constructs.cloudformation.resource import Resource

Attribute = Literal["DeletionPolicy", "UpdateReplacePolicy"]
RETAINING = ("Retain", "RetainExceptOnCreate")


class DeletionOutcome(NamedTuple):
    """What becomes of a resource.

    Attributes:
        phrase: What happens, to be put behind its name and a colon.
        is_lost: Whether something is lost that cannot be had again.
    """

    phrase: str
    is_lost: bool


def is_retained(resource: Resource, attribute: Attribute) -> bool:
    """Tell whether a resource surely stays when its stack lets it go."""
    return resource.stack.resolver.resolve(resource.body.get(attribute)) in RETAINING


def empties(resource: Resource) -> bool:
    """Tell whether a repository is deleted with its images."""
    return str(resource.get("EmptyOnDelete")).lower() == "true"


def deletion_outcome(
    resource: Resource, attribute: Attribute, images: str = "its images"
) -> DeletionOutcome:
    """Return what becomes of a resource.

    Args:
        resource: The resource.
        attribute: What decides: DeletionPolicy if it is removed, UpdateReplacePolicy if replaced.
        images: What to call the images of a repository.
    """
    if is_retained(resource, attribute):
        if resource.type in (REPOSITORY, PUBLIC_REPOSITORY):
            return DeletionOutcome(
                f"{images} are left behind in the old repository, which stays", is_lost=False
            )
        return DeletionOutcome(
            "the old one stays in the account, outside of any stack", is_lost=False
        )
    if resource.type == KEY:
        return DeletionOutcome(
            "the key is deleted, and what it encrypts cannot be read again", is_lost=True
        )
    if resource.type == REPOSITORY and empties(resource):
        return DeletionOutcome(
            f"{images} are deleted (EmptyOnDelete, no {attribute}: Retain)", is_lost=True
        )
    if resource.type in (REPOSITORY, PUBLIC_REPOSITORY):
        phrase = f"it is deleted if it is empty, and else left behind with {images}"
        return DeletionOutcome(phrase, is_lost=False)
    return DeletionOutcome("it is deleted", is_lost=False)
