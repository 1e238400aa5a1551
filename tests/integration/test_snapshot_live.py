"""``ecr-constructs snapshot`` of a registry in the embedded AWS, and what a change makes of it."""

import os
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.live.collect import snapshot_of
from ecr_constructs.snapshot.diff import compare
from ecr_constructs.snapshot.files import read_snapshot
from local_aws import images
from tests.cli.conftest import Run
from tests.support.embedded_aws import Place
from tests.support.service_models import model
from tests.support.snapshots import answered


@pytest.fixture
def here(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Place:
    """A registry with images, for a user of its account, in a folder of its own."""
    monkeypatch.chdir(tmp_path)
    place.ecr.create_repository(repositoryName="payments/api", tags=[{"Key": "team", "Value": "a"}])
    place.ecr.create_repository(repositoryName="payments/web")
    registry = place.registry()
    registry.push("payments/api:latest", images.index("index"))
    for number in range(3):
        registry.push(f"payments/api:v{number}", images.image(number))
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    settings = place.aws.settings(account=place.account, region=place.region)
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
    return place


def test_a_registry_is_written_and_compared(here: Place, run: Run) -> None:
    """Everything of ECR is answered; a tag that is moved by hand is the one difference."""
    result = run("snapshot", "--output", "one.jsonl.gz", "--manifests")
    assert 0 == result.status, result
    before = read_snapshot(Path("one.jsonl.gz"))

    assert (here.account, here.region) == before.registry
    assert [] == [*before.unanswered]
    for record in before.records:
        if record.output is not None:
            # The shapes of botocore.
            answered(record.operation, record.request, plain(record), service=record.service)
    request = {"repositoryName": "payments/api", "filter": {"imageStatus": "ANY"}}
    details = before.answer("DescribeImages", request).items("imageDetails")
    tags = {tag for image in details for tag in image.get("imageTags", ())}
    assert {"latest", "v0", "v1", "v2"} == tags
    assert [*before.answers("BatchGetImage")]

    manifest = here.ecr.batch_get_image(
        repositoryName="payments/api", imageIds=[{"imageTag": "v1"}]
    )["images"][0]["imageManifest"]
    here.ecr.put_image(repositoryName="payments/api", imageManifest=manifest, imageTag="stable")
    after = snapshot_of(sources=["registry", "repositories", "images"])
    result_of_change = compare(before, after)

    assert not result_of_change.different
    assert [("stable", None)] == [
        (tag, old) for changed in result_of_change.images for tag, old, _ in changed.moved
    ]
    assert {"manifests"} == {item.source for item in result_of_change.unknown}


def plain(record: Any) -> Any:
    """Return an answer without members that this botocore does not know."""
    shape = model(record.service).operation_model(record.operation).output_shape
    return {name: value for name, value in record.output.items() if name in shape.members}


def test_workloads_are_read_as_far_as_they_are_there(here: Place, run: Run) -> None:
    """The embedded AWS has not all services: what it does not answer is said."""
    del here
    result = run("snapshot", "--output", "all.json", "--sources", "all", "--format", "json")
    snapshot = read_snapshot(Path("all.json"))

    assert 1 == result.status
    assert snapshot.answer("ListClusters", service="ecs").is_known
    assert snapshot.answer("ListFunctions", {"FunctionVersion": "ALL"}, service="lambda").is_known
    refused = {(service, operation) for service, operation, _ in snapshot.unanswered}
    assert {"apprunner", "eks"} <= {service for service, _ in refused}
    assert refused == {(item["source"], item["operation"]) for item in result.json["notKnown"]}
