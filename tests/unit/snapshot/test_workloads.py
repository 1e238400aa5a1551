"""References of each service, in the shapes that botocore and Kubernetes document."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from ecr_constructs.model.members import objects
from ecr_constructs.snapshot.document import Record, Snapshot
from ecr_constructs.snapshot.usage.references import Reading
from ecr_constructs.snapshot.usage.workloads import SOURCES, read_workloads
from tests.support.snapshots import ACCOUNT, REGION, answered, refused, snapshot
from tests.support.workload_answers import (
    arn,
    definition,
    digest,
    ecs,
    kubernetes,
    nothing,
    revision,
    service,
    task,
    uri,
)

V1, V2 = uri("api:v1"), uri("api:v2")
PINNED = f"{uri('api')}@{digest('v1')}"


def references(reading: Reading) -> list[tuple[str, str, str, int]]:
    """Return who uses which tag or digest, how, and how often."""
    return [
        (
            str(item.user),
            item.state,
            "digest" if item.image.digest == digest("v1") else str(item.image.tag),
            item.count,
        )
        for item in reading.references
    ]


def doubts(reading: Reading) -> list[tuple[str, str, str]]:
    """Return the source, the operation and the reason of what is not known."""
    return [(item.source, item.operation, item.reason) for item in reading.not_known]


def reading_of(records: list[Record] | Record, *services: str, **settings: Any) -> Reading:
    """Return what is read of the answers of services, if all others have no workload."""
    return read_workloads(snapshot(records, nothing(*services)), **settings)


def test_ecs_tasks() -> None:
    """Tasks of a service count together; what ended, and what has no image, does not count."""
    digest_of = {"image": V1, "imageDigest": digest("v1")}
    records = ecs(
        task("1", [digest_of, {"name": "pause"}]),
        task("2", [digest_of]),
        task("3", [{"image": V2}], group="family:nightly", overrides={"executionRoleArn": "role"}),
        task("4", [{"image": V2}], group="", taskDefinitionArn=arn("ecs", "task-definition/job:7")),
        task("5", [{"image": uri("Not/Valid")}]),
    )
    failures = [{"arn": "a", "reason": "MISSING"}, {"arn": "b", "reason": "UNKNOWN"}]
    request = {"cluster": "c", "tasks": ["a", "b"]}
    records.append(
        answered("DescribeTasks", request, {"tasks": [], "failures": failures}, service="ecs")
    )

    reading = reading_of(records, "ecs")

    assert references(reading) == [
        ("ecs task prod/api (revision 12)", "running", "digest", 2),
        ("ecs task prod/nightly (revision 12)", "running", "v2", 1),
        ("ecs task prod/job (revision 7)", "running", "v2", 1),
    ]
    assert ["", "role", ""] == [item.role for item in reading.references]
    assert [("ecs", ""), ("ecs", "DescribeTasks")] == [
        (source, operation) for source, operation, _ in doubts(reading)
    ]


def test_ecs_services() -> None:
    """The current revision starts next, former ones are for rollbacks, as many as asked for."""
    pinned = [{"image": V1, "imageDigest": digest("v1")}]
    revisions = [revision(number, pinned) for number in (12, 11, 10, 9)]
    records = ecs(services=[service()], revisions=revisions)

    reading = reading_of(records, "ecs", revisions=2)

    assert references(reading) == [
        ("ecs service prod/api (revision 12)", "definition", "digest", 1),
        ("ecs service prod/api (revision 11)", "rollback", "digest", 1),
        ("ecs service prod/api (revision 10)", "rollback", "digest", 1),
    ]
    assert (1, []) == (reading.older, doubts(reading))


def test_the_current_revision_of_a_service() -> None:
    """ECS says which revision is the current one, also after a rollback."""
    pinned = [{"image": V1, "imageDigest": digest("v1")}]
    current = revision(11, pinned)["serviceRevisionArn"]
    records = ecs(
        services=[service(currentServiceRevisions=[{"arn": current}])],
        revisions=[revision(12, [{"image": V2}]), revision(11, pinned)],
    )

    assert references(reading_of(records, "ecs")) == [
        ("ecs service prod/api (revision 12)", "rollback", "v2", 1),
        ("ecs service prod/api (revision 11)", "definition", "digest", 1),
    ]


def test_services_without_revisions() -> None:
    """Without images of revisions, the task definitions of deployments and task sets count."""
    deployed = arn("ecs", "task-definition/api:11")
    records = ecs(
        services=[
            service(deployments=[{"taskDefinition": deployed}]),
            service("gone", status="INACTIVE"),
            service("other"),
        ],
        revisions=[revision(1, [{"image": V1}], "former")],
        definitions=[
            definition(12, V2, executionRoleArn="role"),
            definition(11, V1),
            definition(1, V1, family="old", status="INACTIVE"),
        ],
    )

    reading = reading_of(records, "ecs")

    assert references(reading) == [
        ("ecs service prod/api (revision 12)", "definition", "v2", 1),
        ("ecs service prod/api (revision 11)", "definition", "v1", 1),
        # Of a service that is not described.
        ("ecs service prod/former (revision 1)", "definition", "v1", 1),
        ("ecs task definition api (revision 12)", "definition", "v2", 1),
        ("ecs task definition api (revision 11)", "rollback", "v1", 1),
    ]
    assert [("ecs", "DescribeTaskDefinition", "not-asked")] == doubts(reading)


def test_ecs_daemons() -> None:
    """Daemons have revisions, as services do."""
    revisions = [
        {
            "daemonRevisionArn": f"r{number}",
            "daemonArn": arn("ecs", "daemon/prod/agent"),
            "clusterArn": arn("ecs", "cluster/prod"),
            "daemonTaskDefinitionArn": arn("ecs", f"daemon-task-definition/agent:{number}"),
            "containerImages": [{"image": image}],
            "createdAt": f"2026-11-0{number}T00:00:00Z",
        }
        for number, image in ((1, V1), (2, V2))
    ]
    request = {"daemonRevisionArns": ["r1", "r2"]}
    record = answered(
        "DescribeDaemonRevisions", request, {"daemonRevisions": revisions}, service="ecs"
    )

    assert references(reading_of(record)) == [
        ("ecs daemon prod/agent (revision 2)", "definition", "v2", 1),
        ("ecs daemon prod/agent (revision 1)", "rollback", "v1", 1),
    ]


def function(version: str, image: Mapping[str, Any], **more: Any) -> list[Record]:
    """Return what Lambda answers about a version of a function."""
    name = arn("lambda", f"function:orders:{version}")
    settings = {"FunctionName": "orders", "FunctionArn": name, "Version": version, **more}
    output = {"Configuration": {**settings, "PackageType": "Image"}, "Code": image}
    return [answered("GetFunction", {"FunctionName": name}, output, service="lambda")]


def test_lambda() -> None:
    """Lambda says the digest, and what is broken already; functions of other images are said."""
    listed = [
        {"FunctionArn": arn("lambda", f"function:{name}"), "PackageType": kind}
        for name, kind in (("orders:1", "Image"), ("unread", "Image"), ("zip", "Zip"))
    ]
    output = {"Functions": listed}
    records = [
        answered("ListFunctions", {"FunctionVersion": "ALL"}, output, service="lambda"),
        *function("$LATEST", {"ImageUri": V2}, StateReasonCode="ImageDeleted"),
        *function("1", {"ImageUri": V1, "ResolvedImageUri": PINNED}),
    ]

    reading = reading_of(records, "lambda")

    assert references(reading) == [
        ("lambda function orders", "running", "v2", 1),
        ("lambda function orders (revision 1)", "definition", "digest", 1),
    ]
    assert ["ImageDeleted", ""] == [item.problem for item in reading.references]
    assert [("lambda", "GetFunction", "not-asked")] == doubts(reading)


def test_other_services() -> None:
    """The other services of the table."""
    runner = {
        "ServiceName": "shop-web",
        "ServiceId": "1" * 32,
        "ServiceArn": "arn:aws:apprunner:eu-central-1:111122223333:service/shop/1",
        "CreatedAt": "2026-11-01T00:00:00Z",
        "UpdatedAt": "2026-11-01T00:00:00Z",
        "Status": "RUNNING",
        "InstanceConfiguration": {},
        "NetworkConfiguration": {},
        "AutoScalingConfigurationSummary": {},
        "SourceConfiguration": {
            "ImageRepository": {"ImageIdentifier": V1, "ImageRepositoryType": "ECR"},
            "AuthenticationConfiguration": {"AccessRoleArn": "r" * 40},
        },
    }
    job = {
        "jobDefinitionName": "night",
        "jobDefinitionArn": "arn",
        "type": "container",
        "status": "ACTIVE",
    }
    jobs = [
        {**job, "revision": 2, "containerProperties": {"image": V2, "executionRoleArn": "role"}},
        {
            **job,
            "revision": 1,
            "eksProperties": {"podProperties": {"containers": [{"image": V1}]}},
        },
        {**job, "revision": 3, "status": "INACTIVE", "containerProperties": {"image": V1}},
    ]
    model = {
        "ModelName": "score",
        "ModelArn": "arn:aws:sagemaker:eu-central-1:111122223333:model/score",
        "PrimaryContainer": {"Image": V1},
        "Containers": [{"Image": V2}],
        "CreationTime": "2026-11-01T00:00:00Z",
        "ExecutionRoleArn": "arn:aws:iam::111122223333:role/score",
    }
    endpoint = {
        "EndpointName": "score",
        "EndpointArn": "arn:aws:sagemaker:eu-central-1:111122223333:endpoint/score",
        "EndpointStatus": "InService",
        "CreationTime": "2026-11-01T00:00:00Z",
        "LastModifiedTime": "2026-11-01T00:00:00Z",
        "ProductionVariants": [
            {
                "VariantName": "a",
                "DeployedImages": [{"SpecifiedImage": V1, "ResolvedImage": PINNED}],
            }
        ],
    }
    project = {"name": "ci", "environment": {"image": V1, **BUILD}, "serviceRole": "role"}
    records = [
        answered(
            "DescribeService",
            {"ServiceArn": runner["ServiceArn"]},
            {"Service": runner},
            service="apprunner",
        ),
        answered(
            "DescribeService",
            {"ServiceArn": f"{runner['ServiceArn']}2"},
            {"Service": {**runner, "ServiceName": "shop-off", "Status": "PAUSED"}},
            service="apprunner",
        ),
        answered(
            "DescribeService",
            {"ServiceArn": f"{runner['ServiceArn']}3"},
            {"Service": {**runner, "Status": "DELETED"}},
            service="apprunner",
        ),
        answered(
            "DescribeJobDefinitions",
            {"status": "ACTIVE"},
            {"jobDefinitions": jobs},
            service="batch",
        ),
        answered(
            "BatchGetProjects", {"names": ["ci"]}, {"projects": [project]}, service="codebuild"
        ),
        answered("DescribeModel", {"ModelName": "score"}, model, service="sagemaker"),
        answered("DescribeEndpoint", {"EndpointName": "score"}, endpoint, service="sagemaker"),
    ]

    assert references(reading_of(records, "batch")) == [
        ("apprunner service shop-web", "running", "v1", 1),
        ("apprunner service shop-off", "definition", "v1", 1),
        ("batch job definition night (revision 2)", "definition", "v2", 1),
        ("batch job definition night (revision 1)", "rollback", "v1", 1),
        ("codebuild project ci", "definition", "v1", 1),
        ("sagemaker model score", "definition", "v1", 1),
        ("sagemaker model score", "definition", "v2", 1),
        ("sagemaker endpoint score", "running", "digest", 1),
    ]


BUILD = {"type": "LINUX_CONTAINER", "computeType": "BUILD_GENERAL1_SMALL"}


def test_agents_and_emr() -> None:
    """Agent runtimes, and applications with an image for each type of worker."""
    runtime = {
        "agentRuntimeArn": arn("bedrock-agentcore", "runtime/agent-0123456789"),
        "agentRuntimeName": "agent",
        "agentRuntimeId": "agent-0123456789",
        "agentRuntimeVersion": "4",
        "createdAt": "2026-11-01T00:00:00Z",
        "lastUpdatedAt": "2026-11-01T00:00:00Z",
        "roleArn": "arn:aws:iam::111122223333:role/agent",
        "networkConfiguration": {"networkMode": "PUBLIC"},
        "status": "READY",
        "lifecycleConfiguration": {},
        "agentRuntimeArtifact": {"containerConfiguration": {"containerUri": V1}},
    }
    application = {
        "applicationId": "1",
        "arn": f"arn:aws:emr-serverless:{REGION}:{ACCOUNT}:/applications/1",
        "name": "etl",
        "releaseLabel": "emr-7",
        "type": "SPARK",
        "state": "STARTED",
        "createdAt": "2026-11-01T00:00:00Z",
        "updatedAt": "2026-11-01T00:00:00Z",
        "imageConfiguration": {"imageUri": V1, "resolvedImageDigest": digest("v1")},
        "workerTypeSpecifications": {"driver": {"imageConfiguration": {"imageUri": V2}}},
    }
    records = [
        answered(
            "GetAgentRuntime",
            {"agentRuntimeId": "agent-0123456789"},
            runtime,
            service="bedrock-agentcore-control",
        ),
        answered(
            "GetApplication",
            {"applicationId": "1"},
            {"application": application},
            service="emr-serverless",
        ),
        answered(
            "GetApplication",
            {"applicationId": "2"},
            {"application": {**application, "state": "TERMINATED"}},
            service="emr-serverless",
        ),
    ]

    assert references(reading_of(records)) == [
        ("bedrock-agentcore-control agent runtime agent (revision 4)", "running", "v1", 1),
        ("emr-serverless application etl", "definition", "digest", 1),
        ("emr-serverless application etl", "definition", "v2", 1),
    ]


def test_inspector() -> None:
    """Inspector counts what runs in ECS and EKS, also where nothing else was read."""
    covered = [
        {
            "resourceId": arn("ecr", f"repository/payments/api/{digest('v1')}"),
            "resourceType": "AWS_ECR_CONTAINER_IMAGE",
            "accountId": ACCOUNT,
            "scanType": "PACKAGE",
            "resourceMetadata": {"ecrImage": {"inUseCount": count}},
        }
        for count in (0, 3)
    ]
    record = answered("ListCoverage", {}, {"coveredResources": covered}, service="inspector2")

    [reference] = reading_of(record).references

    assert (reference.image.repository, reference.image.digest) == ("payments/api", digest("v1"))
    assert "inspector2 in-use count payments/api: 3" == str(reference.user)


def test_services_that_name_images_anywhere() -> None:
    """Each text that is the URI of an image counts, with the digest next to it."""
    group = {
        "Name": "arena",
        "OperatingSystem": "AMAZON_LINUX_2023",
        "GameServerContainerDefinition": {
            "ContainerName": "server",
            "ImageUri": V1,
            "ResolvedImageDigest": digest("v1"),
        },
    }
    mapping = {"imageMappings": [{"sourceImage": "ubuntu", "destinationImage": V1}]}
    service = {
        "containerServiceName": "blog",
        "currentDeployment": {"containers": {"web": {"image": V1}}},
    }
    records = [
        answered(
            "ListContainerGroupDefinitions",
            {},
            {"ContainerGroupDefinitions": [group]},
            service="gamelift",
        ),
        answered(
            "GetWorkflow",
            {"id": "1"},
            {"name": "reads", "containerRegistryMap": mapping},
            service="omics",
        ),
        answered("GetContainerServices", {}, {"containerServices": [service]}, service="lightsail"),
        answered(
            "GetContainerRecipe",
            {"containerRecipeArn": arn("imagebuilder", "container-recipe/base/1.0.0")},
            {"containerRecipe": {"name": "base", "parentImage": uri("Bad")}},
            service="imagebuilder",
        ),
    ]

    reading = read_workloads(snapshot(records, nothing("gamelift", "lightsail")))

    assert references(reading) == [
        ("gamelift container group arena", "running", "digest", 1),
        ("omics workflow reads", "definition", "v1", 1),
        ("lightsail container service blog", "running", "v1", 1),
    ]
    assert [("imagebuilder", "")] == [(source, name) for source, name, _ in doubts(reading)]


def test_an_aggregator() -> None:
    """An aggregator of AWS Config has the references of other accounts."""
    item = {
        "accountId": "444455556666",
        "awsRegion": "eu-west-1",
        "resourceType": "AWS::ECS::TaskDefinition",
        "resourceName": "web",
    }
    configuration = {"ContainerDefinitions": [{"Image": V1}]}
    results = [
        json.dumps({**item, "configuration": configuration}),
        json.dumps(
            {
                **item,
                "resourceName": "",
                "resourceId": "id",
                "configuration": json.dumps(configuration),
            }
        ),
        json.dumps({**item, "configuration": "{"}),
        "{",
    ]
    request = {"Expression": "SELECT accountId", "ConfigurationAggregatorName": "all"}
    record = answered(
        "SelectAggregateResourceConfig", request, {"Results": results}, service="config"
    )

    reading = reading_of(record)

    assert references(reading) == [
        ("config ECS TaskDefinition web", "definition", "v1", 1),
        ("config ECS TaskDefinition id", "definition", "v1", 1),
    ]
    assert ["444455556666/eu-west-1"] * 2 == [
        str(item.user.registry) for item in reading.references
    ]
    assert [("config", "SelectAggregateResourceConfig", "not readable")] == doubts(reading)


def pod(name: str, image: str, image_id: str, **more: Any) -> dict[str, Any]:
    """Return a pod as kubectl prints it."""
    return {
        "kind": "Pod",
        "metadata": {"name": name, "namespace": "prod"},
        "spec": {"containers": [{"name": "web", "image": image}]},
        "status": {
            "phase": "Running",
            "containerStatuses": [{"name": "web", "image": image, "imageID": image_id}],
        },
        **more,
    }


def owned(kind: str, name: str, **labels: str) -> dict[str, Any]:
    """Return the metadata of an object that another one controls."""
    owner = {"kind": kind, "name": name}
    return {"name": "x", "namespace": "prod", "labels": labels, "ownerReferences": [owner]}


@pytest.mark.parametrize(
    ("image_id", "expected"),
    [
        (PINNED, ["digest"]),
        (f"docker-pullable://{PINNED}", ["digest"]),
        # Not digests of manifests.
        (f"docker://{digest('configuration')}", ["v1"]),
        (digest("configuration"), ["v1"]),
        ("", ["v1"]),
        # The node has the content from another repository.
        (f"{uri('mirror/api')}@{digest('v1')}", ["v1", "digest"]),
    ],
)
def test_pods(image_id: str, expected: list[str]) -> None:
    """The runtimes write the digest of a pod in several ways."""
    reading = reading_of(kubernetes(pod("a", V1, image_id)))

    assert expected == [image for _, _, image, _ in references(reading)]


def template(image: str) -> dict[str, Any]:
    """Return the part of a workload that describes its pods."""
    return {"template": {"spec": {"initContainers": [{"image": image}], "containers": None}}}


def test_kubernetes_workloads() -> None:
    """Pods count by their owner; revisions of workloads are for rollbacks; what ended does not."""
    web = owned("ReplicaSet", "web-7c9", **{"pod-template-hash": "7c9"})
    annotation = "deployment.kubernetes.io/revision"

    def replica_set(number: str, image: str) -> dict[str, Any]:
        metadata = {**owned("Deployment", "web"), "annotations": {annotation: number}}
        return {"kind": "ReplicaSet", "metadata": metadata, "spec": template(image)}

    record = kubernetes(
        pod("web-7c9-1", V2, "", metadata=web),
        pod("web-7c9-2", V2, "", metadata=web),
        pod("single", V2, ""),
        pod("ended", V1, "", status={"phase": "Succeeded"}),
        replica_set("1", V1),
        replica_set("2", V2),
        replica_set("?", V1),
        {
            "kind": "ControllerRevision",
            "metadata": owned("StatefulSet", "db"),
            "revision": 4,
            "data": {"spec": template(V2)},
        },
        {
            "kind": "CronJob",
            "metadata": {"name": "night"},
            "spec": {"jobTemplate": {"spec": template(V1)}},
        },
        {"kind": "Job", "metadata": {"name": "now"}, "spec": template(V1)},
        {
            "kind": "Job",
            "metadata": {"name": "done"},
            "spec": template(V1),
            "status": {"conditions": [{"type": "Complete", "status": "True"}]},
        },
        {"kind": "ConfigMap", "metadata": {"name": "settings"}},
        {"kind": "ReplicaSet", "metadata": {"name": "bare"}, "spec": template(V1)},
    )

    reading = reading_of(record, revisions=1)

    assert references(reading) == [
        ("kubernetes pod shop/deployment prod/web", "running", "v2", 2),
        ("kubernetes pod shop/prod/single", "running", "v2", 1),
        ("kubernetes cronjob shop/default/night", "definition", "v1", 1),
        ("kubernetes job shop/default/now", "definition", "v1", 1),
        ("kubernetes deployment shop/prod/web (revision 2)", "definition", "v2", 1),
        ("kubernetes deployment shop/prod/web (revision 1)", "rollback", "v1", 1),
        ("kubernetes statefulset shop/prod/db (revision 4)", "definition", "v2", 1),
        ("kubernetes replicaset shop/default/bare", "definition", "v1", 1),
    ]
    assert 1 == reading.older


def test_what_was_not_asked() -> None:
    """A service that was not asked is not known, unless it is one that is ignored."""
    reading = read_workloads(snapshot())
    assert {*SOURCES} == {source for source, _, _ in doubts(reading)}
    assert {"not-asked"} == {reason for _, _, reason in doubts(reading)}
    assert [] == doubts(read_workloads(snapshot(), ignored=SOURCES))


def test_what_was_refused() -> None:
    """A call that AWS rejected, and one that nobody made, are not known."""
    cluster = arn("ecs", "cluster/prod")
    records = [
        *(
            record
            for record in ecs(task("1", [{"image": V1}]))
            if record.operation != "DescribeTasks"
        ),
        refused("ListServiceDeployments", {"cluster": cluster, "service": "s"}, service="ecs"),
        refused("ListClusters", service="eks"),
    ]

    assert doubts(reading_of(records, "ecs", "eks")) == [
        ("ecs", "ListServiceDeployments", "refused: AccessDeniedException"),
        ("ecs", "DescribeTasks", "not-asked"),
        ("kubernetes", "ListClusters", "refused: AccessDeniedException"),
    ]


def test_clusters_without_objects() -> None:
    """A cluster of EKS whose objects are not there is not known."""
    names = ["shop", *(f"c{number}" for number in range(2))]
    listed = answered("ListClusters", {}, {"clusters": names}, service="eks")
    partial = Record("kubernetes", "List", {"cluster": "c0"}, "", {"items": []}, more=True)

    assert doubts(reading_of([listed, kubernetes(), partial], "eks")) == [
        ("kubernetes", "List", "not-asked"),
        ("kubernetes", "List", "not-asked"),
        ("kubernetes", "List", "partial"),
    ]


def test_many_that_were_not_asked() -> None:
    """A few names are shown, and how many more there are."""
    arns = [arn("ecs", f"task-definition/job:{number}") for number in range(5)]
    request = {"status": "ACTIVE"}
    listed = answered("ListTaskDefinitions", request, {"taskDefinitionArns": arns}, service="ecs")

    [item] = [item for item in reading_of(listed, "ecs").not_known if item.operation[0] == "D"]

    assert item.subject.endswith(" job:0, job:1, job:2 and 2 more")


def test_answers_of_another_form() -> None:
    """What no service answers is left out, and fails nothing."""
    odd = {"taskDefinition": {"containerDefinitions": [1, {"image": 2}], "revision": "x"}}
    record = Record("ecs", "DescribeTaskDefinition", {"taskDefinition": 3}, "", odd)
    records = [record, Record("batch", "DescribeJobDefinitions", {}, "", {"jobDefinitions": {}})]

    assert [] == [*objects({})]
    assert [] == references(read_workloads(Snapshot(snapshot().header, records)))
