"""What the embedded AWS says of scans, signatures and other artifacts about its images."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from local_aws import LocalAwsError, images
from local_aws.__main__ import main
from local_aws.findings import load
from local_aws.registry import PullRejectedError
from tests.support.embedded_aws import Place

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

IMAGE = images.image("scanned")
PROFILE = "arn:aws:signer:eu-central-1:111122223333:/signing-profiles/{}"
API = {"repositoryName": "scanned/api"}
V1 = {**API, "imageId": {"imageTag": "v1"}}


@pytest.fixture
def place(place: Place) -> Place:
    place.ecr.create_repository(**API)
    return place


def push(place: Place, artifact: images.Artifact = IMAGE, tag: str = "v1") -> str:
    return place.push_image(f"scanned/api:{tag}", artifact)


def scanning(place: Place, frequency: str, *, scan_type: str = "ENHANCED") -> None:
    """Scan the repositories of the registry below `scanned/`."""
    filters = [{"filter": "scanned/*", "filterType": "WILDCARD"}]
    rules = [{"scanFrequency": frequency, "repositoryFilters": filters}]
    place.ecr.put_registry_scanning_configuration(scanType=scan_type, rules=rules)


def covered(place: Place, **filters: Any) -> dict[str, dict[str, Any]]:
    """Return the covered resources by the end of their ids."""
    pages = place.client("inspector2").get_paginator("list_coverage")
    criteria = {"filterCriteria": filters} if filters else {}
    resources = pages.paginate(**criteria).build_full_result()["coveredResources"]
    return {item["resourceId"].rpartition("repository/")[2]: item for item in resources}


def status(resource: dict[str, Any]) -> str:
    return "/".join(resource["scanStatus"].values())


def equals(*values: str, comparison: str = "EQUALS") -> list[dict[str, str]]:
    return [{"comparison": comparison, "value": value} for value in values]


# --- coverage ---


@pytest.mark.parametrize(
    ("frequency", "repository", "image"),
    [
        ("CONTINUOUS_SCAN", "ACTIVE/SUCCESSFUL", "ACTIVE/SUCCESSFUL"),
        *[("SCAN_ON_PUSH", *["INACTIVE/SCAN_FREQUENCY_SCAN_ON_PUSH"] * 2)],
        *[("MANUAL", *["INACTIVE/SCAN_FREQUENCY_MANUAL"] * 2)],
    ],
)
def test_inspector_covers_the_images_of_the_registry(
    place: Place, frequency: str, repository: str, image: str
) -> None:
    """Each with its repository, tags and the frequency that a rule gives it."""
    digest = push(place)
    if frequency == "MANUAL":
        place.ecr.put_registry_scanning_configuration(scanType="ENHANCED", rules=[])
    else:
        scanning(place, frequency)

    resources = covered(place)

    assert {name: status(resource) for name, resource in resources.items()} == {
        "scanned/api": repository,
        f"scanned/api/{digest}": image,
    }
    metadata = resources[f"scanned/api/{digest}"]["resourceMetadata"]
    assert metadata["ecrImage"] == {"tags": ["v1"], "inUseCount": 0}
    assert metadata["ecrRepository"]["scanFrequency"] == frequency
    assert ("lastScannedAt" in resources[f"scanned/api/{digest}"]) is (frequency != "MANUAL")


def test_without_enhanced_scanning_inspector_covers_nothing(place: Place) -> None:
    """Basic scanning is ECR's own."""
    push(place)
    scanning(place, "SCAN_ON_PUSH", scan_type="BASIC")

    assert covered(place) == {}
    assert place.client("inspector2").list_findings()["findings"] == []


def test_what_inspector_cannot_scan_is_inactive_with_a_reason(place: Place) -> None:
    """Charts and indexes by their type, archived images by their status."""
    scanning(place, "CONTINUOUS_SCAN")
    chart, index = push(place, images.helm_chart(1), "chart"), push(place, images.index(1), "both")
    archived = push(place)
    place.ecr.update_image_storage_class(**V1, targetStorageClass="ARCHIVE")

    resources = covered(place)

    reasons = [resources[f"scanned/api/{item}"]["scanStatus"] for item in (chart, index, archived)]
    assert [reason["reason"] for reason in reasons] == [
        *("UNSUPPORTED_MEDIA_TYPE", "UNSUPPORTED_MEDIA_TYPE", "IMAGE_ARCHIVED")
    ]
    assert {reason["statusCode"] for reason in reasons} == {"INACTIVE"}
    listed = place.client("inspector2").list_findings()["findings"]
    images_with_findings = {finding["resources"][0]["id"].rpartition("/")[2] for finding in listed}
    assert images_with_findings.isdisjoint({chart, index, archived})


