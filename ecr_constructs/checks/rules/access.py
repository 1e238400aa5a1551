"""Who is let in, and by mistake."""

import re
from collections.abc import Iterator

from ecr_constructs.checks.rule import Fault, rule
from ecr_constructs.cloudformation.conditions import OPERATORS, bare, is_narrowed, misspelt, narrows
from ecr_constructs.cloudformation.iam_policy import (
    RESOURCE_POLICY_TYPES,
    Condition,
    Statement,
    policies_of,
)
from ecr_constructs.cloudformation.resource import Resource
from ecr_constructs.cloudformation.resource_types import (
    KEY,
    REGISTRY_POLICY,
    REPOSITORY,
    TOPIC_POLICIES,
)
from ecr_constructs.model.principals import organization_id_errors
from ecr_constructs.model.tokens import is_unresolved

_PRIVATE = [each for each in RESOURCE_POLICY_TYPES if "Public" not in each]
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
    "error",
    "A private repository is not open to everyone",
    types=_PRIVATE,
    why="An Allow for the principal '*' without a condition on who asks lets in every AWS account "
    "there is.",
    remedy="Name accounts, or add Condition: {StringEquals: {aws:PrincipalOrgID: o-…}}.",
    source=_POLICIES,
    controls=("AVD-AWS-0032", "prowler ecr_repositories_not_publicly_accessible"),
)
def not_public(resource: Resource) -> Iterator[Fault]:
    """Look for an Allow to everyone that no condition narrows."""
    for policy in policies_of(resource):
        for statement in policy.statements:
            if statement.allows and statement.is_for_anyone and not is_narrowed(statement):
                said = "everyone is allowed, in every AWS account"
                yield Fault((*statement.path, "Principal"), said)
            elif statement.allows and "NotPrincipal" in statement.body:
                said = "NotPrincipal with Allow admits everyone but the named"
                yield Fault((*statement.path, "NotPrincipal"), said)


@rule(
    "ECR207",
    "error",
    "An organization is named by its whole id",
    types=[*RESOURCE_POLICY_TYPES, KEY, *TOPIC_POLICIES],
    why="A wildcard under StringLike admits every organization there is; under StringEquals it is "
    "taken literally and admits nobody.",
    remedy="Write StringEquals: {aws:PrincipalOrgID: o-…} with the whole id.",
    source=_CONDITION_KEYS,
)
def whole_organization(resource: Resource) -> Iterator[Fault]:
    """Judge the values of the organization keys."""
    for policy in policies_of(resource):
        for statement in policy.statements:
            for condition in statement.conditions:
                path = (*statement.path, "Condition", condition.operator, condition.key)
                for value in _organizations(condition):
                    for fault in organization_id_errors(value.partition("/")[0]):
                        yield Fault(path, f"{value!r}: {fault.text}")


def _organizations(condition: Condition) -> Iterator[str]:
    """Yield what a condition names organizations by, as far as it is known."""
    if condition.key.lower() not in _ORGANIZATIONS or bare(condition.operator) == "null":
        return
    # IAM fills in variables when it is asked: ${aws:ResourceOrgID}.
    yield from (each for each in condition.values if "${" not in each)


@rule(
    "ECR208",
    "warning",
    "Nobody outside the account may do everything",
    types=_PRIVATE,
    why="ecr:* holds deleting images, and changing the very policy that grants it.",
    remedy="List the actions: pulling is ecr:BatchCheckLayerAvailability, ecr:BatchGetImage and "
    "ecr:GetDownloadUrlForLayer.",
    source="https://docs.aws.amazon.com/AmazonECR/latest/userguide/security-iam.html",
    controls=("prowler ecr_repositories_not_publicly_accessible",),
)
def not_everything(resource: Resource) -> Iterator[Fault]:
    """Look for an Allow of all actions."""
    for policy in policies_of(resource):
        for statement in policy.statements:
            if not statement.allows or not _names_others(resource, statement):
                continue
            for action in statement.actions:
                if action.lower() in ("*", "ecr:*"):
                    yield Fault((*statement.path, "Action"), f"{action} is allowed to others")


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
    "warning",
    "A service is let in only for an account of yours",
    types=[REPOSITORY, REGISTRY_POLICY],
    why="Whoever can make the service act for them reads your images through it: the confused "
    "deputy.",
    remedy="Add Condition: {StringEquals: {aws:SourceAccount: ACCOUNT}}, or ArnLike with "
    "aws:SourceArn.",
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/confused-deputy.html",
)
def no_confused_deputy(resource: Resource) -> Iterator[Fault]:
    """Look for services without a condition on their source."""
    for policy in policies_of(resource):
        for statement in policy.statements:
            services = [value for kind, value in statement.principals if kind == "Service"]
            told = any(
                narrows(condition)
                and (condition.key.lower() in _SOURCES or is_unresolved(condition.key))
                for condition in statement.conditions
            )
            if statement.allows and services and not told:
                said = f"{', '.join(services)} is let in for anybody"
                yield Fault((*statement.path, "Principal"), said)


@rule(
    "ECR214",
    "error",
    "Conditions use operators and keys that IAM has",
    types=[*RESOURCE_POLICY_TYPES, KEY, *TOPIC_POLICIES],
    why="A policy with an unknown operator is refused. A key that does not exist is never there, "
    "so that an Allow admits nobody and a Deny denies nobody.",
    remedy="Write StringEquals, ArnLike and the like, and a key of the reference.",
    source=_CONDITION_KEYS,
)
def known_conditions(resource: Resource) -> Iterator[Fault]:
    """Look up operators, and keys that tell who asks."""
    for policy in policies_of(resource):
        for statement in policy.statements:
            for condition in statement.conditions:
                path = (*statement.path, "Condition", condition.operator)
                if bare(condition.operator) not in OPERATORS:
                    yield Fault(path, f"there is no operator {condition.operator}")
                if better := misspelt(condition.key):
                    said = f"the key {condition.key} does not exist"
                    yield Fault((*path, condition.key), said, f"Write {better}.")


@rule(
    "ECR213",
    "error",
    "A key or topic that serves ECR is not open to everyone",
    types=[KEY, *TOPIC_POLICIES],
    why="Everyone in every AWS account could use the key, or publish and subscribe.",
    remedy="Name the account, or add a condition such as aws:PrincipalOrgID or kms:CallerAccount.",
    source="https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html",
)
def key_not_public(resource: Resource) -> Iterator[Fault]:
    """Look for an Allow to everyone in the policy of what ECR or its events use."""
    if not resource.assembly.serves_ecr(resource):
        return
    for policy in policies_of(resource):
        for statement in policy.statements:
            if statement.allows and statement.is_for_anyone and not is_narrowed(statement):
                said = "everyone is allowed, in every AWS account"
                yield Fault((*statement.path, "Principal"), said)
