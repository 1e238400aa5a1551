"""Review a pull request: compare two sides of an app offline."""

from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.review.change import Change, Kind
from ecr_constructs.review.engine import Review, review
from ecr_constructs.review.inventories import Inventories, RepositoryId, read_inventories
from ecr_constructs.review.loading import load_sides
from ecr_constructs.review.recipes.recipe import Recipe, Step

__all__ = [
    "Change",
    "Inventories",
    "Kind",
    "Recipe",
    "RepositoryId",
    "Review",
    "Severity",
    "Step",
    "load_sides",
    "read_inventories",
    "review",
]
