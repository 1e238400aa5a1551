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
    """Return two sides, of the resources of one stack or of several stacks by name.

    A stack that is not in head left the app, which leaves it deployed.
    """
    base, head = _stacks(before), _stacks(after)
    names = sorted({*base, *head})
    left = {name: head.get(name, base.get(name, {})) for name in names}
    return (
        TemplateSet([_template(name, base.get(name, {}), at) for name in names]),
        TemplateSet([_template(name, left[name], at, is_left=name not in head) for name in names]),
    )


def _template(
    name: str,
    resources: Resources,
    at: tuple[str | None, str | None],
    *,
    is_left: bool = False,
) -> Template:
    body = {"Resources": resources}
    return Template(f"{name}.json", body, *at, stack=name, is_left=is_left)


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
