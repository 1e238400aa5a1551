"""Why a live repository will refuse a push."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecr_constructs.model.mutability import TagMutability

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ecr_constructs.live.ecr import Repository


def warnings(repository: Repository, tag: str) -> Iterator[str]:
    """Yield a sentence for each reason why a push of this tag will be refused.

    Raises:
        CommandError: ECR refuses to tell, or cannot be reached.
    """
    settings = repository.describe()
    if settings is None:
        yield (
            f"the repository {repository.name} does not exist; deploy it first, unless a creation "
            "template makes it on push"
        )
        return
    filters = settings.get("imageTagMutabilityExclusionFilters", [])
    mutability = TagMutability(
        settings["imageTagMutability"].startswith("IMMUTABLE"),
        tuple(each["filter"] for each in filters),
    )
    if mutability.may_move(tag):
        return
    taken = repository.ask(
        "describe_images", absent="ImageNotFoundException", imageIds=[{"imageTag": tag}]
    )
    if taken:
        image = taken["imageDetails"][0]
        yield (
            f"{repository.name}:{tag} is taken by {image['imageDigest']} since "
            f"{image['imagePushedAt']:%Y-%m-%d}, and its tags are {mutability}: another image is "
            "refused; choose another tag"
        )
