"""Report the ways to a registry that are removed: identity providers of CI, VPC endpoints."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecr_constructs.cloudformation.resource_types import OIDC_PROVIDER, VPC_ENDPOINT
from ecr_constructs.cloudformation.update_behavior import retains
from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.review.phrases import format_value, join_names

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ecr_constructs.cloudformation.graph import Resource
    from ecr_constructs.review.change import Change, Kind
    from ecr_constructs.review.comparison import Comparison, Pair

_NAMED_BY = {OIDC_PROVIDER: "Url", VPC_ENDPOINT: "ServiceName"}


def changes(comparison: Comparison) -> Iterator[Change]:
    """Yield the providers and endpoints that are removed, and other audiences of providers."""
    for pair in comparison.of_type(*_NAMED_BY):
        if pair.before is not None and pair.after is None:
            yield from _removal(comparison, pair, pair.before)
        elif pair.sides is not None and pair.type == OIDC_PROVIDER:
            yield from _audiences(pair, *pair.sides)


def _removal(comparison: Comparison, pair: Pair, before: Resource) -> Iterator[Change]:
    property_ = _NAMED_BY[pair.type]
    name = before.get(property_)
    others = comparison.head.of_type(pair.type)
    if retains(before, "DeletionPolicy") or any(item.get(property_) == name for item in others):
        return
    if pair.type == OIDC_PROVIDER:
        sentence = f"identity provider {format_value(name)} is removed: its tokens assume no role"
    elif ".ecr." in str(name):
        sentence = (
            f"VPC endpoint {pair.resource.id} is removed: clients without a route to the internet "
            f"no longer reach {format_value(name)}"
        )
    else:
        return
    yield pair.change("access-narrowed", Severity.WARNING, sentence, codes=("removed",))


def _audiences(pair: Pair, before: Resource, after: Resource) -> Iterator[Change]:
    old, new = (_texts(side) for side in (before, after))
    title = f"identity provider {format_value(after.get('Url'))}"
    compared: tuple[tuple[frozenset[str], Kind, str], ...] = (
        (new - old, "access-widened", "accepts"),
        (old - new, "access-narrowed", "no longer accepts"),
    )
    for audiences, kind, verb in compared:
        if audiences:
            yield pair.change(
                kind,
                Severity.WARNING,
                f"{title} {verb} tokens for {join_names(sorted(audiences))}",
                properties=("ClientIdList",),
                codes=("audience",),
            )


def _texts(provider: Resource) -> frozenset[str]:
    listed = provider.get("ClientIdList")
    return frozenset(map(format_value, listed if isinstance(listed, list) else ()))
