"""Settings of a registry: one owner each, scanning, signing, pull-time exclusions, replication."""

import re
from collections.abc import Iterator
from typing import get_args

from ecr_constructs.checks.rule import (
    ECR_API,
    ECR_GUIDE,
    Problem,
    error_rule,
    model_problems,
    problems_at,
    warning_rule,
)
from ecr_constructs.cloudformation.conditions import bare
from ecr_constructs.cloudformation.graph import Resource
from ecr_constructs.cloudformation.iam_policy import (
    Statement,
    allowed,
    grants,
    is_policy_known,
    matches,
)
from ecr_constructs.cloudformation.replication_config import (
    repository_at,
    rules_of,
    source_of,
    template_for,
)
from ecr_constructs.cloudformation.resource_types import (
    CREATION_TEMPLATE,
    PULL_TIME_EXCLUSION,
    REGISTRY_POLICY,
    REPLICATION,
    REPOSITORY,
    SCANNING,
    SIGNING,
    SIGNING_PROFILE,
    SINGLETONS,
)
from ecr_constructs.model.account_settings import MAX_EXCLUSIONS, exclusion_errors
from ecr_constructs.model.partitions import partition_of, regions
from ecr_constructs.model.registry_id import RegistryId
from ecr_constructs.model.registry_policy import REPLICATION_ROLE
from ecr_constructs.model.replication import (
    MAX_RULES,
    QUOTA_RULES,
    destination_errors,
    replication_errors,
    unreached_destinations,
)
from ecr_constructs.model.scanning import Scanning, ScanType
from ecr_constructs.model.signing import SigningRule, signing_errors
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import ValidationError
from ecr_constructs.model.wildcards import matcher


@error_rule(
    "ECR301",
    "A setting of the registry is defined once",
    types=SINGLETONS,
    why="Each account and Region has one such setting. A second resource silently overwrites the "
    "first, and deleting either of them deletes the setting.",
    remedy="Merge them into one resource.",
    source=f"{ECR_GUIDE}/Registries.html",
)
def _one_owner(resource: Resource) -> Iterator[Problem]:
    first = resource.assembly.first_sibling(resource)
    if first is not resource:
        name = first.name_for(resource)
        yield Problem((), f"{name} already defines this setting of the registry")


_RULES = ("Properties", "Rules")
_FREQUENCIES = ("SCAN_ON_PUSH", "CONTINUOUS_SCAN")


def _filters(resource: Resource, index: int) -> tuple[str, ...]:
    entries = resource.mappings("Rules", index, "RepositoryFilters")
    return tuple(str(entry["Filter"]) for _, entry in entries if "Filter" in entry)


@error_rule(
    "ECR320",
    "The scanning configuration of a registry is valid",
    types=[SCANNING],
    why="ECR rejects the configuration: BASIC scanning cannot be continuous, and filters have "
    "their own grammar.",
    remedy="Write SCAN_ON_PUSH with BASIC, SCAN_ON_PUSH or CONTINUOUS_SCAN with ENHANCED.",
    source=f"{ECR_API}/API_RegistryScanningRule.html",
)
def _accepted_scanning(resource: Resource) -> Iterator[Problem]:
    scan_type = resource.text("ScanType")
    filters: dict[str, tuple[str, ...]] = {}
    for index, entry in resource.mappings("Rules"):
        frequency = str(entry.get("ScanFrequency"))
        if frequency in filters:
            yield Problem((*_RULES, index), f"{frequency} has two rules", "Merge their filters.")
        filters[frequency] = filters.get(frequency, ()) + _filters(resource, index)
    rules = resource.get("Rules")
    if isinstance(rules, list) and len(rules) > len(_FREQUENCIES):
        yield Problem(_RULES, f"at most {len(_FREQUENCIES)} rules are allowed, got {len(rules)}")
    if scan_type not in get_args(ScanType):
        return
    try:
        Scanning(scan_type, *(filters.get(name, ()) for name in _FREQUENCIES))  # type: ignore[arg-type]
    except ValidationError as error:
        yield from model_problems(_RULES, error.diagnostics)


# https://docs.aws.amazon.com/AmazonECR/latest/userguide/managed-signing.html
_PLATFORM = "Notation-OCI-SHA384-ECDSA"


@warning_rule(
    "ECR323",
    "A configuration of scanning or signing has rules",
    types=[SCANNING, SIGNING],
    why="Enhanced scanning without rules scans nothing, and signing without rules signs nothing.",
    remedy="Add a rule with the filter '*', or remove the resource.",
    source=f"{ECR_GUIDE}/image-scanning-enhanced-enabling.html",
)
def _has_rules(resource: Resource) -> Iterator[Problem]:
    is_basic = resource.type == SCANNING and resource.get("ScanType") != "ENHANCED"
    is_empty = resource.get("Rules") in ([], None) and resource.is_known
    if is_empty and not is_basic:
        what = "scanned automatically" if resource.type == SCANNING else "signed"
        yield Problem(("Properties", "Rules"), f"without rules no image is {what}")


