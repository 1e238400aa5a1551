"""Conditions of policies: operators, keys and values that exist, and can be satisfied."""

from collections.abc import Iterator, Sequence

from ecr_constructs.checks.rule import IAM_GUIDE, Problem, error_rule, warning_rule
from ecr_constructs.checks.rules.policies import judged_policies
from ecr_constructs.cloudformation.conditions import (
    ACCOUNTS,
    OPERATORS,
    ORGANIZATION_PATHS,
    ORGANIZATIONS,
    bare,
    misspelt,
)
from ecr_constructs.cloudformation.graph import Resource
from ecr_constructs.cloudformation.iam_policy import (
    DOLLAR,
    IDENTITY_TYPES,
    POLICY_SOURCES,
    RESOURCE_POLICY_TYPES,
    WITH_VARIABLES,
    Condition,
    Statement,
)
from ecr_constructs.cloudformation.openness import Limit, openness_of
from ecr_constructs.cloudformation.resource_types import KEY, TOPIC_POLICIES
from ecr_constructs.cloudformation.template import Place
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.principals import account_id_errors, organization_id_errors
from ecr_constructs.model.tokens import is_unresolved

_CONDITION_KEYS = f"{IAM_GUIDE}/reference_policies_condition-keys.html"
_CONDITIONED = [*RESOURCE_POLICY_TYPES, KEY, *TOPIC_POLICIES]


@error_rule(
    "ECR207",
    "Accounts and organizations are named by their full ids",
    types=_CONDITIONED,
    properties=POLICY_SOURCES,
    why="With StringLike a wildcard allows strangers; with StringEquals it is literal and matches "
    "nothing, as an id that is too short does.",
    remedy="Write StringEquals: {aws:PrincipalOrgID: o-…} with the full id, or "
    "aws:PrincipalAccount with 12 digits.",
    source=_CONDITION_KEYS,
)
def _whole_ids(resource: Resource) -> Iterator[Problem]:
    for path, condition in _conditions(resource):
        for value, error in id_errors(condition):
            yield Problem((*path, condition.key), f"{value!r}: {error}")


def id_errors(condition: Condition) -> Iterator[tuple[str, Diagnostic]]:
    """Yield the values of a condition that are not ids of accounts or organizations."""
    key = condition.key.lower()
    if bare(condition.operator) == "null":
        return
    for value in condition.values:
        # IAM replaces policy variables at request time: ${aws:ResourceOrgID}.
        if "${" in value:
            continue
        if key in (*ORGANIZATIONS, *ORGANIZATION_PATHS):
            errors = organization_id_errors(value.partition("/")[0])
        elif key in ACCOUNTS:
            errors = account_id_errors(value)
        else:
            return
        yield from ((value, error) for error in errors)


def _conditions(resource: Resource) -> Iterator[tuple[Place, Condition]]:
    """Yield each condition with the place of its operator."""
    for policy in judged_policies(resource):
        for statement in policy.statements:
            for condition in statement.conditions:
                yield (*statement.path, "Condition", condition.operator), condition


@error_rule(
    "ECR214",
    "Conditions use operators and keys that exist in IAM",
    types=[*_CONDITIONED, *IDENTITY_TYPES],
    properties=POLICY_SOURCES,
    why="IAM rejects a policy with an unknown operator. A key that does not exist is never in a "
    "request, so an Allow or a Deny with it never applies.",
    remedy="Use an operator such as StringEquals or ArnLike, and a key of the IAM reference.",
    source=_CONDITION_KEYS,
)
def _known_conditions(resource: Resource) -> Iterator[Problem]:
    for path, condition in _conditions(resource):
        if bare(condition.operator) not in OPERATORS and not is_unresolved(condition.operator):
            yield Problem(path, f"the operator {condition.operator} does not exist")
        if better := misspelt(condition.key):
            message = f"the key {condition.key} does not exist"
            yield Problem((*path, condition.key), message, f"Write {better}.")


@warning_rule(
    "ECR221",
    "Conditions can be satisfied",
    types=[*_CONDITIONED, *IDENTITY_TYPES],
    properties=POLICY_SOURCES,
    why="No request has such a value, so that the statement allows nobody anything.",
    remedy="Write an id or ARN as requests have it; for a pattern, use StringLike or ArnLike.",
    source=f"{IAM_GUIDE}/reference_policies_elements_condition_operators.html",
)
def _satisfiable(resource: Resource) -> Iterator[Problem]:
    for policy in judged_policies(resource):
        for statement in policy.statements:
            yield from _text_for_variables(statement)
            judged = openness_of(statement.conditions)
            cause = judged.cause if judged.limit is Limit.NOBODY else None
            if (
                not statement.allows
                or cause is None
                or any(DOLLAR in text for text in cause.values)
            ):
                continue
            # Other rules report ids and keys.
            if not any(id_errors(cause)) and not misspelt(cause.key):
                path = (*statement.path, "Condition", cause.operator, cause.key)
                values = ", ".join(map(repr, cause.values))
                yield Problem(path, f"no request satisfies {cause.operator} with {values}")


def _text_for_variables(statement: Statement) -> Iterator[Problem]:
    """Yield the values with policy variables that the version of the policy makes text."""
    places: list[tuple[Place, Sequence[str]]] = [
        (("Condition", part.operator, part.key), part.values) for part in statement.conditions
    ]
    places.append((("Resource",), statement.resources))
    places.append((("NotResource",), statement.excluded_resources))
    for path, texts in places:
        for text in (text for text in texts if DOLLAR in text):
            yield Problem(
                (*statement.path, *path),
                f"{text.replace(DOLLAR, '$')!r} is text in a policy of version 2008-10-17, which "
                "is the default, not a variable",
                f"Write Version: {WITH_VARIABLES!r} in the policy.",
            )
