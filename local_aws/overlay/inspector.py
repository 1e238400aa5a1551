"""Amazon Inspector: which images of this registry it scans, and what it finds in them.

What ministack makes up about other resources is not served.
"""

# ruff: noqa: SLF001 - ministack offers its stores and handlers by private names only

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING, Any

from ministack.core.responses import (
    error_response_json,
    get_account_id,
    get_region,
    json_response,
)
from ministack.services import ecr, inspector2

from local_aws.overlay import ecs, images, registry, scans
from local_aws.overlay.operations import now, page

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from local_aws.findings import Finding
    from local_aws.overlay.images import Image
    from local_aws.overlay.operations import HttpAnswer, Members

_IMAGE, _REPOSITORY = "AWS_ECR_CONTAINER_IMAGE", "AWS_ECR_REPOSITORY"
# What ministack answers of an account without members, filters and resources of other kinds.
_KEPT = (
    *("/configuration/get", "/delegatedadminaccounts/get", "/delegatedadminaccounts/list"),
    *("/members/list", "/organizationconfiguration/describe", "/usage/list"),
)


# --- coverage ---


def _arn(name: str) -> str:
    return str(ecr._repo_arn(name))


def _frequency(name: str) -> tuple[str, str]:
    """Return status and reason of what has the scan frequency of a repository."""
    frequency = registry.scan_frequency(name)
    if frequency == "CONTINUOUS_SCAN":
        return "ACTIVE", "SUCCESSFUL"
    return "INACTIVE", f"SCAN_FREQUENCY_{frequency}"


def _scan_status(name: str, image: Image) -> tuple[str, str]:
    if registry.scan_frequency(name) != "MANUAL" and not scans.is_scannable(image):
        return "INACTIVE", "UNSUPPORTED_MEDIA_TYPE"
    if not images.is_pullable(image):
        return "INACTIVE", "IMAGE_ARCHIVED"
    return _frequency(name)


def _use(name: str, image: Image) -> Members:
    """Return how many tasks of ECS run an image; they name its digest, not that of an index."""
    count = len(ecs.running(image["imageDigest"], _arn(name)))
    return {"inUseCount": count, **({"lastInUseAt": now()} if count else {})}


def _covered(name: str) -> Iterator[Members]:
    """Yield a repository and its images as covered resources."""
    code, reason = _frequency(name)
    common = {"accountId": get_account_id(), "scanType": "PACKAGE"}
    yield {
        "resourceType": _REPOSITORY,
        "resourceId": _arn(name),
        **common,
        "scanStatus": {"statusCode": code, "reason": reason},
        "resourceMetadata": {
            "ecrRepository": {"name": name, "scanFrequency": registry.scan_frequency(name)}
        },
    }
    for image in images.all_of(name):
        code, reason = _scan_status(name, image)
        pulled, scanned = image.get("lastRecordedPullTime"), scans.scanned_at(name, image)
        is_scanned = scanned is not None and scans.is_scannable(image)
        yield {
            "resourceType": _IMAGE,
            "resourceId": f"{_arn(name)}/{image['imageDigest']}",
            **common,
            "scanStatus": {"statusCode": code, "reason": reason},
            "resourceMetadata": {
                "ecrRepository": {"name": name, "scanFrequency": registry.scan_frequency(name)},
                "ecrImage": {
                    "tags": list(image["imageTags"]),
                    **({"imagePulledAt": pulled} if pulled else {}),
                    **_use(name, image),
                },
            },
            **({"lastScannedAt": scanned} if is_scanned else {}),
        }


def list_coverage(members: Members) -> HttpAnswer:
    """List the repositories and images of this registry, if Inspector scans it."""
    resources = [
        resource
        for name in (scans.repository_names() if scans.is_enhanced() else ())
        for resource in _covered(name)
    ]
    return _selected("coveredResources", resources, members, _COVERAGE)


def _image_of(resource: Members) -> Members:
    metadata: Members = resource["resourceMetadata"].get("ecrImage", {})
    return metadata


