"""What of a policy is known only at the deployment."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, NamedTuple

from ecr_constructs.cloudformation.intrinsics import UNKNOWN
from ecr_constructs.model.lifecycle.json_text import compact
from ecr_constructs.model.tokens import is_unresolved

if TYPE_CHECKING:
    from ecr_constructs.cloudformation.graph import Resource
    from ecr_constructs.review.comparison import Pair

# Where policies and their statements stand.
_STRUCTURE = ("PolicyDocument", "Statement")


class Doubt(NamedTuple):
    """What nobody knows of a change before it is deployed.

    Attributes:
        is_another: Whether what is not known on one side is not the same on the other.
        hides_statements: Whether it stands for whole statements, and not for values in them.
    """

    is_another: bool
    hides_statements: bool


def doubt_of(pair: Pair, name: str) -> Doubt:
    """Return what nobody knows of a property that holds policies."""
    gaps = [frozenset(_gaps(each)) for each in pair.values(name)]
    parts = [unknown_parts(each, name) for each in (pair.before, pair.after)]
    is_another = gaps[0] != gaps[1] or parts[0] != parts[1]
    return Doubt(is_another, is_another and any(gaps))


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


def _gaps(value: Any) -> Iterator[str]:
    """Yield what stands for a policy, or for a statement, and is not known."""
    if isinstance(value, str) and is_unresolved(value):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            yield value
    if isinstance(value, list):
        for each in value:
            yield from _gaps(each)
    elif isinstance(value, Mapping):
        for each in _STRUCTURE:
            yield from _gaps(value.get(each))
