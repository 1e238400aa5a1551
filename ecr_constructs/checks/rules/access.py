"""Policies that ECR or IAM rejects, and policies that grant access by mistake."""

import re
from collections.abc import Iterator, Mapping
from difflib import get_close_matches

from ecr_constructs.checks.rule import (
    ECR_GUIDE,
    IAM_GUIDE,
    Problem,
    error_rule,
    model_problems,
    warning_rule,
)
from ecr_constructs.cloudformation.aws_metadata import actions_of
from ecr_constructs.cloudformation.conditions import OPERATORS, bare, is_narrowed, misspelt, narrows
from ecr_constructs.cloudformation.graph import Resource
from ecr_constructs.cloudformation.iam_policy import (
    IDENTITY_TYPES,
    RESOURCE_POLICY_TYPES,
    Condition,
    Statement,
    allowed,
    matches,
    policies_of,
    statements_of,
)
from ecr_constructs.cloudformation.resource_types import (
    KEY,
    REGISTRY_POLICY,
    REPOSITORY,
    TOPIC_POLICIES,
)
from ecr_constructs.cloudformation.template import Place
from ecr_constructs.model.lifecycle.json_text import compact
from ecr_constructs.model.principals import (
    ACCOUNT_ID,
    account_id_errors,
    organization_id_errors,
    principal_arn_errors,
)
from ecr_constructs.model.repository_policy import POLICY_MAX_LENGTH
from ecr_constructs.model.tokens import is_unresolved

_REPOSITORY_POLICIES = f"{ECR_GUIDE}/repository-policies.html"
_CONDITION_KEYS = f"{IAM_GUIDE}/reference_policies_condition-keys.html"
_AUTHORIZATION = "https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html"
_PRIVATE = [kind for kind in RESOURCE_POLICY_TYPES if "Public" not in kind]
_CONDITIONED = [*RESOURCE_POLICY_TYPES, KEY, *TOPIC_POLICIES]
_ROOT = re.compile(r"arn:[^:]+:iam::(?P<account>[^:]*):root")
_ACCOUNT = re.compile(r"(?<![0-9])[0-9]{12}(?![0-9])")
_ORGANIZATIONS = (
    *("aws:principalorgid", "aws:principalorgpaths"),
    *("aws:sourceorgid", "aws:sourceorgpaths", "aws:vpceorgid", "aws:vpceorgpaths"),
)
_SOURCES = ("aws:sourcearn", "aws:sourceaccount", "aws:sourceorgid", "aws:sourceorgpaths")


@error_rule(
    "ECR201",
    "A policy is a valid policy document",
    types=RESOURCE_POLICY_TYPES,
    why="ECR rejects the policy when the stack is deployed.",
    remedy="Write statements with Effect, Principal and Action, at most 10,240 characters.",
    source=f"{IAM_GUIDE}/reference_policies_grammar.html",
)
def _readable(resource: Resource) -> Iterator[Problem]:
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
            yield from model_problems(statement.path, _element_errors(statement.body))


def _element_errors(body: Mapping[str, object]) -> Iterator[str]:
    effect = body.get("Effect")
    if not (isinstance(effect, str) and is_unresolved(effect)) and effect not in ("Allow", "Deny"):
        yield f"Effect must be Allow or Deny, got {effect!r}"
    for name in ("Action", "Principal"):
        if name not in body and f"Not{name}" not in body:
            yield f"the statement has no {name}"


@error_rule(
    "ECR202",
    "A repository policy does not have a Resource",
    types=[kind for kind in RESOURCE_POLICY_TYPES if kind != REGISTRY_POLICY],
    why="A repository policy applies to its own repository; ECR rejects one with a Resource.",
    remedy="Omit Resource.",
    source=_REPOSITORY_POLICIES,
)
def _no_resource(resource: Resource) -> Iterator[Problem]:
    for statement in statements_of(resource):
        for name in ("Resource", "NotResource"):
            if name in statement.body:
                yield Problem((*statement.path, name), f"a repository policy must not have {name}")