@error_rule(
    "ECR321",
    "The signing configuration of a registry is valid",
    types=[SIGNING],
    why="ECR rejects the configuration; it allows 10 rules, the CloudFormation schema 50.",
    remedy="Name signing profiles by ARN, and merge rules of the same profile.",
    source=f"{ECR_API}/API_SigningConfiguration.html",
)
def _accepted_signing(resource: Resource) -> Iterator[Problem]:
    for index, entry in resource.mappings("Rules"):
        try:
            SigningRule(str(entry.get("SigningProfileArn", "")), _filters(resource, index))
        except ValidationError as error:
            yield from model_problems((*_RULES, index), error.diagnostics)
        if entry.get("RepositoryFilters") == []:
            message = "a rule has 1 to 100 RepositoryFilters; without the property it signs all"
            place = (*_RULES, index, "RepositoryFilters")
            yield Problem(place, message, "Remove RepositoryFilters, or add a filter.")
        arn = str(entry.get("SigningProfileArn"))
        profile = resource.assembly.referred_to(arn)
        if profile is not None and profile.type == SIGNING_PROFILE:
            attribute = arn.removesuffix("]}").rpartition(".")[2]
            if attribute not in ("Arn", "Ref"):
                place = (*_RULES, index, "SigningProfileArn")
                message = f"{attribute} of {profile.id} is not the ARN of the profile"
                yield Problem(place, message, f"Write Fn::GetAtt: [{profile.id}, Arn].")
            platform = profile.text("PlatformId")
            if platform not in (None, _PLATFORM):
                message = f"{profile.id} signs for {platform}, not container images"
                path = (*_RULES, index, "SigningProfileArn")
                yield Problem(path, message, f"Write PlatformId: {_PLATFORM} for {profile.id}.")
    entries = resource.get("Rules")
    if isinstance(entries, list):
        blank = SigningRule("${Token[any]}")
        yield from model_problems(_RULES, signing_errors([blank] * len(entries)))


@error_rule(
    "ECR322",
    "A pull-time exclusion names a role or user",
    types=[PULL_TIME_EXCLUSION],
    why="ECR rejects other principals, and more than 100 exclusions.",
    remedy="Write 'arn:aws:iam::ACCOUNT:role/NAME'.",
    source=f"{ECR_API}/API_RegisterPullTimeUpdateExclusion.html",
)
def _sound_exclusion(resource: Resource) -> Iterator[Problem]:
    arn, path = resource.text("PrincipalArn"), ("Properties", "PrincipalArn")
    if arn is not None:
        yield from model_problems(path, exclusion_errors(arn), f"{arn!r} ")
        first = resource.assembly.first_of(resource, "PrincipalArn")
        if first is not resource:
            yield Problem(path, f"{first.id} already excludes {arn!r}", "Keep one of them.")
    siblings = resource.assembly.siblings(resource)
    if siblings[0] is resource and len(siblings) > MAX_EXCLUSIONS:
        message = f"a registry has at most {MAX_EXCLUSIONS} exclusions, got {len(siblings)}"
        yield Problem((), message, "Exclude only the roles that pull most often.")


_GUIDE = f"{ECR_GUIDE}/replication.html"
_PATH = ("Properties", "ReplicationConfiguration", "Rules")


@error_rule(
    "ECR310",
    "Replication destinations exist",
    types=[REPLICATION],
    why="ECR rejects a destination that is the registry itself, not a Region, or in another "
    "partition.",
    remedy="Remove the destination, or write a Region of the registry's partition.",
    source=_GUIDE,
)
def _real_destinations(resource: Resource) -> Iterator[Problem]:
    source = source_of(resource)
    for index, item in resource.mappings("ReplicationConfiguration", "Rules"):
        destinations = item.get("Destinations")
        for place, entry in enumerate(destinations if isinstance(destinations, list) else ()):
            # ECR001 reports missing properties.
            if isinstance(entry, dict) and {"Region", "RegistryId"} <= set(entry):
                path = (*_PATH, index, "Destinations", place)
                goal = RegistryId(str(entry["RegistryId"]), str(entry["Region"]))
                yield from problems_at(path, _destination_errors(goal, source))


def _destination_errors(goal: RegistryId, source: RegistryId) -> Iterator[str]:
    if goal == source:
        yield "the destination is this registry itself"
    elif not is_unresolved(goal.region) and goal.region not in regions():
        yield f"{goal.region!r} is not a Region"
    else:
        yield from (error.text for error in destination_errors(goal, source, [goal.region]))


