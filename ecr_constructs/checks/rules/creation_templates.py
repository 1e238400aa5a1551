"""Repository creation templates, and the role that ECR needs to apply them."""

from collections.abc import Iterator

from ecr_constructs.checks.rule import Fault, rule
from ecr_constructs.cloudformation.iam_policy import policies_of
from ecr_constructs.cloudformation.permissions import permissions_of
from ecr_constructs.cloudformation.replication_config import source_of
from ecr_constructs.cloudformation.resource import Resource
from ecr_constructs.cloudformation.resource_types import CREATION_TEMPLATE, ROLE
from ecr_constructs.model.creation_template import OCCASIONS, role_errors
from ecr_constructs.model.prefixes import namespace_errors
from ecr_constructs.model.tokens import is_unresolved

_CREATE = (
    "https://docs.aws.amazon.com/AmazonECR/latest/APIReference/"
    "API_CreateRepositoryCreationTemplate.html"
)
_ROLES = (
    "https://docs.aws.amazon.com/AmazonECR/latest/userguide/"
    "repository-creation-templates-custom.html"
)
_ROLE_PATH = ("Properties", "CustomRoleArn")


@rule(
    "ECR407",
    "error",
    "A creation template has a prefix and occasions that ECR accepts",
    types=[CREATION_TEMPLATE],
    why="ECR refuses the template; there is one per prefix, account and Region.",
    remedy="Write ROOT, or the beginning of repository names up to a slash, such as 'payments'.",
    source=_CREATE,
)
def accepted_template(resource: Resource) -> Iterator[Fault]:
    """Judge prefix and occasions as the constructs do."""
    prefix, path = resource.text("Prefix"), ("Properties", "Prefix")
    if prefix is not None:
        yield from (Fault(path, fault.text) for fault in namespace_errors(prefix))
        first = resource.assembly.first_of(resource, "Prefix")
        if first is not resource:
            yield Fault(path, f"{first.id} has the prefix {prefix!r} already", "Join them.")
    occasions = resource.get("AppliedFor")
    if isinstance(occasions, list):
        path = ("Properties", "AppliedFor")
        listed = list(map(str, occasions))
        options = ", ".join(OCCASIONS)
        if not occasions:
            yield Fault(path, "AppliedFor is empty", f"Name at least one of {options}.")
        for each in sorted({each for each in listed if listed.count(each) > 1}):
            yield Fault(path, f"AppliedFor names {each!r} twice", "Name it once.")


@rule(
    "ECR408",
    "error",
    "A creation template that tags, or encrypts with KMS, has a role",
    types=[CREATION_TEMPLATE],
    why="ECR tags and uses keys only as a role that it is lent; without it the push, the pull or "
    "the replication that should create the repository fails.",
    remedy="Add CustomRoleArn: a role that trusts ecr.amazonaws.com.",
    source=_ROLES,
)
def has_role(resource: Resource) -> Iterator[Fault]:
    """Look for what needs a role where there is none."""
    if not resource.is_known or resource.get("CustomRoleArn") is not None:
        return
    kind = resource.text("EncryptionConfiguration", "EncryptionType")
    tags = resource.get("ResourceTags")
    if kind in ("KMS", "KMS_DSSE"):
        path = ("Properties", "EncryptionConfiguration")
        yield Fault(path, f"the template encrypts with {kind} and has no CustomRoleArn")
    if isinstance(tags, list) and tags:
        said = "the template tags repositories and has no CustomRoleArn"
        yield Fault(("Properties", "ResourceTags"), said)


@rule(
    "ECR409",
    "error",
    "A creation template's role is one that ECR can assume",
    types=[CREATION_TEMPLATE],
    why="ECR refuses a role with a path or of another account, and cannot use one that does not "
    "trust it or may not create repositories.",
    remedy="Write a role without a path that trusts ecr.amazonaws.com and may "
    "ecr:CreateRepository, ecr:ReplicateImage and ecr:TagResource.",
    source=_ROLES,
)
def usable_role(resource: Resource) -> Iterator[Fault]:
    """Judge the ARN, or the role that it refers to."""
    arn = resource.get("CustomRoleArn")
    if not isinstance(arn, str):
        return
    role, mistaken = (
        resource.assembly.referred_to(arn),
        resource.assembly.wrong_type_reference(arn, ROLE),
    )
    if role is None:
        for fault in role_errors(arn, source_of(resource).account):
            yield Fault(_ROLE_PATH, fault.text)
    elif mistaken is not None:
        yield Fault(_ROLE_PATH, f"{mistaken.id} is of type {mistaken.type}, not a role")
    elif role.type == ROLE:
        tags = bool(resource.get("ResourceTags"))
        yield from (Fault(_ROLE_PATH, fault) for fault in _role_errors(role, tags=tags))


def _role_errors(role: Resource, *, tags: bool) -> Iterator[str]:
    path = role.text("Path")
    if path not in (None, "/"):
        yield f"{role.id} has the path {path!r}, which ECR refuses"
    trusts = [policy for policy in policies_of(role) if policy.kind == "trust"]
    trusted = [
        value
        for policy in trusts
        for statement in policy.statements
        if statement.allows
        for _, value in statement.principals
    ]
    known = not any(map(is_unresolved, trusted))
    if trusts and known and not any(each.startswith("ecr.amazonaws.com") for each in trusted):
        yield f"{role.id} does not trust ecr.amazonaws.com"
    needed = ("ecr:CreateRepository", "ecr:TagResource") if tags else ("ecr:CreateRepository",)
    permissions = permissions_of(role)
    for action in filter(permissions.lack, needed):
        yield f"{role.id} may not {action}"


@rule(
    "ECR410",
    "warning",
    "Tags of a cache's repositories may move",
    types=[CREATION_TEMPLATE],
    why="ECR looks for a newer image of a tag once a day; an immutable cache keeps the first one "
    "for ever, with every vulnerability that the upstream has mended.",
    remedy="Write ImageTagMutability: MUTABLE for PULL_THROUGH_CACHE.",
    source="https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html",
)
def cache_is_mutable(resource: Resource) -> Iterator[Fault]:
    """Look for immutable caches."""
    occasions = resource.get("AppliedFor")
    if occasions == ["PULL_THROUGH_CACHE"] and resource.get("ImageTagMutability") == "IMMUTABLE":
        yield Fault(("Properties", "ImageTagMutability"), "the cache keeps a tag's first image")
