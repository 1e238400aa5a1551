"""The embedded AWS's tasks, services and functions run the images of its registry."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws import images
from tests.support.embedded_aws import Place, settled

FIRST, SECOND = images.image("first"), images.image("second")
LOGIN = {"Version": "2012-10-17", "Statement": []}
PULL = {
    "Effect": "Allow",
    "Action": ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
    "Resource": "*",
}
ROLE = "arn:aws:iam::{}:role/run"
FUNCTIONS = "arn:aws:lambda:*:{account}:function:*"
BREAKER = {"deploymentCircuitBreaker": {"enable": True, "rollback": True}}


def uri(place: Place, reference: str) -> str:
    return f"{place.account}.dkr.ecr.{place.region}.amazonaws.com/{reference}"


def push(place: Place, reference: str, artifact: images.Artifact) -> str:
    return place.registry().push(reference, artifact)


@pytest.fixture
def place(place: Place) -> Place:
    """Return a place whose repository `api` has one image, v1."""
    place.ecr.create_repository(repositoryName="api")
    push(place, "api:v1", FIRST)
    return place


@pytest.fixture
def ecs(place: Place) -> Any:
    client = place.client("ecs")
    client.create_cluster(clusterName="prod")
    return client


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
    return [container.get("imageDigest") for container in task["containers"]]


def service_tasks(ecs: Any, status: str = "RUNNING") -> list[dict[str, Any]]:
    arns = ecs.list_tasks(cluster="prod", serviceName="api", desiredStatus=status)["taskArns"]
    return list(ecs.describe_tasks(cluster="prod", tasks=arns)["tasks"]) if arns else []


def deployments(ecs: Any) -> list[dict[str, Any]]:
    """Return the service deployments of `api`, newest first."""
    listed = ecs.list_service_deployments(cluster="prod", service="api")
    return list(listed["serviceDeployments"])


def revision(ecs: Any, deployment: dict[str, Any]) -> dict[str, Any]:
    arn = deployment["targetServiceRevisionArn"]
    [described] = ecs.describe_service_revisions(serviceRevisionArns=[arn])["serviceRevisions"]
    return dict(described)


# --- tasks ---


def test_a_task_has_the_digests_of_its_images(place: Place, ecs: Any) -> None:
    """By tag, by digest, from a dual-stack host, of another registry if its name says it."""
    pinned = f"public.ecr.aws/nginx/nginx@{SECOND.digest}"
    dual_stack = f"{place.account}.dkr-ecr.{place.region}.on.aws/api:v1"
    names = [uri(place, "api:v1"), uri(place, f"api@{FIRST.digest}"), dual_stack, pinned, "nginx"]

    task = run(ecs, *names)

    assert task["lastStatus"] == "RUNNING"
    assert digests(task) == [FIRST.digest, FIRST.digest, FIRST.digest, SECOND.digest, None]


@pytest.mark.parametrize(
    "reference", ["api:v2", "api", f"api@{SECOND.digest}", "gone:v1", "api:archived"]
)
def test_a_task_whose_image_is_not_there_stops(place: Place, ecs: Any, reference: str) -> None:
    """It never ran: there is a reason, a code and no digest."""
    push(place, "api:archived", images.image("old"))
    image_id = {"imageTag": "archived"}
    archive = {"imageId": image_id, "targetStorageClass": "ARCHIVE"}
    place.ecr.update_image_storage_class(repositoryName="api", **archive)

    task = run(ecs, uri(place, "api:v1"), uri(place, reference))

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
    iam.create_role(RoleName="run", AssumeRolePolicyDocument=json.dumps(LOGIN))
    statement = {**PULL, "Resource": f"arn:aws:ecr:{place.region}:{place.account}:{resource}"}
    document = json.dumps({**LOGIN, "Statement": [statement]})
    iam.put_role_policy(RoleName="run", PolicyName="pull", PolicyDocument=document)

    task = run(ecs, uri(place, "api:v1"), executionRoleArn=ROLE.format(place.account))

    assert task["lastStatus"] == status


def test_an_image_of_another_account_is_found_there(place: Place, ecs: Any) -> None:
    """The host of an image's name says account and Region."""
    other = place.at("us-west-2", "999988887777")
    other.ecr.create_repository(repositoryName="base")
    push(other, "base:v1", SECOND)

    assert digests(run(ecs, uri(other, "base:v1"))) == [SECOND.digest]


# --- services ---


