"""Replication rules, and the settings of the replicas."""

from collections.abc import Iterator

from ecr_constructs.checks.rule import Problem, model_problems, rule
from ecr_constructs.cloudformation.aws_metadata import regions
from ecr_constructs.cloudformation.graph import Resource
from ecr_constructs.cloudformation.iam_policy import allowed, is_policy_known
from ecr_constructs.cloudformation.replication_config import (
    replicas,
    replication_at,
    repository_at,
    rules_of,
    source_of,
    template_for,
)
from ecr_constructs.cloudformation.resource_types import REGISTRY_POLICY, REPLICATION
from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.model.registry_id import RegistryId
from ecr_constructs.model.replication import (
    MAX_RULES,
    QUOTA_RULES,
    destination_errors,
    replication_errors,
    unreached_destinations,
)
from ecr_constructs.model.tokens import is_unresolved

_GUIDE = "https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html"
_PATH = ("Properties", "ReplicationConfiguration", "Rules")


@rule(
    "ECR310",
    Severity.ERROR,
    "Replication destinations exist",
    types=[REPLICATION],
    why="ECR rejects a destination that is the registry itself, not a Region, or in another "
    "partition.",
    remedy="Remove the destination, or write a Region of the registry's partition.",
    source=_GUIDE,
)
def real_destinations(resource: Resource) -> Iterator[Problem]:
    """Validate each destination."""
    source = source_of(resource)
    for index, item in resource.mappings("ReplicationConfiguration", "Rules"):
        destinations = item.get("Destinations")
        for place, entry in enumerate(destinations if isinstance(destinations, list) else ()):
            # ECR001 reports missing properties.
            if isinstance(entry, dict) and {"Region", "RegistryId"} <= set(entry):
                path = (*_PATH, index, "Destinations", place)
                goal = RegistryId(str(entry["RegistryId"]), str(entry["Region"]))
                yield from model_problems(path, _destination_errors(goal, source))


def _destination_errors(goal: RegistryId, source: RegistryId) -> Iterator[str]:
    if goal == source:
        yield "the destination is this registry itself"
    elif not is_unresolved(goal.region) and goal.region not in regions():
        yield f"{goal.region!r} is not a Region"
    else:
        yield from (error.text for error in destination_errors(goal, source, [goal.region]))


@rule(
    "ECR311",
    Severity.ERROR,
    "Replication stays within ECR's limits",
    types=[REPLICATION],
    why="ECR rejects the configuration.",
    remedy="Merge rules with the same destinations; a shorter prefix covers several repositories.",
    source="https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ReplicationConfiguration.html",
)
def within_limits(resource: Resource) -> Iterator[Problem]:
    """Validate the number of rules and the prefixes."""
    yield from model_problems(_PATH, dict.fromkeys(replication_errors(rules_of(resource))))


@rule(
    "ECR312",
    Severity.WARNING,
    "Replication stays within the published quota",
    types=[REPLICATION],
    why="The API allows 25 rules, but the quota page states 10: ECR may reject more.",
    remedy="Merge rules with the same destinations, or request a quota increase.",
    source="https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html",
)
def within_quota(resource: Resource) -> Iterator[Problem]:
    """Count the rules."""
    count = len(rules_of(resource))
    if QUOTA_RULES < count <= MAX_RULES:
        yield Problem(_PATH, f"the quota is {QUOTA_RULES} rules, got {count}")


@rule(
    "ECR313",
    Severity.WARNING,
    "Replication does not rely on chains",
    types=[REPLICATION],
    why="ECR does not replicate replicas: an image never reaches the next registry.",
    remedy="Name every destination in the first registry's rules.",
    source=_GUIDE,
)
def not_chained(resource: Resource) -> Iterator[Problem]:
    """Check what the destinations replicate, if their templates are in the set."""
    source, rules = source_of(resource), rules_of(resource)
    for goal in sorted({goal for copy in rules for goal in copy.destinations}):
        for other in replication_at(resource.assembly, RegistryId(goal.account, goal.region)):
            if other == resource:
                continue
            lost = unreached_destinations(rules, source, rules_of(other), goal)
            for prefix, missed in sorted(lost.items()):
                what = f"{prefix}*" if prefix else "everything"
                missing = ", ".join(map(str, sorted(missed)))
                yield Problem(_PATH, f"{what} goes to {goal}, but not from there to {missing}")


@rule(
    "ECR314",
    Severity.WARNING,
    "A replica has settings",
    types=[REPLICATION],
    why="Replication copies only the image: a repository that ECR creates for it is mutable, "
    "unscanned, encrypted with AES-256 and without lifecycle policy, and its encryption can never "
    "be changed.",
    remedy="Define the repository in the destination too, or a creation template for REPLICATION "
    "that covers its prefix.",
    source="https://github.com/aws/containers-roadmap/issues/1279",
)
def replicas_have_settings(resource: Resource) -> Iterator[Problem]:
    """Find each replicated repository in the destinations whose templates are in the set."""
    for repository, goal in replicas(resource):
        name = repository.properties["RepositoryName"]
        replica = repository_at(resource.assembly, goal, name)
        if replica is None and template_for(resource.assembly, goal, name) is None:
            yield Problem(
                _PATH,
                f"{name!r} has no repository and no template in {'/'.join(goal)}",
            )


@rule(
    "ECR315",
    Severity.WARNING,
    "A replica of a mutable repository is mutable",
    types=[REPLICATION],
    why="When a tag of a mutable source is pushed again, an immutable replica rejects it.",
    remedy="Give both the same ImageTagMutability.",
    source=_GUIDE,
)
def same_mutability(resource: Resource) -> Iterator[Problem]:
    """Compare source and replica, if both templates are in the set."""
    for repository, goal in replicas(resource):
        name = repository.properties["RepositoryName"]
        replica = repository_at(resource.assembly, goal, name)
        here = repository.get("ImageTagMutability") or "MUTABLE"
        there = (replica.get("ImageTagMutability") or "MUTABLE") if replica else here
        if (here, there) == ("MUTABLE", "IMMUTABLE"):
            yield Problem(_PATH, f"{name!r} is MUTABLE here and IMMUTABLE in {'/'.join(goal)}")


@rule(
    "ECR316",
    Severity.WARNING,
    "The registry of another account allows replication into it",
    types=[REPLICATION],
    why="Without ecr:ReplicateImage in the destination's registry policy no image is "
    "copied, and only an event reports it.",
    remedy="Allow ecr:ReplicateImage and ecr:CreateRepository to this account in the destination's "
    "AWS::ECR::RegistryPolicy.",
    source="https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions-create-replication.html",
)
def replication_allowed(resource: Resource) -> Iterator[Problem]:
    """Read the registry policies of the destinations, if their templates are in the set."""
    source = source_of(resource)
    goals = {goal for copy in rules_of(resource) for goal in copy.destinations}
    for goal in sorted(goals):
        registry = RegistryId(goal.account, goal.region)
        policies = resource.assembly.in_registry(registry, REGISTRY_POLICY)
        if goal.account == source.account or is_unresolved(source.account) or not policies:
            continue
        is_complete = all(is_policy_known(policy, "PolicyText") for policy in policies)
        if is_complete and not any(
            _allows_replication(policy, source.account) for policy in policies
        ):
            message = f"the registry policy of {goal} does not allow {source.account} to replicate"
            yield Problem(_PATH, message)


def _allows_replication(policy: Resource, account: str) -> bool:
    return any(
        statement.may("ecr:ReplicateImage")
        and any(
            value == "*" or account in value or is_unresolved(value)
            for _, value in statement.principals
        )
        for statement in allowed(policy)
    )
