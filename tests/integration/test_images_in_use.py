"""Images in use of a registry of the embedded AWS: report, protected, and released again."""

from __future__ import annotations

import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs import LifecyclePolicy, LifecycleRule
from ecr_constructs.live.collect import snapshot_of
from ecr_constructs.model.lifecycle.in_use_tags import protect_in_use
from ecr_constructs.snapshot.document import Record, Snapshot
from ecr_constructs.snapshot.files import json_of
from local_aws import images
from tests.cli.conftest import Run
from tests.support.embedded_aws import Place
from tests.support.workload_answers import kubernetes

KEEP_ONE = LifecycleRule.keep_last(1)
PROTECTING = LifecyclePolicy(protect_in_use(), KEEP_ONE)
INDEX, IMAGE = images.index("first"), images.image("second")


def pods(place: Place, digests: Iterable[str]) -> Record:
    """Return the pods that run images by digest."""
    host = f"{place.account}.dkr.ecr.{place.region}.amazonaws.com/api"
    return kubernetes(
        *(
            {
                "kind": "Pod",
                "metadata": {"name": f"pod{number}"},
                "spec": {"containers": [{"name": "web", "image": f"{host}@{digest}"}]},
            }
            for number, digest in enumerate(digests)
        )
    )


@pytest.fixture
def snapshot(place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """Return a function that writes a snapshot of the registry and of pods, and its file."""
    place.ecr.create_repository(repositoryName="api", imageTagMutability="IMMUTABLE")
    registry = place.registry()
    registry.push("api", INDEX)
    registry.push("api", IMAGE)
    for number in range(3):
        registry.push(f"api:v{number}", images.image(number))
    for name, value in place.aws.settings(account=place.account, region=place.region).items():
        monkeypatch.setenv(name, value)

    def write(*used: str) -> str:
        made = snapshot_of(place.region)
        records = [*made.records, pods(place, used)]
        content = json_of(Snapshot(made.header, records, finished=made.finished))
        (tmp_path / "snapshot.json").write_text(content, "utf-8")
        return str(tmp_path / "snapshot.json")

    return write


def deleted(place: Place) -> set[str]:
    """Return the digests that the service's own evaluation of the policy deletes."""
    place.ecr.start_lifecycle_policy_preview(repositoryName="api")
    for _ in range(100):
        answer = place.ecr.get_lifecycle_policy_preview(repositoryName="api")
        if answer["status"] != "IN_PROGRESS":
            break
        time.sleep(0.05)
    return {item["imageDigest"] for item in answer["previewResults"]}


def tags(place: Place, digest: str) -> list[str]:
    """Return the tags of an image."""
    request = {"repositoryName": "api", "imageIds": [{"imageDigest": digest}]}
    [detail] = place.ecr.describe_images(**request)["imageDetails"]
    return sorted(detail.get("imageTags", []))


def test_an_image_in_use_is_kept_and_released(place: Place, snapshot: Any, run: Run) -> None:
    """The service deletes what runs, not once it has a tag, and the image outlives its last tag."""
    ecr, used = place.ecr, [INDEX.digest, IMAGE.digest]
    text = LifecyclePolicy(KEEP_ONE).to_json()
    ecr.put_lifecycle_policy(repositoryName="api", lifecyclePolicyText=text)
    assert {*used} <= deleted(place)
    file = snapshot(*used)
    report = run("in-use", "--snapshot", file, "--days", "1", "--format", "json")
    assert {*used} == {item["imageDigest"] for item in report.json["conflicts"]}
    assert 1 == report.status

    ecr.put_lifecycle_policy(repositoryName="api", lifecyclePolicyText=PROTECTING.to_json())
    protect = ("protect", "--environment", "prod", "--accept-not-known", "--format", "json")
    done = run(*protect, "--snapshot", snapshot(*used), "--apply")
    assert (0, "") == (done.status, done.err)
    assert {*used}.isdisjoint(deleted(place))
    assert [f"in-use-prod-{IMAGE.digest[7:19]}"] == tags(place, IMAGE.digest)
    again = run(*protect, "--snapshot", snapshot(*used), "--apply")
    assert {"keep"} == {step["action"] for step in again.json["steps"]}

    # Nothing runs it any more.
    done = run(*protect, "--snapshot", snapshot(), "--apply", "--now", "2031-01-01T00:00:00Z")
    assert (0, "") == (done.status, done.err)
    assert [f"in-use-prod-{IMAGE.digest[7:19]}-until-20310108"] == tags(place, IMAGE.digest)
    done = run(*protect, "--snapshot", snapshot(), "--apply", "--now", "2031-02-01T00:00:00Z")
    assert (0, "") == (done.status, done.err)
    assert [f"was-in-use-prod-{IMAGE.digest[7:19]}"] == tags(place, IMAGE.digest)
    assert {*used} <= deleted(place)
