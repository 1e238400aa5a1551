"""Image references as Docker, Kubernetes and AWS services write them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ecr_constructs.model.names import NAME_PATTERN, TAG_PATTERN
from ecr_constructs.model.partitions import read_host
from ecr_constructs.model.registry_id import RegistryId
from ecr_constructs.model.validation import reject

# The grammar of references; ECR has digests of SHA-256 only.
# https://github.com/distribution/reference/blob/main/regexp.go
_SHA256 = r"sha256:[0-9a-f]{64}"
_REST = re.compile(
    rf"(?P<repository>{NAME_PATTERN})(?::(?P<tag>{TAG_PATTERN}))?(?:@(?P<digest>{_SHA256}))?"
)
_DIGEST = re.compile(_SHA256)
_PORT = ":443"
_DEFAULT_TAG = "latest"


@dataclass(frozen=True, slots=True)
class ImageUri:
    """A reference to an image of a private registry of ECR.

    Attributes:
        registry: The account and the Region.
        repository: The repository.
        tag: The tag; without tag and digest, clients take ``latest``. None: only a digest.
        digest: The digest, which outweighs the tag. None: the tag decides.

    Example:
        >>> host = "111122223333.dkr.ecr.eu-central-1.amazonaws.com"
        >>> image = read_image_uri(f"{host}/payments/api:1.4")
        >>> (str(image.registry), image.repository, image.tag)
        ('111122223333/eu-central-1', 'payments/api', '1.4')
        >>> read_image_uri("postgres:17") is None
        True
    """

    registry: RegistryId
    repository: str
    tag: str | None = None
    digest: str | None = None

    def __str__(self) -> str:
        """Return ``111122223333/eu-central-1/payments/api:1.4``."""
        tag = f":{self.tag}" if self.tag else ""
        digest = f"@{self.digest}" if self.digest else ""
        return f"{self.registry}/{self.repository}{tag}{digest}"


def is_digest(text: object) -> bool:
    """Return whether a value is the digest of a manifest: ``sha256:`` and 64 digits."""
    return isinstance(text, str) and bool(_DIGEST.fullmatch(text))


def read_image_uri(text: str) -> ImageUri | None:
    """Return the parts of a reference; None for an image of another kind of registry.

    All hosts of ECR are recognized: of each partition, dual-stack and FIPS.

    Raises:
        ValidationError: ``image-uri``: the host is that of a registry of ECR, and the rest is not
            a repository with a tag or a digest.
    """
    host, slash, rest = text.partition("/")
    parts = read_host(host.lower().removesuffix(_PORT)) if slash else None
    if parts is None:
        return None
    match = _REST.fullmatch(rest)
    if match is None:
        message = "must be HOST/REPOSITORY with :TAG or @sha256:DIGEST"
        reject("image", text, "image-uri", message)
    tag, digest = match["tag"], match["digest"]
    if tag is None and digest is None:
        tag = _DEFAULT_TAG
    return ImageUri(RegistryId(parts.account, parts.region), match["repository"], tag, digest)
