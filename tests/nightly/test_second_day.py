"""Environments that get another name, are split or merged: their recipes, run as printed.

Those of teams and repositories are in tests/nightly/test_second_day_recipes.py.
"""

import copy
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.second_day import Story

PAYMENTS: dict[str, Any] = {
    "push": {"github": "acme/payments", "branches": ["main"]},
    "repositories": ["payments/api"],
}
STOREFRONT: dict[str, Any] = {"repositories": ["storefront/web", "storefront/search"]}
FIRST: dict[str, Any] = {
    "profile": "production",
    "teams": {"payments": PAYMENTS, "storefront": STOREFRONT},
}
IMAGES = {"payments/api": 2, "storefront/web": 1}


@pytest.fixture(scope="module")
def renamed(new_story: Callable[[], Story]) -> Story:
    """Rename an environment, and retire a team and a repository of another one in it."""
    story = new_story()
    content = copy.deepcopy(FIRST)
    story.begin(IMAGES, prod=content)
    story.change("environment", prod=None, live=content)
    del content["teams"]["payments"]
    content["teams"]["storefront"]["repositories"].remove("storefront/search")
    story.change("retire", live=content)
    story.project.run("cdk diff 'Live/**' --fail")
    return story


def test_an_environment_is_renamed_with_its_key(renamed: Story) -> None:
    """Repositories and the key are those that were there; the other stacks are gone."""
    assert renamed.kinds == {"environment": ["move"], "retire": ["retire"]}
    assert renamed.repositories["environment"] == renamed.repositories["first"]
    assert renamed.digests["environment"] == renamed.digests["first"]
    assert renamed.keys["environment"] == renamed.keys["first"]
    assert set(renamed.owners["environment"].values()) == {
        "live-ecr-key",
        "live-ecr-payments",
        "live-ecr-storefront",
    }


def test_a_repository_and_a_team_are_retired(renamed: Story) -> None:
    """The stack and the repositories are deleted; those of others stay."""
    assert set(renamed.repositories["retire"]) == {"storefront/web"}
    assert set(renamed.owners["retire"].values()) == {"live-ecr-key", "live-ecr-storefront"}


def test_an_environment_is_split_in_two(new_story: Callable[[], Story]) -> None:
    """The key stays where it was: the new environment names it, or nothing is moved."""
    story = new_story()
    story.begin(IMAGES, prod=FIRST)
    [key] = story.keys["first"]
    place = story.project.place
    arn = f"arn:aws:kms:{place.region}:{place.account}:key/{key}"
    left = {**FIRST, "teams": {"payments": PAYMENTS}}
    shop: dict[str, Any] = {"profile": "production", "teams": {"storefront": STOREFRONT}}

    story.project.change(prod=left, shop=shop)
    [blocked] = story.project.recipes()
    assert (blocked.kind, blocked.is_blocked) == ("move", True)
    assert [] == [command for step in blocked.steps for command in step.commands]

    # As if the file had never been written without the key.
    story.project.change(prod=FIRST, shop=None)
    story.change("split", prod=left, shop={**shop, "defaults": {"encryption": {"key": arn}}})
    assert story.kinds["split"] == ["move"]
    assert story.repositories["split"] == story.repositories["first"]
    assert story.digests["split"] == story.digests["first"]
    assert story.keys["split"] == [key]
    assert {name: stack for name, stack in story.owners["split"].items() if name != key} == {
        "payments/api": "prod-ecr-payments",
        "storefront/web": "shop-ecr-storefront",
        "storefront/search": "shop-ecr-storefront",
    }
    for stage in ("Prod", "Shop"):
        story.project.run(f"cdk diff '{stage}/**' --fail")


def test_two_environments_are_merged(new_story: Callable[[], Story]) -> None:
    """The stacks of one are deleted, and the other one imports its repositories."""
    story = new_story()
    prod: dict[str, Any] = {"profile": "staging", "teams": {"payments": PAYMENTS}}
    shop: dict[str, Any] = {"profile": "staging", "teams": {"storefront": STOREFRONT}}
    story.begin(IMAGES, prod=prod, shop=shop)
    story.change("merge", prod={**prod, "teams": {**prod["teams"], **shop["teams"]}}, shop=None)

    assert story.kinds["merge"] == ["move"]
    assert story.repositories["merge"] == story.repositories["first"]
    assert story.digests["merge"] == story.digests["first"]
    assert set(story.owners["merge"].values()) == {"prod-ecr-payments", "prod-ecr-storefront"}
    story.project.run("cdk diff 'Prod/**' --fail")