@error_rule(
    "ECR311",
    "Replication stays within ECR's limits",
    types=[REPLICATION],
    why="ECR rejects the configuration.",
    remedy="Merge rules with the same destinations; a shorter prefix covers several repositories.",
    source=f"{ECR_API}/API_ReplicationConfiguration.html",
)
def _within_limits(resource: Resource) -> Iterator[Problem]:
    yield from model_problems(_PATH, dict.fromkeys(replication_errors(rules_of(resource))))


@warning_rule(
    "ECR312",
    "Replication stays within the published quota",
    types=[REPLICATION],
    why="The API allows 25 rules, but the quota page states 10: ECR may reject more.",
    remedy="Merge rules with the same destinations, or request a quota increase.",
    source=f"{ECR_GUIDE}/service-quotas.html",
)
def _within_quota(resource: Resource) -> Iterator[Problem]:
    count = len(rules_of(resource))
    if QUOTA_RULES < count <= MAX_RULES:
        yield Problem(_PATH, f"the quota is {QUOTA_RULES} rules, got {count}")


@warning_rule(
    "ECR313",
    "Replication does not rely on chains",
    types=[REPLICATION],
    why="ECR does not replicate replicas: an image never reaches the next registry.",
    remedy="Name every destination in the first registry's rules.",
    source=_GUIDE,
)
def _not_chained(resource: Resource) -> Iterator[Problem]:
    """Check what the destinations replicate, if their templates are in the set."""
    source, rules = source_of(resource), rules_of(resource)
    for goal in _goals(resource):
        for other in resource.assembly.in_registry(goal, REPLICATION):
            if other == resource:
                continue
            lost = unreached_destinations(rules, source, rules_of(other), goal)
            for prefix, missed in sorted(lost.items()):
                what = f"{prefix}*" if prefix else "everything"
                missing = ", ".join(map(str, sorted(missed)))
                yield Problem(_PATH, f"{what} goes to {goal}, but not from there to {missing}")


def _goals(resource: Resource) -> list[RegistryId]:
    return sorted({goal for copy in rules_of(resource) for goal in copy.destinations})


def _replicas(resource: Resource) -> Iterator[tuple[Resource, RegistryId, Resource | None]]:
    """Yield each repository with each destination in the templates, and its replica there."""
    assembly, registry, rules = resource.assembly, resource.registry, rules_of(resource)
    for repository in assembly.in_registry(registry, REPOSITORY) if registry is not None else ():
        if (name := repository.text("RepositoryName")) is not None:
            goals = {
                goal
                for rule in rules
                if not rule.prefixes or any(map(name.startswith, rule.prefixes))
                for goal in rule.destinations
            }
            for goal in sorted(goals & assembly.registries - {registry}):
                yield repository, goal, repository_at(assembly, goal, name)


@warning_rule(
    "ECR314",
    "A replica has settings",
    types=[REPLICATION],
    why="Replication copies only the image: a repository that ECR creates for it is mutable, "
    "unscanned, encrypted with AES-256 and without lifecycle policy, and its encryption can never "
    "be changed.",
    remedy="Define the repository in the destination too, or a creation template for REPLICATION "
    "that covers its prefix.",
    source="https://github.com/aws/containers-roadmap/issues/1279",
)
def _replicas_have_settings(resource: Resource) -> Iterator[Problem]:
    for repository, goal, replica in _replicas(resource):
        name = repository.properties["RepositoryName"]
        if replica is None and template_for(resource.assembly, goal, name) is None:
            message = f"{name!r} has no repository and no template in {'/'.join(goal)}"
            yield Problem(_PATH, message)


@warning_rule(
    "ECR315",
    "A replica of a mutable repository is mutable",
    types=[REPLICATION],
    why="When a tag of a mutable source is pushed again, an immutable replica rejects it.",
    remedy="Give both the same ImageTagMutability.",
    source=_GUIDE,
)
def _same_mutability(resource: Resource) -> Iterator[Problem]:
    for repository, goal, replica in _replicas(resource):
        if replica is not None and (tags := _dropped_tags(repository, replica)):
            name = repository.properties["RepositoryName"]
            place = "/".join(goal)
            message = f"{name!r}: {tags} may move here, and are immutable in {place}"
            yield Problem(_PATH, message)


def _dropped_tags(source: Resource, replica: Resource) -> str:
    """Describe the tags that may move at the source, and not at the destination."""
    here = source.get("ImageTagMutability") or "MUTABLE"
    there = replica.get("ImageTagMutability") or "MUTABLE"
    if there not in ("IMMUTABLE", "IMMUTABLE_WITH_EXCLUSION"):
        return ""
    if here in ("MUTABLE", "MUTABLE_WITH_EXCLUSION"):
        return "tags"
    kept = _movable(replica) if there == "IMMUTABLE_WITH_EXCLUSION" else []
    moved = _movable(source) if here == "IMMUTABLE_WITH_EXCLUSION" else []
    is_known = not any(map(is_unresolved, [*kept, *moved]))
    dropped = [tag for tag in moved if not any(matcher(wide)(tag) for wide in kept)]
    return f"the tags {', '.join(dropped)}" if dropped and is_known else ""


