"""All recipes for the changes between two sides of an app."""

from ecr_constructs.review.comparison import Comparison
from ecr_constructs.review.recipes import copies, moves, retirement
from ecr_constructs.review.recipes.edits import Edits
from ecr_constructs.review.recipes.recipe import Recipe


def recipes(comparison: Comparison) -> tuple[Recipe, ...]:
    """Return the recipes for two sides of an app: what fails the deployment comes first."""
    edits = Edits(comparison)
    listed = (
        *copies.encryptions(edits),
        *moves.recipes(edits),
        *copies.renames(edits),
        *retirement.recipes(edits),
    )
    return tuple(recipe.checked() for recipe in listed)
