"""Resource policies that grant access by mistake."""

import re
from collections.abc import Iterator

from ecr_constructs.checks.rule import Problem, model_problems, rule
from ecr_constructs.cloudformation.conditions import OPERATORS, bare, is_narrowed, misspelt, narrows
from ecr_constructs.cloudformation.graph import Resource
from ecr_constructs.cloudformation.iam_policy import (
    RESOURCE_POLICY_TYPES,
    Condition,
    Statement,
    policies_of,
)
from ecr_constructs.cloudformation.resource_types import (
    KEY,
    REGISTRY_POLICY,
    REPOSITORY,
    TOPIC_POLICIES,
)
from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.model.principals import organization_id_errors
from ecr_constructs.model.tokens import is_unresolved

_PRIVATE = [kind for kind in RESOURCE_POLICY_TYPES if "Public" not in kind]
_POLICIES = "https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html"
_CONDITION_KEYS = (
    "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html"
)
_ORGANIZATIONS = (
    *("aws:principalorgid", "aws:principalorgpaths"),
    *("aws:sourceorgid", "aws:sourceorgpaths", "aws:vpceorgid", "aws:vpceorgpaths"),
)
_ACCOUNT = re.compile(r"(?<![0-9])[0-9]{12}(?![0-9])")
_SOURCES = ("aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths")


@rule(
    "ECR206",
    Severity.ERROR,
    "A private repository is not open to everyone",
    types=_PRIVATE,
    why="An Allow for the principal '*' without a condition on the caller grants access to every "
    "AWS account.",
    remedy="Name accounts, or add Condition: {StringEquals: {aws:PrincipalOrgID: o-…}}.",
    source=_POLICIES,
    controls=("AVD-AWS-0032", "prowler ecr_repositories_not_publicly_accessible"),
)
def not_public(resource: Resource) -> Iterator[Problem]:
    """Find an Allow for everyone without a restricting condition."""
    for policy in policies_of(resource):
        for statement in policy.statements:
            if statement.allows and statement.is_for_anyone and not is_narrowed(statement):
                message = "everyone is allowed, in every AWS account"
                yield Problem((*statement.path, "Principal"), message)
            elif statement.allows and "NotPrincipal" in statement.body:
                message = "NotPrincipal with Allow grants access to everyone else"
                yield Problem((*statement.path, "NotPrincipal"), message)


@rule(
    "ECR207",
    Severity.ERROR,
    "An organization is named by its full id",
    types=[*RESOURCE_POLICY_TYPES, KEY, *TOPIC_POLICIES],
    why="With StringLike a wildcard allows every AWS organization; with StringEquals it is literal "
    "and matches no organization.",
    remedy="Write StringEquals: {aws:PrincipalOrgID: o-…} with the full id.",
    source=_CONDITION_KEYS,
)
def whole_organization(resource: Resource) -> Iterator[Problem]:
    """Validate the values of the organization keys."""
    for policy in policies_of(resource):
        for statement in policy.statements:
            for condition in statement.conditions:
                path = (*statement.path, "Condition", condition.operator, condition.key)
                for value in _organizations(condition):
                    errors = organization_id_errors(value.partition("/")[0])
                    yield from model_problems(path, errors, f"{value!r}: ")


def _organizations(condition: Condition) -> Iterator[str]:
    """Yield the organization ids of a condition, except policy variables."""
    if condition.key.lower() not in _ORGANIZATIONS or bare(condition.operator) == "null":
        return
    # IAM replaces policy variables at request time: ${aws:ResourceOrgID}.
    yield from (value for value in condition.values if "${" not in value)


