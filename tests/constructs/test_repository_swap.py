"""Taking the place of CDK's own repositories in an app that is deployed replaces nothing."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_ecs as ecs
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms

from ecr_constructs import Encryption, LifecyclePolicy, LifecycleRule, Repository, TagMutability
from tests.support.constructs import (
    ENV,
    ORGANIZATION,
    OTHER_ACCOUNT,
    REPOSITORY,
    Template,
    function_of,
    new_app,
    of_type,
    synth,
)
from tests.support.service_models import repository_schema

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

Repositories = tuple[ecr.IRepository, ecr.IRepository, ecr.IRepository]


def handwritten(stack: cdk.Stack, key: kms.IKey) -> Repositories:
    """Define three repositories with CDK's own class."""
    api = ecr.Repository(
        stack,
        "Api",
        repository_name="payments/api",
        image_tag_mutability=ecr.TagMutability.IMMUTABLE,
        image_scan_on_push=True,
        encryption_key=key,
        lifecycle_rules=[
            ecr.LifecycleRule(
                tag_status=ecr.TagStatus.UNTAGGED, max_image_age=cdk.Duration.days(7)
            ),
            ecr.LifecycleRule(tag_pattern_list=["v*"], max_image_count=100),
            ecr.LifecycleRule(max_image_age=cdk.Duration.days(90)),
        ],
    )
    api.grant_pull(iam.OrganizationPrincipal(ORGANIZATION))
    api.grant_pull_push(iam.AccountPrincipal(OTHER_ACCOUNT))
    worker = ecr.Repository(stack, "Worker", encryption=ecr.RepositoryEncryption.KMS)
    cache = ecr.Repository(
        stack,
        "Cache",
        empty_on_delete=True,
        removal_policy=cdk.RemovalPolicy.DESTROY,
        repository_name=cdk.PhysicalName.GENERATE_IF_NEEDED,
    )
    return api, worker, cache


def constructed(stack: cdk.Stack, key: kms.IKey) -> Repositories:
    """Define the same three repositories with this library's class."""
    api = Repository(
        stack,
        "Api",
        repository_name="payments/api",
        encryption=Encryption.customer_managed(key),
        lifecycle=LifecyclePolicy(
            LifecycleRule.expire_untagged(after_days=7),
            LifecycleRule.keep_last(100, tag_patterns=["v*"]),
            LifecycleRule.expire(after_days=90),
        ),
        pull_organizations=[ORGANIZATION],
        push_accounts=[OTHER_ACCOUNT],
    )
    bare: dict[str, Any] = {
        "lifecycle": LifecyclePolicy(),
        "scan_on_push": False,
        "tag_mutability": TagMutability.mutable(),
    }
    worker = Repository(stack, "Worker", encryption=Encryption.aws_managed(), **bare)
    cache = Repository(
        stack,
        "Cache",
        repository_name=cdk.PhysicalName.GENERATE_IF_NEEDED,
        removal_policy=cdk.RemovalPolicy.DESTROY,
        empty_on_delete=True,
        **bare,
    )
    return api, worker, cache


def payments(
    folder: Path, define: Callable[[cdk.Stack, kms.IKey], Repositories]
) -> dict[str, Template]:
    """Return the templates of an app of two stacks that uses three repositories."""
    app = new_app(folder)
    registry = cdk.Stack(app, "Registry", env=ENV)
    service = cdk.Stack(app, "Service", env=ENV)
    api, worker, cache = define(registry, kms.Key(registry, "Key"))
    task = ecs.FargateTaskDefinition(service, "Task")
    task.add_container("Api", image=ecs.ContainerImage.from_ecr_repository(api, "1.0"))
    function_of(service, worker)
    build = iam.Role(service, "Build", assumed_by=iam.ServicePrincipal("codebuild.amazonaws.com"))
    cache.grant_pull_push(build)
    cdk.CfnOutput(service, "Uri", value=api.repository_uri_for_tag("1.0"))
    cdk.Tags.of(app).add("team", "payments")
    return synth(app)


@pytest.fixture(scope="module")
def before(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Template]:
    """Return the app's templates with CDK's own class."""
    return payments(tmp_path_factory.mktemp("before"), handwritten)


@pytest.fixture(scope="module")
def after(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Template]:
    """Return the app's templates with this library's class."""
    return payments(tmp_path_factory.mktemp("after"), constructed)


def settings(templates: dict[str, Template]) -> dict[str, dict[str, Any]]:
    """Return the repositories' properties by logical id, lifecycle policies read."""
    rendered = of_type(templates["Registry.template.json"], REPOSITORY)
    read = {repository: dict(properties) for repository, properties in rendered.items()}
    for properties in read.values():
        if policy := properties.pop("LifecyclePolicy", None):
            properties["rules"] = json.loads(policy["LifecyclePolicyText"])["rules"]
    return read


def create_only(properties: dict[str, Any]) -> dict[str, Any]:
    """Return the properties of a repository of which a change replaces it."""
    paths = [path.split("/")[2:] for path in repository_schema()["createOnlyProperties"]]
    names = {path[0] for path in paths}
    assert {"RepositoryName", "EncryptionConfiguration"} == names
    return {name: properties.get(name) for name in names}


def test_nothing_is_added_or_removed(
    before: dict[str, Template], after: dict[str, Template]
) -> None:
    """Every logical id of every stack is the same."""
    assert {name: set(item["Resources"]) for name, item in before.items()} == {
        name: set(entry["Resources"]) for name, entry in after.items()
    }


def test_nothing_is_replaced(before: dict[str, Template], after: dict[str, Template]) -> None:
    """No property that can only be set at creation differs, and some are set."""
    expected = {item: create_only(it) for item, it in settings(before).items()}

    assert expected == {item: create_only(it) for item, it in settings(after).items()}
    assert sum(it["EncryptionConfiguration"] is not None for it in expected.values()) == 2


def test_consumers_do_not_change(before: dict[str, Template], after: dict[str, Template]) -> None:
    """The stack that uses the repositories is the same, to the last reference."""
    assert before["Service.template.json"] == after["Service.template.json"]


def test_only_stated_settings_differ(
    before: dict[str, Template], after: dict[str, Template]
) -> None:
    """The differences are the explicit defaults, and the condition on access of Lambda."""
    message = {"ImageTagMutability": "MUTABLE", "ImageScanningConfiguration": {"ScanOnPush": False}}
    now = settings(after)
    for repository in now.values():
        for statement in repository.get("RepositoryPolicyText", {}).get("Statement", ()):
            if "Service" in statement["Principal"]:
                assert "aws:SourceArn" in statement.pop("Condition")["ArnLike"]

    assert {item: {**message, **it} for item, it in settings(before).items()} == now
