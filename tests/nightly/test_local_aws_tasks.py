"""The embedded AWS's tasks and services run the images of its registry."""

from __future__ import annotations

import json
from typing import Any

import pytest

from local_aws import images
from tests.support.ecs_tasks import (
    FIRST,
    POLICY,
    PULL,
    ROLE,
    SECOND,
    define,
    deployments,
    digests,
    revision,
    run,
    service_tasks,
)
from tests.support.embedded_aws import Place

# The repository `api` of each test's place has one image, v1.
pytestmark = pytest.mark.usefixtures("api_v1")
BREAKER = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}


@pytest.fixture
def ecs(place: Place) -> Any:
    client = place.client("ecs")
    client.create_cluster(clusterName="prod")
    return client


# --- tasks ---


def test_a_task_has_the_digests_of_its_images(place: Place, ecs: Any) -> None:
    """By tag, by digest, from a dual-stack host, of another registry if its name says it."""
    pinned = f"public.ecr.aws/nginx/nginx@{SECOND.digest}"
    dual_stack = f"{place.account}.dkr-ecr.{place.region}.on.aws/api:v1"
    names = [place.uri("api:v1"), place.uri(f"api@{FIRST.digest}"), dual_stack, pinned, "nginx"]

    task = run(ecs, *names)

    assert task["lastStatus"] == "RUNNING"
    assert digests(task) == [FIRST.digest, FIRST.digest, FIRST.digest, SECOND.digest, None]


@pytest.mark.parametrize(
    "reference", ["api:v2", "api", f"api@{SECOND.digest}", "gone:v1", "api:archived"]
)
def test_a_task_whose_image_is_not_there_stops(place: Place, ecs: Any, reference: str) -> None:
    """It never ran: there is a reason, a code and no digest."""
    place.push_image("api:archived", images.image("old"))
    image_id = {"imageTag": "archived"}
    archive = {"imageId": image_id, "targetStorageClass": "ARCHIVE"}
    place.ecr.update_image_storage_class(repositoryName="api", **archive)

    task = run(ecs, place.uri("api:v1"), place.uri(reference))

    assert (task["lastStatus"], task["stopCode"]) == ("STOPPED", "TaskFailedToStart")
    assert task["stoppedReason"].startswith("CannotPullContainerError: ")
    assert ["reason" in container for container in task["containers"]] == [False, True]
    assert "startedAt" not in task
    assert digests(task)[1] is None


@pytest.mark.parametrize(
    ("resource", "status"),
    [("repository/api", "RUNNING"), ("repository/other", "STOPPED")],
    ids=["may pull", "may not"],
)
def test_the_execution_role_must_be_allowed_to_pull(
    place: Place, ecs: Any, resource: str, status: str
) -> None:
    """The policies of the role that the task definition names decide."""
    iam = place.client("iam")
    iam.create_role(RoleName="run", AssumeRolePolicyDocument=json.dumps(POLICY))
    statement = {**PULL, "Resource": f"arn:aws:ecr:{place.region}:{place.account}:{resource}"}
    document = json.dumps({**POLICY, "Statement": [statement]})
    iam.put_role_policy(RoleName="run", PolicyName="pull", PolicyDocument=document)

    task = run(ecs, place.uri("api:v1"), executionRoleArn=ROLE.format(place.account))

    assert task["lastStatus"] == status


def test_an_image_of_another_account_is_found_there(place: Place, ecs: Any) -> None:
    """The host of an image's name says account and Region."""
    other = place.at("us-west-2", "999988887777")
    other.ecr.create_repository(repositoryName="base")
    other.push_image("base:v1", SECOND)

    assert digests(run(ecs, other.uri("base:v1"))) == [SECOND.digest]


# --- services ---


def test_each_update_of_a_service_is_a_deployment_with_a_revision(place: Place, ecs: Any) -> None:
    """A change of the number of tasks is none."""
    define(ecs, place.uri("api:v1"))
    ecs.create_service(cluster="prod", serviceName="api", taskDefinition="api", desiredCount=1)
    place.push_image("api:v2", SECOND)
    define(ecs, place.uri("api:v2"))
    ecs.update_service(cluster="prod", service="api", taskDefinition="api")
    ecs.update_service(cluster="prod", service="api", desiredCount=3)

    newest, oldest = deployments(ecs)

    described = [revision(ecs, deployment)["containerImages"] for deployment in (newest, oldest)]
    assert described == [
        [{"containerName": "c0", "image": place.uri(tag), "imageDigest": artifact.digest}]
        for tag, artifact in (("api:v2", SECOND), ("api:v1", FIRST))
    ]
    assert [newest["status"], oldest["status"]] == ["SUCCESSFUL", "SUCCESSFUL"]
    [detail] = ecs.describe_service_deployments(
        serviceDeploymentArns=[newest["serviceDeploymentArn"]]
    )["serviceDeployments"]
    assert [source["arn"] for source in detail["sourceServiceRevisions"]] == [
        oldest["targetServiceRevisionArn"]
    ]
    assert detail["targetServiceRevision"]["runningTaskCount"] == 3
    [service] = ecs.describe_services(cluster="prod", services=["api"])["services"]
    assert [item["arn"] for item in service["currentServiceRevisions"]] == [
        newest["targetServiceRevisionArn"]
    ]


