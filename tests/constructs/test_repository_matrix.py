"""Every consumer, from every place, sees the repository as it sees CDK's own.

CDK settles by physical names how a repository is referred to from another stack, Region or
account. Each case is synthesized with `ecr.Repository` and with ours: the templates, or the
words of the refusal, are the same. Only Lambda is let in for what it acts for.
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
    from collections.abc import Callable
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
    lambda_function,
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
    consume: Callable[[Construct, ecr.IRepository], None],
    name: str | None,
) -> dict[str, Template] | str:
    """Return every template of the app, or the words in which CDK refuses it."""
    try:
        producer, consumer = place(app)
        consume(consumer, make(producer, name))
        return synth(app)
    except RuntimeError as refusal:
        # Tokens are numbered through the whole process.
        return re.sub(r"TOKEN\.\d+|\.\d+\]", "", str(refusal))


def without_sources(found: dict[str, Template] | str) -> dict[str, Template] | str:
    """Return templates without the condition that tells for whom Lambda may pull."""
    for template in found.values() if isinstance(found, dict) else ():
        for resource in template["Resources"].values():
            policy = resource.get("Properties", {}).get("RepositoryPolicyText", {})
            for statement in policy.get("Statement", ()):
                statement.pop("Condition", None)
    return found


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("consume", CONSUMERS, ids=lambda consume: consume.__name__)
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
def test_matrix(
    tmp_path: Path,
    place: Callable[[cdk.App], Places],
    consume: Callable[[Construct, ecr.IRepository], None],
    name: str | None,
) -> None:
    """The consumer renders, or is refused, as with CDK's own repository."""
    expected = outcome(new_app(tmp_path / "theirs"), theirs, place, consume, name)
    found = outcome(new_app(tmp_path / "ours"), ours, place, consume, name)

    if consume is lambda_function:
        assert without_sources(expected) == without_sources(found)
    else:
        assert expected == found


@pytest.mark.parametrize("name", NAMES.values(), ids=NAMES)
@pytest.mark.parametrize("place", PLACES, ids=lambda place: place.__name__)
def test_only_unnamed_repositories_are_refused_abroad(
    tmp_path: Path, place: Callable[[cdk.App], Places], name: str | None
) -> None:
    """The matrix compares templates, not refusals, wherever a repository has or gets a name."""
    refused = isinstance(outcome(new_app(tmp_path), ours, place, raw_arn, name), str)

    assert refused == (name is None and place in (cross_region, cross_account))
