"""What a pull request will do to the registry: two sides of an app, compared offline."""

from ecr_constructs.review.change import Change, Kind, Severity
from ecr_constructs.review.engine import Review, review
from ecr_constructs.review.inventories import Inventories, RepositoryId, read_inventories
from ecr_constructs.review.loading import load_sides

__all__ = [
    "Change",
    "Inventories",
    "Kind",
    "RepositoryId",
    "Review",
    "Severity",
    "load_sides",
    "read_inventories",
    "review",
]
