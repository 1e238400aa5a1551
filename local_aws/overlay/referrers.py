"""Artifacts about an image, such as signatures, and whether ECR has signed it.

Nothing is signed here. A signature that a client pushes counts as the one that ECR makes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ministack.core.responses import get_account_id

from local_aws.overlay import images, registry, repositories
from local_aws.overlay.operations import operation, page

if TYPE_CHECKING:
    from local_aws.overlay.images import Image
    from local_aws.overlay.operations import Members

# A page of ListImageReferrers without maxResults.
_PAGE = 20
# Notation, which ECR's managed signing uses, and cosign's two formats.
_SIGNATURES = {
    "application/vnd.cncf.notary.signature",
    "application/vnd.dev.cosign.artifact.sig.v1+json",
    "application/vnd.dev.cosign.simplesigning.v1+json",
    "application/vnd.dev.sigstore.bundle.v0.3+json",
}


def of(name: str, digest: str, asked: Members) -> list[Members]:
    """Return the descriptors of the artifacts whose subject has a digest, oldest first.

    Args:
        name: The repository.
        digest: The digest; an image need not exist.
        asked: A filter of ListImageReferrers; by default the artifacts that are not archived.
    """
    status = asked.get("artifactStatus", "ACTIVE")
    types = asked.get("artifactTypes")
    described = [
        _described(image) for image in images.all_of(name) if images.subject(image) == digest
    ]
    return [
        item
        for item in described
        if status in ("ANY", item["artifactStatus"])
        and (not types or item.get("artifactType") in types)
    ]


def _described(image: Image) -> Members:
    content = images.manifest(image)
    kind = _artifact_type(content)
    annotations = content.get("annotations")
    return {
        "digest": image["imageDigest"],
        "mediaType": image["imageManifestMediaType"],
        **({"artifactType": kind} if kind else {}),
        "size": len(image["imageManifest"].encode()),
        **({"annotations": annotations} if annotations else {}),
        "artifactStatus": image.get("imageStatus", "ACTIVE"),
    }


def _artifact_type(content: Members) -> str | None:
    """Return the type of an artifact: its own, or else the type of its configuration."""
    kind: str | None = content.get("artifactType") or (content.get("config") or {}).get("mediaType")
    return kind


@operation("ListImageReferrers")
def list_referrers(members: Members) -> Members:
    """List the artifacts about an image, which need not exist."""
    digest, asked = members["subjectId"]["imageDigest"], members.get("filter", {})
    listed = of(members["repositoryName"], digest, asked)
    return page({"maxResults": _PAGE, **members}, "referrers", listed)


@operation("DescribeImageSigningStatus")
def describe_signing_status(members: Members) -> Members:
    """Tell for each signing profile whose rules match whether the image has a signature.

    An image of before the rules is signed by nobody; without a signature it has no status.
    """
    name = members["repositoryName"]
    image = images.get(name, members["imageId"])
    configuration = registry.setting("signingConfiguration") or {"rules": []}
    profiles = dict.fromkeys(
        rule["signingProfileArn"] for rule in configuration["rules"] if _matches(rule, name)
    )
    signed = any(_is_signature(item) for item in of(name, image["imageDigest"], {}))
    asked = image["imagePushedAt"] > registry.SET_AT.get("signingConfiguration", 0)
    is_artifact = images.subject(image) is not None
    return {
        "repositoryName": name,
        "imageId": {**members["imageId"], "imageDigest": image["imageDigest"]},
        "registryId": get_account_id(),
        "signingStatuses": [
            {"signingProfileArn": profile, "status": "COMPLETE" if signed else "IN_PROGRESS"}
            for profile in profiles
            if (signed or asked) and not is_artifact
        ],
    }


def _matches(rule: Members, name: str) -> bool:
    filters = rule.get("repositoryFilters") or [{"filter": "*"}]
    return any(repositories.matches(name, item["filter"]) for item in filters)


def _is_signature(referrer: Members) -> bool:
    return referrer.get("artifactType") in _SIGNATURES