@error_rule(
    "ECR203",
    "A registry policy names the repositories that it applies to",
    types=[REGISTRY_POLICY],
    why="ECR rejects a statement of a registry policy without Resource.",
    remedy="Write Resource: arn:aws:ecr:REGION:ACCOUNT:repository/PREFIX*.",
    source=f"{ECR_GUIDE}/registry-permissions.html",
)
def _with_resource(resource: Resource) -> Iterator[Problem]:
    for statement in statements_of(resource):
        if not {"Resource", "NotResource"} & set(statement.body):
            yield Problem(statement.path, "the statement has no Resource")


@error_rule(
    "ECR204",
    "Actions exist in ECR",
    types=[*RESOURCE_POLICY_TYPES, *IDENTITY_TYPES],
    why="An action that does not exist has no effect, and ECR rejects it in resource policies.",
    remedy="Write an action of the service authorization reference.",
    source=_AUTHORIZATION,
)
def _known_actions(resource: Resource) -> Iterator[Problem]:
    for policy in policies_of(resource):
        for statement in policy.statements if policy.kind != "trust" else ():
            errors = (_action_error(action, policy.kind) for action in statement.actions)
            yield from model_problems((*statement.path, "Action"), filter(None, errors))


def _action_error(action: str, policy_kind: str) -> str | None:
    service, colon, name = action.partition(":")
    service = service.lower()
    if is_unresolved(action) or (action == "*" and policy_kind == "identity"):
        return None
    if service in ("ecr", "ecr-public"):
        return _unknown_action(service, name)
    if policy_kind == "identity" or action == "*":
        return None
    wanted = "ecr-public" if policy_kind == "public repository" else "ecr"
    hint = "" if colon else "; the service is missing"
    return f"{action!r} is not an action of {wanted}:{hint}"


def _unknown_action(service: str, name: str) -> str | None:
    actions = {action.lower(): action for action in actions_of(service)}
    if any(matches(name, action) for action in actions):
        return None
    near = get_close_matches(name.lower(), actions, n=1)
    hint = f"; {service}:{actions[near[0]]} does" if near else ""
    return f"the action {service}:{name} does not exist{hint}"


@error_rule(
    "ECR205",
    "Principals are well-formed accounts, roles, users and services",
    types=RESOURCE_POLICY_TYPES,
    why="ECR rejects a policy whose principal is malformed or contains a wildcard.",
    remedy="Write 'arn:aws:iam::ACCOUNT:root', the ARN of a role or user, or grant access to an "
    "organization with the condition aws:PrincipalOrgID.",
    source=f"{IAM_GUIDE}/reference_policies_elements_principal.html",
)
def _sound_principals(resource: Resource) -> Iterator[Problem]:
    for statement in statements_of(resource):
        for kind, value in statement.principals:
            if value != "*" and not is_unresolved(value):
                path = (*statement.path, "Principal")
                yield from model_problems(path, _principal_errors(kind, value), f"{value!r}: ")


def _principal_errors(kind: str, value: str) -> Iterator[str]:
    if kind == "*":
        yield "only '*' is allowed without a type; write {'AWS': …} or {'Service': …}"
    elif kind not in ("AWS", "Service", "Federated", "CanonicalUser"):
        yield f"the principal type {kind!r} does not exist; write AWS or Service"
    elif kind == "AWS":
        root = _ROOT.fullmatch(value)
        account = root["account"] if root else value
        if root or value.isdecimal():
            yield from (error.text for error in account_id_errors(account))
        elif ":iam:" in value or not value.startswith("arn:"):
            yield from (error.text for error in principal_arn_errors(value))
    elif kind == "Service" and not re.fullmatch(r"[a-z0-9.-]+\.amazonaws\.com(\.cn)?", value):
        yield "a service principal has the form 'SERVICE.amazonaws.com'"


@error_rule(
    "ECR206",
    "A private repository is not open to everyone",
    types=_PRIVATE,
    why="An Allow for the principal '*' without a condition on the caller grants access to every "
    "AWS account.",
    remedy="Name accounts, or add Condition: {StringEquals: {aws:PrincipalOrgID: o-…}}.",
    source=_REPOSITORY_POLICIES,
    controls=("AVD-AWS-0032", "prowler ecr_repositories_not_publicly_accessible"),
)
def _not_public(resource: Resource) -> Iterator[Problem]:
    yield from _open_to_everyone(resource)
    for statement in allowed(resource):
        if "NotPrincipal" in statement.body:
            message = "NotPrincipal with Allow grants access to everyone else"
            yield Problem((*statement.path, "NotPrincipal"), message)