# What a filter compares: the values of a resource, of which one must fit.
_COVERAGE: dict[str, Callable[[Members], list[Any]]] = {
    "accountId": lambda resource: [resource["accountId"]],
    "ecrImageInUseCount": lambda resource: _present(_image_of(resource).get("inUseCount")),
    "ecrImageLastInUseAt": lambda resource: _present(_image_of(resource).get("lastInUseAt")),
    "ecrImageTags": lambda resource: list(_image_of(resource).get("tags", [])),
    "ecrRepositoryName": lambda resource: [resource["resourceMetadata"]["ecrRepository"]["name"]],
    "imagePulledAt": lambda resource: _present(_image_of(resource).get("imagePulledAt")),
    "lastScannedAt": lambda resource: _present(resource.get("lastScannedAt")),
    "resourceId": lambda resource: [resource["resourceId"]],
    "resourceType": lambda resource: [resource["resourceType"]],
    "scanStatusCode": lambda resource: [resource["scanStatus"]["statusCode"]],
    "scanStatusReason": lambda resource: [resource["scanStatus"]["reason"]],
    "scanType": lambda resource: [resource["scanType"]],
}


# --- findings ---


def _finding(name: str, image: Image, finding: Finding) -> Members:
    """Return a finding as Inspector does."""
    observed = scans.scanned_at(name, image)
    parts = (get_account_id(), get_region(), name, image["imageDigest"])
    text = "|".join((*parts, finding.vulnerability, finding.package, finding.version))
    finding_id = hashlib.sha256(text.encode()).hexdigest()[:32]
    fixed = {"fixedInVersion": finding.fixed_in} if finding.fixed_in else {}
    advice = f"Update {finding.package} to {finding.fixed_in}." if fixed else "None Provided"
    return {
        "findingArn": f"arn:aws:inspector2:{get_region()}:{get_account_id()}:finding/{finding_id}",
        "awsAccountId": get_account_id(),
        "type": "PACKAGE_VULNERABILITY",
        "title": scans.title(finding),
        "description": scans.description(finding),
        "severity": scans.severity(finding),
        "status": "ACTIVE",
        "firstObservedAt": observed,
        "lastObservedAt": observed,
        "updatedAt": observed,
        "remediation": {"recommendation": {"text": advice}},
        **({"inspectorScore": finding.score} if finding.score is not None else {}),
        "fixAvailable": "YES" if fixed else "NO",
        "exploitAvailable": "YES" if finding.exploit else "NO",
        "resources": [
            {
                "type": _IMAGE,
                "id": f"{_arn(name)}/{image['imageDigest']}",
                "partition": "aws",
                "region": get_region(),
                "tags": {},
                "details": {
                    "awsEcrContainerImage": {
                        "repositoryName": name,
                        "imageTags": list(image["imageTags"]),
                        "imageHash": image["imageDigest"],
                        "registry": get_account_id(),
                        "pushedAt": image["imagePushedAt"],
                        **_use(name, image),
                    }
                },
            }
        ],
        "packageVulnerabilityDetails": {
            "vulnerabilityId": finding.vulnerability,
            "source": "NVD",
            "sourceUrl": scans.uri(finding),
            "vulnerablePackages": [{"name": finding.package, "version": finding.version, **fixed}],
        },
    }


def _found(name: str, image: Image) -> list[Members]:
    """Return Inspector's findings in an image that it has scanned, and that is not archived."""
    if scans.scanned_at(name, image) is None or not images.is_pullable(image):
        return []
    return [_finding(name, image, finding) for finding in scans.findings_of(name, image)]


def in_registry(name: str, image: Image) -> list[Members]:
    """Return Inspector's findings as ECR shows them: with its own names of some members."""
    shown = []
    for finding in _found(name, image):
        score = finding.pop("inspectorScore", None)
        resources = [
            {member: item[member] for member in ("type", "id", "tags", "details")}
            for item in finding["resources"]
        ]
        points = {} if score is None else {"score": score}
        shown.append({**finding, **points, "resources": resources})
    return shown


