"""What roles, users and groups of the account may do with ECR."""

import re
from collections.abc import Iterator

from ecr_constructs.checks.rule import Fault, rule
from ecr_constructs.cloudformation.iam_policy import IDENTITY_TYPES, Statement, allowed, policies_of
from ecr_constructs.cloudformation.resource import Resource
from ecr_constructs.cloudformation.resource_types import REGISTRY_POLICY
from ecr_constructs.model.principals import ACCOUNT_ID
from ecr_constructs.model.tokens import is_unresolved

_AUTHORIZATION = (
    "https://docs.aws.amazon.com/service-authorization/latest/reference/"
    "list_amazonelasticcontainerregistry.html"
)
# Deploy-time values and policy variables may be anything.
_ANYTHING = re.compile(r"\$\{Token\[[^\]]*\]\}|\$\{[^}]*\}")
_PARTITION = re.compile(r"aws[a-z-]*|.*[*?].*")
_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-[0-9]|.*[*?].*")
_NAME = re.compile(r"[a-z0-9._/*?-]+")
_PARTS = 6


@rule(
    "ECR210",
    "error",
    "ARNs of repositories are ones that can exist",
    types=[*IDENTITY_TYPES, REGISTRY_POLICY],
    why="IAM takes a malformed ARN without a word; it matches nothing, so that the statement "
    "grants nothing, or denies nothing.",
    remedy="Write arn:aws:ecr:REGION:ACCOUNT:repository/NAME.",
    source=_AUTHORIZATION,
)
def sound_arns(resource: Resource) -> Iterator[Fault]:
    """Judge the ARNs of statements about ECR, as far as they are known."""
    for policy in policies_of(resource):
        for statement in policy.statements:
            ecr_only = bool(statement.actions) and all(
                each.lower().startswith("ecr:") for each in statement.actions
            )
            for value in statement.resources:
                arn = _ANYTHING.sub("*", value)
                if arn.startswith("*") or not (ecr_only or ":ecr:" in arn):
                    continue
                for fault in _arn_errors(arn):
                    yield Fault((*statement.path, "Resource"), f"{value!r} {fault}")


def _arn_errors(arn: str) -> Iterator[str]:
    parts = arn.split(":", _PARTS - 1)
    if len(parts) < _PARTS or parts[0] != "arn":
        # A wildcard may stand for several parts.
        if "*" not in arn or not arn.startswith("arn:"):
            yield "is no ARN of a repository"
        return
    _, partition, service, region, account, name = parts
    if not _PARTITION.fullmatch(partition):
        yield f"has the partition {partition!r}"
    if service != "ecr" and "*" not in service:
        yield f"is of {service!r}, while the actions are of ecr"
        return
    if not _REGION.fullmatch(region):
        yield f"has the Region {region!r}" if region else "has no Region"
    if not (ACCOUNT_ID.fullmatch(account) or "*" in account or "?" in account):
        yield f"has the account {account!r}" if account else "has no account"
    if name.startswith("*"):
        return
    kind, slash, rest = name.partition("/")
    if kind != "repository" or not slash:
        yield f"ends in {name!r}; it must be 'repository/NAME'"
    elif not _NAME.fullmatch(rest):
        yield f"has the name {rest!r}, which no repository can have"


@rule(
    "ECR211",
    "error",
    "A login is allowed on every resource",
    types=IDENTITY_TYPES,
    why="ecr:GetAuthorizationToken is about the registry, not about a repository: on any other "
    "resource than '*' it is never allowed, and no login succeeds.",
    remedy="Give ecr:GetAuthorizationToken a statement of its own, with Resource: '*'.",
    source=_AUTHORIZATION,
)
def login_on_everything(resource: Resource) -> Iterator[Fault]:
    """Look for logins that are allowed on repositories only."""
    statements = [*allowed(resource)]
    if any("*" in each.resources and each.may("ecr:GetAuthorizationToken") for each in statements):
        return
    for statement in statements:
        asked = any(each.lower() == "ecr:getauthorizationtoken" for each in statement.actions)
        known = statement.resources and not any(map(is_unresolved, statement.resources))
        if asked and known:
            said = "ecr:GetAuthorizationToken is allowed on single resources"
            yield Fault((*statement.path, "Resource"), said)


@rule(
    "ECR212",
    "warning",
    "No identity may do everything with every repository",
    types=IDENTITY_TYPES,
    why="ecr:* on * holds deleting every image of the account, and opening every repository.",
    remedy="List the actions, and the repositories by ARN.",
    source="https://docs.aws.amazon.com/AmazonECR/latest/userguide/security_iam_id-based-policy-examples.html",
)
def not_everything(resource: Resource) -> Iterator[Fault]:
    """Look for ecr:* on everything."""
    for statement in allowed(resource):
        if "ecr:*" in map(str.lower, statement.actions) and _is_everything(statement):
            yield Fault((*statement.path, "Action"), "ecr:* is allowed on every resource")


def _is_everything(statement: Statement) -> bool:
    by_tag = any("resourcetag/" in each.key.lower() for each in statement.conditions)
    everything = (each == "*" or each.endswith(":repository/*") for each in statement.resources)
    return any(everything) and not by_tag
