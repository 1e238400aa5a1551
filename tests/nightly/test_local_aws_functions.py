"""The embedded AWS's functions run the images of its registry; who pulls them is recorded."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from local_aws import images
from tests.support.ecs_tasks import (
    FIRST,
    POLICY,
    PULL,
    ROLE,
    SECOND,
    deployments,
    digests,
    run,
    service_tasks,
)
from tests.support.embedded_aws import Place, settled

# The repository `api` of each test's place has one image, v1.
pytestmark = pytest.mark.usefixtures("api_v1")


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
    create(place, place.uri("api:v1"))
    functions.publish_version(FunctionName="f")
    functions.get_waiter("function_active_v2").wait(FunctionName="f", WaiterConfig={"Delay": 1})
    place.push_image("api:v1", SECOND)

    old = place.uri(f"api@{FIRST.digest}")
    assert described(place) == ("Active", old, FIRST.digest.removeprefix("sha256:"))

    updated = functions.update_function_code(FunctionName="f", ImageUri=place.uri("api:v1"))
    assert updated["CodeSha256"] == SECOND.digest.removeprefix("sha256:")
    assert described(place)[1] == place.uri(f"api@{SECOND.digest}")
    version = functions.get_function(FunctionName="f", Qualifier="1")
    assert version["Code"]["ResolvedImageUri"] == old


def test_all_versions_of_functions_are_listed(place: Place) -> None:
    """Page by page, each by an ARN that leads to it; without being asked, the latest only."""
    functions = place.client("lambda")
    create(place, place.uri("api:v1"))
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
    create(place, place.uri("api:v1"))
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
    create(place, place.uri("api:v1"))

    policy = json.loads(place.ecr.get_repository_policy(repositoryName="api")["policyText"])
    [statement] = policy["Statement"]
    assert statement["Principal"] == {"Service": "lambda.amazonaws.com"}
    assert described(place)[0] != "ImageAccessDenied"
    place.ecr.delete_repository_policy(repositoryName="api")
    assert described(place)[0] == "ImageAccessDenied"


def test_lambda_replaces_its_own_statement(place: Place) -> None:
    """One that no longer admits the function; those of others stay as they were."""
    create(place, place.uri("api:v1"))
    policy = json.loads(place.ecr.get_repository_policy(repositoryName="api")["policyText"])
    [own] = policy["Statement"]
    other = {**own, "Sid": "Other", "Principal": {"AWS": place.account}, "Condition": {}}
    elsewhere = {"StringLike": {"aws:sourceArn": "arn:aws:lambda:us-east-1:1:function:*"}}
    text = json.dumps({**policy, "Statement": [{**own, "Condition": elsewhere}, other]})
    place.ecr.set_repository_policy(repositoryName="api", policyText=text)
    place.client("lambda").update_function_code(FunctionName="f", ImageUri=place.uri("api:v1"))

    changed = json.loads(place.ecr.get_repository_policy(repositoryName="api")["policyText"])
    assert changed["Statement"] == [other, own]


def test_lambda_does_not_change_a_policy_that_denies_it(place: Place) -> None:
    """Its statement would not help: the policy is as it was after each attempt."""
    denying = admitting(effect="Deny")
    denying.pop("Resource")
    text = json.dumps({**POLICY, "Statement": [denying]})
    place.ecr.set_repository_policy(repositoryName="api", policyText=text)

    for _ in range(2):
        with pytest.raises(ClientError, match="AccessDeniedException"):
            create(place, place.uri("api:v1"))
        answer = place.ecr.get_repository_policy(repositoryName="api")
        assert json.loads(answer["policyText"]) == json.loads(text)


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
    home.push_image(f"{name}:v1", FIRST)
    if statements:
        text = json.dumps({"Version": "2012-10-17", "Statement": statements})
        text = text.replace("{account}", place.account)
        home.ecr.set_repository_policy(repositoryName=name, policyText=text)

    try:
        create(place, home.uri(f"{name}:v1"))
        code = None
    except ClientError as error:
        code = error.response["Error"]["Code"]

    assert code == (expected and "AccessDeniedException")


@pytest.mark.parametrize(
    "image", ["api:v2", "gone:v1", "api:index", "nginx:latest", "us-east-1", ""], ids=str
)
def test_lambda_refuses_an_image_that_it_cannot_run(place: Place, image: str) -> None:
    """Missing, for several platforms, of another registry or Region, none; nothing is created."""
    place.push_image("api:index", images.index(1))
    names = {"": image, "nginx:latest": image, "us-east-1": place.at("us-east-1").uri("api:v1")}

    with pytest.raises(ClientError) as refusal:
        create(place, names[image] if image in names else place.uri(image))

    assert refusal.value.response["Error"]["Code"] == "InvalidParameterValueException"
    assert place.client("lambda").list_functions()["Functions"] == []
    with pytest.raises(place.ecr.exceptions.RepositoryPolicyNotFoundException):
        place.ecr.get_repository_policy(repositoryName="api")


def test_a_refused_update_leaves_the_function_as_it_was(place: Place) -> None:
    """Its digest too."""
    create(place, place.uri("api:v1"))
    functions = place.client("lambda")

    with pytest.raises(functions.exceptions.InvalidParameterValueException):
        functions.update_function_code(FunctionName="f", ImageUri=place.uri("api:v9"))

    assert described(place)[1] == place.uri(f"api@{FIRST.digest}")


def template(place: Place, reference: str) -> str:
    """Return a template with a function, a task definition and a service of an image."""
    image = place.uri(reference)
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
    place.push_image("api:v2", SECOND)
    for deploy, reference, artifact in (
        (cloudformation.create_stack, "api:v1", FIRST),
        (cloudformation.update_stack, "api:v2", SECOND),
    ):
        deploy(StackName="app", TemplateBody=template(place, reference))
        assert settled(cloudformation, "app").endswith("E_COMPLETE")
        assert described(place)[1] == place.uri(f"api@{artifact.digest}")
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
    document = json.dumps({**POLICY, "Statement": [trust]})
    role = iam.create_role(RoleName=name, AssumeRolePolicyDocument=document)["Role"]
    allowed = [PULL, {"Effect": "Allow", "Action": "ecr:GetAuthorizationToken", "Resource": "*"}]
    text = json.dumps({**POLICY, "Statement": allowed})
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
        run(place.client("ecs"), place.uri("api:v1"), executionRoleArn=arn)

    assert pulled(place) is not excluded


def test_lambdas_pulls_are_recorded(place: Place) -> None:
    """When a function is created; who looks at it or at the image pulls nothing."""
    assert not pulled(place)
    create(place, place.uri("api:v1"))
    assert pulled(place)
