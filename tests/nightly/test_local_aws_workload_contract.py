"""Every answer about workloads and scans has the shape that botocore's service model says."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from local_aws import images
from tests.support.embedded_aws import Place
from tests.support.shapes import watch

if TYPE_CHECKING:
    from collections.abc import Callable

    from local_aws.process import LocalAws

IMAGE = images.image("contract")
ROLE = "arn:aws:iam::{}:role/run"
NAMES = {"cluster": "prod", "service": "api"}
BREAKER = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}
EVERYTHING = {"scanFrequency": "CONTINUOUS_SCAN"}
RULE = {**EVERYTHING, "repositoryFilters": [{"filter": "*", "filterType": "WILDCARD"}]}


def run_tasks(place: Place, image: str) -> dict[str, list[str]]:
    """Run a task and a service, a new revision of it and one that fails."""
    ecs = place.client("ecs")
    errors = watch(ecs)
    cluster = ecs.create_cluster(clusterName="prod")["cluster"]
    ecs.list_daemons(clusterArn=cluster["clusterArn"])
    for tag in ("", "-missing"):
        containers = [{"name": "c", "image": image + tag, "memory": 64}]
        ecs.register_task_definition(family=f"api{tag}", containerDefinitions=containers)
        [task] = ecs.run_task(cluster="prod", taskDefinition=f"api{tag}")["tasks"]
        ecs.describe_tasks(cluster="prod", tasks=[task["taskArn"]])
    service = {"cluster": "prod", "serviceName": "api", "desiredCount": 2}
    ecs.create_service(**service, taskDefinition="api", deploymentConfiguration=BREAKER)
    ecs.update_service(**NAMES, forceNewDeployment=True)
    ecs.update_service(**NAMES, taskDefinition="api-missing")
    ecs.describe_services(cluster="prod", services=["api", "no"])
    listed = ecs.list_service_deployments(**NAMES)["serviceDeployments"]
    assert [item["status"] for item in listed] == [
        *("ROLLBACK_SUCCESSFUL", "SUCCESSFUL", "SUCCESSFUL")
    ]
    arns = [item["serviceDeploymentArn"] for item in listed]
    ecs.describe_service_deployments(serviceDeploymentArns=[*arns, "arn:aws:ecs:no"])
    arns = [item["targetServiceRevisionArn"] for item in listed]
    ecs.describe_service_revisions(serviceRevisionArns=[*arns, "arn:aws:ecs:no"])
    running = ecs.list_tasks(cluster="prod", serviceName="api")["taskArns"]
    ecs.stop_task(cluster="prod", task=running[0])
    return errors


def run_function(place: Place, image: str) -> dict[str, list[str]]:
    """Create a function, ask for it in every way, then delete its image and ask again."""
    functions = place.client("lambda")
    errors = watch(functions)
    name = {"FunctionName": "f"}
    code = {"PackageType": "Image", "Code": {"ImageUri": image}}
    functions.create_function(**name, **code, Role=ROLE.format(place.account))
    functions.update_function_code(**name, ImageUri=image)
    functions.update_function_configuration(**name, Timeout=5)
    functions.publish_version(**name)
    for _ in range(2):
        functions.get_function(**name)
        functions.get_function(**name, Qualifier="1")
        functions.get_function_configuration(**name)
        functions.list_functions(FunctionVersion="ALL")
        functions.list_versions_by_function(**name)
        place.ecr.batch_delete_image(repositoryName="api", imageIds=[{"imageTag": "v1"}])
    return errors


def scan(place: Place) -> dict[str, list[str]]:
    """Ask Inspector, and ECR, about images that it scans and that it does not."""
    place.ecr.put_registry_scanning_configuration(scanType="ENHANCED", rules=[RULE])
    place.ecr.create_repository(repositoryName="scanned/api")
    for tag, artifact in (("v1", IMAGE), ("chart", images.helm_chart(1))):
        place.push_image(f"scanned/api:{tag}", artifact)
    inspector = place.client("inspector2")
    errors = watch(inspector)
    inspector.list_coverage()
    assert inspector.list_findings()["findings"]
    inspector.get_configuration()
    inspector.list_usage_totals()
    ecr_errors = watch(place.ecr)
    for tag in ("v1", "chart"):
        image = {"repositoryName": "scanned/api", "imageId": {"imageTag": tag}}
        place.ecr.describe_image_scan_findings(**image)
    return errors | {f"ECR {name}": faults for name, faults in ecr_errors.items()}


@pytest.fixture(scope="module")
def errors(local_aws: LocalAws, new_account: Callable[[], str]) -> dict[str, list[str]]:
    """Make all the calls; give for each operation where its answers differ from the model."""
    place = Place(local_aws, new_account())
    place.ecr.create_repository(repositoryName="api")
    place.push_image("api:v1", IMAGE)
    image = place.uri("api:v1")
    return {**run_tasks(place, image), **run_function(place, image), **scan(place)}


@pytest.mark.parametrize(
    "operation",
    [
        *("CreateFunction", "CreateService"),
        *("DescribeServiceDeployments", "DescribeServiceRevisions", "DescribeServices"),
        *("DescribeTasks", "ECR DescribeImageScanFindings", "GetConfiguration", "GetFunction"),
        *(
            "GetFunctionConfiguration",
            "ListCoverage",
            "ListDaemons",
            "ListFindings",
            "ListFunctions",
        ),
        *("ListServiceDeployments", "ListUsageTotals", "ListVersionsByFunction"),
        *("PublishVersion", "RunTask", "StopTask", "UpdateFunctionCode"),
        *("UpdateFunctionConfiguration", "UpdateService"),
    ],
)
def test_answers_have_the_shape_of_the_model(errors: dict[str, list[str]], operation: str) -> None:
    """No unknown member, none missing that is required, every value of its type."""
    assert json.dumps(errors[operation]) == "[]"