def _open_to_everyone(resource: Resource) -> Iterator[Problem]:
    for statement in allowed(resource):
        if statement.is_for_anyone and not is_narrowed(statement):
            message = "everyone is allowed, in every AWS account"
            yield Problem((*statement.path, "Principal"), message)


@error_rule(
    "ECR207",
    "An organization is named by its full id",
    types=_CONDITIONED,
    why="With StringLike a wildcard allows every AWS organization; with StringEquals it is literal "
    "and matches no organization.",
    remedy="Write StringEquals: {aws:PrincipalOrgID: o-…} with the full id.",
    source=_CONDITION_KEYS,
)
def _whole_organization(resource: Resource) -> Iterator[Problem]:
    for path, condition in _conditions(resource):
        if condition.key.lower() in _ORGANIZATIONS and bare(condition.operator) != "null":
            for value in condition.values:
                # IAM replaces policy variables at request time: ${aws:ResourceOrgID}.
                errors = () if "${" in value else organization_id_errors(value.partition("/")[0])
                yield from model_problems((*path, condition.key), errors, f"{value!r}: ")


def _conditions(resource: Resource) -> Iterator[tuple[Place, Condition]]:
    """Yield each condition with the place of its operator."""
    for statement in statements_of(resource):
        for condition in statement.conditions:
            yield (*statement.path, "Condition", condition.operator), condition


@warning_rule(
    "ECR208",
    "No principal outside the account has every permission",
    types=_PRIVATE,
    why="ecr:* includes deleting images and changing the policy that grants it.",
    remedy="List the actions; a pull needs ecr:BatchCheckLayerAvailability, ecr:BatchGetImage and "
    "ecr:GetDownloadUrlForLayer.",
    source=f"{ECR_GUIDE}/security-iam.html",
    controls=("prowler ecr_repositories_not_publicly_accessible",),
)
def _not_everything_outside(resource: Resource) -> Iterator[Problem]:
    own = resource.stack.account
    for statement in allowed(resource):
        if any(_is_outside(kind, value, own) for kind, value in statement.principals):
            for action in statement.actions:
                if action.lower() in ("*", "ecr:*"):
                    message = f"{action} is allowed outside the account"
                    yield Problem((*statement.path, "Action"), message)


def _is_outside(kind: str, principal: str, own: str | None) -> bool:
    if principal == "*" or (kind == "Service" and not is_unresolved(principal)):
        return True
    account = _ACCOUNT.search(principal)
    return account is not None and own is not None and account[0] != own


@warning_rule(
    "ECR209",
    "A service principal is restricted to your accounts",
    types=[REPOSITORY, REGISTRY_POLICY],
    why="Anyone who can make the service act on their behalf can read your images through it "
    "(the confused deputy problem).",
    remedy="Add Condition: {StringEquals: {aws:SourceAccount: ACCOUNT}}, or ArnLike with "
    "aws:SourceArn.",
    source=f"{IAM_GUIDE}/confused-deputy.html",
)
def _no_confused_deputy(resource: Resource) -> Iterator[Problem]:
    for statement in allowed(resource):
        services = [value for kind, value in statement.principals if kind == "Service"]
        has_source = any(
            narrows(condition)
            and (condition.key.lower() in _SOURCES or is_unresolved(condition.key))
            for condition in statement.conditions
        )
        if services and not has_source:
            message = f"{', '.join(services)} has access on behalf of any account"
            yield Problem((*statement.path, "Principal"), message)


# Deploy-time values and policy variables can have any value.
_ANYTHING = re.compile(r"\$\{Token\[[^\]]*\]\}|\$\{[^}]*\}")
_PARTITION = re.compile(r"aws[a-z-]*|.*[*?].*")
_REGION = re.compile(r"[a-z]{2,}(-[a-z]+)+-[0-9]|.*[*?].*")
_NAME = re.compile(r"[a-z0-9._/*?-]+")
_PARTS = 6


