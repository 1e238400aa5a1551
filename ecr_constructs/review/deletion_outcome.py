"""What CloudFormation does with a resource that leaves its stack."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

from ecr_constructs.cloudformation.resource_types import KEY, PUBLIC_REPOSITORY, REPOSITORY

if TYPE_CHECKING:
    from ecr_constructs.cloudformation.graph import Resource

Attribute = Literal["DeletionPolicy", "UpdateReplacePolicy"]
RETAINING = ("Retain", "RetainExceptOnCreate")


class DeletionOutcome(NamedTuple):
    """The outcome for a resource that leaves its stack.

    Attributes:
        phrase: The outcome, to follow the name of the resource and a colon.
        is_lost: Whether data is lost permanently.
    """

    phrase: str
    is_lost: bool


def is_retained(resource: Resource, attribute: Attribute) -> bool:
    """Tell whether a resource is definitely retained when it leaves its stack."""
    return resource.stack.resolver.resolve(resource.body.get(attribute)) in RETAINING


def empties(resource: Resource) -> bool:
    """Tell whether a repository is deleted with its images."""
    return str(resource.get("EmptyOnDelete")).lower() == "true"


def deletion_outcome(
    resource: Resource, attribute: Attribute, images: str = "its images"
) -> DeletionOutcome:
    """Return the outcome for a resource.

    Args:
        resource: The resource.
        attribute: ``DeletionPolicy`` if it is removed, ``UpdateReplacePolicy`` if it is replaced.
        images: The images of a repository, in words.
    """
    if is_retained(resource, attribute):
        if resource.type in (REPOSITORY, PUBLIC_REPOSITORY):
            return DeletionOutcome(
                f"{images} are left in the old repository, which is retained", is_lost=False
            )
        return DeletionOutcome("it is retained in the account, outside of any stack", is_lost=False)
    if resource.type == KEY:
        return DeletionOutcome(
            "the key is deleted, and what it encrypts is permanently unreadable", is_lost=True
        )
    if resource.type == REPOSITORY and empties(resource):
        return DeletionOutcome(
            f"{images} are deleted (EmptyOnDelete, no {attribute}: Retain)", is_lost=True
        )
    if resource.type in (REPOSITORY, PUBLIC_REPOSITORY):
        phrase = f"it is deleted if it is empty, otherwise left in the account with {images}"
        return DeletionOutcome(phrase, is_lost=False)
    return DeletionOutcome("it is deleted", is_lost=False)
