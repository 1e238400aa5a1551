"""Replication configurations of templates as values of the model."""

from ecr_constructs.cloudformation.graph import Resource, TemplateSet
from ecr_constructs.cloudformation.resource_types import CREATION_TEMPLATE, REPOSITORY
from ecr_constructs.model.names import namespace_of
from ecr_constructs.model.registry_id import RegistryId
from ecr_constructs.model.replication import ReplicationRule

# The marks of the pseudo parameters where the environment is unknown.
_ACCOUNT, _REGION = "${Token[AWS.AccountId]}", "${Token[AWS.Region]}"


def source_of(resource: Resource) -> RegistryId:
    """Return the registry of a resource, with marks for unknown parts."""
    stack = resource.stack
    return RegistryId(stack.account or _ACCOUNT, stack.region or _REGION)


def rules_of(resource: Resource) -> list[ReplicationRule]:
    """Return the replication rules, except unresolved ones."""
    rules = []
    for index, _ in resource.mappings("ReplicationConfiguration", "Rules"):
        path = ("ReplicationConfiguration", "Rules", index)
        filters = frozenset(
            str(entry.get("Filter")) for _, entry in resource.mappings(*path, "RepositoryFilters")
        )
        destinations = frozenset(
            RegistryId(str(entry.get("RegistryId")), str(entry.get("Region")))
            for _, entry in resource.mappings(*path, "Destinations")
        )
        deletes = str(resource.get(*path, "DeleteReplication", "Enabled")).lower() == "true"
        rules.append(ReplicationRule(filters, destinations, deletes))
    return rules


def repository_at(assembly: TemplateSet, registry: RegistryId, name: str) -> Resource | None:
    """Return the repository with a name in a registry, if the templates define it."""
    names = assembly.memo.setdefault(("names", registry), {})
    if not names:
        for resource in assembly.in_registry(registry, REPOSITORY):
            names.setdefault(resource.text("RepositoryName"), resource)
    repository: Resource | None = names.get(name)
    return repository


def template_for(assembly: TemplateSet, registry: RegistryId, name: str) -> Resource | None:
    """Return the creation template that applies to a replicated repository."""
    for template in assembly.in_registry(registry, CREATION_TEMPLATE):
        prefix, occasions = template.text("Prefix"), template.get("AppliedFor")
        applies = not isinstance(occasions, list) or "REPLICATION" in occasions
        if applies and (prefix is None or name.startswith(namespace_of(prefix))):
            return template
    return None
