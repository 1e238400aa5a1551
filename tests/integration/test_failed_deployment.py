"""A deployment that fails is repeated: what it has created is deleted, unless it holds images."""

import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest

from ecr_constructs import (
    CiIssuer,
    CiProvider,
    Encryption,
    PublicRepository,
    PullThroughCredential,
    RegistryKey,
    Repository,
)
from local_aws import images
from tests.support.constructs import new_app
from tests.support.embedded_aws import Place, settled

TAKEN = "payments/worker"


@pytest.fixture
def body(place: Place, tmp_path: Path) -> str:
    """Return a template of everything that is retained; its last resource is a taken name."""
    app = new_app(tmp_path)
    env = cdk.Environment(account=place.account, region="us-east-1")
    stack = cdk.Stack(app, "All", env=env, synthesizer=cdk.LegacyStackSynthesizer())
    key = RegistryKey(stack, "Key", alias="alias/prod")
    first = [
        key,
        Repository(
            stack,
            "Api",
            repository_name="payments/api",
            encryption=Encryption.customer_managed(key),
        ),
        PublicRepository(stack, "Public", repository_name="tools"),
        CiProvider(stack, "Ci", issuer=CiIssuer.github_actions()),
        PullThroughCredential(stack, "Hub", name="hub", username="acme"),
    ]
    Repository(stack, "Worker", repository_name=TAKEN).node.add_dependency(*first)
    app.synth()
    return (tmp_path / stack.template_file).read_text(encoding="utf-8")


@pytest.fixture
def home(place: Place) -> Place:
    """Return the Region in which all of these resources exist."""
    return place.at("us-east-1")


def create(home: Place, body: str, **options: Any) -> str:
    """Create the stack, and return its status."""
    stacks = home.client("cloudformation")
    stacks.create_stack(StackName="All", TemplateBody=body, **options)
    return settled(stacks, "All")


def names(home: Place) -> set[str]:
    """Return the names of the private repositories."""
    repositories = home.ecr.describe_repositories()["repositories"]
    return {repository["repositoryName"] for repository in repositories}


def test_a_failed_creation_is_repeated(home: Place, body: str) -> None:
    """Nothing is left in the way of the second one; the key is deleted after its waiting period."""
    home.ecr.create_repository(repositoryName=TAKEN)
    assert create(home, body) == "ROLLBACK_COMPLETE"
    kms = home.client("kms")
    [key] = [entry["KeyId"] for entry in kms.list_keys()["Keys"]]
    assert kms.describe_key(KeyId=key)["KeyMetadata"]["KeyState"] == "PendingDeletion"
    assert names(home) == {TAKEN}

    home.ecr.delete_repository(repositoryName=TAKEN)
    home.client("cloudformation").delete_stack(StackName="All")
    assert create(home, body) == "CREATE_COMPLETE"
    assert names(home) == {TAKEN, "payments/api"}


def test_a_failed_update_is_repeated(home: Place, body: str) -> None:
    """What the update created is deleted, what was there before stays with its images."""
    template = json.loads(body)
    small = {**template, "Resources": dict(list(template["Resources"].items())[:3])}
    assert "payments/api" in json.dumps(small)
    assert create(home, json.dumps(small)) == "CREATE_COMPLETE"
    digest = home.registry().push("payments/api:v1", images.image(1))
    home.ecr.create_repository(repositoryName=TAKEN)

    stacks = home.client("cloudformation")
    update = {"StackName": "All", "TemplateBody": body}
    stacks.update_stack(**update)
    assert settled(stacks, "All") == "UPDATE_ROLLBACK_COMPLETE"
    home.ecr.delete_repository(repositoryName=TAKEN)
    stacks.update_stack(**update)
    assert settled(stacks, "All") == "UPDATE_COMPLETE"
    assert home.registry().manifest("payments/api", "v1").digest == digest


def test_a_repository_with_images_is_not_deleted(home: Place, body: str) -> None:
    """An image was pushed before the rollback: ECR rejects the deletion, and CloudFormation stops.

    It is as much as with DeletionPolicy: Retain.
    """
    home.ecr.create_repository(repositoryName=TAKEN)
    assert create(home, body, DisableRollback=True) == "CREATE_FAILED"
    digest = home.registry().push("payments/api:v1", images.image(1))

    stacks = home.client("cloudformation")
    stacks.rollback_stack(StackName="All")
    assert settled(stacks, "All") == "ROLLBACK_FAILED"
    assert home.registry().manifest("payments/api", "v1").digest == digest


def test_what_a_failed_deployment_imports_is_not_deleted(home: Place, body: str) -> None:
    """CloudFormation did not create it, so it leaves the stack as it came."""
    for name in ("payments/api", TAKEN):
        home.ecr.create_repository(repositoryName=name)
    digest = home.registry().push("payments/api:v1", images.image(1))
    template = json.loads(body)
    # A resource that fails after the import.
    worker = next(key for key in template["Resources"] if key.startswith("Worker"))
    template["Resources"]["Twin"] = {**template["Resources"][worker], "DependsOn": [worker]}
    template["Resources"]["Twin"]["DeletionPolicy"] = "Delete"
    template["Resources"]["Twin"]["Properties"] = {
        "RepositoryName": {"Fn::Join": ["", [TAKEN]]},
    }
    stacks = home.client("cloudformation")
    change_set = {"StackName": "All", "ChangeSetName": "adopt"}
    stacks.create_change_set(
        **change_set,
        TemplateBody=json.dumps(template),
        ChangeSetType="CREATE",
        ImportExistingResources=True,
    )
    stacks.execute_change_set(**change_set)
    assert settled(stacks, "All") == "ROLLBACK_COMPLETE"
    assert names(home) == {TAKEN, "payments/api"}
    assert home.registry().manifest("payments/api", "v1").digest == digest
