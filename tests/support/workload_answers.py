"""Answers about workloads, held to botocore's shapes, and images that they use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from ecr_constructs.snapshot.document import Record
from tests.support.snapshots import ACCOUNT, AT, REGION, answered

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def digest(name: str) -> str:
    """Return the digest of a made-up image."""
    return f"sha256:{sha256(name.encode()).hexdigest()}"


def image(name: str, *tags: str, pushed: str = "2026-11-01", **more: Any) -> dict[str, Any]:
    """Return an image as DescribeImages answers it."""
    return {
        "imageDigest": digest(name),
        **({"imageTags": [*tags]} if tags else {}),
        "imageSizeInBytes": 1000,
        "imagePushedAt": f"{pushed}T00:00:00Z",
        "imageManifestMediaType": MANIFEST,
        "imageStatus": "ACTIVE",
        **more,
    }


def uri(rest: str, account: str = ACCOUNT, region: str = REGION) -> str:
    """Return the reference to an image of a registry."""
    return f"{account}.dkr.ecr.{region}.amazonaws.com/{rest}"


def arn(service: str, rest: str, account: str = ACCOUNT) -> str:
    """Return an ARN."""
    return f"arn:aws:{service}:{REGION}:{account}:{rest}"


def manifests(repository: str, indexes: Mapping[str, Sequence[str]]) -> Record:
    """Return the manifests of indexes, as BatchGetImage answers them."""
    images = [
        {
            "imageId": {"imageDigest": digest(name)},
            "imageManifestMediaType": INDEX,
            "imageManifest": '{"schemaVersion": 2, "manifests": ['
            + ", ".join(f'{{"digest": "{digest(child)}", "size": 1}}' for child in children)
            + "]}",
        }
        for name, children in indexes.items()
    ]
    request = {
        "repositoryName": repository,
        "imageIds": [{"imageDigest": digest(name)} for name in indexes],
    }
    return answered("BatchGetImage", request, {"images": images})


def nothing(*services: str) -> list[Record]:
    """Return empty answers of services: of all whose workloads are read, but those named."""
    empty: dict[tuple[str, str], dict[str, Any]] = {
        ("apprunner", "ListServices"): {"ServiceSummaryList": []},
        ("batch", "DescribeJobDefinitions"): {"jobDefinitions": []},
        ("bedrock-agentcore-control", "ListAgentRuntimes"): {"agentRuntimes": []},
        ("cleanroomsml", "ListConfiguredModelAlgorithms"): {"configuredModelAlgorithms": []},
        ("codebuild", "ListFleets"): {},
        ("codebuild", "ListProjects"): {},
        ("ecs", "ListClusters"): {"clusterArns": []},
        ("ecs", "ListTaskDefinitions"): {"taskDefinitionArns": []},
        ("eks", "ListClusters"): {"clusters": []},
        ("emr-serverless", "ListApplications"): {"applications": []},
        ("gamelift", "ListContainerGroupDefinitions"): {"ContainerGroupDefinitions": []},
        ("imagebuilder", "ListContainerRecipes"): {"containerRecipeSummaryList": []},
        ("lambda", "ListFunctions"): {"Functions": []},
        ("lightsail", "GetContainerServices"): {"containerServices": []},
        ("omics", "ListWorkflows"): {"items": []},
        ("sagemaker", "ListEndpoints"): {"Endpoints": []},
        ("sagemaker", "ListImages"): {"Images": []},
        ("sagemaker", "ListInferenceComponents"): {"InferenceComponents": []},
        ("sagemaker", "ListModels"): {"Models": []},
    }
    requests = {
        "DescribeJobDefinitions": {"status": "ACTIVE"},
        "ListTaskDefinitions": {"status": "ACTIVE"},
        "ListFunctions": {"FunctionVersion": "ALL"},
    }
    return [
        answered(operation, requests.get(operation), output, service=service)
        for (service, operation), output in empty.items()
        if service not in services
    ]


def task(
    name: str, containers: Sequence[Mapping[str, Any]], *, revision: int = 12, **more: Any
) -> dict[str, Any]:
    """Return a task of the service ``api`` in the cluster ``prod``, as DescribeTasks answers it."""
    return {
        "taskArn": arn("ecs", f"task/prod/{name}"),
        "clusterArn": arn("ecs", "cluster/prod"),
        "taskDefinitionArn": arn("ecs", f"task-definition/api:{revision}"),
        "group": "service:api",
        "lastStatus": "RUNNING",
        "containers": [{"name": "web", **container} for container in containers],
        **more,
    }


def ecs(
    *tasks: Mapping[str, Any],
    services: Sequence[Mapping[str, Any]] = (),
    revisions: Sequence[Mapping[str, Any]] = (),
    definitions: Sequence[Mapping[str, Any]] = (),
) -> list[Record]:
    """Return all that ECS answers about the cluster ``prod``."""
    cluster = arn("ecs", "cluster/prod")
    task_arns = [str(item["taskArn"]) for item in tasks]
    service_arns = [str(item["serviceArn"]) for item in services]
    definition_arns = [str(item["taskDefinitionArn"]) for item in definitions]

    def answer(operation: str, request: Mapping[str, Any], output: Mapping[str, Any]) -> Record:
        return answered(operation, request, output, service="ecs")

    records = [
        answer("ListClusters", {}, {"clusterArns": [cluster]}),
        answer(
            "ListTasks", {"cluster": cluster, "desiredStatus": "RUNNING"}, {"taskArns": task_arns}
        ),
        answer("ListServices", {"cluster": cluster}, {"serviceArns": service_arns}),
        answer("ListDaemons", {"clusterArn": cluster}, {"daemonSummariesList": []}),
        answer(
            "ListTaskDefinitions", {"status": "ACTIVE"}, {"taskDefinitionArns": definition_arns}
        ),
    ]
    if tasks:
        request = {"cluster": cluster, "tasks": task_arns}
        records.append(answer("DescribeTasks", request, {"tasks": [*tasks]}))
    if services:
        request = {"cluster": cluster, "services": service_arns}
        records.append(answer("DescribeServices", request, {"services": [*services]}))
    for service in service_arns:
        deployments = [
            {"targetServiceRevisionArn": item["serviceRevisionArn"]}
            for item in revisions
            if item["serviceArn"] == service
        ]
        request = {"cluster": cluster, "service": service}
        records.append(
            answer("ListServiceDeployments", request, {"serviceDeployments": deployments})
        )
    if revisions:
        request = {"serviceRevisionArns": [item["serviceRevisionArn"] for item in revisions]}
        records.append(
            answer("DescribeServiceRevisions", request, {"serviceRevisions": [*revisions]})
        )
    records += (
        answer(
            "DescribeTaskDefinition",
            {"taskDefinition": item["taskDefinitionArn"]},
            {"taskDefinition": item},
        )
        for item in definitions
    )
    return records


def service(name: str = "api", **more: Any) -> dict[str, Any]:
    """Return a service in the cluster ``prod``, as DescribeServices answers it."""
    return {
        "serviceArn": arn("ecs", f"service/prod/{name}"),
        "serviceName": name,
        "clusterArn": arn("ecs", "cluster/prod"),
        "status": "ACTIVE",
        "desiredCount": 2,
        "taskDefinition": arn("ecs", f"task-definition/{name}:12"),
        **more,
    }


def revision(
    number: int, containers: Sequence[Mapping[str, Any]], name: str = "api"
) -> dict[str, Any]:
    """Return a revision of a service, as DescribeServiceRevisions answers it."""
    return {
        "serviceRevisionArn": arn("ecs", f"service-revision/prod/{name}/{number}"),
        "serviceArn": arn("ecs", f"service/prod/{name}"),
        "clusterArn": arn("ecs", "cluster/prod"),
        "taskDefinition": arn("ecs", f"task-definition/{name}:{number}"),
        "containerImages": [{"containerName": "web", **container} for container in containers],
        "createdAt": f"2026-11-{number:02}T00:00:00Z",
    }


def definition(number: int, *images: str, family: str = "api", **more: Any) -> dict[str, Any]:
    """Return a task definition, as DescribeTaskDefinition answers it."""
    return {
        "taskDefinitionArn": arn("ecs", f"task-definition/{family}:{number}"),
        "family": family,
        "revision": number,
        "status": "ACTIVE",
        "containerDefinitions": [{"name": "web", "image": item} for item in images],
        **more,
    }


def kubernetes(*items: Mapping[str, Any], cluster: str = "shop") -> Record:
    """Return what kubectl lists of a cluster."""
    output = {"apiVersion": "v1", "kind": "List", "items": [*items]}
    return Record("kubernetes", "List", {"cluster": cluster}, AT, output)