def _movable(resource: Resource) -> list[str]:
    entries = resource.mappings("ImageTagMutabilityExclusionFilters")
    return [str(entry.get("ImageTagMutabilityExclusionFilterValue")) for _, entry in entries]


@warning_rule(
    "ECR316",
    "The registry of another account allows replication into it",
    types=[REPLICATION],
    why="Without ecr:ReplicateImage in the destination's registry policy no image is "
    "copied, and only an event reports it.",
    remedy="Allow ecr:ReplicateImage and ecr:CreateRepository to this account in the destination's "
    "AWS::ECR::RegistryPolicy.",
    source=f"{ECR_GUIDE}/registry-permissions-create-replication.html",
)
def _replication_allowed(resource: Resource) -> Iterator[Problem]:
    """Read the registry policies of the destinations, if their templates are in the set."""
    account = source_of(resource).account
    for goal in _goals(resource):
        if goal.account == account or is_unresolved(account):
            continue
        policies = resource.assembly.in_registry(goal, REGISTRY_POLICY)
        if not policies:
            yield from _policy_elsewhere(resource, goal)
        elif all(is_policy_known(policy, "PolicyText") for policy in policies):
            statements = [statement for policy in policies for statement in allowed(policy)]
            yield from _missing_permissions(resource, goal, statements)


_ARN_OPERATORS = ("arnequals", "arnlike", "stringequals", "stringlike")
_REGISTRY_SETTINGS = (CREATION_TEMPLATE, *SINGLETONS)


def _policy_elsewhere(resource: Resource, goal: RegistryId) -> Iterator[Problem]:
    """Find a policy of another Region, if the templates of the destination are in the set."""
    assembly = resource.assembly
    others = [other for other in assembly.registries if other.account == goal.account]
    if goal not in others:
        return
    elsewhere = [other for other in sorted(others) if assembly.in_registry(other, REGISTRY_POLICY)]
    for other in elsewhere:
        yield Problem(_PATH, f"the registry policy of {other} does not apply to {goal}")
    # Only templates that configure the registry show that it has no policy.
    is_configured = any(assembly.in_registry(goal, kind) for kind in _REGISTRY_SETTINGS)
    if is_configured and not elsewhere:
        yield Problem(_PATH, f"the templates of {goal} have no registry policy")


def _missing_permissions(
    resource: Resource, goal: RegistryId, statements: list[Statement]
) -> Iterator[Problem]:
    account = source_of(resource).account
    prefixes = {
        prefix
        for rule in rules_of(resource)
        if goal in rule.destinations
        for prefix in rule.prefixes or [""]
    }
    owner = f"arn:{partition_of(goal.region)}:iam::{account}:"
    role = f"{owner}{REPLICATION_ROLE}"
    names = (account, f"{owner}root", role)
    needed = ["ecr:ReplicateImage"]
    templates = resource.assembly.in_registry(goal, CREATION_TEMPLATE)
    if any(
        template.get("ResourceTags") and "REPLICATION" in str(template.get("AppliedFor"))
        for template in templates
    ):
        needed.append("ecr:TagResource")
    for action in needed:
        for prefix in sorted(prefixes):
            fitting = [
                item for item in statements if _may_cover(item, prefix) and _admits(item, role)
            ]
            if not grants(fitting, action, lambda name: name in names):
                what = f" into {prefix}*" if prefix else ""
                message = f"the registry policy of {goal} does not allow {account} {action}{what}"
                yield Problem(_PATH, message)


def _admits(statement: Statement, role: str) -> bool:
    """Tell whether the conditions on the principal may hold for ECR's replication role."""
    for condition in statement.conditions:
        is_arn = (
            condition.key.lower() == "aws:principalarn"
            and bare(condition.operator) in _ARN_OPERATORS
        )
        values = condition.values if is_arn else (role,)
        if not any(is_unresolved(value) or matches(value, role) for value in values):
            return False
    return True


def _may_cover(statement: Statement, prefix: str) -> bool:
    """Tell whether a statement is, or may be, about repositories with a prefix."""
    for arn in statement.resources:
        _, separator, name = arn.partition(":repository/")
        stem = re.split(r"[*?]|\$\{", name, maxsplit=1)[0]
        if not separator or stem.startswith(prefix) or prefix.startswith(stem):
            return True
    return not statement.resources
