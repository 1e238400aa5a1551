"""The changes of a registry's second year: each recipe of a review, run as it is printed."""

import copy
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import pytest

from local_aws import images
from local_aws.process import LocalAws
from tests.support.embedded_aws import Place
from tests.support.second_day import Project

FIRST: dict[str, Any] = {
    "profile": "production",
    "teams": {
        "payments": {
            "push": {"github": "acme/payments", "branches": ["main"]},
            "repositories": ["payments/api", "payments/worker"],
        },
        "storefront": {"repositories": ["storefront/web", "storefront/search"]},
    },
}
IMAGES = {"payments/api": 2, "payments/worker": 1, "storefront/web": 1}
Teams = dict[str, Any]


def move(teams: Teams) -> None:
    """Move a repository to another team."""
    teams["payments"]["repositories"].remove("payments/worker")
    teams["storefront"]["repositories"].append("payments/worker")


def rename(teams: Teams) -> None:
    """Rename a repository."""
    repositories = teams["payments"]["repositories"]
    repositories[repositories.index("payments/api")] = "payments/server"


def encrypt(teams: Teams) -> None:
    """Change the encryption of a repository."""
    repositories = teams["storefront"]["repositories"]
    repositories[repositories.index("storefront/web")] = {
        "name": "storefront/web",
        "encryption": "aes256",
    }


def retire(teams: Teams) -> None:
    """Retire a team, and a repository of another one."""
    del teams["payments"]
    teams["storefront"]["repositories"].remove("storefront/search")


@dataclass
class Story:
    """What was there after each change, by the name of the change."""

    project: Project
    kinds: dict[str, list[str]] = field(default_factory=dict)
    digests: dict[str, dict[str, dict[str, str]]] = field(default_factory=dict)
    repositories: dict[str, dict[str, Any]] = field(default_factory=dict)
    owners: dict[str, dict[str, str]] = field(default_factory=dict)
    keys: dict[str, list[str]] = field(default_factory=dict)

    def remember(self, name: str) -> None:
        """Read everything back."""
        place = self.project.place
        listed = place.ecr.describe_repositories()["repositories"]
        self.repositories[name] = {
            item["repositoryName"]: item
            for item in listed
            if not item["repositoryName"].startswith("cdk-")
        }
        self.digests[name] = {
            repository: {
                image["imageTag"]: image["imageDigest"]
                for image in place.ecr.list_images(repositoryName=repository)["imageIds"]
                if "imageTag" in image
            }
            for repository in self.repositories[name]
        }
        stacks = place.client("cloudformation")
        self.owners[name] = {
            resource["PhysicalResourceId"]: resource["StackName"]
            for stack in stacks.describe_stacks()["Stacks"]
            for resource in stacks.describe_stack_resources(StackName=stack["StackName"])[
                "StackResources"
            ]
            if resource["ResourceType"] in ("AWS::ECR::Repository", "AWS::KMS::Key")
            if stack["StackName"] != "CDKToolkit"
        }
        self.keys[name] = [key["KeyId"] for key in place.client("kms").list_keys()["Keys"]]

    def change(self, name: str, **environments: Any) -> None:
        """Change the files, follow every recipe, and remember what is then there."""
        self.project.change(**environments)
        recipes = self.project.recipes()
        self.kinds[name] = [recipe.kind for recipe in recipes]
        for recipe in recipes:
            self.project.follow(recipe)
        self.remember(name)


@pytest.fixture(scope="module")
def story(
    local_aws: LocalAws, new_account: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Story:
    """Live through all changes, one after the other."""
    place = Place(local_aws, new_account())
    local_aws.bootstrap([(place.account, place.region)])
    story = Story(Project(tmp_path_factory.mktemp("project"), place))
    content = copy.deepcopy(FIRST)
    story.project.change(prod=content)
    story.project.run("cdk deploy 'Prod/**'")
    registry = place.registry()
    for repository, number in IMAGES.items():
        for index in range(number):
            registry.push(f"{repository}:v{index}", images.image(f"{repository} {index}"))
    registry.push("storefront/web:multi", images.index(7))
    story.remember("first")
    for change in (move, rename, encrypt):
        change(content["teams"])
        story.change(change.__name__, prod=content)
    # The environment gets another name, as if two were merged or one was split.
    story.change("environment", prod=None, live=content)
    retire(content["teams"])
    story.change("retire", live=content)
    story.project.run("cdk diff 'Live/**' --fail")
    return story


def test_each_change_has_its_recipe(story: Story) -> None:
    """The review recognizes it in the templates."""
    assert story.kinds == {
        "move": ["move"],
        "rename": ["rename"],
        "encrypt": ["encryption"],
        "environment": ["move"],
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


def test_another_encryption_keeps_name_and_images(story: Story) -> None:
    """The repository is a new one with the same content, an index included; the copy is gone."""
    name = "storefront/web"
    before, after = (story.repositories[change][name] for change in ("rename", "encrypt"))
    assert before["encryptionConfiguration"]["encryptionType"] == "KMS"
    assert after["encryptionConfiguration"] == {"encryptionType": "AES256"}
    assert story.digests["encrypt"] == story.digests["rename"]
    assert len(story.digests["encrypt"][name]) == 2
    assert story.owners["encrypt"][name] == "prod-ecr-storefront"


def test_an_environment_is_renamed_with_its_key(story: Story) -> None:
    """Repositories and the key are those that were there; the other stacks are gone."""
    assert story.repositories["environment"] == story.repositories["encrypt"]
    assert story.digests["environment"] == story.digests["encrypt"]
    assert story.keys["environment"] == story.keys["first"]
    assert set(story.owners["environment"].values()) == {
        "live-ecr-key",
        "live-ecr-payments",
        "live-ecr-storefront",
    }


def test_a_retired_team_leaves_nothing(story: Story) -> None:
    """Its stack and repositories are deleted; those of others stay."""
    assert set(story.repositories["retire"]) == {"storefront/web", "payments/worker"}
    assert "payments/server" in story.repositories["environment"]
    assert set(story.owners["retire"].values()) == {"live-ecr-key", "live-ecr-storefront"}


def test_destroyed_stacks_are_deployed_again(story: Story) -> None:
    """The guide's commands import the key first; then repositories keep their images."""
    project = story.project
    mapping = json.loads(project.run(DESCRIBE_KEY))
    project.run("cdk destroy 'Live/**' --force")
    assert story.repositories["retire"]
    (project.folder / "key.mapping.json").write_text(json.dumps(mapping), encoding="utf-8")
    project.run("cdk import Live/Key --resource-mapping key.mapping.json --force")
    project.run("cdk deploy 'Live/**' --import-existing-resources")
    story.remember("again")
    for observed in (story.repositories, story.digests, story.owners, story.keys):
        assert observed["again"] == observed["retire"]


DESCRIBE_KEY = (
    "aws cloudformation describe-stack-resource --stack-name live-ecr-key "
    "--logical-resource-id Key961B73FD "
    "--query '{Key961B73FD: {KeyId: StackResourceDetail.PhysicalResourceId}}'"
)
