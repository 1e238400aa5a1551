"""What somebody may do with a repository: the actions that each verb needs."""

from __future__ import annotations

from dataclasses import dataclass

from ecr_constructs.model.repository_policy import (
    DELETE_IMAGE_ACTIONS,
    LOGIN_ACTIONS,
    PULL_ACTIONS,
    PUSH_ONLY_ACTIONS,
)


@dataclass(frozen=True, slots=True)
class Verb:
    """Something that a principal may do with a repository.

    Attributes:
        name: ``pull``.
        actions: The actions on the repository.
        needs_all: Whether it needs all of the actions. False: any one of them is enough.
        login: Actions that a role or user needs besides, with the resource ``*``. AWS services
            such as Lambda do not log in.
        uses_key: Whether it needs the KMS key of the repository.
    """

    name: str
    actions: tuple[str, ...]
    needs_all: bool = True
    login: tuple[str, ...] = ()
    uses_key: bool = False


_LOOK_UP, _READ = "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage"
VERBS = {
    verb.name: verb
    for verb in (
        # Only a push looks layers up; Lambda pulls with two actions.
        # https://docs.aws.amazon.com/lambda/latest/dg/images-create.html#gettingstarted-images-permissions
        Verb(
            "pull",
            tuple(action for action in PULL_ACTIONS if action != _LOOK_UP),
            login=LOGIN_ACTIONS,
            uses_key=True,
        ),
        # https://docs.aws.amazon.com/AmazonECR/latest/userguide/image-push-iam.html
        Verb(
            "push",
            tuple(action for action in PUSH_ONLY_ACTIONS if action != _READ),
            login=LOGIN_ACTIONS,
            uses_key=True,
        ),
        Verb("delete", (*DELETE_IMAGE_ACTIONS, "ecr:DeleteRepository"), needs_all=False),
        Verb(
            "administer",
            (
                "ecr:DeleteLifecyclePolicy",
                "ecr:DeleteRepository",
                "ecr:DeleteRepositoryPolicy",
                "ecr:PutImageScanningConfiguration",
                "ecr:PutImageTagMutability",
                "ecr:PutLifecyclePolicy",
                "ecr:SetRepositoryPolicy",
            ),
            needs_all=False,
        ),
    )
}
"""The verbs, by name."""
