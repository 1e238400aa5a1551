"""Tasks of ECS in the cluster `prod` of an embedded AWS, the service `api`, and its images."""

from __future__ import annotations

from typing import Any

import pytest

from local_aws import images
from tests.support.embedded_aws import Place

FIRST, SECOND = images.image("first"), images.image("second")
POLICY = {"Version": "2012-10-17", "Statement": []}
PULL = {
    "Effect": "Allow",
    "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
    "Resource": "*",
}
ROLE = "arn:aws:iam::{}:role/run"


@pytest.fixture
def api_v1(place: Place) -> None:
    """Create the repository `api` with one image, v1, which is FIRST."""
    place.ecr.create_repository(repositoryName="api")
    place.push_image("api:v1", FIRST)


def define(ecs: Any, *image_names: str, **options: Any) -> None:
    """Register the task definition `api`, with a container of each image."""
    containers = [
        {"name": f"c{number}", "image": image, "memory": 64}
        for number, image in enumerate(image_names)
    ]
    ecs.register_task_definition(family="api", containerDefinitions=containers, **options)


def run(ecs: Any, *image_names: str, **options: Any) -> dict[str, Any]:
    """Run a task of images; return it as described afterwards."""
    define(ecs, *image_names, **options)
    [task] = ecs.run_task(cluster="prod", taskDefinition="api")["tasks"]
    [described] = ecs.describe_tasks(cluster="prod", tasks=[task["taskArn"]])["tasks"]
    return dict(described)


def digests(task: dict[str, Any]) -> list[str | None]:
    """Return the digest of each container of a task."""
    return [container.get("imageDigest") for container in task["containers"]]


def service_tasks(ecs: Any, status: str = "RUNNING") -> list[dict[str, Any]]:
    """Return the tasks of the service `api`."""
    arns = ecs.list_tasks(cluster="prod", serviceName="api", desiredStatus=status)["taskArns"]
    return list(ecs.describe_tasks(cluster="prod", tasks=arns)["tasks"]) if arns else []


def deployments(ecs: Any) -> list[dict[str, Any]]:
    """Return the service deployments of `api`, newest first."""
    listed = ecs.list_service_deployments(cluster="prod", service="api")
    return list(listed["serviceDeployments"])


def revision(ecs: Any, deployment: dict[str, Any]) -> dict[str, Any]:
    """Return the service revision that a deployment brings."""
    arn = deployment["targetServiceRevisionArn"]
    [described] = ecs.describe_service_revisions(serviceRevisionArns=[arn])["serviceRevisions"]
    return dict(described)
