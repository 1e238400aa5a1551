"""The changes of a registry's second year: each recipe of a review, run as it is printed.

Those of environments are in tests/nightly/test_second_day.py.
"""

import copy
import json
from collections.abc import Callable
from typing import Any

import pytest

from local_aws import images
from tests.support.second_day import Story

AES = {"name": "storefront/web", "encryption": "aes256"}
FIRST: dict[str, Any] = {
    "profile": "production",
    "teams": {
        "payments": {"repositories": ["payments/api", "payments/worker"]},
        "storefront": {"repositories": [AES]},
    },
}
IMAGES = {"payments/api": 2, "payments/worker": 1, "storefront/web": 1}
# The command that prints the mapping of the key's stack, with which it is imported.
DESCRIBE_KEY = (
    "aws cloudformation describe-stack-resource --stack-name prod-ecr-key "
    "--logical-resource-id Key961B73FD "
    "--query '{Key961B73FD: {KeyId: StackResourceDetail.PhysicalResourceId}}'"
)
Teams = dict[str, Any]


def move(teams: Teams) -> None:
    """Move a repository to another team."""
    teams["payments"]["repositories"].remove("payments/worker")
    teams["storefront"]["repositories"].append("payments/worker")


def rename(teams: Teams) -> None:
    """Rename a repository."""
    teams["payments"]["repositories"] = ["payments/server"]


def encrypt(teams: Teams) -> None:
    """Switch to the customer managed key of the environment."""
    repositories = teams["storefront"]["repositories"]
    repositories[repositories.index(AES)] = "storefront/web"


def decrypt(teams: Teams) -> None:
    """Leave the key of the environment."""
    repositories = teams["storefront"]["repositories"]
    repositories[repositories.index("payments/worker")] = {**AES, "name": "payments/worker"}


def retire(teams: Teams) -> None:
    """Retire a team."""
    del teams["payments"]


@pytest.fixture(scope="module")
def story(new_story: Callable[[], Story]) -> Story:
    """Live through all changes, one after the other."""
    story = new_story()
    content = copy.deepcopy(FIRST)
    story.begin(IMAGES, prod=content)
    story.project.place.registry().push("storefront/web:multi", images.index(7))
    story.remember("first")
    for change in (move, rename, encrypt, decrypt, retire):
        change(content["teams"])
        story.change(change.__name__, prod=content)
    return story


def test_each_change_has_its_recipe(story: Story) -> None:
    """The review recognizes it in the templates."""
    assert story.kinds == {
        "move": ["move"],
        "rename": ["rename"],
        "encrypt": ["encryption"],
        "decrypt": ["encryption"],
        "retire": ["retire"],
    }


def test_a_moved_repository_is_the_same(story: Story) -> None:
    """It keeps its images, and another stack owns it."""
    assert story.repositories["move"] == story.repositories["first"]
    assert story.digests["move"] == story.digests["first"]
    assert story.owners["first"]["payments/worker"] == "prod-ecr-payments"
    assert story.owners["move"]["payments/worker"] == "prod-ecr-storefront"


def test_a_renamed_repository_has_the_images_of_the_old_one(story: Story) -> None:
    """The old one is deleted at the end; digests and tags are the same."""
    before, after = story.digests["move"], story.digests["rename"]
    assert after["payments/server"] == before["payments/api"]
    assert len(after["payments/server"]) == 2
    assert "payments/api" not in after


def test_a_key_is_switched_to_and_name_and_images_are_kept(story: Story) -> None:
    """The repository is a new one with the same content, an index included; the copy is gone."""
    name = "storefront/web"
    before, after = (story.repositories[change][name] for change in ("rename", "encrypt"))
    assert before["encryptionConfiguration"] == {"encryptionType": "AES256"}
    [key] = story.keys["first"]
    assert after["encryptionConfiguration"]["kmsKey"].endswith(f":key/{key}")
    assert story.digests["encrypt"] == story.digests["rename"]
    assert len(story.digests["encrypt"][name]) == 2
    assert story.owners["encrypt"][name] == "prod-ecr-storefront"


def test_another_encryption_keeps_name_and_images(story: Story) -> None:
    """From the key to AES-256 as well: a new repository with the same content, no copy of it."""
    name = "payments/worker"
    before, after = (story.repositories[change][name] for change in ("encrypt", "decrypt"))
    assert before["encryptionConfiguration"]["encryptionType"] == "KMS"
    assert after["encryptionConfiguration"] == {"encryptionType": "AES256"}
    assert story.digests["decrypt"] == story.digests["encrypt"]
    assert len(story.digests["decrypt"][name]) == 1
    assert story.owners["decrypt"][name] == "prod-ecr-storefront"


def test_a_retired_team_leaves_nothing(story: Story) -> None:
    """Its stack and repositories are deleted; those of others stay."""
    assert "payments/server" in story.repositories["decrypt"]
    assert set(story.repositories["retire"]) == {"storefront/web", "payments/worker"}
    assert set(story.owners["retire"].values()) == {"prod-ecr-key", "prod-ecr-storefront"}


def test_destroyed_stacks_are_deployed_again(story: Story) -> None:
    """The guide's commands import the key first; then repositories keep their images."""
    project = story.project
    mapping = json.loads(project.run(DESCRIBE_KEY))
    project.run("cdk destroy 'Prod/**' --force")
    (project.folder / "key.mapping.json").write_text(json.dumps(mapping), encoding="utf-8")
    project.run("cdk import Prod/Key --resource-mapping key.mapping.json --force")
    project.run("cdk deploy 'Prod/**' --import-existing-resources")
    story.remember("again")
    for observed in (story.repositories, story.digests, story.owners, story.keys):
        assert observed["again"] == observed["retire"]
