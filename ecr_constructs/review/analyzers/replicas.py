"""What new replicas will be like: nothing but the image travels.

https://github.com/aws/containers-roadmap/issues/1279
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from ecr_constructs.cloudformation.replication_config import repository_at, template_for
from ecr_constructs.cloudformation.resource_types import REPOSITORY
from ecr_constructs.model.registry_id import RegistryId
from ecr_constructs.review.phrases import join_names

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from ecr_constructs.cloudformation.graph import Resource


def lacking(repositories: Mapping[str, Resource], goal: RegistryId) -> Iterator[str]:
    """Yield what replicas will lack at a destination.

    Args:
        repositories: The repositories that are replicated, by name.
        goal: Where to.
    """
    registry = RegistryId(goal.account, goal.region)
    groups: defaultdict[tuple[tuple[str, ...], bool], list[str]] = defaultdict(list)
    for name, each in repositories.items():
        if registry not in each.assembly.registries:
            yield "This app has no stack there: what the replicas will be like is not known."
            return
        there = repository_at(each.assembly, registry, name)
        there = there or template_for(each.assembly, registry, name)
        has = _traits(there) if there else ()
        missing = tuple(trait for trait in _traits(each) if trait not in has)
        if missing:
            groups[missing, there is None].append(name)
    for (missing, is_undefined), names in groups.items():
        why = ": neither a repository nor a creation template is defined" if is_undefined else ""
        yield f"There {join_names(names)} will be without {join_names(missing)}{why}."


def _traits(resource: Resource) -> tuple[str, ...]:
    """Return what a repository has, or one that is created with a template."""
    policy = "RepositoryPolicyText" if resource.type == REPOSITORY else "RepositoryPolicy"
    has = {
        "immutable tags": str(resource.get("ImageTagMutability")).startswith("IMMUTABLE"),
        "a customer managed key": resource.get("EncryptionConfiguration", "KmsKey") is not None,
        "a lifecycle policy": resource.get("LifecyclePolicy") is not None,
        "a repository policy": resource.get(policy) is not None,
    }
    return tuple(trait for trait, is_there in has.items() if is_there)