def test_coverage_counts_the_tasks_that_run_an_image(place: Place) -> None:
    """Not those that have stopped; and it says when the image was pulled."""
    scanning(place, "CONTINUOUS_SCAN")
    digest, ecs = push(place), place.client("ecs")
    unused = push(place, images.image("unused"), "v2")
    image = place.uri("scanned/api:v1")
    containers = [{"name": "c", "image": image, "memory": 64}]
    ecs.register_task_definition(family="api", containerDefinitions=containers)
    tasks = ecs.run_task(taskDefinition="api", count=3)["tasks"]
    ecs.stop_task(task=tasks[0]["taskArn"])

    in_use = covered(place, ecrImageInUseCount=[{"lowerInclusive": 1}])

    [metadata] = [item["resourceMetadata"]["ecrImage"] for item in in_use.values()]
    assert {"inUseCount", "lastInUseAt", "imagePulledAt", "tags"} == metadata.keys()
    assert ([*in_use], metadata["inUseCount"]) == ([f"scanned/api/{digest}"], 2)
    assert [*covered(place, ecrImageInUseCount=[{"upperInclusive": 0}])] == [
        f"scanned/api/{unused}"
    ]


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({"resourceType": equals("AWS_ECR_REPOSITORY")}, ["scanned/api"]),
        ({"resourceType": equals("AWS_LAMBDA_FUNCTION")}, []),
        ({"ecrImageTags": equals("v1", "v9")}, ["v1"]),
        ({"ecrImageTags": equals("v1"), "ecrRepositoryName": equals("other")}, []),
        ({"ecrImageTags": equals("v1", comparison="NOT_EQUALS")}, ["scanned/api", "v2"]),
        ({"scanStatusCode": equals("INACTIVE")}, []),
        ({"imagePulledAt": [{"startInclusive": 0}]}, ["v2"]),
        ({"lastScannedAt": [{"endInclusive": 1}]}, []),
    ],
    ids=str,
)
def test_coverage_is_filtered(place: Place, filters: Any, expected: list[str]) -> None:
    """Values of one filter are alternatives; filters are combined."""
    scanning(place, "CONTINUOUS_SCAN")
    names = {push(place): "v1", push(place, images.image("v2"), "v2"): "v2"}
    place.registry().pull("scanned/api", "v2")

    listed = covered(place, **filters)

    assert sorted(names.get(name.rpartition("/")[2], name) for name in listed) == expected


@pytest.mark.parametrize(
    ("operation", "request_"),
    [
        ("list_coverage", {"filterCriteria": {"lambdaFunctionName": equals("f")}}),
        ("list_findings", {"filterCriteria": {"epssScore": [{"lowerInclusive": 0.5}]}}),
        ("list_findings", {"sortCriteria": {"field": "SEVERITY", "sortOrder": "ASC"}}),
        ("list_finding_aggregations", {"aggregationType": "REPOSITORY"}),
    ],
    ids=str,
)
def test_what_inspector_does_not_do_here_is_an_error(
    place: Place, operation: str, request_: Any
) -> None:
    """Instead of an answer that leaves a filter out."""
    with pytest.raises(ClientError, match=r"ValidationException|InvalidAction"):
        getattr(place.client("inspector2"), operation)(**request_)


# --- findings ---


def test_a_basic_scan_finds_what_the_file_says(place: Place) -> None:
    """On push or when it is started, page by page."""
    scanning(place, "SCAN_ON_PUSH", scan_type="BASIC")
    push(place)

    pages = place.ecr.get_paginator("describe_image_scan_findings")
    answers = list(pages.paginate(**V1, PaginationConfig={"PageSize": 1}))

    listed = [item for answer in answers for item in answer["imageScanFindings"]["findings"]]
    assert [(item["name"], item["severity"]) for item in listed] == [
        ("CVE-2026-0001", "CRITICAL"),
        ("CVE-2026-0002", "UNDEFINED"),
    ]
    counts = answers[0]["imageScanFindings"]["findingSeverityCounts"]
    assert (counts, len(answers)) == ({"CRITICAL": 1, "UNDEFINED": 1}, 2)
    assert answers[0]["imageScanStatus"]["status"] == "COMPLETE"