def list_findings(members: Members) -> HttpAnswer:
    """List what Inspector has found in the images of this registry."""
    if members.get("sortCriteria"):
        return _refused("sortCriteria")
    detected = [
        finding
        for name in (scans.repository_names() if scans.is_enhanced() else ())
        for image in images.all_of(name)
        for finding in _found(name, image)
    ]
    return _selected("findings", detected, members, _FINDINGS)


def _details(finding: Members) -> Members:
    details: Members = finding["resources"][0]["details"]["awsEcrContainerImage"]
    return details


_FINDINGS: dict[str, Callable[[Members], list[Any]]] = {
    "awsAccountId": lambda finding: [finding["awsAccountId"]],
    "ecrImageHash": lambda finding: [_details(finding)["imageHash"]],
    "ecrImageInUseCount": lambda finding: [_details(finding)["inUseCount"]],
    "ecrImageLastInUseAt": lambda finding: _present(_details(finding).get("lastInUseAt")),
    "ecrImagePushedAt": lambda finding: [_details(finding)["pushedAt"]],
    "ecrImageRegistry": lambda finding: [_details(finding)["registry"]],
    "ecrImageRepositoryName": lambda finding: [_details(finding)["repositoryName"]],
    "ecrImageTags": lambda finding: list(_details(finding)["imageTags"]),
    "exploitAvailable": lambda finding: [finding["exploitAvailable"]],
    "findingArn": lambda finding: [finding["findingArn"]],
    "findingStatus": lambda finding: [finding["status"]],
    "findingType": lambda finding: [finding["type"]],
    "firstObservedAt": lambda finding: [finding["firstObservedAt"]],
    "fixAvailable": lambda finding: [finding["fixAvailable"]],
    "inspectorScore": lambda finding: _present(finding.get("inspectorScore")),
    "resourceId": lambda finding: [finding["resources"][0]["id"]],
    "resourceType": lambda finding: [finding["resources"][0]["type"]],
    "severity": lambda finding: [finding["severity"]],
    "title": lambda finding: [finding["title"]],
    "vulnerabilityId": lambda finding: [finding["packageVulnerabilityDetails"]["vulnerabilityId"]],
}


# --- filters and pages ---


def _present(value: Any) -> list[Any]:
    return [] if value is None else [value]


def _selected(
    member: str,
    items: list[Members],
    members: Members,
    values_of: dict[str, Callable[[Members], list[Any]]],
) -> HttpAnswer:
    """Return a page of the items that fit all filters; a filter that is unknown is refused."""
    criteria = members.get("filterCriteria") or {}
    for name in criteria:
        if name not in values_of:
            return _refused(name)
    fitting = [
        item
        for item in items
        if all(
            _fits(values_of[name](item), conditions)
            for name, conditions in criteria.items()
            if conditions
        )
    ]
    answer: HttpAnswer = json_response(page(members, member, fitting))
    return answer


def _fits(values: list[Any], conditions: list[Members]) -> bool:
    """Tell whether the values fit one of the conditions, and each of those that exclude."""
    excluded = [item["value"] for item in conditions if item.get("comparison") == "NOT_EQUALS"]
    others = [item for item in conditions if item.get("comparison") != "NOT_EQUALS"]
    if any(value in excluded for value in values):
        return False
    return not others or any(_is(value, item) for value in values for item in others)


def _is(value: Any, condition: Members) -> bool:
    if condition.get("comparison") == "EQUALS":
        return bool(value == condition["value"])
    if condition.get("comparison") == "PREFIX":
        return str(value).startswith(condition["value"])
    lowest = condition.get("lowerInclusive", condition.get("startInclusive", value))
    highest = condition.get("upperInclusive", condition.get("endInclusive", value))
    return bool(lowest <= value <= highest)


def _refused(name: str) -> HttpAnswer:
    message = f"The embedded AWS does not filter or sort by {name}"
    answer: HttpAnswer = error_response_json("ValidationException", message, 400)
    return answer


def install() -> None:
    """Serve these, and of ministack's what is true without a scanner."""
    inspector2._path_handlers = {
        **{path: inspector2._path_handlers[path] for path in _KEPT},
        "/coverage/list": list_coverage,
        "/findings/list": list_findings,
    }
