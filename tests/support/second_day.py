"""A project that lives on: its files change, and a user's commands deploy them."""

import json
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from ecr_constructs.environment.loading import load_environments
from ecr_constructs.review import load_sides, review
from ecr_constructs.review.recipes.recipe import Recipe
from local_aws import paths
from stacks.stage import EnvironmentStage
from tests.support import processes
from tests.support.constructs import new_app
from tests.support.embedded_aws import Place


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
