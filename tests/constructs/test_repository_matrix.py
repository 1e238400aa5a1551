"""Every consumer, from every place, renders the same with our repository as with CDK's own.

By physical names CDK decides how another stack, Region or account refers to a repository. Each
case is synthesized with `ecr.Repository` and with ours: the templates, or CDK's errors, are equal.
The only difference is that Lambda may pull only for functions of this account.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import aws_cdk as cdk
import pytest
from aws_cdk import aws_apprunner as apprunner
from aws_cdk import aws_codebuild as codebuild
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_

from ecr_constructs import LifecyclePolicy, Repository
from tests.support.constructs import (
    ACCOUNT,
    ENV,
    OTHER_ACCOUNT,
    OTHER_REGION,
    REGION,
    Template,
    new_app,
    synth,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from constructs import Construct

Places = tuple[cdk.Stack, cdk.Stack]

ELSEWHERE = cdk.Environment(account=ACCOUNT, region=OTHER_REGION)
ABROAD = cdk.Environment(account=OTHER_ACCOUNT, region=REGION)


def same_stack(app: cdk.App) -> Places:
    """Repository and consumer in one stack."""
    stack = cdk.Stack(app, "Stack", env=ENV)
    return stack, stack


def cross_stack(app: cdk.App) -> Places:
    """Two stacks of one account and Region."""
    return cdk.Stack(app, "Producer", env=ENV), cdk.Stack(app, "Consumer", env=ENV)


def cross_region(app: cdk.App) -> Places:
    """Two Regions of one account."""
    return cdk.Stack(app, "Producer", env=ENV), cdk.Stack(app, "Consumer", env=ELSEWHERE)


def cross_account(app: cdk.App) -> Places:
    """One Region of two accounts."""
    return cdk.Stack(app, "Producer", env=ENV), cdk.Stack(app, "Consumer", env=ABROAD)


def agnostic(app: cdk.App) -> Places:
    """Two stacks without account and Region."""
    return cdk.Stack(app, "Producer"), cdk.Stack(app, "Consumer")


def cross_region_references(app: cdk.App) -> Places:
    """Two Regions, with CDK's custom resources that carry references across."""
    return (
        cdk.Stack(app, "Producer", env=ENV, cross_region_references=True),
        cdk.Stack(app, "Consumer", env=ELSEWHERE, cross_region_references=True),
    )


def nested(app: cdk.App) -> Places:
    """A consumer in a nested stack of the repository's stack."""
    stack = cdk.Stack(app, "Stack", env=ENV)
    return stack, cdk.NestedStack(stack, "Nested")


def ecs_task(stack: Construct, repository: ecr.IRepository) -> None:
    """Run the image as a Fargate task."""
    image = ecs.ContainerImage.from_ecr_repository(repository, "1.0")
    ecs.FargateTaskDefinition(stack, "Task").add_container("App", image=image)


def lambda_function(stack: Construct, repository: ecr.IRepository) -> None:
    """Run the image as a Lambda function."""
    code = lambda_.DockerImageCode.from_ecr(repository, tag_or_digest="1.0")
    lambda_.DockerImageFunction(stack, "Function", code=code)


def codebuild_project(stack: Construct, repository: ecr.IRepository) -> None:
    """Build in the image."""
    image = codebuild.LinuxBuildImage.from_ecr_repository(repository, "1.0")
    codebuild.Project(
        stack,
        "Build",
        build_spec=codebuild.BuildSpec.from_object({"version": "0.2"}),
        environment=codebuild.BuildEnvironment(build_image=image),
    )


def apprunner_service(stack: Construct, repository: ecr.IRepository) -> None:
    """Run the image as an App Runner service, whose L2 is not in aws-cdk-lib."""
    role = iam.Role(
        stack, "Access", assumed_by=iam.ServicePrincipal("build.apprunner.amazonaws.com")
    )
    repository.grant_pull(role)
    service = apprunner.CfnService
    service(
        stack,
        "Service",
        source_configuration=service.SourceConfigurationProperty(
            authentication_configuration=service.AuthenticationConfigurationProperty(
                access_role_arn=role.role_arn
            ),
            image_repository=service.ImageRepositoryProperty(
                image_identifier=repository.repository_uri_for_tag("1.0"),
                image_repository_type="ECR",
            ),
        ),
    )


