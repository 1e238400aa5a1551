"""Where a repository that no template declares comes from."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from ecr_constructs.cloudformation.replication_config import rules_of
from ecr_constructs.cloudformation.resource_types import REPLICATION, REPOSITORY
from ecr_constructs.model.members import objects, part
from ecr_constructs.model.names import ROOT, covers, namespace_of
from ecr_constructs.model.registry_id import RegistryId
from ecr_constructs.model.replication import ReplicationRule
from ecr_constructs.status.declared import stack_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from ecr_constructs.snapshot.registry_view import RegistryView, RepositoryView
    from ecr_constructs.status.declared import Declared

_STACK_TAG = "aws:cloudformation:stack-name"
# https://github.com/aws/aws-cdk-cli/blob/main/packages/aws-cdk/lib/api/bootstrap/bootstrap-template.yaml
_BOOTSTRAP = "cdk-[a-z0-9]{{1,9}}-container-assets-{account}-{region}"


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a repository comes from.

    Attributes:
        code: ``cache``, ``replica``, ``created-on-push``, ``cdk-bootstrap``, ``stack``, ``retired``
            or ``unknown``.
        sentence: The same in words.
        is_expected: Whether the templates bring it about, so that it is as declared.
    """

    code: str
    sentence: str
    is_expected: bool = False


def origin_of(
    repository: RepositoryView, declared: Declared, views: Mapping[RegistryId, RegistryView]
) -> Origin:
    """Return where a repository that no template declares comes from.

    Args:
        repository: The repository.
        declared: The templates.
        views: The snapshots by registry.
    """
    return next(_origins(repository, declared, views))


def _origins(
    repository: RepositoryView, declared: Declared, views: Mapping[RegistryId, RegistryView]
) -> Iterator[Origin]:
    view, name = repository.registry, repository.name
    tags = repository.tags.value
    if stack := tags.get(_STACK_TAG):
        yield _of_stack(stack, repository, declared)
    for prefix in sorted(view.caches.value, key=len, reverse=True):
        # The root prefix caches what no other prefix does: any name can be one of its.
        if prefix != ROOT and name.startswith(f"{prefix}/"):
            yield _created(view, name, "PULL_THROUGH_CACHE", "cache", f"cache {prefix} created it")
    for source, rules in _replications(declared, views):
        here = view.id
        is_source = source in views and name in views[source].repositories.value
        is_declared = (REPOSITORY, name) in declared.resources_of(source)
        if (is_source or is_declared) and any(
            here in rule.destinations and covers(rule.prefixes, name) for rule in rules
        ):
            sentence = f"replication of registry {source} created it"
            yield _created(view, name, "REPLICATION", "replica", sentence)
    template = template_for(view, name, "CREATE_ON_PUSH")
    if template is not None:
        sentence = f"a push created it, by the creation template {template}"
        yield Origin("created-on-push", sentence, is_expected=True)
    if ROOT in view.caches.value:
        sentence = f"cache {ROOT} may have created it"
        yield Origin("cache", sentence)
    yield Origin("unknown", "nothing tells who created it")


def _of_stack(stack: str, repository: RepositoryView, declared: Declared) -> Origin:
    view = repository.registry
    names = {item.template.stack_name for item in declared.stacks_of(view.id)}
    if stack in names:
        return Origin("retired", f"stack {stack} created it and no longer declares it")
    existing = stack_names(view.snapshot)
    pattern = _BOOTSTRAP.format(account=view.id.account, region=view.id.region)
    if re.fullmatch(pattern, repository.name) and (existing is None or stack in existing):
        sentence = f"stack {stack} of `cdk bootstrap` has it, for the images of CDK apps"
        return Origin("cdk-bootstrap", sentence, is_expected=True)
    if existing is None:
        return Origin("stack", f"stack {stack} created it, which is not among the templates")
    if stack in existing:
        return Origin("stack", f"stack {stack} has it, which is not among the templates")
    return Origin("retired", f"stack {stack} created it, which no longer exists")


def _created(view: RegistryView, name: str, occasion: str, code: str, sentence: str) -> Origin:
    """Return that ECR itself created a repository: by a template, or with its defaults."""
    template = template_for(view, name, occasion)
    if template is not None:
        return Origin(code, f"{sentence}, by the creation template {template}", is_expected=True)
    if view.templates.not_known is not None:
        return Origin(code, f"{sentence}; it is not known by which creation template")
    defaults = "mutable tags, AES-256 encryption and no policies"
    return Origin(f"{code}-with-defaults", f"{sentence} with ECR's defaults: {defaults}")


def template_for(view: RegistryView, name: str, occasion: str) -> str | None:
    """Return the prefix of the creation template that applies to a repository, if one does."""
    prefixes = [
        prefix
        for prefix, template in view.templates.value.items()
        if isinstance(occasions := template.get("appliedFor"), list)
        and occasion in occasions
        and name.startswith(namespace_of(prefix))
    ]
    return max(prefixes, key=lambda prefix: len(namespace_of(prefix)), default=None)


def _replications(
    declared: Declared, views: Mapping[RegistryId, RegistryView]
) -> Iterator[tuple[RegistryId, Iterable[ReplicationRule]]]:
    """Yield the registries that replicate to others, by their templates and snapshots."""
    for resource in declared.assembly.of_type(REPLICATION):
        if resource.registry is not None:
            yield resource.registry, rules_of(resource)
    for registry, view in views.items():
        yield registry, map(_rule, objects(part(view.replication.value, "rules")))


def _rule(rule: Mapping[str, Any]) -> ReplicationRule:
    """Return a rule of DescribeRegistry."""
    prefixes = (str(item.get("filter")) for item in objects(rule.get("repositoryFilters")))
    destinations = (
        RegistryId(str(item.get("registryId")), str(item.get("region")))
        for item in objects(rule.get("destinations"))
    )
    return ReplicationRule(frozenset(prefixes), frozenset(destinations))
