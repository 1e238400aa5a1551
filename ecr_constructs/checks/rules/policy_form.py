"""Policies that ECR or IAM rejects."""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from ecr_constructs.checks.rule import Problem, model_problems, rule
from ecr_constructs.cloudformation.aws_metadata import actions_of
from ecr_constructs.cloudformation.graph import Resource
from ecr_constructs.cloudformation.iam_policy import (
    IDENTITY_TYPES,
    RESOURCE_POLICY_TYPES,
    Policy,
    Statement,
    matches,
    policies_of,
)
from ecr_constructs.model.diagnostics import Diagnostic, Severity
from ecr_constructs.model.lifecycle.json_text import compact
from ecr_constructs.model.principals import account_id_errors, principal_arn_errors
from ecr_constructs.model.repository_policy import POLICY_MAX_LENGTH
from ecr_constructs.model.tokens import is_unresolved

_REPOSITORY_POLICIES = (
    "https://docs.aws.amazon.com/AmazonECR/latest/userguide/repository-policies.html"
)
_REGISTRY_POLICIES = (
    "https://docs.aws.amazon.com/AmazonECR/latest/userguide/registry-permissions.html"
)
_GRAMMAR = "https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_grammar.html"
_ROOT = re.compile(r"arn:[^:]+:iam::(?P<account>[^:]*):root")


def _statements(resource: Resource) -> Iterator[tuple[Policy, Statement]]:
    for policy in policies_of(resource):
        if policy.kind != "trust":
            for statement in policy.statements:
                yield policy, statement


@rule(
    "ECR201",
    Severity.ERROR,
    "A policy is a valid policy document",
    types=RESOURCE_POLICY_TYPES,
    why="ECR rejects the policy when the stack is deployed.",
    remedy="Write statements with Effect, Principal and Action, at most 10,240 characters.",
    source=_GRAMMAR,
)
def readable(resource: Resource) -> Iterator[Problem]:
    """Validate the document, its length and the elements of each statement."""
    for policy in policies_of(resource):
        if not isinstance(policy.document, Mapping):
            yield Problem(policy.path, "the policy is not a JSON object with statements")
            continue
        if not isinstance(policy.document.get("Statement"), list | Mapping | str):
            yield Problem(policy.path, "the policy has no Statement")
        length = len(policy.text or compact(policy.document))
        if length > POLICY_MAX_LENGTH and not is_unresolved(compact(policy.document)):
            yield Problem(
                policy.path,
                f"a policy can have {POLICY_MAX_LENGTH:,} characters, this one has {length:,}",
                "Grant access to accounts or an organization instead of single principals.",
            )
        for statement in policy.statements:
            yield from _element_errors(statement)


def _element_errors(statement: Statement) -> Iterator[Problem]:
    body, path = statement.body, statement.path
    effect = body.get("Effect")
    if not (isinstance(effect, str) and is_unresolved(effect)) and effect not in ("Allow", "Deny"):
        yield Problem(path, f"Effect must be Allow or Deny, got {effect!r}")
    for names in (("Action", "NotAction"), ("Principal", "NotPrincipal")):
        if not any(name in body for name in names):
            yield Problem(path, f"the statement has no {names[0]}")


@rule(
    "ECR202",
    Severity.ERROR,
    "A repository policy does not have a Resource",
    types=[kind for kind in RESOURCE_POLICY_TYPES if "RegistryPolicy" not in kind],
    why="A repository policy applies to its own repository; ECR rejects one with a Resource.",
    remedy="Omit Resource.",
    source=_REPOSITORY_POLICIES,
)
def no_resource(resource: Resource) -> Iterator[Problem]:
    """Find Resource and NotResource."""
    for _, statement in _statements(resource):
        for name in ("Resource", "NotResource"):
            if name in statement.body:
                yield Problem((*statement.path, name), f"a repository policy must not have {name}")