@error_rule(
    "ECR210",
    "ARNs of repositories are well-formed",
    types=[*IDENTITY_TYPES, REGISTRY_POLICY],
    why="IAM accepts a malformed ARN silently; it matches no repository, so the statement has no "
    "effect.",
    remedy="Write arn:aws:ecr:REGION:ACCOUNT:repository/NAME.",
    source=_AUTHORIZATION,
)
def _sound_arns(resource: Resource) -> Iterator[Problem]:
    for statement in statements_of(resource):
        actions = [action.lower() for action in statement.actions]
        ecr_only = bool(actions) and all(action.startswith("ecr:") for action in actions)
        for value in statement.resources:
            arn = _ANYTHING.sub("*", value)
            if not arn.startswith("*") and (ecr_only or ":ecr:" in arn):
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


@error_rule(
    "ECR211",
    "A login is allowed on all resources",
    types=IDENTITY_TYPES,
    why="ecr:GetAuthorizationToken applies to the registry, not to a repository; allowed on any "
    "resource other than '*', it has no effect and logins fail.",
    remedy="Allow ecr:GetAuthorizationToken in a separate statement with Resource: '*'.",
    source=_AUTHORIZATION,
)
def _login_on_everything(resource: Resource) -> Iterator[Problem]:
    statements = [*allowed(resource)]
    if any("*" in item.resources and item.may("ecr:GetAuthorizationToken") for item in statements):
        return
    for statement in statements:
        is_login = "ecr:getauthorizationtoken" in map(str.lower, statement.actions)
        is_literal = statement.resources and not any(map(is_unresolved, statement.resources))
        if is_login and is_literal:
            message = "ecr:GetAuthorizationToken is allowed only on specific resources"
            yield Problem((*statement.path, "Resource"), message)


@warning_rule(
    "ECR212",
    "No identity has every permission on every repository",
    types=IDENTITY_TYPES,
    why="ecr:* on * includes deleting every image of the account and opening every repository.",
    remedy="List the actions, and the repositories by ARN.",
    source=f"{ECR_GUIDE}/security_iam_id-based-policy-examples.html",
)
def _not_everything_everywhere(resource: Resource) -> Iterator[Problem]:
    for statement in allowed(resource):
        if "ecr:*" in map(str.lower, statement.actions) and _is_everything(statement):
            yield Problem((*statement.path, "Action"), "ecr:* is allowed on all resources")


def _is_everything(statement: Statement) -> bool:
    by_tag = any("resourcetag/" in test.key.lower() for test in statement.conditions)
    everything = (arn == "*" or arn.endswith(":repository/*") for arn in statement.resources)
    return any(everything) and not by_tag


@error_rule(
    "ECR213",
    "A key or topic used by ECR is not open to everyone",
    types=[KEY, *TOPIC_POLICIES],
    why="Any AWS account can use the key, or publish and subscribe to the topic.",
    remedy="Name the account, or add a condition such as aws:PrincipalOrgID or kms:CallerAccount.",
    source="https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html",
)
def _key_not_public(resource: Resource) -> Iterator[Problem]:
    if resource.assembly.serves_ecr(resource):
        yield from _open_to_everyone(resource)


@error_rule(
    "ECR214",
    "Conditions use operators and keys that exist in IAM",
    types=_CONDITIONED,
    why="IAM rejects a policy with an unknown operator. A key that does not exist is never in a "
    "request, so an Allow or a Deny with it never applies.",
    remedy="Use an operator such as StringEquals or ArnLike, and a key of the IAM reference.",
    source=_CONDITION_KEYS,
)
def _known_conditions(resource: Resource) -> Iterator[Problem]:
    for path, condition in _conditions(resource):
        if bare(condition.operator) not in OPERATORS:
            yield Problem(path, f"the operator {condition.operator} does not exist")
        if better := misspelt(condition.key):
            message = f"the key {condition.key} does not exist"
            yield Problem((*path, condition.key), message, f"Write {better}.")
