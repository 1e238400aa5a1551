"""A repository, or a team with its stack, that leaves the app."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from ecr_constructs.cloudformation.iam_policy import statements_of
from ecr_constructs.review.phrases import join_names
from ecr_constructs.review.recipes import commands
from ecr_constructs.review.recipes.edits import stage_of
from ecr_constructs.review.recipes.moves import RETAINED_ELSEWHERE, keep_first, left_stacks
from ecr_constructs.review.recipes.recipe import Recipe, Step

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ecr_constructs.cloudformation.graph import Resource
    from ecr_constructs.cloudformation.template import Template
    from ecr_constructs.review.recipes.edits import Edit, Edits


def recipes(edits: Edits) -> Iterator[Recipe]:
    """Yield a recipe for what leaves each stage."""
    moved = {id(template) for template, _ in left_stacks(edits)}
    by_stage: dict[str, tuple[list[Edit], list[Template]]] = defaultdict(lambda: ([], []))
    for edit in edits.retired:
        by_stage[stage_of(edits.base_of(edit.before))][0].append(edit)
    for template in edits.left_stacks():
        if id(template) not in moved:
            by_stage[stage_of(template)][1].append(template)
    for stage, (retired, left) in by_stage.items():
        yield _recipe(edits, stage, retired, left)


def _recipe(edits: Edits, stage: str, retired: Sequence[Edit], left: Sequence[Template]) -> Recipe:
    names = list(dict.fromkeys(edit.name for edit in retired))
    stacks = [template.stack for template in left]
    registries = dict.fromkeys(filter(None, (edit.before.registry for edit in retired)))
    where = f" in registry {join_names(registries)}" if registries else ""
    # A key may encrypt the images of others; whoever retires a repository gives up its images.
    own = set(names)
    kept = list(keep_first(item for item in edits.deleted_with(left) if item not in own))
    return Recipe(
        kind="retire",
        title=f"Retire {join_names([*names, *(f'stack {name}' for name in stacks)])}{where}",
        outcome=" ".join(_outcome(edits, retired, left)),
        subjects=tuple(edit.subject for edit in retired),
        steps=(*kept, *_steps(edits, stage, retired, left)),
        is_blocked=bool(kept),
        cautions=tuple(_cautions(edits, retired)),
    )


def _outcome(edits: Edits, retired: Sequence[Edit], left: Sequence[Template]) -> Iterator[str]:
    if any(edits.stays(edit.before) and edit.is_retained for edit in retired):
        yield f"A repository that leaves its stack is retained {RETAINED_ELSEWHERE}."
    if left:
        yield "CDK leaves a stack that is no longer in the app deployed, with everything in it."


def _steps(
    edits: Edits, stage: str, retired: Sequence[Edit], left: Sequence[Template]
) -> Iterator[Step]:
    repositories = [edit.before for edit in retired]
    if retired:
        pulls = commands.last_pulls(repositories)
        yield Step(
            "Make sure that nothing needs the images: when each repository was pulled last (ECR "
            "updates the time once a day; what runs and does not restart does not pull).",
            pulls,
            # ECR Public tells nobody.
            is_manual=not pulls,
        )
    staying = [edit for edit in retired if edits.stays(edit.before)]
    if staying:
        heads = [edits.head_of(edit.before) for edit in staying]
        summary = f"Deploy: the repositories leave their stacks.{_deleted_too(staying)}"
        yield Step(summary, commands.deploy_all(heads, stage))
    if left:
        leaving = [edit for edit in retired if edit not in staying]
        summary = f"Delete the stacks that left the app.{_deleted_too(leaving)}"
        yield Step(summary, commands.delete_stacks(left))
    if remaining := _remaining(retired):
        yield from deletion(remaining)


def _remaining(retired: Sequence[Edit]) -> list[Edit]:
    """Return the repositories that CloudFormation may leave in the account."""
    return [edit for edit in retired if not (edit.outcome.is_lost and edit.outcome.is_certain)]


def _deleted_too(edits: Sequence[Edit]) -> str:
    """Return the sentence about repositories that CloudFormation deletes with their images."""
    lost = [edit for edit in edits if edit.outcome.is_lost]
    if not lost:
        return ""
    deletes = "deletes" if all(edit.outcome.is_certain for edit in lost) else "may delete"
    names = join_names(dict.fromkeys(edit.name for edit in lost))
    return f" CloudFormation {deletes} {names} with all images, permanently."


def deletion(retired: Sequence[Edit]) -> Iterator[Step]:
    """Yield the steps that delete repositories that are in no stack."""
    repositories = [edit.before for edit in retired]
    yield from lifted_locks(repositories)
    yield Step(
        "Later, when you are sure: delete each repository with all of its images, permanently.",
        commands.per_repository(repositories, "delete-repository", "--force"),
    )


def lifted_locks(repositories: Sequence[Resource]) -> Iterator[Step]:
    """Yield the step that lifts deletion locks, if there are any."""
    locked = [item for item in repositories if _is_locked(item)]
    if locked:
        yield Step(
            "Lift the deletion lock, which is in the repository policy.",
            commands.per_repository(locked, "delete-repository-policy"),
        )


def _is_locked(repository: Resource) -> bool:
    """Tell whether a policy may deny the deletion of a repository."""
    return any(
        not statement.allows and statement.may("ecr:DeleteRepository")
        for statement in statements_of(repository)
    )


def _cautions(edits: Edits, retired: Sequence[Edit]) -> Iterator[str]:
    yield from unkept(retired)
    elsewhere = dict.fromkeys(edit.name for edit in retired if edit.name in edits.new_names)
    if elsewhere:
        yield (
            f"{join_names(elsewhere)} is new in another registry, and empty there: replicate the "
            "images to it, or copy them, before you delete anything."
        )
    if _remaining(retired):
        yield (
            "To undo it before the last step, revert the change and deploy the same stacks with "
            "--import-existing-resources."
        )


def unkept(edits: Sequence[Edit]) -> Iterator[str]:
    """Yield what the deployment may delete."""
    lost = [edit.name for edit in edits if edit.outcome.is_lost]
    other = [edit.name for edit in edits if not edit.is_retained and not edit.outcome.is_lost]
    if lost:
        yield (
            f"The deployment deletes the images of {join_names(lost)}, or may do so: deploy "
            "DeletionPolicy: Retain and UpdateReplacePolicy: Retain first."
        )
    if other:
        yield (
            f"The templates do not retain {join_names(other)}, or may not: CloudFormation deletes "
            "an empty repository, and one with images stays outside of any stack or fails the "
            "deletion of its stack."
        )
