"""Identities next to the other templates: names, repositories they use, profiles they sign with."""

import re
from collections.abc import Iterator, Sequence

from ecr_constructs.checks.rule import ECR_GUIDE, IAM_GUIDE, Problem, error_rule, warning_rule
from ecr_constructs.cloudformation.effective_actions import ANY_VALUE
from ecr_constructs.cloudformation.graph import Resource, TemplateSet
from ecr_constructs.cloudformation.iam_policy import (
    IDENTITY_TYPES,
    Statement,
    allowed,
    grants,
    is_policy_known,
    matches,
    permissions_of,
)
from ecr_constructs.cloudformation.replication_config import repository_at, rules_of
from ecr_constructs.cloudformation.resource_types import (
    CACHE,
    CDK_OIDC_PROVIDER,
    MANAGED_POLICY,
    OIDC_PROVIDER,
    REPLICATION,
    REPOSITORY,
    ROLE,
    SIGNING,
)
from ecr_constructs.cloudformation.template import Place
from ecr_constructs.model.registry_id import RegistryId
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.wildcards import matcher

_PULL, _PUT, _SIGN = "ecr:BatchGetImage", "ecr:PutImage", "signer:SignPayload"
_ARN = re.compile(r"arn:[^:]*:ecr:(?P<region>[^:]*):(?P<account>[0-9]{12}):repository/(?P<name>.+)")
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
_NAMES = {
    ROLE: "RoleName",
    "AWS::IAM::User": "UserName",
    "AWS::IAM::Group": "GroupName",
    MANAGED_POLICY: "ManagedPolicyName",
    OIDC_PROVIDER: "Url",
    CDK_OIDC_PROVIDER: "Url",
}
# Two types of one thing.
_KINDS = {CDK_OIDC_PROVIDER: OIDC_PROVIDER}


@error_rule(
    "ECR226",
    "Names of roles, users, policies and identity providers are unique in an account",
    types=list(_NAMES),
    why="IAM is global: whatever the Regions of the stacks, it rejects a second resource of the "
    "same name in the account, and the second stack fails.",
    remedy="Create it in one stack, or put the Region into its name.",
    source=f"{IAM_GUIDE}/reference_iam-quotas.html",
)
def _unique_names(resource: Resource) -> Iterator[Problem]:
    owners = resource.assembly.memoized(_owners).get(_owner_key(resource), ())
    first = next(filter(resource.is_created_with, owners), resource)
    if first is not resource:
        name = _NAMES[resource.type]
        message = f"{first.name_for(resource)} already has the {name} {resource.text(name)!r}"
        yield Problem(("Properties", name), message)


def _name_of(resource: Resource) -> str | None:
    """Return a name as IAM compares it: without regard to the case."""
    name = resource.text(_NAMES[resource.type])
    return re.sub("^https?://", "", name.lower()).rstrip("/") if name else None


_OwnerKey = tuple[object, str, str | None]


def _owner_key(resource: Resource) -> _OwnerKey:
    account = resource.stack.account or resource.stack.registry_key
    return account, _KINDS.get(resource.type, resource.type), _name_of(resource)


def _owners(assembly: TemplateSet) -> dict[_OwnerKey, list[Resource]]:
    owners: dict[_OwnerKey, list[Resource]] = {}
    for resource in assembly.of_type(*_NAMES):
        if _name_of(resource) is not None:
            owners.setdefault(_owner_key(resource), []).append(resource)
    return owners


def _statements(resource: Resource) -> Iterator[Statement]:
    """Yield the statements of an identity policy that allow something."""
    for statement in allowed(resource):
        if "AssumeRolePolicyDocument" not in statement.path:
            yield statement


def _repositories_elsewhere(
    resource: Resource,
) -> Iterator[tuple[Place, str, re.Match[str]]]:
    """Yield the repositories of other accounts that an identity may pull from, with their ARNs."""
    for statement in _statements(resource):
        for arn in statement.resources if statement.may(_PULL) else ():
            match = _ARN.fullmatch(arn)
            own = resource.stack.account
            if match and own is not None and match["account"] != own:
                yield (*statement.path, "Resource"), arn, match


@warning_rule(
    "ECR223",
    "The policy of a repository in another account allows the identities that pull from it",
    types=IDENTITY_TYPES,
    why="Across accounts both sides have to allow a pull: the policy of the identity and that of "
    "the repository.",
    remedy="Allow the pull to the account in the RepositoryPolicyText of the repository.",
    source=f"{IAM_GUIDE}/reference_policies_evaluation-logic-cross-account.html",
)
def _allowed_elsewhere(resource: Resource) -> Iterator[Problem]:
    own = str(resource.stack.account)
    for path, arn, match in _repositories_elsewhere(resource):
        named = _repositories_of(resource.assembly, arn, match)
        if named and not any(_may_admit(repository, own) for repository in named):
            message = f"{named[0].name_for(resource)} does not allow {_PULL} to account {own}"
            yield Problem(path, message)