def test_an_image_that_was_not_scanned_has_no_findings(place: Place) -> None:
    """Which is not the same as none; a scan that is started finds them."""
    push(place)
    with pytest.raises(place.ecr.exceptions.ScanNotFoundException):
        place.ecr.describe_image_scan_findings(**V1)

    assert place.ecr.start_image_scan(**V1)["imageScanStatus"]["status"] == "IN_PROGRESS"

    assert place.ecr.describe_image_scan_findings(**V1)["imageScanFindings"]["findings"]


@pytest.mark.parametrize(
    ("prepare", "code"),
    [
        (lambda place: push(place, images.index(1)), "UnsupportedImageTypeException"),
        (lambda place: push(place, images.helm_chart(1)), "UnsupportedImageTypeException"),
        (lambda place: scanning(place, "CONTINUOUS_SCAN"), "ValidationException"),
        (
            lambda place: place.ecr.update_image_storage_class(**V1, targetStorageClass="ARCHIVE"),
            "ImageArchivedException",
        ),
        (
            lambda place: place.ecr.batch_delete_image(**API, imageIds=[{"imageTag": "v1"}]),
            "ImageNotFoundException",
        ),
    ],
)
def test_a_scan_that_cannot_start_is_an_error(
    place: Place, prepare: Callable[[Place], object], code: str
) -> None:
    """By the type or the status of the image, or because Inspector scans."""
    push(place)
    prepare(place)

    with pytest.raises(ClientError, match=code):
        place.ecr.start_image_scan(**V1)


@pytest.mark.parametrize(
    ("artifact", "status_"),
    [(IMAGE, "ACTIVE"), (images.index(1), "UNSUPPORTED_IMAGE"), (None, "IMAGE_ARCHIVED")],
    ids=["an image", "an index", "an archived image"],
)
def test_an_enhanced_scan_has_a_status(
    place: Place, artifact: images.Artifact | None, status_: str
) -> None:
    """With findings only where it is active."""
    scanning(place, "CONTINUOUS_SCAN")
    push(place, artifact or IMAGE)
    if artifact is None:
        place.ecr.update_image_storage_class(**V1, targetStorageClass="ARCHIVE")

    answer = place.ecr.describe_image_scan_findings(**V1)

    assert answer["imageScanStatus"]["status"] == status_
    listed = answer.get("imageScanFindings", {}).get("enhancedFindings", [])
    severities = [finding["severity"] for finding in listed]
    assert severities == (["CRITICAL", "UNTRIAGED"] if status_ == "ACTIVE" else [])


@pytest.mark.parametrize(
    ("filters", "expected"),
    [
        ({}, 3),
        ({"severity": equals("CRITICAL", "HIGH")}, 2),
        ({"ecrImageTags": equals("v1")}, 2),
        ({"ecrImageRepositoryName": equals("scanned/", comparison="PREFIX")}, 3),
        ({"vulnerabilityId": equals("CVE-2026-0001", comparison="NOT_EQUALS")}, 1),
        ({"ecrImageHash": equals(IMAGE.digest), "fixAvailable": equals("YES")}, 1),
        ({"ecrImageInUseCount": [{"lowerInclusive": 1}]}, 0),
        ({"inspectorScore": [{"lowerInclusive": 9, "upperInclusive": 10}]}, 2),
        ({"findingStatus": equals("CLOSED")}, 0),
    ],
    ids=str,
)
def test_findings_are_filtered(place: Place, filters: Any, expected: int) -> None:
    """One finding for each image that has it; in the accounts that the file names."""
    scanning(place, "CONTINUOUS_SCAN")
    push(place)
    push(place, images.image("other"), "w2")

    listed = place.client("inspector2").list_findings(filterCriteria=filters)["findings"]

    assert len(listed) == expected
    assert len({finding["findingArn"] for finding in listed}) == expected


# --- the file ---


