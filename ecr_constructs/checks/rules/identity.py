"""Identity policies: permissions of roles, users and groups on ECR."""

import re
from collections.abc import Iterator

from ecr_constructs.checks.rule import Problem, model_problems, rule
from ecr_constructs.cloudformation.graph import Resource
from ecr_constructs.cloudformation.iam_policy import IDENTITY_TYPES, Statement, allowed, policies_of
from ecr_constructs.cloudformation.resource_types import REGISTRY_POLICY
from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.model.principals import ACCOUNT_ID
from ecr_constructs.model.tokens import is_unresolved

_AUTHORIZATION = (
    "https://docs.aws.amazon.com/service-authorization/latest/reference/"
    "list_amazonelasticcontainerregistry.html"
)
# Deploy-time values and policy variables can have any value.
_ANYTHING = re.compile(r"\$\{Token\[[^\]]*\]\}|\$\{[^}]*\}")
_PARTITION = re.compile(r"aws[a-z-]*|.*[*?].*")
_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-[0-9]|.*[*?].*")
_NAME = re.compile(r"[a-z0-9._/*?-]+")
_PARTS = 6


@rule(
    "ECR210",
    Severity.ERROR,
    "ARNs of repositories are well-formed",
    types=[*IDENTITY_TYPES, REGISTRY_POLICY],
    why="IAM accepts a malformed ARN silently; it matches no repository, so the statement has no "
    "effect.",
    remedy="Write arn:aws:ecr:REGION:ACCOUNT:repository/NAME.",
    source=_AUTHORIZATION,
)
def sound_arns(resource: Resource) -> Iterator[Problem]:
    """Validate the ARNs of statements about ECR."""
    for policy in policies_of(resource):
        for statement in policy.statements:
            ecr_only = bool(statement.actions) and all(
                action.lower().startswith("ecr:") for action in statement.actions
            )
            for value in statement.resources:
                arn = _ANYTHING.sub("*", value)
                if arn.startswith("*") or not (ecr_only or ":ecr:" in arn):
                    continue
                path = (*statement.path, "Resource")
                yield from model_problems(path, _arn_errors(arn), f"{value!r} ")


def _arn_errors(arn: str) -> Iterator[str]:
    parts = arn.split(":", _PARTS - 1)
    if len(parts) < _PARTS or parts[0] != "arn":
        # A wildcard can match several parts.
        if "*" not in arn or not arn.startswith("arn:"):
            yield "is not the ARN of a repository"
        return
    _, partition, service, region, account, name = parts
    if not _PARTITION.fullmatch(partition):
        yield f"has the invalid partition {partition!r}"
    if service != "ecr" and "*" not in service:
        yield f"belongs to {service!r}, but the actions belong to ecr"
        return
    if not _REGION.fullmatch(region):
        yield f"has the invalid Region {region!r}" if region else "has no Region"
    if not (ACCOUNT_ID.fullmatch(account) or "*" in account or "?" in account):
        yield f"has the invalid account {account!r}" if account else "has no account"
    if name.startswith("*"):
        return
    kind, slash, rest = name.partition("/")
    if kind != "repository" or not slash:
        yield f"ends in {name!r}; it must be 'repository/NAME'"
    elif not _NAME.fullmatch(rest):
        yield f"has the invalid repository name {rest!r}"


@rule(
    "ECR211",
    Severity.ERROR,
    "A login is allowed on all resources",
    types=IDENTITY_TYPES,
    why="ecr:GetAuthorizationToken applies to the registry, not to a repository; allowed on any "
    "resource other than '*', it has no effect and logins fail.",
    remedy="Allow ecr:GetAuthorizationToken in a separate statement with Resource: '*'.",
    source=_AUTHORIZATION,
)
def login_on_everything(resource: Resource) -> Iterator[Problem]:
    """Find logins that are allowed only on repositories."""
    statements = [*allowed(resource)]
    if any("*" in item.resources and item.may("ecr:GetAuthorizationToken") for item in statements):
        return
    for statement in statements:
        is_login = any(map("ecr:getauthorizationtoken".__eq__, map(str.lower, statement.actions)))
        is_literal = statement.resources and not any(map(is_unresolved, statement.resources))
        if is_login and is_literal:
            message = "ecr:GetAuthorizationToken is allowed only on specific resources"
            yield Problem((*statement.path, "Resource"), message)


@rule(
    "ECR212",
    Severity.WARNING,
    "No identity has every permission on every repository",
    types=IDENTITY_TYPES,
    why="ecr:* on * includes deleting every image of the account and opening every repository.",
    remedy="List the actions, and the repositories by ARN.",
    source="https://docs.aws.amazon.com/AmazonECR/latest/userguide/security_iam_id-based-policy-examples.html",
)
def not_everything(resource: Resource) -> Iterator[Problem]:
    """Find ecr:* on all resources."""
    for statement in allowed(resource):
        if "ecr:*" in map(str.lower, statement.actions) and _is_everything(statement):
            yield Problem((*statement.path, "Action"), "ecr:* is allowed on all resources")


def _is_everything(statement: Statement) -> bool:
    by_tag = any("resourcetag/" in test.key.lower() for test in statement.conditions)
    everything = (arn == "*" or arn.endswith(":repository/*") for arn in statement.resources)
    return any(everything) and not by_tag