def _repositories_of(assembly: TemplateSet, arn: str, match: re.Match[str]) -> Sequence[Resource]:
    """Return the repositories that the ARN of a statement names, or matches."""
    if not _is_pattern(match):
        named = RegistryId(match["account"], match["region"])
        repository = repository_at(assembly, named, match["name"])
        return [repository] if repository is not None else []
    pattern = ANY_VALUE.sub("*", arn)
    return [
        repository
        for registry in sorted(assembly.registries)
        if registry.account == match["account"]
        for repository in assembly.in_registry(registry, REPOSITORY)
        if matches(pattern, str(repository.stack.attribute(repository.id, "Arn")))
    ]


def _is_pattern(match: re.Match[str]) -> bool:
    return re.search(r"[*?$]", match["region"] + match["name"]) is not None


def _may_admit(repository: Resource, account: str) -> bool:
    """Tell whether the policy of a repository may allow a pull to an identity of an account."""
    if not repository.is_known or not is_policy_known(repository, "RepositoryPolicyText"):
        return repository.get("RepositoryPolicyText") is not None
    statements = list(allowed(repository))
    has_exclusion = any("NotPrincipal" in statement.body for statement in statements)
    return has_exclusion or grants(statements, _PULL, lambda name: account in name)


@warning_rule(
    "ECR224",
    "Identities pull from repositories in the Region that has them",
    types=IDENTITY_TYPES,
    why="A repository exists in one Region only; a pull in another Region answers that it does "
    "not exist, unless images are replicated there.",
    remedy="Write the Region of the repository, or replicate its images.",
    source=f"{ECR_GUIDE}/Repositories.html",
)
def _existing_region(resource: Resource) -> Iterator[Problem]:
    for statement in _statements(resource):
        for arn in statement.resources if statement.may(_PULL) else ():
            match = _ARN.fullmatch(arn)
            if match and not _is_pattern(match):
                regions = _regions_of(resource.assembly, match["account"], match["name"])
                named = RegistryId(match["account"], match["region"])
                if regions and not _may_exist(resource.assembly, named, regions):
                    message = f"{match['name']} is in {', '.join(regions)}, not in {named.region}"
                    yield Problem((*statement.path, "Resource"), message)


def _regions_of(assembly: TemplateSet, account: str, name: str) -> Sequence[str]:
    """Return the Regions in which the templates create a repository in an account."""
    regions = assembly.memoized(_regions_by_name)
    return sorted(regions.get((account, name), ()))


def _regions_by_name(assembly: TemplateSet) -> dict[tuple[str, str], set[str]]:
    regions: dict[tuple[str, str], set[str]] = {}
    for repository in assembly.of_type(REPOSITORY):
        registry, name = repository.registry, repository.text("RepositoryName")
        if registry is not None and name is not None:
            regions.setdefault((registry.account, name), set()).add(registry.region)
    return regions


def _may_exist(assembly: TemplateSet, registry: RegistryId, regions: Sequence[str]) -> bool:
    """Tell whether a registry has, or may have, a repository: created, replicated or cached."""
    destinations = {
        destination
        for replication in assembly.of_type(REPLICATION)
        for rule in rules_of(replication)
        for destination in rule.destinations
    }
    is_replicated = registry in destinations or any(
        is_unresolved(f"{destination.account}{destination.region}") for destination in destinations
    )
    unnamed = (
        repository.text("RepositoryName") is None
        for repository in assembly.in_registry(registry, REPOSITORY)
    )
    is_cached = bool(assembly.in_registry(registry, CACHE))
    return registry.region in regions or is_replicated or any(unnamed) or is_cached


@warning_rule(
    "ECR222",
    "A role that pushes images which ECR signs can sign them",
    types=[ROLE],
    why="ECR signs with the identity that pushes: without signer:SignPayload the image is pushed, "
    "and has no signature.",
    remedy="Allow signer:SignPayload on the ARN of the signing profile.",
    source=f"{ECR_GUIDE}/managed-signing.html",
)
def _can_sign(role: Resource) -> Iterator[Problem]:
    permissions = permissions_of(role)
    if not permissions.lack(_SIGN):
        return
    filters = [
        filters
        for signing in role.assembly.in_registry_of(role, SIGNING)
        if signing.is_known and signing.condition is None
        for filters in _filters_of(signing)
    ]
    for statement in _statements(role):
        is_push = statement.may(_PUT) and not any(map(is_unresolved, statement.actions))
        for arn in statement.resources if is_push else ():
            name = arn.partition(":repository/")[2] or arn
            signs = any(_signs(patterns, name) for patterns in filters)
            if signs and not is_unresolved(name):
                path = (*statement.path, "Action")
                yield Problem(path, f"pushing to {name} also needs {_SIGN}")


def _filters_of(signing: Resource) -> Iterator[list[str] | None]:
    """Yield the filters of each rule; None if it has none."""
    for index, rule in signing.mappings("Rules"):
        filters = signing.mappings("Rules", index, "RepositoryFilters")
        yield (
            [str(entry.get("Filter")) for _, entry in filters]
            if ("RepositoryFilters" in rule)
            else None
        )


def _signs(filters: list[str] | None, name: str) -> bool:
    """Tell whether a rule signs the images of all repositories that a pattern names."""
    return filters is None or any(matcher(pattern)(name) for pattern in filters)
