"""Pull through cache rules, and the images that are pulled through them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.names import (
    NAME_PATTERN,
    ROOT,
    TAG_PATTERN,
    namespace_errors,
    namespace_of,
)
from ecr_constructs.model.repository_policy import PULL_ACTIONS
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.upstreams import Upstream
from ecr_constructs.model.validation import located, raise_if_invalid

# https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html
MAX_RULES = 50
# https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_CreatePullThroughCacheRule.html
PREFIX_MIN_LENGTH = 2
PREFIX_MAX_LENGTH = 30

# https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-iam.html
IMPORT_ACTIONS = ("ecr:BatchImportUpstreamImage", "ecr:CreateRepository")
# https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache-private.html
UPSTREAM_ROLE_ACTIONS = (
    "ecr:BatchGetImage",
    "ecr:BatchImportUpstreamImage",
    "ecr:CompleteLayerUpload",
    "ecr:GetDownloadUrlForLayer",
    "ecr:GetImageCopyStatus",
    "ecr:InitiateLayerUpload",
    "ecr:PutImage",
    "ecr:UploadLayerPart",
)

_IMAGE = re.compile(rf"{NAME_PATTERN}(?::{TAG_PATTERN})?(?:@sha256:[0-9a-f]{{64}})?")
TAG_OR_DIGEST = re.compile(r"[:@].*")


@dataclass(frozen=True, slots=True)
class PullThroughRule:
    """The upstream of a cache, and the beginnings of names on both sides."""

    upstream: Upstream
    prefix: str
    upstream_prefix: str | None = None

    def errors(self) -> Iterator[Diagnostic]:
        """Yield each reason why ECR rejects the prefixes."""
        for path, prefix in (
            ("repository_prefix", self.prefix),
            ("upstream_repository_prefix", self.upstream_prefix),
        ):
            if prefix is not None and not is_unresolved(prefix):
                yield from located(path, _prefix_errors(prefix))
        if self.prefix == ROOT and self.upstream_prefix not in (None, ROOT):
            yield Diagnostic(
                "cache-upstream-prefix-with-root",
                "an upstream_repository_prefix needs a repository_prefix other than "
                f"{ROOT}, such as {self.upstream_prefix!r}",
                "upstream_repository_prefix",
            )

    def _image_errors(self, image: str) -> Iterator[Diagnostic]:
        name = TAG_OR_DIGEST.sub("", image)
        host = name.partition("/")[0]
        if host in (self.upstream.url, "docker.io") or "://" in image:
            yield Diagnostic(
                "upstream-image-host",
                "must be the image's name without the host: 'library/nginx:1.27'",
            )
        elif not _IMAGE.fullmatch(image):
            yield Diagnostic(
                "upstream-image-format",
                "must be NAME, NAME:TAG or NAME@sha256:DIGEST, as the upstream registry names it",
            )
        elif (
            self.upstream.registry == "docker-hub" and not self.upstream_prefix and "/" not in name
        ):
            yield Diagnostic(
                "upstream-image-official",
                "is one of Docker's official images",
                remedy=f"write 'library/{image}'",
            )

    def name_for(self, image: str) -> str:
        """Return the name by which an image of the upstream is pulled from this registry."""
        if not is_unresolved(image):
            raise_if_invalid("image", image, self._image_errors(image))
        return f"{namespace_of(self.prefix)}{image}"

    def pull_actions(self, *, tagging: bool) -> list[str]:
        """Return the actions on the cache's repositories that a principal needs to pull.

        Where the cache's repositories are tagged, ECR tags them as the principal.
        """
        extra = ("ecr:TagResource",) if tagging else ()
        return sorted({*PULL_ACTIONS, *IMPORT_ACTIONS, *extra})

    def upstream_role_statements(self, registry_arn: str, partition: str) -> list[dict[str, Any]]:
        """Return the policy statements that a role needs to read another account's registry.

        AWS documents these actions on every resource, and not which side needs which of them;
        here they are limited to the repositories of both.
        """
        upstream_arn = (
            f"arn:{partition}:ecr:{self.upstream.region}:{self.upstream.account}:repository/"
        )
        return [
            {
                "Action": list(UPSTREAM_ROLE_ACTIONS),
                "Effect": "Allow",
                "Resource": [
                    f"{registry_arn}{namespace_of(self.prefix)}*",
                    f"{upstream_arn}{namespace_of(self.upstream_prefix or ROOT)}*",
                ],
            },
            {"Action": "ecr:GetAuthorizationToken", "Effect": "Allow", "Resource": "*"},
        ]


def _prefix_errors(prefix: str) -> Iterator[Diagnostic]:
    if 0 < len(prefix) < PREFIX_MIN_LENGTH:
        message = f"prefix {prefix!r} must be at least {PREFIX_MIN_LENGTH} characters long"
        yield Diagnostic("namespace-length", message)
    yield from namespace_errors(prefix, PREFIX_MAX_LENGTH)
