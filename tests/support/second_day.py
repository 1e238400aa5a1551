"""A project that lives on: its files change, and a user's commands deploy them."""

import json
import shutil
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import yaml

from ecr_constructs.environment.loading import load_environments
from ecr_constructs.review import load_sides, review
from ecr_constructs.review.recipes.recipe import Recipe
from local_aws import images, paths
from local_aws.process import LocalAws
from stacks.stage import EnvironmentStage
from tests.support import processes
from tests.support.constructs import new_app
from tests.support.embedded_aws import Place, deploy_assembly


@dataclass(frozen=True)
class Project:
    """A folder with environment files, a cloud assembly and its predecessor.

    Attributes:
        folder: The folder, in which commands run.
        place: The account and Region of every environment.
    """

    folder: Path
    place: Place

    @property
    def head(self) -> Path:
        """The cloud assembly of the files."""
        return self.folder / "cdk.out"

    @property
    def base(self) -> Path:
        """The cloud assembly before the last `change`."""
        return self.folder / "base"

    def change(self, **environments: dict[str, Any] | None) -> None:
        """Write environments, or remove them, and synthesize all."""
        files = self.folder / "environments"
        files.mkdir(exist_ok=True)
        for name, content in environments.items():
            file = files / f"{name}.yaml"
            if content is None:
                file.unlink()
            else:
                place = {"account": self.place.account, "region": self.place.region}
                file.write_text(yaml.safe_dump({**place, **content}), encoding="utf-8")
        if self.head.exists():
            shutil.rmtree(self.base, ignore_errors=True)
            self.head.rename(self.base)
        app = new_app(self.head)
        for environment in load_environments(files).values():
            EnvironmentStage(app, environment)
        app.synth()
        # The CDK CLI reads the assembly, and no app.
        settings = {"app": "cdk.out", "notices": False, "requireApproval": "never"}
        (self.folder / "cdk.json").write_text(json.dumps(settings), encoding="utf-8")

    def recipes(self) -> list[Recipe]:
        """Return the recipes for the last change."""
        return list(review(*load_sides(self.base, self.head)).recipes)

    def follow(self, recipe: Recipe) -> None:
        """Run every command of a recipe, as it is printed."""
        for step in recipe.steps:
            for command in step.commands:
                self.run(command)

    def run(self, command: str, *, status: int = 0) -> str:
        """Run a command line of a shell; return its output."""
        env = self.place.aws.env(account=self.place.account, region=self.place.region)
        path = f"{self._tools()}:{env['PATH']}"
        env |= {"PATH": path, "PYTHONPATH": str(paths.PROJECT)}
        done = processes.run(["bash", "-euo", "pipefail", "-c", command], self.folder, env)
        assert done.returncode == status, f"{command}\n{done.stdout}"
        return str(done.stdout)

    def _tools(self) -> Path:
        """Return a folder with a stand-in for crane: the client of the tests, by its commands."""
        folder = self.folder / "bin"
        folder.mkdir(exist_ok=True)
        script = folder / "crane"
        text = f'#!/bin/sh\nexec {sys.executable} -m tests.support.crane "$@"\n'
        script.write_text(text, encoding="utf-8")
        script.chmod(0o755)
        return folder


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

    def begin(self, images_of: Mapping[str, int], **environments: Any) -> None:
        """Deploy the first files, as `cdk deploy` does, and push images.

        Args:
            images_of: How many images each repository gets.
            environments: The content of each file.
        """
        self.project.change(**environments)
        for assembly in sorted(self.project.head.glob("assembly-*")):
            deploy_assembly(self.project.place.aws, assembly)
        registry = self.project.place.registry()
        for repository, number in images_of.items():
            for index in range(number):
                registry.push(f"{repository}:v{index}", images.image(f"{repository} {index}"))
        self.remember("first")

    def change(self, name: str, **environments: Any) -> None:
        """Change the files, follow every recipe, and remember what is then there."""
        self.project.change(**environments)
        recipes = self.project.recipes()
        self.kinds[name] = [recipe.kind for recipe in recipes]
        for recipe in recipes:
            self.project.follow(recipe)
        self.remember(name)


@pytest.fixture(scope="module")
def new_story(
    local_aws: LocalAws, new_account: Callable[[], str], tmp_path_factory: pytest.TempPathFactory
) -> Callable[[], Story]:
    """Return a function that starts a story in a bootstrapped account of its own."""

    def begun() -> Story:
        place = Place(local_aws, new_account())
        local_aws.bootstrap([(place.account, place.region)])
        return Story(Project(tmp_path_factory.mktemp("project"), place))

    return begun