def test_each_update_of_a_service_is_a_deployment_with_a_revision(place: Place, ecs: Any) -> None:
    """A change of the number of tasks is none."""
    define(ecs, uri(place, "api:v1"))
    ecs.create_service(cluster="prod", serviceName="api", taskDefinition="api", desiredCount=1)
    push(place, "api:v2", SECOND)
    define(ecs, uri(place, "api:v2"))
    ecs.update_service(cluster="prod", service="api", taskDefinition="api")
    ecs.update_service(cluster="prod", service="api", desiredCount=3)

    newest, oldest = deployments(ecs)

    described = [revision(ecs, deployment)["containerImages"] for deployment in (newest, oldest)]
    assert described == [
        [{"containerName": "c0", "image": uri(place, tag), "imageDigest": artifact.digest}]
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
    define(ecs, uri(place, "api:v1"))
    ecs.create_service(cluster="prod", serviceName="api", taskDefinition="api", desiredCount=1)
    push(place, "api:v1", SECOND)

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
    define(ecs, uri(place, "api:v1"))
    names = {"cluster": "prod", "serviceName": "api", "taskDefinition": "api"}
    ecs.create_service(**names, desiredCount=1, deploymentConfiguration=configuration)
    define(ecs, uri(place, "api:missing"))
    ecs.update_service(cluster="prod", service="api", taskDefinition="api")

    newest, oldest = deployments(ecs)

    assert (newest["status"], oldest["status"]) == (status, "SUCCESSFUL")
    assert "imageDigest" not in revision(ecs, newest)["containerImages"][0]
    if running:
        assert [digests(task) for task in service_tasks(ecs)] == [running]
    failed = [
        item
        for item in service_tasks(ecs, "STOPPED")
        if item.get("stopCode") == "TaskFailedToStart"
    ]
    assert failed


def test_a_service_that_cannot_start_at_all_is_in_progress(place: Place, ecs: Any) -> None:
    """With the image pushed afterwards, the next update succeeds; the first one was stopped."""
    define(ecs, uri(place, "api:late"))
    ecs.create_service(cluster="prod", serviceName="api", taskDefinition="api", desiredCount=2)
    assert [item["status"] for item in deployments(ecs)] == ["IN_PROGRESS"]

    push(place, "api:late", SECOND)
    ecs.update_service(cluster="prod", service="api", forceNewDeployment=True)

    assert [item["status"] for item in deployments(ecs)] == ["SUCCESSFUL", "STOPPED"]
    chosen = ecs.list_service_deployments(cluster="prod", service="api", status=["STOPPED"])
    assert len(chosen["serviceDeployments"]) == 1


def test_a_service_without_tasks_has_a_revision_without_digests(place: Place, ecs: Any) -> None:
    """Nobody has pulled its image."""
    define(ecs, uri(place, "api:v1"))
    ecs.create_service(cluster="prod", serviceName="api", taskDefinition="api", desiredCount=0)

    [deployment] = deployments(ecs)

    assert revision(ecs, deployment)["containerImages"] == [
        {"containerName": "c0", "image": uri(place, "api:v1")}
    ]


def test_the_revisions_of_a_deleted_service_are_gone(place: Place, ecs: Any) -> None:
    """As is what never was; a service of the same name begins anew."""
    define(ecs, uri(place, "api:v1"))
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


# --- functions ---


def create(place: Place, image: str, *, caller: str = "") -> dict[str, Any]:
    """Create the function `f` of an image."""
    role = ROLE.format(place.account)
    return dict(
        place.client("lambda", caller=caller).create_function(
            FunctionName="f", PackageType="Image", Code={"ImageUri": image}, Role=role
        )
    )


def described(place: Place) -> tuple[str, str, str]:
    """Return reason, resolved image and hash of the function `f`."""
    answer = place.client("lambda").get_function(FunctionName="f")
    configuration = answer["Configuration"]
    assert "ImageUri" not in configuration
    reason = configuration.get("StateReasonCode", configuration["State"])
    return reason, answer["Code"]["ResolvedImageUri"], configuration["CodeSha256"]


def test_a_function_keeps_the_digest_of_its_creation(place: Place) -> None:
    """Until its code is updated, also when the tag has moved; a version keeps its own."""
    functions = place.client("lambda")
    create(place, uri(place, "api:v1"))
    functions.publish_version(FunctionName="f")
    functions.get_waiter("function_active_v2").wait(FunctionName="f", WaiterConfig={"Delay": 1})
    push(place, "api:v1", SECOND)

    old = uri(place, f"api@{FIRST.digest}")
    assert described(place) == ("Active", old, FIRST.digest.removeprefix("sha256:"))

    updated = functions.update_function_code(FunctionName="f", ImageUri=uri(place, "api:v1"))
    assert updated["CodeSha256"] == SECOND.digest.removeprefix("sha256:")
    assert described(place)[1] == uri(place, f"api@{SECOND.digest}")
    version = functions.get_function(FunctionName="f", Qualifier="1")
    assert version["Code"]["ResolvedImageUri"] == old


def test_all_versions_of_functions_are_listed(place: Place) -> None:
    """Page by page, each by an ARN that leads to it; without being asked, the latest only."""
    functions = place.client("lambda")
    create(place, uri(place, "api:v1"))
    functions.publish_version(FunctionName="f")

    pages = functions.get_paginator("list_functions")
    paged = pages.paginate(FunctionVersion="ALL", PaginationConfig={"PageSize": 1})
    listed = paged.build_full_result()["Functions"]

    assert [version["Version"] for version in listed] == ["$LATEST", "1"]
    digests_of_versions = [
        functions.get_function(FunctionName=version["FunctionArn"])["Configuration"]["CodeSha256"]
        for version in listed
    ]
    assert digests_of_versions == [FIRST.digest.removeprefix("sha256:")] * 2
    assert [item["Version"] for item in functions.list_functions()["Functions"]] == ["$LATEST"]


def test_a_function_whose_image_is_deleted_fails(place: Place) -> None:
    """In every answer about it."""
    create(place, uri(place, "api:v1"))
    place.ecr.batch_delete_image(repositoryName="api", imageIds=[{"imageTag": "v1"}])

    functions = place.client("lambda")
    [listed] = functions.list_functions()["Functions"]
    own = functions.get_function_configuration(FunctionName="f")
    assert described(place)[0] == "ImageDeleted"
    assert [(item["State"], item["StateReasonCode"]) for item in (listed, own)] == [
        ("Failed", "ImageDeleted")
    ] * 2


def test_lambda_adds_itself_to_the_policy_of_a_repository(place: Place) -> None:
    """If the caller may change it; without the statement, the function fails."""
    create(place, uri(place, "api:v1"))

    policy = json.loads(place.ecr.get_repository_policy(repositoryName="api")["policyText"])
    [statement] = policy["Statement"]
    assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}
    assert described(place)[0] != "ImageAccessDenied"
    place.ecr.delete_repository_policy(repositoryName="api")
    assert described(place)[0] == "ImageAccessDenied"