@rule(
    "ECR203",
    Severity.ERROR,
    "A registry policy names the repositories that it applies to",
    types=["AWS::ECR::RegistryPolicy"],
    why="ECR rejects a statement of a registry policy without Resource.",
    remedy="Write Resource: arn:aws:ecr:REGION:ACCOUNT:repository/PREFIX*.",
    source=_REGISTRY_POLICIES,
)
def with_resource(resource: Resource) -> Iterator[Problem]:
    """Find statements without Resource."""
    for _, statement in _statements(resource):
        if not {"Resource", "NotResource"} & set(statement.body):
            yield Problem(statement.path, "the statement has no Resource")


@rule(
    "ECR204",
    Severity.ERROR,
    "Actions exist in ECR",
    types=[*RESOURCE_POLICY_TYPES, *IDENTITY_TYPES],
    why="An action that does not exist has no effect, and ECR rejects it in resource policies.",
    remedy="Write an action of the service authorization reference.",
    source="https://docs.aws.amazon.com/service-authorization/latest/reference/"
    "list_amazonelasticcontainerregistry.html",
)
def known_actions(resource: Resource) -> Iterator[Problem]:
    """Look each action up."""
    for policy, statement in _statements(resource):
        for action in statement.actions:
            service, colon, name = action.partition(":")
            if is_unresolved(action) or (action == "*" and policy.kind == "identity"):
                continue
            service = service.lower()
            if service in ("ecr", "ecr-public"):
                if not any(matches(name, existing) for existing in actions_of(service)):
                    yield Problem((*statement.path, "Action"), _unknown_action(service, name))
            elif policy.kind != "identity" and action != "*":
                wanted = "ecr-public" if policy.kind == "public repository" else "ecr"
                hint = "" if colon else "; the service is missing"
                message = f"{action!r} is not an action of {wanted}:{hint}"
                yield Problem((*statement.path, "Action"), message)


def _unknown_action(service: str, name: str) -> str:
    names = {existing.lower(): existing for existing in actions_of(service)}
    near = get_close_matches(name.lower(), names, n=1)
    hint = f"; {service}:{names[near[0]]} does" if near else ""
    return f"the action {service}:{name} does not exist{hint}"


@rule(
    "ECR205",
    Severity.ERROR,
    "Principals are well-formed accounts, roles, users and services",
    types=RESOURCE_POLICY_TYPES,
    why="ECR rejects a policy whose principal is malformed or contains a wildcard.",
    remedy="Write 'arn:aws:iam::ACCOUNT:root', the ARN of a role or user, or grant access to an "
    "organization with the condition aws:PrincipalOrgID.",
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html",
)
def sound_principals(resource: Resource) -> Iterator[Problem]:
    """Validate each literal principal."""
    for _, statement in _statements(resource):
        for kind, value in statement.principals:
            if value != "*" and not is_unresolved(value):
                path = (*statement.path, "Principal")
                yield from model_problems(path, _principal_errors(kind, value), f"{value!r}: ")


def _principal_errors(kind: str, value: str) -> Iterator[Diagnostic | str]:
    if kind == "*":
        yield "only '*' is allowed without a type; write {'AWS': …} or {'Service': …}"
    elif kind not in ("AWS", "Service", "Federated", "CanonicalUser"):
        yield f"the principal type {kind!r} does not exist; write AWS or Service"
    elif kind == "AWS":
        if value.isdecimal():
            yield from (error.text for error in account_id_errors(value))
        elif root := _ROOT.fullmatch(value):
            yield from (error.text for error in account_id_errors(root["account"]))
        elif ":iam:" in value or not value.startswith("arn:"):
            yield from (error.text for error in principal_arn_errors(value))
    elif kind == "Service" and not re.fullmatch(r"[a-z0-9.-]+\.amazonaws\.com(\.cn)?", value):
        yield "a service principal has the form 'SERVICE.amazonaws.com'"