def one(**changes: Any) -> str:
    """Return a file with one finding."""
    finding = {"image": "a", "vulnerability": "CVE-1", "severity": "LOW", "package": "p"}
    return json.dumps({"findings": [finding, finding | changes]})


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{", "JSON"),
        ("[" * 100_000, "JSON"),
        ("[]", "findings"),
        ('{"findings": {}}', "findings"),
        ('{"findings": [], "more": 1}', "findings"),
        ('{"findings": [1]}', r"findings\[0\] "),
        ('{"findings": [{}]}', r"findings\[0\]\.image "),
        (one(sevrity="LOW"), r"findings\[1\]\.sevrity "),
        (one(severity="low"), r"findings\[1\]\.severity "),
        (one(image="a@sha256:1"), r"\.image "),
        (one(image=5), r"\.image "),
        (one(package=""), r"\.package "),
        (one(package="two words"), r"\.package .*without spaces"),
        (one(fixed_in="3 or later"), r"\.fixed_in .*without spaces"),
        (one(title=""), r"\.title .*not empty"),
        (one(score=11), r"\.score "),
        (one(score=True), r"\.score "),
        (one(score=float("nan")), r"\.score "),
        (one(exploit="yes"), r"\.exploit "),
        (one(account=111122223333), r"\.account "),
        (one(region="nowhere"), r"\.region "),
        ("\x00\xff", "JSON"),
        (None, "No such file"),
    ],
    ids=range(23),
)
def test_a_file_with_a_mistake_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str | None, problem: str
) -> None:
    """One line that names file and place, status 2, and nothing is started."""
    path = tmp_path / "findings.json"
    if text is not None:
        path.write_bytes(text.encode("latin-1"))

    assert main(["start", "--scan-findings", str(path)]) == 2

    [line] = capsys.readouterr().err.splitlines()
    assert line.startswith(f"local_aws: {path}")
    assert re.search(problem, line)
    with pytest.raises(LocalAwsError):
        load(path)


# --- referrers and signatures ---


def referrers(place: Place, digest: str, **asked: Any) -> list[str]:
    pages = place.ecr.list_image_referrers(**API, subjectId={"imageDigest": digest}, **asked)
    return [item["digest"] for item in pages["referrers"]]


def sbom(subject: images.Artifact) -> images.Artifact:
    """Return an artifact about an image without a type of its own."""
    return images.signature(subject, artifact_type="application/spdx+json")


def test_artifacts_about_an_image_are_listed(place: Place) -> None:
    """By type, by status, in pages; also of an image that is not there, and over the registry."""
    digest = push(place)
    signature, bom = push(place, images.signature(IMAGE), ""), push(place, sbom(IMAGE), "")

    assert referrers(place, digest) == [signature, bom]
    assert referrers(place, bom) == []
    types = {"artifactTypes": ["application/spdx+json"]}
    assert referrers(place, digest, filter=types) == [bom]
    first = place.ecr.list_image_referrers(**API, subjectId={"imageDigest": digest}, maxResults=1)
    assert referrers(place, digest, nextToken=first["nextToken"]) == [bom]
    archived = {"imageId": {"imageDigest": bom}, "targetStorageClass": "ARCHIVE"}
    place.ecr.update_image_storage_class(**API, **archived)
    assert referrers(place, digest) == [signature]
    assert referrers(place, digest, filter={"artifactStatus": "ARCHIVED"}) == [bom]
    assert referrers(place, digest, filter={"artifactStatus": "ANY"}) == [signature, bom]
    registry = place.registry()
    host = f"http://{registry.host}/v2/scanned"
    index = registry.oras.do_request(f"{host}/api/referrers/{digest}", "GET").json()
    assert [item["artifactType"] for item in index["manifests"]] == [images.NOTATION_SIGNATURE]
    assert registry.oras.do_request(f"{host}/no/referrers/{digest}", "GET").status_code == 404
    with pytest.raises(PullRejectedError, match="MANIFEST_UNKNOWN"):
        registry.pull("scanned/api", bom)


def test_an_image_is_signed_by_the_profiles_whose_rules_match(place: Place) -> None:
    """In progress until there is a signature; an image of before the rules has no status."""
    push(place)
    rules = [
        {"signingProfileArn": PROFILE.format("all")},
        {
            "signingProfileArn": PROFILE.format("scanned"),
            "repositoryFilters": [{"filter": "scanned/*", "filterType": "WILDCARD_MATCH"}],
        },
        {
            "signingProfileArn": PROFILE.format("other"),
            "repositoryFilters": [{"filter": "other", "filterType": "WILDCARD_MATCH"}],
        },
    ]
    place.ecr.put_signing_configuration(signingConfiguration={"rules": rules})
    newer = images.image("newer")
    push(place, newer, "v2")

    def statuses(tag: str) -> list[tuple[str, str]]:
        answer = place.ecr.describe_image_signing_status(**API, imageId={"imageTag": tag})
        return [
            (item["signingProfileArn"].rpartition("/")[2], item["status"])
            for item in answer["signingStatuses"]
        ]

    assert statuses("v1") == []
    assert statuses("v2") == [("all", "IN_PROGRESS"), ("scanned", "IN_PROGRESS")]
    push(place, sbom(newer), "bom")
    assert statuses("v2") == [("all", "IN_PROGRESS"), ("scanned", "IN_PROGRESS")]
    push(place, images.signature(newer), "signature")
    assert statuses("v2") == [("all", "COMPLETE"), ("scanned", "COMPLETE")]
    assert statuses("signature") == []
