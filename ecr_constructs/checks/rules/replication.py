"""Replication rules, and whether their replicas will be right."""

from collections.abc import Iterator

from ecr_constructs.checks.rule import Fault, rule
from ecr_constructs.cloudformation.aws_metadata import regions
from ecr_constructs.cloudformation.iam_policy import allowed, is_policy_known
from ecr_constructs.cloudformation.replication_config import (
    replicas,
    replication_at,
    repository_at,
    rules_of,
    source_of,
    template_for,
)
from ecr_constructs.cloudformation.resource import Resource
from ecr_constructs.cloudformation.resource_types import REGISTRY_POLICY, REPLICATION
from ecr_constructs.model.registry_id import RegistryId
from ecr_constructs.model.replication import (
    MAX_RULES,
    QUOTA_RULES,
    destination_errors,
    forwarded,
    replication_errors,
)
from ecr_constructs.model.tokens import is_unresolved

_GUIDE = "https://docs.aws.amazon.com/AmazonECR/latest/userguide/replication.html"
_PATH = ("Properties", "ReplicationConfiguration", "Rules")


@rule(
    "ECR310",
    "error",
    "Images are replicated to another registry that exists",
    types=[REPLICATION],
    why="ECR refuses a destination that is the registry itself, no Region, or in another "
    "partition.",
    remedy="Leave the destination out, or write a Region of the registry's partition.",
    source=_GUIDE,
)
def real_destinations(resource: Resource) -> Iterator[Fault]:
    """Judge each destination as the constructs do."""
    source = source_of(resource)
    for index, each in resource.mappings("ReplicationConfiguration", "Rules"):
        destinations = each.get("Destinations")
        for place, entry in enumerate(destinations if isinstance(destinations, list) else ()):
            # ECR001 speaks of what is missing.
            if isinstance(entry, dict) and {"Region", "RegistryId"} <= set(entry):
                path = (*_PATH, index, "Destinations", place)
                goal = RegistryId(str(entry["RegistryId"]), str(entry["Region"]))
                yield from (Fault(path, fault) for fault in _destination_errors(goal, source))


def _destination_errors(goal: RegistryId, source: RegistryId) -> Iterator[str]:
    if goal == source:
        yield "the destination is this registry itself"
    elif not is_unresolved(goal.region) and goal.region not in regions():
        yield f"{goal.region!r} is not a Region"
    else:
        yield from (error.text for error in destination_errors(goal, source, [goal.region]))


@rule(
    "ECR311",
    "error",
    "Replication stays within ECR's limits",
    types=[REPLICATION],
    why="ECR refuses the configuration.",
    remedy="Join rules with the same destinations; a shorter prefix covers several repositories.",
    source="https://docs.aws.amazon.com/AmazonECR/latest/APIReference/API_ReplicationConfiguration.html",
)
def within_limits(resource: Resource) -> Iterator[Fault]:
    """Judge numbers and prefixes as the constructs do."""
    for fault in dict.fromkeys(replication_errors(rules_of(resource))):
        yield Fault(_PATH, fault.text)


@rule(
    "ECR312",
    "warning",
    "Replication stays within the published quota",
    types=[REPLICATION],
    why="The API takes 25 rules, but the quota page names 10: more may be refused.",
    remedy="Join rules with the same destinations, or ask AWS for more.",
    source="https://docs.aws.amazon.com/AmazonECR/latest/userguide/service-quotas.html",
)
def within_quota(resource: Resource) -> Iterator[Fault]:
    """Count the rules."""
    count = len(rules_of(resource))
    if QUOTA_RULES < count <= MAX_RULES:
        yield Fault(_PATH, f"the quota is {QUOTA_RULES} rules, these are {count}")


