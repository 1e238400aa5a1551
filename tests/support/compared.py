"""Two sides of an app, given as resources."""

from collections.abc import Mapping

from ecr_constructs.checks import Template
from ecr_constructs.cloudformation.graph import TemplateSet
from ecr_constructs.review import Change, Review, review
from tests.support.rule_examples.build import HOME, KEEPS, Resources, repository

Given = Resources | Mapping[str, Resources]
UNKNOWN: tuple[None, None] = (None, None)
API = repository(RepositoryName="payments/api")
UNKEPT = dict.fromkeys(KEEPS, "Delete")


def sides(
    before: Given, after: Given, at: tuple[str | None, str | None] = HOME
) -> tuple[TemplateSet, TemplateSet]:
    """Return two sides, of the resources of one stack or of several stacks by name."""
    stacks = [_stacks(before), _stacks(after)]
    names = sorted({*stacks[0], *stacks[1]})
    base, head = (
        TemplateSet(
            [
                Template(f"{name}.json", {"Resources": side.get(name, {})}, *at, stack=name)
                for name in names
            ]
        )
        for side in stacks
    )
    return base, head


def _stacks(given: Given) -> Mapping[str, Resources]:
    is_one = all("Type" in resource for resource in given.values())
    return {"Prod": given} if is_one else given


def reviewed(before: Given, after: Given, at: tuple[str | None, str | None] = HOME) -> Review:
    """Review two versions of resources."""
    return review(*sides(before, after, at))


def only(review: Review) -> Change:
    """Return the only change."""
    [change] = review.changes
    return change