def test_a_service_runs_the_digest_that_its_first_task_had(place: Place, ecs: Any) -> None:
    """Also after the tag has moved; and when that image is gone, no task starts any more."""
    place.ecr.put_image_tag_mutability(repositoryName="api", imageTagMutability="MUTABLE")
    define(ecs, place.uri("api:v1"))
    ecs.create_service(cluster="prod", serviceName="api", taskDefinition="api", desiredCount=1)
    place.push_image("api:v1", SECOND)

    def restart() -> list[list[str | None]]:
        """Stop the task; return the digests of those that run then."""
        for task in service_tasks(ecs):
            ecs.stop_task(cluster="prod", task=task["taskArn"])
        return [digests(task) for task in service_tasks(ecs)]

    assert restart() == [[FIRST.digest]]
    image_ids = [{"imageDigest": FIRST.digest}]
    place.ecr.batch_delete_image(repositoryName="api", imageIds=image_ids)
    assert restart() == []
    codes = [task["stopCode"] for task in service_tasks(ecs, "STOPPED")]
    assert sorted(codes) == ["TaskFailedToStart", "UserInitiated", "UserInitiated"]

    ecs.update_service(cluster="prod", service="api", forceNewDeployment=True)
    assert [digests(task) for task in service_tasks(ecs)] == [[SECOND.digest]]


@pytest.mark.parametrize(
    ("configuration", "status", "running"),
    [
        ({}, "IN_PROGRESS", [FIRST.digest]),
        ({"deploymentCircuitBreaker": {"enable": True, "rollback": False}}, "STOPPED", None),
        (BREAKER, "ROLLBACK_SUCCESSFUL", [FIRST.digest]),
    ],
    ids=["no circuit breaker", "circuit breaker", "rollback"],
)
def test_a_deployment_whose_image_is_missing_fails(
    place: Place, ecs: Any, configuration: Any, status: str, running: list[str] | None
) -> None:
    """The tasks of the revision before it run on."""
    define(ecs, place.uri("api:v1"))
    names = {"cluster": "prod", "serviceName": "api", "taskDefinition": "api"}
    ecs.create_service(**names, desiredCount=1, deploymentConfiguration=configuration)
    define(ecs, place.uri("api:missing"))
    ecs.update_service(cluster="prod", service="api", taskDefinition="api")

    newest, oldest = deployments(ecs)

    assert (newest["status"], oldest["status"]) == (status, "SUCCESSFUL")
    assert "imageDigest" not in revision(ecs, newest)["containerImages"][0]
    if running:
        assert [digests(task) for task in service_tasks(ecs)] == [running]
    ecs.update_service(cluster="prod", service="api", forceNewDeployment=True)
    [detail] = ecs.describe_service_deployments(
        serviceDeploymentArns=[deployments(ecs)[0]["serviceDeploymentArn"]]
    )["serviceDeployments"]
    assert [source["arn"] for source in detail["sourceServiceRevisions"]] == [
        oldest["targetServiceRevisionArn"]
    ]
    failed = [
        item
        for item in service_tasks(ecs, "STOPPED")
        if item.get("stopCode") == "TaskFailedToStart"
    ]
    assert failed


def test_a_service_that_cannot_start_at_all_is_in_progress(place: Place, ecs: Any) -> None:
    """With the image pushed afterwards, the next update succeeds; the first one was stopped."""
    define(ecs, place.uri("api:late"))
    ecs.create_service(cluster="prod", serviceName="api", taskDefinition="api", desiredCount=2)
    assert [item["status"] for item in deployments(ecs)] == ["IN_PROGRESS"]

    place.push_image("api:late", SECOND)
    ecs.update_service(cluster="prod", service="api", forceNewDeployment=True)

    assert [item["status"] for item in deployments(ecs)] == ["SUCCESSFUL", "STOPPED"]
    chosen = ecs.list_service_deployments(cluster="prod", service="api", status=["STOPPED"])
    assert len(chosen["serviceDeployments"]) == 1


def test_a_service_without_tasks_has_a_revision_without_digests(place: Place, ecs: Any) -> None:
    """Nobody has pulled its image."""
    define(ecs, place.uri("api:v1"))
    ecs.create_service(cluster="prod", serviceName="api", taskDefinition="api", desiredCount=0)

    [deployment] = deployments(ecs)

    assert revision(ecs, deployment)["containerImages"] == [
        {"containerName": "c0", "image": place.uri("api:v1")}
    ]


def test_the_revisions_of_a_deleted_service_are_gone(place: Place, ecs: Any) -> None:
    """As is what never was; a service of the same name begins anew."""
    define(ecs, place.uri("api:v1"))
    names = {"cluster": "prod", "serviceName": "api", "taskDefinition": "api"}
    ecs.create_service(**names, desiredCount=1)
    [deployment] = deployments(ecs)
    ecs.delete_service(cluster="prod", service="api", force=True)

    arns = [deployment["targetServiceRevisionArn"], "arn:aws:ecs:eu-central-1:1:service-revision/x"]
    described = ecs.describe_service_revisions(serviceRevisionArns=arns)
    assert described["serviceRevisions"] == []
    assert [failure["arn"] for failure in described["failures"]] == arns
    with pytest.raises(ecs.exceptions.ServiceNotFoundException):
        deployments(ecs)
    with pytest.raises(ecs.exceptions.ClusterNotFoundException):
        ecs.list_service_deployments(cluster="no", service="api")
    ecs.create_service(**names, desiredCount=1)
    assert len(deployments(ecs)) == 1