@rule(
    "ECR313",
    "warning",
    "Replication does not count on chains",
    types=[REPLICATION],
    why="ECR does not replicate what arrived by replication: it never reaches the next registry.",
    remedy="Name every destination in the first registry's rules.",
    source=_GUIDE,
)
def not_chained(resource: Resource) -> Iterator[Fault]:
    """Look at what the destinations replicate, where their templates are known."""
    source, rules = source_of(resource), rules_of(resource)
    for goal in sorted({each for copy in rules for each in copy.destinations}):
        for other in replication_at(resource.assembly, RegistryId(goal.account, goal.region)):
            lost = forwarded(rules, source, rules_of(other), goal) if other != resource else {}
            for prefix, missed in sorted(lost.items()):
                what = f"{prefix}*" if prefix else "everything"
                said = ", ".join(map(str, sorted(missed)))
                yield Fault(_PATH, f"{what} goes to {goal}, and from there not on to {said}")


@rule(
    "ECR314",
    "warning",
    "A replica has settings",
    types=[REPLICATION],
    why="Nothing but the image travels: a repository that ECR creates for it is mutable, "
    "unscanned, encrypted with AES-256, keeps everything, and its encryption can never be changed.",
    remedy="Define the repository in the destination too, or a creation template for REPLICATION "
    "that covers its prefix.",
    source="https://github.com/aws/containers-roadmap/issues/1279",
)
def replicas_have_settings(resource: Resource) -> Iterator[Fault]:
    """Look for each replicated repository in the destinations whose templates are known."""
    for repository, goal in replicas(resource):
        name = repository.properties["RepositoryName"]
        known = repository_at(resource.assembly, goal, name)
        if known is None and template_for(resource.assembly, goal, name) is None:
            yield Fault(_PATH, f"{name!r} has no repository and no template in {'/'.join(goal)}")


@rule(
    "ECR315",
    "warning",
    "A replica's tags may move if its source's may",
    types=[REPLICATION],
    why="A tag that is pushed again at a mutable source is dropped at an immutable replica.",
    remedy="Give both the same ImageTagMutability.",
    source=_GUIDE,
)
def same_mutability(resource: Resource) -> Iterator[Fault]:
    """Compare both ends, where both are known."""
    for repository, goal in replicas(resource):
        name = repository.properties["RepositoryName"]
        replica = repository_at(resource.assembly, goal, name)
        here = repository.get("ImageTagMutability") or "MUTABLE"
        there = (replica.get("ImageTagMutability") or "MUTABLE") if replica else here
        if (here, there) == ("MUTABLE", "IMMUTABLE"):
            yield Fault(_PATH, f"{name!r} is MUTABLE here and IMMUTABLE in {'/'.join(goal)}")


@rule(
    "ECR316",
    "warning",
    "Another account's registry lets images arrive",
    types=[REPLICATION],
    why="Without ecr:ReplicateImage in the destination's registry policy nothing is copied, and "
    "only an event says so.",
    remedy="Allow ecr:ReplicateImage and ecr:CreateRepository to this account in the destination's "
    "AWS::ECR::RegistryPolicy.",
    source="https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions-create-replication.html",
)
def let_in(resource: Resource) -> Iterator[Fault]:
    """Read the destinations' registry policies, where they are known."""
    source = source_of(resource)
    goals = {each for copy in rules_of(resource) for each in copy.destinations}
    for goal in sorted(goals):
        registry = RegistryId(goal.account, goal.region)
        policies = resource.assembly.in_registry(registry, REGISTRY_POLICY)
        if goal.account == source.account or is_unresolved(source.account) or not policies:
            continue
        known = all(is_policy_known(policy, "PolicyText") for policy in policies)
        if known and not any(_admits(policy, source.account) for policy in policies):
            said = f"the registry policy of {goal} does not let {source.account} replicate"
            yield Fault(_PATH, said)


def _admits(policy: Resource, account: str) -> bool:
    return any(
        statement.may("ecr:ReplicateImage")
        and any(
            value == "*" or account in value or is_unresolved(value)
            for _, value in statement.principals
        )
        for statement in allowed(policy)
    )
