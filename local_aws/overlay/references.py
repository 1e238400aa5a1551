"""Images that workloads name: found in the registry that the name leads to, and pulled from it.

Nothing is fetched. An image of another registry is unknown here, and stays so.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from ministack.core.responses import request_scope
from ministack.services import ecr

from local_aws.overlay import authorization, images, pull_times

if TYPE_CHECKING:
    from local_aws.overlay.images import Image

# https://docs.aws.amazon.com/AmazonECR/latest/userguide/Registries.html, IPv4 and dual-stack.
_NAME = re.compile(
    r"(?P<host>(?P<account>[0-9]{12})\.dkr(?:\.ecr|-ecr)(?:-fips)?\.(?P<region>[a-z0-9-]+)"
    r"\.(?:amazonaws\.com|on\.aws))"
    r"/(?P<repository>[^:@]+)(?::(?P<tag>[^@]+))?(?:@(?P<digest>sha256:[0-9a-f]{64}))?"
)


@dataclass(frozen=True)
class Reference:
    """An image of a registry of ECR, by digest, or else by tag."""

    host: str
    account: str
    region: str
    repository: str
    tag: str | None
    digest: str | None

    def find(self) -> Image | None:
        """Return the image, if the registry has it and it can be pulled: not if archived."""
        identity = (
            {"imageDigest": self.digest} if self.digest else {"imageTag": self.tag or "latest"}
        )
        with request_scope(self.account, self.region):
            if self.repository not in ecr._repositories:  # noqa: SLF001
                return None
            image = images.find(self.repository, identity)
        return image if image and images.is_pullable(image) else None


def parse(name: str) -> Reference | None:
    """Return the reference that the name of an image is; None for another registry's."""
    parts = _NAME.fullmatch(name)
    return Reference(**parts.groupdict()) if parts else None


class PullError(Exception):
    """An image that a workload cannot pull; the text says why, as ECS does."""


def pull(reference: Reference, role_arn: str | None) -> str:
    """Pull an image as a role; return the digest.

    Args:
        reference: The image.
        role_arn: The role that pulls; by default one that nothing is known of, and that may.

    Raises:
        PullError: The registry does not have the image, or the role may not pull it.
    """
    image = reference.find()
    shown = f"{reference.host}/{reference.repository}"
    shown += f"@{reference.digest}" if reference.digest else f":{reference.tag or 'latest'}"
    failed = f"pull image manifest has been retried 1 time(s): failed to resolve ref {shown}"
    if image is None:
        msg = f"{failed}: {shown}: not found"
        raise PullError(msg)
    with request_scope(reference.account, reference.region):
        for action in ("ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer") if role_arn else ():
            denied = authorization.denial_of_role(str(role_arn), action, reference.repository)
            if denied:
                msg = f"{failed}: 403 Forbidden: {denied}"
                raise PullError(msg)
        pull_times.record(image, role_arn or "")
    return str(image["imageDigest"])
