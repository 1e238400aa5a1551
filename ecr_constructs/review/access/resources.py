"""Compare the policies of repositories, registries and keys, and the trust policies of roles."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecr_constructs.cloudformation.resource_types import (
    CREATION_TEMPLATE,
    KEY,
    PUBLIC_REPOSITORY,
    REGISTRY_POLICY,
    REPOSITORY,
    ROLE,
)
from ecr_constructs.model.lifecycle.json_text import compact
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.review.access.grants import grants_of, uncertainty_of
from ecr_constructs.review.access.identities import identity_of
from ecr_constructs.review.access.report import Subject, compare_grants, describe_grants, openings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ecr_constructs.cloudformation.graph import Resource
    from ecr_constructs.review.access.grants import Grant
    from ecr_constructs.review.access.identities import Identities
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
    """Yield the changes of access by resource policies."""
    for pair in comparison.of_type(*_POLICIES):
        kind, name = _POLICIES[pair.type]
        if _is_of_ecr(pair):
            subject = Subject(label=_label(pair), pair=pair, properties=(name,))
            yield from policy_changes(subject, kind)


def policy_changes(subject: Subject, kind: str) -> Iterator[Change]:
    """Yield the changes of access by one resource policy.

    Args:
        subject: The resource, with the property that holds the policy.
        kind: The kind of policy.
    """
    pair, name = subject.pair, subject.properties[0]
    values = pair.values(name)
    if values[0] == values[1] and not is_unresolved(compact(values[0])):
        return
    before, after = (_grants(resource, kind) for resource in (pair.before, pair.after))
    # A registry exists with and without a policy.
    if pair.sides is None and kind != "registry":
        yield from openings(subject, after)
    else:
        yield from compare_grants(subject, before, after, uncertainty_of(pair, name))


def _grants(resource: Resource | None, kind: str) -> list[Grant]:
    return list(grants_of(resource, kind)) if resource is not None else []


def _is_of_ecr(pair: Pair) -> bool:
    return pair.type != KEY or any(
        resource.assembly.serves_ecr(resource)
        for resource in (pair.before, pair.after)
        if resource is not None
    )


def _label(pair: Pair) -> str:
    return {
        CREATION_TEMPLATE: f"repositories created under {pair.label}",
        REGISTRY_POLICY: "the registry",
        KEY: f"key {pair.resource.id}",
    }.get(pair.type, pair.label)


def trust_changes(comparison: Comparison, base: Identities, head: Identities) -> Iterator[Change]:
    """Yield the changes of the trust policies of roles with access to images.

    Args:
        comparison: Both sides.
        base: The identities of base.
        head: The identities of head.
    """
    for pair in comparison.of_type(ROLE):
        identity = identity_of(pair.resource)
        before = base.grants(identity_of(pair.before)) if pair.before else []
        grants = (head.grants(identity_of(pair.after)) if pair.after else []) or before
        if grants:
            subject = Subject(
                label=identity.label,
                pair=pair,
                properties=("AssumeRolePolicyDocument",),
                details=(f"Principals that assume it {describe_grants(grants)}.",),
            )
            yield from policy_changes(subject, "trust")
