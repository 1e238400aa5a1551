"""Policies of an environment file: their statements are judged by the rules for templates."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any

from ecr_constructs.cloudformation.template import Place
from ecr_constructs.environment.registry import RegistryPolicy, TaggingGrant
from ecr_constructs.environment.registry_section import RegistrySection
from ecr_constructs.environment.resolved_registry import ResolvedCache, ResolvedPolicy
from ecr_constructs.environment.source import Problem
from ecr_constructs.model import registry_policy
from ecr_constructs.model.names import namespace_of
from ecr_constructs.model.partitions import partition_of
from ecr_constructs.model.registry_id import RegistryId
from ecr_constructs.model.repository_policy import document
from ecr_constructs.model.validation import raise_if_invalid
from ecr_constructs.model.wildcards import matcher

_PROPERTIES = {
    "AWS::ECR::Repository": "RepositoryPolicyText",
    "AWS::ECR::RegistryPolicy": "PolicyText",
}


def statement_problems(
    kind: str,
    place: Place,
    statements: Sequence[Mapping[str, Any]],
    acknowledged: Collection[str] = (),
) -> Iterator[Problem]:
    """Yield the errors of the statements of a list of the file.

    Args:
        kind: The type of the resource that has the policy.
        place: The place of the list.
        statements: The statements, as AWS's JSON.
        acknowledged: The ids of accepted rules.
    """
    # The rules take half of the time of a file without statements.
    from ecr_constructs.checks import Severity, Template, check  # noqa: PLC0415

    text = _PROPERTIES[kind]
    resource = {"Type": kind, "Properties": {text: document(statements)}}
    for finding in check([Template("policy", {"Resources": {"Policy": resource}})]):
        match finding.path:
            case ("Properties", name, "Statement", *steps) if name == text:
                pass
            case _:
                continue
        if finding.severity is Severity.ERROR and finding.rule not in acknowledged:
            yield Problem((*place, *steps), finding.rule, finding.message, finding.remedy)


def resolve_policy(section: RegistrySection, caches: Sequence[ResolvedCache]) -> ResolvedPolicy:
    """Return the policy of a registry, with what its caches need."""
    policy: RegistryPolicy | None = section.value("policy")
    place = section.origins.get("policy", ("registry", "policy"))
    statements: list[Mapping[str, Any]] = []
    if policy is not None:
        statements = [item.document() for item in policy.statements or ()]
    elif section.home is not None and section.home.policy is not None:
        section.origins["policy"] = place
        statements = [
            statement
            for item in section.home.policy.statements or ()
            if _concerns(section.registry, statement := item.document())
        ]
    imports = [
        TaggingGrant(
            accounts=[*cache.import_accounts],
            prefixes=[namespace_of(cache.prefix)],
            tagging=bool(cache.settings.tags),
        )
        for cache in caches
        if cache.import_accounts
    ]
    own = policy or RegistryPolicy()
    resolved = ResolvedPolicy(
        replication_from=tuple(own.replication_from or ()),
        create_on_push=tuple(own.create_on_push or ()),
        pull_through_from=(*(own.pull_through_from or ()), *imports),
        statements=tuple(statements),
    )
    _check_policy(section, place, resolved)
    return resolved


def _concerns(registry: RegistryId, statement: Mapping[str, Any]) -> bool:
    """Tell whether a statement is about repositories of this registry, too."""
    if "NotResource" in statement:
        return True
    resources = statement["Resource"]
    here = ["ecr", *reversed(registry)]
    return any(
        resource == "*"
        or all(
            matcher(part)(value)
            for part, value in zip(resource.split(":")[2:5], here, strict=False)
        )
        for resource in ([resources] if isinstance(resources, str) else resources)
    )


def _check_policy(section: RegistrySection, place: Place, policy: ResolvedPolicy) -> None:
    account, region = section.registry
    partition = partition_of(region)
    where = f"arn:{partition}:ecr:{region}:{account}:repository/", partition
    rendered = [
        *policy.statements,
        *(
            registry_policy.allow_create_on_push(*where, grant.accounts, grant.prefixes)
            for grant in policy.create_on_push
        ),
        *(
            allow(*where, grant.accounts, grant.prefixes, tagging=grant.tagging)
            for allow, grants in (
                (registry_policy.allow_replication, policy.replication_from),
                (registry_policy.allow_pull_through, policy.pull_through_from),
            )
            for grant in grants
        ),
    ]
    with section.at(place):
        errors = registry_policy.length_errors(document(rendered))
        raise_if_invalid("registry policy", rendered, errors)
    if policy.statements and section.origins.get("policy") == place:
        section.problems += statement_problems(
            "AWS::ECR::RegistryPolicy",
            (*place, "statements"),
            policy.statements,
            section.acknowledged,
        )