def admitting(condition: dict[str, Any] | None = None, effect: str = "Allow") -> dict[str, Any]:
    """Return a statement about Lambda's pulls."""
    principal = {"Principal": {"Service": "lambda.amazonaws.com"}}
    return {**PULL, "Effect": effect, **principal, "Condition": condition or {}}


@pytest.mark.parametrize(
    ("statements", "expected"),
    [
        ([admitting()], None),
        ([admitting({"StringEquals": {"aws:SourceAccount": "{account}"}})], None),
        (
            [admitting({"ArnLike": {"aws:SourceArn": "arn:aws:lambda:*:{account}:function:*"}})],
            None,
        ),
        ([{**admitting(), "Principal": "*"}], None),
        ([admitting({"StringEquals": {"aws:SourceAccount": "999999999999"}})], "denied"),
        ([admitting({"StringEquals": {"aws:SourceVpc": "vpc-1"}})], "denied"),
        ([{**admitting(), "Action": "ecr:BatchGetImage"}], "denied"),
        ([{**admitting(), "Principal": {"Service": "ecs.amazonaws.com"}}], "denied"),
        ([admitting(), admitting(effect="Deny")], "denied"),
        ([], "denied"),
    ],
)
def test_another_accounts_repository_must_admit_lambda(
    place: Place, statements: list[Any], expected: str | None
) -> None:
    """There Lambda adds nothing."""
    home = place.at(place.region, "999988887777")
    home.ecr.create_repository(repositoryName=(name := f"shared/{place.account}"))
    push(home, f"{name}:v1", FIRST)
    if statements:
        text = json.dumps({"Version": "2012-10-17", "Statement": statements})
        text = text.replace("{account}", place.account)
        home.ecr.set_repository_policy(repositoryName=name, policyText=text)

    try:
        create(place, uri(home, f"{name}:v1"))
        code = None
    except ClientError as error:
        code = error.response["Error"]["Code"]

    assert code == (expected and "AccessDeniedException")


@pytest.mark.parametrize(
    "image", ["api:v2", "gone:v1", "api:index", "nginx:latest", "us-east-1", ""], ids=str
)
def test_lambda_refuses_an_image_that_it_cannot_run(place: Place, image: str) -> None:
    """Missing, for several platforms, of another registry or Region, none; nothing is created."""
    push(place, "api:index", images.index(1))
    names = {"": image, "nginx:latest": image, "us-east-1": uri(place.at("us-east-1"), "api:v1")}

    with pytest.raises(ClientError) as refusal:
        create(place, names[image] if image in names else uri(place, image))

    assert refusal.value.response["Error"]["Code"] == "InvalidParameterValueException"
    assert place.client("lambda").list_functions()["Functions"] == []


