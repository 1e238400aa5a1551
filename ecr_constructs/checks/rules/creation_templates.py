"""Repository creation templates, and the role that ECR assumes to apply them."""

from collections.abc import Iterator

from ecr_constructs.checks.rule import Problem, model_problems, rule
from ecr_constructs.cloudformation.graph import Resource
from ecr_constructs.cloudformation.iam_policy import permissions_of, policies_of
from ecr_constructs.cloudformation.replication_config import source_of
from ecr_constructs.cloudformation.resource_types import CREATION_TEMPLATE, ROLE
from ecr_constructs.model.creation_template import OCCASIONS, role_errors
from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.model.names import namespace_errors
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
    Severity.ERROR,
    "A creation template has a valid prefix and valid occasions",
    types=[CREATION_TEMPLATE],
    why="ECR rejects the template, or a second one for the same prefix, account and Region.",
    remedy="Write ROOT, or the first part of repository names up to a slash, such as 'payments'.",
    source=_CREATE,
)
def accepted_template(resource: Resource) -> Iterator[Problem]:
    """Validate prefix and occasions as the constructs do."""
    prefix, path = resource.text("Prefix"), ("Properties", "Prefix")
    if prefix is not None:
        yield from model_problems(path, namespace_errors(prefix))
        first = resource.assembly.first_of(resource, "Prefix")
        if first is not resource:
            yield Problem(path, f"{first.id} already has the prefix {prefix!r}", "Merge them.")
    occasions = resource.get("AppliedFor")
    if isinstance(occasions, list):
        path = ("Properties", "AppliedFor")
        names = list(map(str, occasions))
        options = ", ".join(OCCASIONS)
        if not occasions:
            yield Problem(path, "AppliedFor is empty", f"Name at least one of {options}.")
        for occasion in sorted({name for name in names if names.count(name) > 1}):
            yield Problem(path, f"AppliedFor has {occasion!r} more than once", "Name it once.")


@rule(
    "ECR408",
    Severity.ERROR,
    "A creation template with tags or KMS encryption has a role",
    types=[CREATION_TEMPLATE],
    why="ECR needs a role to add tags and to use KMS keys; without it the push, pull or "
    "replication that creates the repository fails.",
    remedy="Add CustomRoleArn: a role that trusts ecr.amazonaws.com.",
    source=_ROLES,
)
def has_role(resource: Resource) -> Iterator[Problem]:
    """Find settings that need a role where none is set."""
    if not resource.is_known or resource.get("CustomRoleArn") is not None:
        return
    kind = resource.text("EncryptionConfiguration", "EncryptionType")
    tags = resource.get("ResourceTags")
    if kind in ("KMS", "KMS_DSSE"):
        path = ("Properties", "EncryptionConfiguration")
        yield Problem(path, f"the template encrypts with {kind} and has no CustomRoleArn")
    if isinstance(tags, list) and tags:
        message = "the template tags repositories and has no CustomRoleArn"
        yield Problem(("Properties", "ResourceTags"), message)


@rule(
    "ECR409",
    Severity.ERROR,
    "ECR can assume the role of a creation template",
    types=[CREATION_TEMPLATE],
    why="ECR rejects a role with a path or in another account, and cannot use a role that does "
    "not trust it or cannot create repositories.",
    remedy="Use a role without a path that trusts ecr.amazonaws.com and allows "
    "ecr:CreateRepository, ecr:ReplicateImage and ecr:TagResource.",
    source=_ROLES,
)
def usable_role(resource: Resource) -> Iterator[Problem]:
    """Validate the ARN, or the role that it refers to."""
    arn = resource.get("CustomRoleArn")
    if not isinstance(arn, str):
        return
    assembly = resource.assembly
    role, wrong = assembly.referred_to(arn), assembly.wrong_type_reference(arn, ROLE)
    if role is None:
        yield from model_problems(_ROLE_PATH, role_errors(arn, source_of(resource).account))
    elif wrong is not None:
        yield Problem(_ROLE_PATH, f"{wrong.id} is of type {wrong.type}, not a role")
    elif role.type == ROLE:
        tags = bool(resource.get("ResourceTags"))
        yield from model_problems(_ROLE_PATH, _role_errors(role, tags=tags))


def _role_errors(role: Resource, *, tags: bool) -> Iterator[str]:
    path = role.text("Path")
    if path not in (None, "/"):
        yield f"{role.id} has the path {path!r}, which ECR rejects"
    trusts = [policy for policy in policies_of(role) if policy.kind == "trust"]
    trusted = [
        value
        for policy in trusts
        for statement in policy.statements
        if statement.allows
        for _, value in statement.principals
    ]
    is_literal = not any(map(is_unresolved, trusted))
    if trusts and is_literal and not any(name.startswith("ecr.amazonaws.com") for name in trusted):
        yield f"{role.id} does not trust ecr.amazonaws.com"
    needed = ("ecr:CreateRepository", "ecr:TagResource") if tags else ("ecr:CreateRepository",)
    permissions = permissions_of(role)
    for action in filter(permissions.lack, needed):
        yield f"{role.id} lacks the permission {action}"


@rule(
    "ECR410",
    Severity.WARNING,
    "Tags in the repositories of a pull through cache are mutable",
    types=[CREATION_TEMPLATE],
    why="ECR checks for a newer image of a tag once a day; an immutable cache keeps the first one "
    "permanently, with every vulnerability that the upstream has mended.",
    remedy="Write ImageTagMutability: MUTABLE for PULL_THROUGH_CACHE.",
    source="https://docs.aws.amazon.com/AmazonECR/latest/userguide/pull-through-cache.html",
)
def cache_is_mutable(resource: Resource) -> Iterator[Problem]:
    """Find immutable caches."""
    occasions = resource.get("AppliedFor")
    if occasions == ["PULL_THROUGH_CACHE"] and resource.get("ImageTagMutability") == "IMMUTABLE":
        yield Problem(("Properties", "ImageTagMutability"), "the cache never updates its tags")
