"""Policies that ECR or IAM refuses as they are written."""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from ecr_constructs.checks.rule import Fault, rule
from ecr_constructs.cloudformation.aws_metadata import actions_of
from ecr_constructs.cloudformation.iam_policy import (
    IDENTITY_TYPES,
    RESOURCE_POLICY_TYPES,
    Policy,
    Statement,
    matches,
    policies_of,
)
from ecr_constructs.cloudformation.resource import Resource
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
    "error",
    "A policy is a document that IAM can read",
    types=RESOURCE_POLICY_TYPES,
    why="ECR refuses the policy when the stack is deployed.",
    remedy="Write statements with Effect, Principal and Action, at most 10,240 characters in all.",
    source=_GRAMMAR,
)
def readable(resource: Resource) -> Iterator[Fault]:
    """Look at the document, its length and the parts of each statement."""
    for policy in policies_of(resource):
        if not isinstance(policy.document, Mapping):
            yield Fault(policy.path, "the policy is no JSON object with statements")
            continue
        if not isinstance(policy.document.get("Statement"), list | Mapping | str):
            yield Fault(policy.path, "the policy has no Statement")
        length = len(policy.text or compact(policy.document))
        if length > POLICY_MAX_LENGTH and not is_unresolved(compact(policy.document)):
            yield Fault(
                policy.path,
                f"a policy may be {POLICY_MAX_LENGTH:,} characters long, this one is {length:,}",
                "Admit accounts or an organization in place of principals.",
            )
        for statement in policy.statements:
            yield from _parts(statement)


def _parts(statement: Statement) -> Iterator[Fault]:
    body, path = statement.body, statement.path
    effect = body.get("Effect")
    if not (isinstance(effect, str) and is_unresolved(effect)) and effect not in ("Allow", "Deny"):
        yield Fault(path, f"Effect must be Allow or Deny, got {effect!r}")
    for names in (("Action", "NotAction"), ("Principal", "NotPrincipal")):
        if not any(name in body for name in names):
            yield Fault(path, f"the statement has no {names[0]}")


@rule(
    "ECR202",
    "error",
    "A repository policy names no Resource",
    types=[each for each in RESOURCE_POLICY_TYPES if "RegistryPolicy" not in each],
    why="A repository policy speaks of its own repository; ECR refuses one with a Resource.",
    remedy="Leave out Resource.",
    source=_REPOSITORY_POLICIES,
)
def no_resource(resource: Resource) -> Iterator[Fault]:
    """Look for Resource and NotResource."""
    for _, statement in _statements(resource):
        for name in ("Resource", "NotResource"):
            if name in statement.body:
                yield Fault((*statement.path, name), f"{name} is not allowed in such a policy")


@rule(
    "ECR203",
    "error",
    "A registry policy names the repositories that it is about",
    types=["AWS::ECR::RegistryPolicy"],
    why="ECR refuses a statement of a registry policy without Resource.",
    remedy="Write Resource: arn:aws:ecr:REGION:ACCOUNT:repository/PREFIX*.",
    source=_REGISTRY_POLICIES,
)
def with_resource(resource: Resource) -> Iterator[Fault]:
    """Look for statements without Resource."""
    for _, statement in _statements(resource):
        if not {"Resource", "NotResource"} & set(statement.body):
            yield Fault(statement.path, "the statement has no Resource")


@rule(
    "ECR204",
    "error",
    "Actions are those that ECR has",
    types=[*RESOURCE_POLICY_TYPES, *IDENTITY_TYPES],
    why="An action that does not exist allows nothing, and ECR refuses it in its own policies.",
    remedy="Write an action of the service authorization reference.",
    source="https://docs.aws.amazon.com/service-authorization/latest/reference/"
    "list_amazonelasticcontainerregistry.html",
)
def known_actions(resource: Resource) -> Iterator[Fault]:
    """Look each action up."""
    for policy, statement in _statements(resource):
        for action in statement.actions:
            service, colon, name = action.partition(":")
            if is_unresolved(action) or (action == "*" and policy.kind == "identity"):
                continue
            service = service.lower()
            if service in ("ecr", "ecr-public"):
                if not any(matches(name, each) for each in actions_of(service)):
                    yield Fault((*statement.path, "Action"), _unknown(service, name))
            elif policy.kind != "identity" and action != "*":
                wanted = "ecr-public" if policy.kind == "public repository" else "ecr"
                said = f"{action!r} is no action of {wanted}:, which such a policy is about"
                yield Fault((*statement.path, "Action"), said if colon else f"{said}; no service")


def _unknown(service: str, name: str) -> str:
    known = {each.lower(): each for each in actions_of(service)}
    near = get_close_matches(name.lower(), known, n=1)
    hint = f"; {service}:{known[near[0]]} does" if near else ""
    return f"the action {service}:{name} does not exist{hint}"


@rule(
    "ECR205",
    "error",
    "Principals are accounts, roles, users and services that can exist",
    types=RESOURCE_POLICY_TYPES,
    why="ECR refuses a policy whose principal is malformed or holds a wildcard.",
    remedy="Write 'arn:aws:iam::ACCOUNT:root', the ARN of a role or user, or admit an organization "
    "with the condition aws:PrincipalOrgID.",
    source="https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_principal.html",
)
def sound_principals(resource: Resource) -> Iterator[Fault]:
    """Judge each principal that is known."""
    for _, statement in _statements(resource):
        for kind, value in statement.principals:
            if value != "*" and not is_unresolved(value):
                path = (*statement.path, "Principal")
                for fault in _principal_errors(kind, value):
                    yield Fault(path, f"{value!r}: {fault}")


def _principal_errors(kind: str, value: str) -> Iterator[str]:
    if kind == "*":
        yield "only '*' stands without a kind; write {'AWS': …} or {'Service': …}"
    elif kind not in ("AWS", "Service", "Federated", "CanonicalUser"):
        yield f"there is no kind of principal {kind!r}; write AWS or Service"
    elif kind == "AWS":
        if value.isdecimal():
            yield from (error.text for error in account_id_errors(value))
        elif root := _ROOT.fullmatch(value):
            yield from (error.text for error in account_id_errors(root["account"]))
        elif ":iam:" in value or not value.startswith("arn:"):
            yield from (error.text for error in principal_arn_errors(value))
    elif kind == "Service" and not re.fullmatch(r"[a-z0-9.-]+\.amazonaws\.com(\.cn)?", value):
        yield "a service is named 'SERVICE.amazonaws.com'"
