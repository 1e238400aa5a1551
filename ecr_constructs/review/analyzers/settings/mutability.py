"""Which tags may be moved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecr_constructs.model.lifecycle.tag_match import covers, overlap
from ecr_constructs.model.mutability import TagMutability
from ecr_constructs.review.analyzers.settings.loss import Loss

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from ecr_constructs.cloudformation.graph import Resource

_FILTERS = "ImageTagMutabilityExclusionFilters"
_IS_IMMUTABLE = {
    "MUTABLE": False,
    "MUTABLE_WITH_EXCLUSION": False,
    "IMMUTABLE": True,
    "IMMUTABLE_WITH_EXCLUSION": True,
}


def lost(had: Resource, has: Resource) -> Iterator[Loss]:
    """Tell whether tags that could not be moved can be."""
    one, other = _mutability(had), _mutability(has)
    if one is None or other is None or _keeps(one, other):
        return
    yield Loss(
        weaker=f"some tags may now be moved: they were {one}, and will be {other}",
        stronger=f"some tags may no longer be moved: they were {other}, and will be {one}",
        properties=("ImageTagMutability", _FILTERS),
    )


def _mutability(resource: Resource) -> TagMutability | None:
    """Return the setting; None if it is not known, or ECR refuses it."""
    setting = resource.get("ImageTagMutability")
    name = "MUTABLE" if setting is None else str(setting)
    filters = [
        str(each.get("ImageTagMutabilityExclusionFilterValue"))
        for _, each in resource.mappings(_FILTERS)
    ]
    if name not in _IS_IMMUTABLE:
        return None
    try:
        return TagMutability(
            is_immutable=_IS_IMMUTABLE[name],
            except_for=filters if name.endswith("_WITH_EXCLUSION") else (),
        )
    except ValueError:
        return None


def _keeps(one: TagMutability, other: TagMutability) -> bool:
    """Tell whether each tag that the one setting keeps in place is kept by the other too."""
    free, fixed = one.except_for, other.except_for
    if one.is_immutable and other.is_immutable:
        return _all_within(fixed, free)
    if one.is_immutable:
        return _all_within(["*"], [*free, *fixed])
    if other.is_immutable:
        return not any(overlap(each, another) for each in free for another in fixed)
    return _all_within(free, fixed)


def _all_within(narrow: Sequence[str], wide: Sequence[str]) -> bool:
    return all(any(covers(pattern, each) for pattern in wide) for each in narrow)
