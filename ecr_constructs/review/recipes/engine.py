"""All recipes for the changes between two sides of an app."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from ecr_constructs.review.comparison import Comparison
from ecr_constructs.review.phrases import join_names
from ecr_constructs.review.recipes import copies, moves, retirement
from ecr_constructs.review.recipes.edits import Edits
from ecr_constructs.review.recipes.recipe import Recipe, Step


def recipes(comparison: Comparison) -> tuple[Recipe, ...]:
    """Return the recipes for two sides of an app: what fails the deployment comes first.

    They are followed in this order.
    """
    edits = Edits(comparison)
    listed = (
        *_apart([*copies.encryptions(edits), *moves.recipes(edits)]),
        *copies.renames(edits),
        *retirement.recipes(edits),
    )
    return tuple(recipe.checked() for recipe in listed)


def _apart(listed: Sequence[Recipe]) -> Iterator[Recipe]:
    """Yield recipes, without commands for a stack that two of them deploy.

    A stack into which a repository moves is not deployed before that, and not with another
    encryption of a repository that is in it: by then its images would be deleted.
    """
    encrypted = _stacks(listed, "encryption")
    shared = encrypted & _stacks(listed, "move")
    for recipe in listed:
        stacks = shared & _stacks([recipe], recipe.kind)
        if not stacks:
            yield recipe
            continue
        summary = (
            f"Make one change after the other: in {join_names(sorted(stacks))} the encryption of a "
            "repository changes, and another repository moves there."
        )
        steps = (Step(summary, is_manual=True), *recipe.steps)
        yield replace(recipe, steps=steps, is_blocked=True)


def _stacks(listed: Sequence[Recipe], kind: str) -> set[str]:
    """Return the stacks that recipes of a kind deploy in their middle."""
    return {
        subject.new_stack or subject.stack
        for recipe in listed
        if recipe.kind == kind
        for subject in recipe.subjects
    }
