"""DescribeImageScanFindings: what the scanner of a registry, ECR's or Inspector, has found."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from ministack.core.responses import get_account_id

from local_aws.overlay import images, inspector, scans
from local_aws.overlay.operations import RejectedError, operation, page

if TYPE_CHECKING:
    from local_aws.findings import Finding
    from local_aws.overlay.operations import Members


@operation("DescribeImageScanFindings")
def describe(members: Members) -> Members:
    """Tell what the last scan of an image has found."""
    name = members["repositoryName"]
    image = images.get(name, members["imageId"])
    scanned = scans.scanned_at(name, image)
    if scanned is None:
        message = f"Image scan does not exist for the image with digest '{image['imageDigest']}' "
        place = f"in the repository '{name}' of the registry with id '{get_account_id()}'"
        raise RejectedError(message + place, "ScanNotFoundException")
    status, description = scans.status_of(name, image)
    answer = {
        **scans.identity(name, image, members),
        "imageScanStatus": {"status": status, "description": description},
    }
    if status not in ("ACTIVE", "COMPLETE"):
        return answer
    detected = scans.findings_of(name, image)
    shown = (
        page(members, "enhancedFindings", inspector.in_registry(name, image))
        if scans.is_enhanced()
        else page(members, "findings", [_basic(finding) for finding in detected])
    )
    token = {"nextToken": shown.pop("nextToken")} if "nextToken" in shown else {}
    return {
        **answer,
        "imageScanFindings": {
            "imageScanCompletedAt": scanned,
            "vulnerabilitySourceUpdatedAt": scanned,
            "findingSeverityCounts": dict(Counter(scans.severity(finding) for finding in detected)),
            **shown,
        },
        **token,
    }


def _basic(finding: Finding) -> Members:
    """Return a finding as basic scanning does."""
    attributes = {
        "package_name": finding.package,
        "package_version": finding.version,
        **({"CVSS3_SCORE": f"{finding.score:g}"} if finding.score is not None else {}),
        **({"patched_versions": finding.fixed_in} if finding.fixed_in else {}),
    }
    return {
        "name": finding.vulnerability,
        "description": scans.description(finding),
        "uri": scans.uri(finding),
        "severity": finding.severity,
        "attributes": [{"key": key, "value": value} for key, value in attributes.items()],
    }
