"""Tags of images, as registries and clients accept them."""

import re
from collections.abc import Iterator

# https://github.com/opencontainers/distribution-spec/blob/main/spec.md#pulling-manifests
TAG_PATTERN = r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}"
_TAG = re.compile(TAG_PATTERN)


def image_tag_errors(tag: str) -> Iterator[str]:
    """Yield a sentence if no client pushes this tag."""
    if not _TAG.fullmatch(tag):
        yield (
            "a tag has 1 to 128 letters, digits, '_', '.' and '-', and begins with none of the "
            "last two"
        )