def granted_role(stack: Construct, repository: ecr.IRepository) -> None:
    """Let a role pull; its name is known, so that other accounts can speak of it."""
    role = iam.Role(
        stack, "Role", assumed_by=iam.ServicePrincipal("ec2.amazonaws.com"), role_name="puller"
    )
    repository.grant_pull(role)


def raw_arn(stack: Construct, repository: ecr.IRepository) -> None:
    """Write the ARN into an output."""
    cdk.CfnOutput(stack, "Arn", value=repository.repository_arn)


PLACES = [
    same_stack,
    cross_stack,
    cross_region,
    cross_account,
    agnostic,
    cross_region_references,
    nested,
]
CONSUMERS = [
    ecs_task,
    codebuild_project,
    apprunner_service,
    granted_role,
    raw_arn,
]
NAMES = {
    "named": "team/api",
    "unnamed": None,
    "generated": cdk.PhysicalName.GENERATE_IF_NEEDED,
}


def theirs(stack: cdk.Stack, name: str | None) -> ecr.IRepository:
    """Return CDK's own repository with the settings of `ours`."""
    return ecr.Repository(
        stack,
        "Api",
        repository_name=name,
        image_scan_on_push=True,
        image_tag_mutability=ecr.TagMutability.IMMUTABLE,
    )


def ours(stack: cdk.Stack, name: str | None) -> ecr.IRepository:
    """Return a repository of this library that keeps every image."""
    return Repository(stack, "Api", repository_name=name, lifecycle=LifecyclePolicy())


def outcome(
    app: cdk.App,
    make: Callable[[cdk.Stack, str | None], ecr.IRepository],
    place: Callable[[cdk.App], Places],
    consumers: Sequence[Callable[[Construct, ecr.IRepository], None]],
    name: str | None,
) -> dict[str, Template] | str:
    """Return every template of the app, or the words in which CDK rejects it."""
    try:
        producer, consumer = place(app)
        repository = make(producer, name)
        for consume in consumers:
            consume(consumer, repository)
        return synth(app)
    except RuntimeError as error:
        # Tokens are numbered through the whole process.
        return re.sub(r"TOKEN\.\d+|\.\d+\]", "", str(error))


def without_sources(result: dict[str, Template] | str) -> dict[str, Template] | str:
    """Return templates without the condition that limits what Lambda may pull for."""
    for template in result.values() if isinstance(result, dict) else ():
        for resource in template["Resources"].values():
            policy = resource.get("Properties", {}).get("RepositoryPolicyText", {})
            for statement in policy.get("Statement", ()):
                statement.pop("Condition", None)
    return result


def needs_name(place: Callable[[cdk.App], Places], name: str | None) -> bool:
    """Tell whether CDK rejects a reference to the repository, because it has no name."""
    return name is None and place in (cross_region, cross_account)


# All consumers but Lambda share an app; a rejection shows only the first, so there each has one.
CASES = [
    pytest.param(place, name, consumers, id=f"{place.__name__}-{name_id}-{group}")
    for place in PLACES
    for name_id, name in NAMES.items()
    for group, consumers in (
        {consumer.__name__: [consumer] for consumer in [lambda_function, *CONSUMERS]}
        if needs_name(place, name)
        else {"lambda_function": [lambda_function], "others": CONSUMERS}
    ).items()
]


@pytest.mark.parametrize(("place", "name", "consumers"), CASES)
def test_matrix(
    tmp_path: Path,
    place: Callable[[cdk.App], Places],
    name: str | None,
    consumers: Sequence[Callable[[Construct, ecr.IRepository], None]],
) -> None:
    """Consumers render, or are rejected, as with CDK's own repository."""
    expected = outcome(new_app(tmp_path / "theirs"), theirs, place, consumers, name)
    actual = outcome(new_app(tmp_path / "ours"), ours, place, consumers, name)

    assert needs_name(place, name) == isinstance(actual, str)
    if lambda_function in consumers:
        expected, actual = without_sources(expected), without_sources(actual)
    assert expected == actual