def test_a_refused_update_leaves_the_function_as_it_was(place: Place) -> None:
    """Its digest too."""
    create(place, uri(place, "api:v1"))
    functions = place.client("lambda")

    with pytest.raises(functions.exceptions.InvalidParameterValueException):
        functions.update_function_code(FunctionName="f", ImageUri=uri(place, "api:v9"))

    assert described(place)[1] == uri(place, f"api@{FIRST.digest}")


def template(place: Place, reference: str) -> str:
    """Return a template with a function, a task definition and a service of an image."""
    image = uri(place, reference)
    resources = {
        "F": {
            "Type": "AWS::Lambda::Function",
            "Properties": {
                "FunctionName": "f",
                "PackageType": "Image",
                "Code": {"ImageUri": image},
                "Role": ROLE.format(place.account),
            },
        },
        "Cluster": {"Type": "AWS::ECS::Cluster", "Properties": {"ClusterName": "prod"}},
        "Task": {
            "Type": "AWS::ECS::TaskDefinition",
            "Properties": {
                "Family": "api",
                "ContainerDefinitions": [{"Name": "c0", "Image": image, "Memory": 64}],
            },
        },
        "Service": {
            "Type": "AWS::ECS::Service",
            "Properties": {
                "ServiceName": "api",
                "Cluster": {"Ref": "Cluster"},
                "TaskDefinition": {"Ref": "Task"},
                "DesiredCount": 1,
            },
        },
    }
    return json.dumps({"Resources": resources})


def test_workloads_of_a_stack_have_digests(place: Place) -> None:
    """When they are created, and when they are updated."""
    cloudformation, ecs = place.client("cloudformation"), place.client("ecs")
    push(place, "api:v2", SECOND)
    for deploy, reference, artifact in (
        (cloudformation.create_stack, "api:v1", FIRST),
        (cloudformation.update_stack, "api:v2", SECOND),
    ):
        deploy(StackName="app", TemplateBody=template(place, reference))
        assert settled(cloudformation, "app").endswith("E_COMPLETE")
        assert described(place)[1] == uri(place, f"api@{artifact.digest}")
        assert [digests(task) for task in service_tasks(ecs)] == [[artifact.digest]]
    assert len(deployments(ecs)) == 2


def test_a_stack_with_a_function_of_a_missing_image_fails(place: Place) -> None:
    """As with CloudFormation, nothing of it stays."""
    cloudformation = place.client("cloudformation")
    cloudformation.create_stack(StackName="app", TemplateBody=template(place, "api:v9"))

    assert settled(cloudformation, "app") == "ROLLBACK_COMPLETE"


# --- pull times ---


def pulled(place: Place) -> bool:
    [image] = place.ecr.describe_images(repositoryName="api")["imageDetails"]
    return "lastRecordedPullTime" in image


def assumed(place: Place, name: str) -> str:
    """Create a role that may pull; return the key of a session of it."""
    iam = place.client("iam")
    trust = {**PULL, "Action": "sts:AssumeRole", "Principal": {"AWS": place.account}}
    trust.pop("Resource")
    document = json.dumps({**LOGIN, "Statement": [trust]})
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]
    allowed = [PULL, {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"}]
    text = json.dumps({**LOGIN, "Statement": allowed})
    iam.put_role_policy(RoleName=name, PolicyName="pull", PolicyDocument=text)
    session = place.client("sts").assume_role(RoleArn=role["Arn"], RoleSessionName="scan")
    return str(session["Credentials"]["AccessKeyId"])


@pytest.mark.parametrize("means", ["registry", "BatchGetImage", "task"])
@pytest.mark.parametrize("excluded", [False, True])
def test_a_pull_is_recorded_unless_its_principal_is_excluded(
    place: Place, means: str, *, excluded: bool
) -> None:
    """Through the registry, the API and ECS."""
    key = assumed(place, "scanner")
    arn = f"arn:aws:iam::{place.account}:role/scanner"
    if excluded:
        place.ecr.register_pull_time_update_exclusion(principalArn=arn)

    if means == "registry":
        place.registry(key).pull("api", "v1")
    elif means == "BatchGetImage":
        client = place.client("ecr", caller=key)
        client.batch_get_image(repositoryName="api", imageIds=[{"imageTag": "v1"}])
    else:
        run(place.client("ecs"), uri(place, "api:v1"), executionRoleArn=arn)

    assert pulled(place) is not excluded


def test_lambdas_pulls_are_recorded(place: Place) -> None:
    """When a function is created; who looks at it or at the image pulls nothing."""
    assert not pulled(place)
    create(place, uri(place, "api:v1"))
    assert pulled(place)
