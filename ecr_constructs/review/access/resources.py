"""Who may do what with repositories, registries and keys, by these resources' own policies."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecr_constructs.cloudformation.resource_types import (
    CREATION_TEMPLATE,
    KEY,
    PUBLIC_REPOSITORY,
    REGISTRY_POLICY,
    REPOSITORY,
)
from ecr_constructs.model.lifecycle.json_text import compact
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.review.access.grants import grants_of
from ecr_constructs.review.access.report import Subject, compared, openings
from ecr_constructs.review.access.unresolved import doubt_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ecr_constructs.cloudformation.graph import Resource
    from ecr_constructs.review.access.grants import Grant
    from ecr_constructs.review.change import Change
    from ecr_constructs.review.comparison import Comparison, Pair

_POLICIES = {
    REPOSITORY: ("repository", "RepositoryPolicyText"),
    PUBLIC_REPOSITORY: ("public repository", "RepositoryPolicyText"),
    CREATION_TEMPLATE: ("repository", "RepositoryPolicy"),
    REGISTRY_POLICY: ("registry", "PolicyText"),
    KEY: ("key", "KeyPolicy"),
}


def changes(comparison: Comparison) -> Iterator[Change]:
    """Yield what becomes of the policies of resources."""
    for pair in comparison.of_type(*_POLICIES):
        kind, name = _POLICIES[pair.type]
        if _is_of_ecr(pair):
            subject = Subject(called=_called(pair), pair=pair, properties=(name,))
            yield from policy_changes(subject, kind)


def policy_changes(subject: Subject, kind: str) -> Iterator[Change]:
    """Yield what becomes of a resource's policy.

    Args:
        subject: The resource, with the property that holds the policy.
        kind: The kind of policy.
    """
    pair, name = subject.pair, subject.properties[0]
    values = pair.values(name)
    if values[0] == values[1] and not is_unresolved(compact(values[0])):
        return
    before, after = (_grants(each, kind) for each in (pair.before, pair.after))
    # A registry is there before its policy is, and after.
    if pair.sides is None and kind != "registry":
        yield from openings(subject, after)
    else:
        yield from compared(subject, before, after, doubt_of(pair, name))


def _grants(resource: Resource | None, kind: str) -> list[Grant]:
    return list(grants_of(resource, kind)) if resource is not None else []


def _is_of_ecr(pair: Pair) -> bool:
    return pair.type != KEY or any(
        each.assembly.serves_ecr(each) for each in (pair.before, pair.after) if each is not None
    )


def _called(pair: Pair) -> str:
    return {
        CREATION_TEMPLATE: f"what is created under {pair.called}",
        REGISTRY_POLICY: "the registry",
        KEY: f"key {pair.resource.id}",
    }.get(pair.type, pair.called)
