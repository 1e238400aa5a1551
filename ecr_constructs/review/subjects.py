"""What to call a resource in a sentence."""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecr_constructs.cloudformation.resource_types import CREATION_TEMPLATE, KEY, SINGLETONS

if TYPE_CHECKING:
    from ecr_constructs.cloudformation.graph import Resource
    from ecr_constructs.review.comparison import Pair


def subject(pair: Pair) -> str:
    """Return a name at which a sentence can begin: ``payments/api``, ``creation template web``."""
    if pair.type == CREATION_TEMPLATE:
        return f"creation template {pair.name or pair.resource.id}"
    if pair.type == KEY:
        return f"key {pair.resource.id}"
    return registry_of(pair.resource) if pair.type in SINGLETONS else pair.called


def registry_of(resource: Resource) -> str:
    """Return ``registry 111122223333/eu-central-1``, or the registry of a stack."""
    if resource.registry is None:
        return f"registry of {resource.stack.template.stack or resource.stack.template.name}"
    return f"registry {'/'.join(resource.registry)}"
