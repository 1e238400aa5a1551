"""Ask what is live, as an operator does: is it as declared, and what does a policy delete."""

from __future__ import annotations

import json
import shlex
import subprocess
import sys
from typing import TYPE_CHECKING, Any

from ecr_constructs.model.partitions import registry_host
from local_aws import LocalAwsError, images
from local_aws.demo import screen

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from ecr_constructs.environment.resolution import ResolvedEnvironment
    from local_aws.endpoint import Endpoint

SOURCES = "registry,repositories,images,cloudformation,ecs"
# The command reports findings.
_FINDINGS = 1
KEEP_ONE: dict[str, Any] = {
    "rules": [
        {
            "rulePriority": 1,
            "description": "keep the newest image",
            "selection": {
                "tagStatus": "any",
                "countType": "imageCountMoreThan",
                "countNumber": 1,
            },
            "action": {"type": "expire"},
        }
    ]
}


def show(
    aws: Endpoint, environment: ResolvedEnvironment, folder: Path, stage: str, release: str
) -> None:
    """Compare the registry with its templates, change it by hand, and run an image.

    Args:
        aws: The embedded AWS.
        environment: What is deployed.
        folder: A folder that holds the cloud assembly as ``cdk.out``.
        stage: Its CDK stage: ``Prod``.
        release: An image of the registry: ``payments/api:v1.0.0``.
    """
    account, region = environment.account, environment.region
    repository = release.partition(":")[0]
    screen.heading(f"Is {stage} as declared?")
    operator = _Operator(aws, environment, folder)
    operator.snapshot()
    operator.status(stage)
    screen.say(f"Somebody makes the tags of {repository} mutable:")
    command = f"aws ecr put-image-tag-mutability --repository-name {repository}"
    screen.command(f"{command} --image-tag-mutability MUTABLE")
    ecr = aws.client("ecr", account=account, region=region)
    ecr.put_image_tag_mutability(repositoryName=repository, imageTagMutability="MUTABLE")
    operator.snapshot()
    operator.status(stage)

    screen.heading("An image that runs, and a policy that would delete it")
    host = registry_host(account, region)
    screen.command(f"aws ecs run-task --task-definition api  # runs {host}/{release}")
    ecs = aws.client("ecs", account=account, region=region)
    ecs.create_cluster(clusterName="prod")
    container = {"name": "api", "image": f"{host}/{release}", "memory": 128}
    ecs.register_task_definition(family="api", containerDefinitions=[container])
    ecs.run_task(cluster="prod", taskDefinition="api", count=3)
    newer = images.image("payments API, one release later")
    aws.registry(account, region).push(f"{repository}:v1.0.1", newer)
    operator.snapshot()
    operator.preview(repository, KEEP_ONE)


class _Operator:
    """Runs commands in a folder, with the embedded AWS as the only AWS."""

    def __init__(self, aws: Endpoint, environment: ResolvedEnvironment, folder: Path) -> None:
        self._env = aws.env(account=environment.account, region=environment.region)
        self._folder = folder

    def snapshot(self) -> None:
        """Read what is live into the folder ``live``."""
        answer = self._asked("snapshot", "--sources", SOURCES, "--output", "live")
        for item in answer["snapshots"]:
            calls = (
                f"{item['calls']} calls, {sum(part['calls'] for part in item['refused'])} refused"
            )
            screen.result(f"account {item['account']} in {item['region']}: {calls}")

    def status(self, stage: str) -> None:
        """Compare what is live with the templates of a stage."""
        templates = f"cdk.out/assembly-{stage}"
        answer = self._asked("status", "--snapshot", "live", "--templates", templates)
        for item in answer["differences"]:
            screen.result(item["summary"], good=False)
        summary = answer["summary"]
        counts = summary["same"], summary["different"], summary["notCompared"]
        text = "{} settings are as declared, {} differ, and of {} it is not known".format(*counts)
        screen.result(text, good=not any(counts[1:]))

    def preview(self, repository: str, policy: Mapping[str, Any]) -> None:
        """Ask what a policy would do to the images of a repository that are in use."""
        (self._folder / "policy.json").write_text(json.dumps(policy), encoding="utf-8")
        arguments = ["--policy", "policy.json", "--repository", repository, "--in-use", "live"]
        answer = self._asked("lifecycle", "preview", *arguments)
        for item in answer["inUse"]["conflicts"]:
            screen.result(item["message"], good=False)

    def _asked(self, *arguments: str) -> Any:
        """Run a command, and return its answer as JSON."""
        screen.command(f"ecr-constructs {shlex.join(arguments)}")
        done = subprocess.run(  # noqa: S603 - the commands are ours
            [sys.executable, "-m", "ecr_constructs", *arguments, "--format", "json"],
            cwd=self._folder,
            env=self._env,
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        if done.returncode > _FINDINGS:
            msg = f"{arguments[0]} failed: {done.stderr.strip()}"
            raise LocalAwsError(msg)
        return json.loads(done.stdout)
