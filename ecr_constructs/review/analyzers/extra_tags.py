"""Report deployments that remove tags which the environment file wants to be kept.

The update handler of a repository, which an import runs as well, removes every tag that the
template does not list; no property of a template keeps them:
https://github.com/aws-cloudformation/aws-cloudformation-resource-providers-ecr
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ecr_constructs.cloudformation.resource_types import REPOSITORY
from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.model.tags import EXTRA_TAGS_METADATA

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ecr_constructs.cloudformation.graph import Resource
    from ecr_constructs.review.change import Change
    from ecr_constructs.review.comparison import Comparison, Pair


def changes(comparison: Comparison) -> Iterator[Change]:
    """Yield the repositories whose extra tags are wanted, and which are updated or imported."""
    for pair in comparison.of_type(REPOSITORY):
        if pair.sides is None or not _wants_extra_tags(pair.sides[1]):
            continue
        if pair.sides[1] in comparison.replacements or not _is_updated(pair):
            continue
        operation = "import" if pair.is_moved else "update"
        yield pair.change(
            "other",
            Severity.WARNING,
            f"{pair.label}: the {operation} removes tags that the template does not list, "
            "although extra_tags is keep",
            details=("Write those that must stay under tags.",),
            properties=("Metadata",),
            codes=("extra-tags-removed",),
        )


def _wants_extra_tags(repository: Resource) -> bool:
    metadata = repository.body.get("Metadata")
    return isinstance(metadata, Mapping) and metadata.get(EXTRA_TAGS_METADATA) == "keep"


def _is_updated(pair: Pair) -> bool:
    assert pair.sides is not None
    before, after = pair.sides
    return pair.is_moved or before.properties != after.properties
