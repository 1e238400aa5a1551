"""Two sides of an app, written as resources."""

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
    """Return both sides of one stack's resources, or of several stacks' by their names."""
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
    is_one = all("Type" in each for each in given.values())
    return {"Prod": given} if is_one else given


def reviewed(before: Given, after: Given, at: tuple[str | None, str | None] = HOME) -> Review:
    """Review what becomes of resources."""
    return review(*sides(before, after, at))


def said(review: Review) -> list[tuple[str, str, str]]:
    """Return kind, severity and summary of what is said, the worst first."""
    return [(each.kind, each.severity, each.summary) for each in review.changes]


def only(review: Review) -> Change:
    """Return the one change there is."""
    [change] = review.changes
    return change
