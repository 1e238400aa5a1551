"""What of a policy is known only at the deployment."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from ecr_constructs.checks.intrinsics import UNKNOWN
from ecr_constructs.checks.policies import policies_of
from ecr_constructs.model.lifecycle.json_text import compact
from ecr_constructs.model.tokens import is_unresolved

if TYPE_CHECKING:
    from ecr_constructs.checks.resource import Resource


def is_unread(resource: Resource | None, name: str) -> bool:
    """Tell whether nobody can read a policy before it is deployed."""
    value = resource.get(name) if resource is not None else None
    return resource is not None and is_unresolved(value) and not policies_of(resource)


def unknown_parts(resource: Resource | None, name: str) -> frozenset[str]:
    """Return the functions in a property whose values nobody knows, as they are written."""
    written = resource.body.get("Properties") if resource is not None else None
    if resource is None or not isinstance(written, Mapping):
        return frozenset()
    return frozenset(_unknown(resource, written.get(name)))


def _unknown(resource: Resource, value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for each in value:
            yield from _unknown(resource, each)
    elif isinstance(value, Mapping):
        inside = [found for each in value.values() for found in _unknown(resource, each)]
        resolved = resource.stack.resolver.resolve(value)
        # The innermost says most: a whole policy may be the text that a function makes.
        yield from inside or ([compact(value)] if resolved == UNKNOWN else [])
