"""A runner of GitLab CI, as far as ``examples/ci/gitlab-ci.yml`` needs one.

Each job runs in a folder of its own, with the variables that GitLab gives it and the artifacts
that it needs: https://docs.gitlab.com/ci/yaml/ and https://docs.gitlab.com/ci/variables/.
"""

import re
import shutil
import subprocess
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.support.code_host import TOKEN
from tests.support.constructs import ROOT
from tests.support.github_runner import AWS_SECRET, BASH, git, tools
from tests.support.processes import run

# The job that runs the code of a merge request.
HOSTILE = "ecr-head"
Done = subprocess.CompletedProcess[str]


@dataclass
class Pipeline:
    """A pipeline.

    Attributes:
        document: Its configuration.
        clone: The repository.
        work: An empty folder for its jobs.
        predefined: The variables that GitLab sets, and those of the project without a scope.
        scoped: The variables of an environment, which only its jobs get. Default: the token.
    """

    document: Mapping[str, Any]
    clone: Path
    work: Path
    predefined: Mapping[str, str]
    scoped: Mapping[str, Mapping[str, str]] = field(
        default_factory=lambda: {"ecr-review": {"ECR_REVIEW_TOKEN": TOKEN}}
    )

    def run(self) -> dict[str, Done]:
        """Run the jobs until one fails."""
        done: dict[str, Done] = {}
        for name, job in self.document.items():
            if name.startswith(".") or "script" not in self._whole(job) or not self._runs(job):
                continue
            done[name] = self._job(name, self._whole(job))
            if done[name].returncode:
                break
        return done

    def folder(self, job: str) -> Path:
        """Return the folder of a job, beside which there is no other job."""
        return self.work / job / "builds" / "registry"

    def _whole(self, job: Mapping[str, Any]) -> Mapping[str, Any]:
        """Return a job with what it extends, in which mappings are merged."""
        parent = self.document.get(job.get("extends", ""), {})
        variables = {**parent.get("variables", {}), **job.get("variables", {})}
        return {**parent, **job, "variables": variables}

    def _runs(self, job: Mapping[str, Any]) -> bool:
        return any(self._holds(rule["if"]) for rule in job["rules"])

    def _holds(self, condition: str) -> bool:
        of_merge_request = "CI_MERGE_REQUEST_IID" in self.predefined
        terms = {
            '$CI_PIPELINE_SOURCE == "merge_request_event"': of_merge_request,
            "$CI_COMMIT_BRANCH == $CI_DEFAULT_BRANCH": not of_merge_request,
            "$ECR_INVENTORY_ROLE": bool(self.predefined.get("ECR_INVENTORY_ROLE")),
        }
        return all(terms[term] for term in condition.split(" && "))

    def _job(self, name: str, job: Mapping[str, Any]) -> Done:
        folder = self.folder(name)
        folder.mkdir(parents=True)
        variables = {**self.document["variables"], **job["variables"]}
        if variables.get("GIT_STRATEGY") != "empty":
            assert variables["GIT_CHECKOUT"] == "false"
            git(folder, "clone", "--quiet", "--no-checkout", self.clone.as_uri(), ".")
        self._receive(folder, job.get("needs", []))
        environment = {
            **self.predefined,
            **{key: self._expanded(value) for key, value in variables.items()},
            **self.scoped.get(job.get("environment", {}).get("name", ""), {}),
            **({"AWS_TOKEN": AWS_SECRET} if "id_tokens" in job else {}),
            "CI_PROJECT_DIR": str(folder),
            "PATH": tools(self.work / "tools"),
            "HOME": str(self.work),
        }
        lines = [*job.get("before_script", []), *job["script"]]
        # The commit under test may lack what is being changed.
        if any("git -C reviewer" in line for line in lines):
            (folder / "reviewer").symlink_to(ROOT)
        script = "\n".join(line for line in lines if "reviewer" not in line or "export" in line)
        return run([*BASH, "-c", script], folder, environment)

    def _receive(self, folder: Path, needs: Iterable[Any]) -> None:
        names = [need["job"] if isinstance(need, dict) else need for need in needs]
        # The order is not documented: what is hostile comes last, and overwrites.
        for needed in sorted(names, key=HOSTILE.__eq__):
            for path in self.document[needed]["artifacts"]["paths"]:
                # A hostile job uploads all that it wants with the token that every job has.
                root = "." if needed == HOSTILE else re.split(r"/\*|/$", path)[0]
                if (source := self.folder(needed) / root).exists():
                    shutil.copytree(source, folder / root, symlinks=True, dirs_exist_ok=True)

    def _expanded(self, value: str) -> str:
        return re.sub(r"\$(\w+)", lambda match: self.predefined.get(match[1], ""), value)