@rule(
    "ECR208",
    Severity.WARNING,
    "No principal outside the account has every permission",
    types=_PRIVATE,
    why="ecr:* includes deleting images and changing the policy that grants it.",
    remedy="List the actions; a pull needs ecr:BatchCheckLayerAvailability, ecr:BatchGetImage and "
    "ecr:GetDownloadUrlForLayer.",
    source="https://docs.aws.amazon.com/AmazonECR/latest/userguide/security-iam.html",
    controls=("prowler ecr_repositories_not_publicly_accessible",),
)
def not_everything(resource: Resource) -> Iterator[Problem]:
    """Find an Allow of all actions for other principals."""
    for policy in policies_of(resource):
        for statement in policy.statements:
            if not statement.allows or not _names_others(resource, statement):
                continue
            for action in statement.actions:
                if action.lower() in ("*", "ecr:*"):
                    yield Problem(
                        (*statement.path, "Action"),
                        f"{action} is allowed outside the account",
                    )


def _names_others(resource: Resource, statement: Statement) -> bool:
    own = resource.stack.account
    return any(_is_other(kind, value, own) for kind, value in statement.principals)


def _is_other(kind: str, principal: str, own: str | None) -> bool:
    if principal == "*" or (kind == "Service" and not is_unresolved(principal)):
        return True
    account = _ACCOUNT.search(principal)
    return account is not None and own is not None and account[0] != own


@rule(
    "ECR209",
    Severity.WARNING,
    "A service principal is restricted to your accounts",
    types=[REPOSITORY, REGISTRY_POLICY],
    why="Anyone who can make the service act on their behalf can read your images through it "
    "(the confused deputy problem).",
    remedy="Add Condition: {StringEquals: {aws:SourceAccount: ACCOUNT}}, or ArnLike with "
    "aws:SourceArn.",
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html",
)
def no_confused_deputy(resource: Resource) -> Iterator[Problem]:
    """Find service principals without a condition on the source."""
    for policy in policies_of(resource):
        for statement in policy.statements:
            services = [value for kind, value in statement.principals if kind == "Service"]
            has_source = any(
                narrows(condition)
                and (condition.key.lower() in _SOURCES or is_unresolved(condition.key))
                for condition in statement.conditions
            )
            if statement.allows and services and not has_source:
                message = f"{', '.join(services)} has access on behalf of any account"
                yield Problem((*statement.path, "Principal"), message)


@rule(
    "ECR214",
    Severity.ERROR,
    "Conditions use operators and keys that exist in IAM",
    types=[*RESOURCE_POLICY_TYPES, KEY, *TOPIC_POLICIES],
    why="IAM rejects a policy with an unknown operator. A key that does not exist is never in a "
    "request, so an Allow or a Deny with it never applies.",
    remedy="Use an operator such as StringEquals or ArnLike, and a key of the IAM reference.",
    source=_CONDITION_KEYS,
)
def known_conditions(resource: Resource) -> Iterator[Problem]:
    """Look up operators, and keys that identify the caller."""
    for policy in policies_of(resource):
        for statement in policy.statements:
            for condition in statement.conditions:
                path = (*statement.path, "Condition", condition.operator)
                if bare(condition.operator) not in OPERATORS:
                    yield Problem(path, f"the operator {condition.operator} does not exist")
                if better := misspelt(condition.key):
                    message = f"the key {condition.key} does not exist"
                    yield Problem((*path, condition.key), message, f"Write {better}.")


@rule(
    "ECR213",
    Severity.ERROR,
    "A key or topic used by ECR is not open to everyone",
    types=[KEY, *TOPIC_POLICIES],
    why="Any AWS account can use the key, or publish and subscribe to the topic.",
    remedy="Name the account, or add a condition such as aws:PrincipalOrgID or kms:CallerAccount.",
    source="https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html",
)
def key_not_public(resource: Resource) -> Iterator[Problem]:
    """Find an Allow for everyone on a key or topic that ECR or its events use."""
    if not resource.assembly.serves_ecr(resource):
        return
    for policy in policies_of(resource):
        for statement in policy.statements:
            if statement.allows and statement.is_for_anyone and not is_narrowed(statement):
                message = "everyone is allowed, in every AWS account"
                yield Problem((*statement.path, "Principal"), message)
