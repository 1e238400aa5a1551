"""Scans of images, whose findings are those of a file that the server was started with.

A scan takes no time. Without a file it finds nothing.
"""

# ruff: noqa: SLF001 - ministack offers its stores by private names only

from __future__ import annotations

from typing import TYPE_CHECKING

from ministack.core.responses import get_account_id, get_region
from ministack.services import ecr

from local_aws.overlay import images, registry, repositories
from local_aws.overlay.operations import RejectedError, now, operation

if TYPE_CHECKING:
    from local_aws.findings import Finding
    from local_aws.overlay.images import Image
    from local_aws.overlay.operations import Members

FINDINGS: list[Finding] = []
"""What scans find."""

# What a scanner can read: the configuration of a container image.
_CONFIGURATIONS = {
    "application/vnd.oci.image.config.v1+json",
    "application/vnd.docker.container.image.v1+json",
}


def is_enhanced() -> bool:
    """Tell whether Amazon Inspector scans this registry."""
    return bool(registry.setting("scanningConfiguration")["scanType"] == "ENHANCED")


def is_scannable(image: Image) -> bool:
    """Tell whether an image is one of a container, for one platform."""
    configuration = images.manifest(image).get("config") or {}
    return configuration.get("mediaType") in _CONFIGURATIONS


def on_push(name: str, image: Image) -> None:
    """Scan a pushed image, if its repository is scanned on push."""
    if registry.scan_frequency(name) != "MANUAL":
        image["scannedAt"] = now()


def findings_of(name: str, image: Image) -> list[Finding]:
    """Return what scans find in an image."""
    return [
        finding
        for finding in FINDINGS
        if is_scannable(image)
        and finding.account in ("", get_account_id())
        and finding.region in ("", get_region())
        and _names(finding.image, name, image)
    ]


def _names(pattern: str, name: str, image: Image) -> bool:
    repository, at, digest = pattern.partition("@")
    repository, colon, tag = repository.partition(":")
    if not repositories.matches(name, repository):
        return False
    if at:
        return bool(digest == image["imageDigest"])
    return not colon or any(repositories.matches(given, tag) for given in image["imageTags"])


def scanned_at(name: str, image: Image) -> float | None:
    """Return when an image was scanned last; None if it was not."""
    if not is_enhanced():
        scanned: float | None = image.get("scannedAt")
        return scanned
    if registry.scan_frequency(name) == "MANUAL":
        return None
    # Inspector also scans what was there before it was turned on.
    turned_on: float = registry.SET_AT.get("scanningConfiguration", 0.0)
    return max(float(image["imagePushedAt"]), turned_on)


def status_of(name: str, image: Image) -> tuple[str, str]:
    """Return the status of a scan, and its description."""
    if not is_scannable(image):
        return "UNSUPPORTED_IMAGE", "The image is not supported by the scanner."
    if not images.is_pullable(image):
        return "IMAGE_ARCHIVED", "The image is archived."
    if is_enhanced() and registry.scan_frequency(name) == "CONTINUOUS_SCAN":
        return "ACTIVE", "Continuous scan is selected for image."
    return "COMPLETE", "The scan was completed successfully."


@operation("StartImageScan")
def start(members: Members) -> Members:
    """Scan an image, which is Inspector's affair if the registry has enhanced scanning."""
    name = members["repositoryName"]
    image = images.get(name, members["imageId"])
    if is_enhanced():
        message = "This feature is disabled"
        raise RejectedError(message, "ValidationException")
    status, description = status_of(name, image)
    for refused, code in (
        ("UNSUPPORTED_IMAGE", "UnsupportedImageTypeException"),
        ("IMAGE_ARCHIVED", "ImageArchivedException"),
    ):
        if status == refused:
            raise RejectedError(description, code)
    image["scannedAt"] = now()
    return {**identity(name, image, members), "imageScanStatus": {"status": "IN_PROGRESS"}}


def identity(name: str, image: Image, members: Members) -> Members:
    """Return what every answer about an image's scan names."""
    return {
        "registryId": get_account_id(),
        "repositoryName": name,
        "imageId": {**members["imageId"], "imageDigest": image["imageDigest"]},
    }


def severity(finding: Finding) -> str:
    """Return the severity of a finding, as the scanner of this registry calls it."""
    undefined = is_enhanced() and finding.severity == "UNDEFINED"
    return "UNTRIAGED" if undefined else finding.severity


def title(finding: Finding) -> str:
    """Return the title of a finding."""
    return finding.title or f"{finding.vulnerability} - {finding.package}"


def description(finding: Finding) -> str:
    """Return the description of a finding."""
    return finding.description or title(finding)


def uri(finding: Finding) -> str:
    """Return where a vulnerability is described."""
    return f"https://nvd.nist.gov/vuln/detail/{finding.vulnerability}"


def repository_names() -> list[str]:
    """Return the repositories of this registry."""
    return [*ecr._repositories]
