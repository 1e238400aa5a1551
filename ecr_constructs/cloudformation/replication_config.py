"""Replication as templates declare it, in the model's words."""

from collections.abc import Iterator

from ecr_constructs.cloudformation.graph import Registry, Resource, TemplateSet
from ecr_constructs.cloudformation.resource_types import CREATION_TEMPLATE, REPLICATION, REPOSITORY
from ecr_constructs.model.creation_template import namespace_of
from ecr_constructs.model.replication import Destination, ReplicationRule

# What CloudFormation's pseudo parameters come to where the environment is not known.
_ACCOUNT, _REGION = "${Token[AWS.AccountId]}", "${Token[AWS.Region]}"


def source_of(resource: Resource) -> Destination:
    """Return the registry that a resource is in, with marks for what is not known of it."""
    stack = resource.stack
    return Destination(stack.account or _ACCOUNT, stack.region or _REGION)


def rules_of(resource: Resource) -> list[ReplicationRule]:
    """Return the replication rules that are known."""
    rules = []
    for index, _ in resource.mappings("ReplicationConfiguration", "Rules"):
        path = ("ReplicationConfiguration", "Rules", index)
        filters = [each.get("Filter") for _, each in resource.mappings(*path, "RepositoryFilters")]
        places = [each for _, each in resource.mappings(*path, "Destinations")]
        deletes = resource.get(*path, "DeleteReplication", "Enabled")
        rules.append(
            ReplicationRule(
                frozenset(map(str, filters)),
                frozenset(
                    Destination(str(each.get("RegistryId")), str(each.get("Region")))
                    for each in places
                ),
                str(deletes).lower() == "true",
            )
        )
    return rules


def replicas(resource: Resource) -> Iterator[tuple[Resource, Registry]]:
    """Yield each repository that is replicated, with each registry of the assembly it goes to.

    Args:
        resource: A replication configuration whose registry is known.
    """
    assembly, rules = resource.assembly, rules_of(resource)
    registry = resource.registry
    if registry is None:
        return
    for repository in assembly.in_registry(registry, REPOSITORY):
        name = repository.text("RepositoryName")
        if name is None:
            continue
        goals = {
            Registry(each.account, each.region)
            for rule in rules
            if not rule.prefixes or any(map(name.startswith, rule.prefixes))
            for each in rule.destinations
        }
        for goal in sorted(goals & assembly.registries - {registry}):
            yield repository, goal


def repository_at(assembly: TemplateSet, registry: Registry, name: str) -> Resource | None:
    """Return the repository of a name in a registry, if the assembly defines it."""
    names = assembly.memo.setdefault(("names", registry), {})
    if not names:
        for each in assembly.in_registry(registry, REPOSITORY):
            names.setdefault(each.text("RepositoryName"), each)
    found: Resource | None = names.get(name)
    return found


def template_for(assembly: TemplateSet, registry: Registry, name: str) -> Resource | None:
    """Return the template that a repository would be created with for an arriving image."""
    for each in assembly.in_registry(registry, CREATION_TEMPLATE):
        prefix, occasions = each.text("Prefix"), each.get("AppliedFor")
        applies = not isinstance(occasions, list) or "REPLICATION" in occasions
        if applies and (prefix is None or name.startswith(namespace_of(prefix))):
            return each
    return None


def replication_at(assembly: TemplateSet, registry: Registry) -> list[Resource]:
    """Return the replication configurations of a registry."""
    return assembly.in_registry(registry, REPLICATION)
