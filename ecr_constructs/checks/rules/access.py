"""Who has access: policies that open repositories, keys, topics and roles, or lock everyone out."""

import re
from collections.abc import Iterable, Iterator, Sequence
from difflib import get_close_matches

from ecr_constructs.checks.branches import each_branch
from ecr_constructs.checks.rule import ECR_GUIDE, IAM_GUIDE, Problem, error_rule, warning_rule
from ecr_constructs.checks.rules.ci_trust import shared_issuer_problems
from ecr_constructs.checks.rules.conditions import id_errors
from ecr_constructs.checks.rules.policies import AUTHORIZATION
from ecr_constructs.cloudformation.choices import with_defaults
from ecr_constructs.cloudformation.conditions import ACCOUNTS
from ecr_constructs.cloudformation.effective_actions import (
    DELETE,
    OPEN,
    PUSH,
    actions_on_every_repository,
    covers_every_repository,
    covers_registry,
    effective_actions,
    named_services,
)
from ecr_constructs.cloudformation.graph import Resource
from ecr_constructs.cloudformation.iam_policy import (
    IDENTITY_TYPES,
    POLICY_SOURCES,
    RESOURCE_POLICY_TYPES,
    Condition,
    Statement,
    allowed,
    is_policy_known,
    policies_of,
    statements_of,
)
from ecr_constructs.cloudformation.openness import (
    Limit,
    Openness,
    judge_together,
    openness,
    openness_of,
)
from ecr_constructs.cloudformation.resource_types import (
    CREATION_TEMPLATE,
    IDENTITIES,
    KEY,
    PUBLIC_REPOSITORY,
    REGISTRY_POLICY,
    REPOSITORY,
    ROLE,
    TOPIC_POLICIES,
)
from ecr_constructs.cloudformation.uses import serves_ecr
from ecr_constructs.model.principals import SOURCES
from ecr_constructs.model.tokens import is_unresolved

_REPOSITORY_POLICIES = f"{ECR_GUIDE}/repository-policies.html"
_PRIVATE = [kind for kind in RESOURCE_POLICY_TYPES if kind != PUBLIC_REPOSITORY]
_ACCOUNT = re.compile(r"(?<![0-9])[0-9]{12}(?![0-9])")
_EVERYONE = "everyone is allowed, in every AWS account"


@error_rule(
    "ECR206",
    "A repository is not open to everyone",
    types=RESOURCE_POLICY_TYPES,
    properties=POLICY_SOURCES,
    why="An Allow for the principal '*' without a condition that strangers cannot satisfy grants "
    "access to every AWS account. Everyone may pull from a public repository, but nobody else "
    "should change it.",
    remedy="Name accounts, or add Condition: {StringEquals: {aws:PrincipalOrgID: o-…}}.",
    source=_REPOSITORY_POLICIES,
    controls=("AVD-AWS-0032", "prowler ecr_repositories_not_publicly_accessible"),
)
@each_branch
def _not_public(resource: Resource) -> Iterator[Problem]:
    is_public = resource.type == PUBLIC_REPOSITORY
    yield from _open_problems(
        statement
        for statement in allowed(resource)
        if not is_public or effective_actions(statement, "ecr-public") & _CHANGES
    )


_CHANGES = PUSH | DELETE | OPEN


@warning_rule(
    "ECR225",
    "The defaults of parameters do not open a repository to everyone",
    types=RESOURCE_POLICY_TYPES,
    properties=POLICY_SOURCES,
    why="Whoever deploys the template without a value for the parameter grants access to every "
    "AWS account.",
    remedy="Write an account as Default, or leave Default out.",
    source=_REPOSITORY_POLICIES,
)
def _not_public_by_default(resource: Resource) -> Iterator[Problem]:
    deployed = with_defaults(resource)
    reported = {problem.path for problem in _not_public.check(resource)}
    # A value in place of all conditions is none that IAM accepts.
    unreadable = {
        item.path for item in allowed(resource) if isinstance(item.body.get("Condition"), str)
    }
    for problem in _not_public.check(deployed) if deployed is not None else ():
        if problem.path not in reported and problem.path[:-1] not in unreadable:
            message = f"with the defaults of the parameters {problem.message}"
            yield problem._replace(message=message)


def _open_problems(statements: Iterable[Statement]) -> Iterator[Problem]:
    """Yield a problem for each open statement, unless the id of a condition is one of ECR207."""
    for statement, judged in judge_together(statements):
        is_reported = judged.cause is not None and any(id_errors(judged.cause))
        if judged.is_open and not is_reported:
            name = "NotPrincipal" if "NotPrincipal" in statement.body else "Principal"
            yield Problem((*statement.path, name), _open_message(judged, name))


def _open_message(judged: Openness, name: str) -> str:
    if judged.cause is not None:
        condition = judged.cause
        values = ", ".join(map(repr, condition.values))
        return f"{condition.operator} {condition.key} {values} limits nobody: {_EVERYONE}"
    if name == "NotPrincipal":
        return "NotPrincipal with Allow grants access to everyone else"
    return _EVERYONE


@warning_rule(
    "ECR208",
    "No principal outside the account can delete images or change policies",
    types=_PRIVATE,
    properties=POLICY_SOURCES,
    why="Whoever deletes images breaks your deployments; whoever changes the policy of a "
    "repository grants more to itself and others. ecr:* includes both.",
    remedy="List the actions; a pull needs ecr:BatchCheckLayerAvailability, ecr:BatchGetImage and "
    "ecr:GetDownloadUrlForLayer.",
    source=f"{ECR_GUIDE}/security-iam.html",
    controls=("prowler ecr_repositories_not_publicly_accessible",),
)
@each_branch
def _not_everything_outside(resource: Resource) -> Iterator[Problem]:
    for statement in allowed(resource):
        if openness(statement).limit is Limit.NOBODY:
            continue
        outside = list(_outside(statement, resource.stack.account))
        services = [value for kind, value in statement.principals if kind == "Service"]
        excessive = effective_actions(statement) & _excessive(outside, services)
        if excessive:
            name = "NotAction" if "NotAction" in statement.body else "Action"
            everyone = "everyone who meets the conditions" if statement.conditions else "everyone"
            named = [everyone if value == "*" else value for value in outside]
            principals = ", ".join([*named, *services])
            message = f"{_listed(statement, excessive)} allows {_deeds(excessive)} to {principals}"
            yield Problem((*statement.path, name), message)


def _excessive(outside: Sequence[str], services: Sequence[str]) -> frozenset[str]:
    """Return the actions that principals outside the account should not have.

    Lambda changes the policy itself, so that AWS's sample allows it to.
    https://docs.aws.amazon.com/lambda/latest/dg/images-create.html#gettingstarted-images-permissions
    """
    if outside:
        return DELETE | OPEN
    return frozenset() if all(map(is_unresolved, services)) else DELETE


def _outside(statement: Statement, own: str | None) -> Iterator[str]:
    """Yield the principals of other accounts.

    Where the own account is unknown, an account that is written out is another one: the own is
    written as ``AWS::AccountId``.
    """
    if "NotPrincipal" in statement.body and not _is_own(statement, own):
        yield "*"
    for kind, value in statement.principals:
        if value == "*":
            yield from () if _is_own(statement, own) else (value,)
        elif kind != "Service" and (account := _ACCOUNT.search(value)) and account[0] != own:
            yield value


def _is_own(statement: Statement, own: str | None) -> bool:
    """Tell whether conditions limit a statement for everyone to the own account."""
    return any(
        condition.key.lower() in (*ACCOUNTS, "aws:principalarn", "aws:resourceaccount")
        and all(_is_own_value(value, own) for value in condition.values)
        for condition in statement.conditions
    )


def _is_own_value(value: str, own: str | None) -> bool:
    account = _ACCOUNT.search(value)
    if account is not None:
        return account[0] == own
    return is_unresolved(value) or "${aws:" in value.lower()


def _deeds(actions: Iterable[str]) -> str:
    """Return what actions do, as a phrase."""
    actions = frozenset(actions)
    deeds = (
        ("pushing images", PUSH),
        ("deleting images", DELETE),
        ("changing repository policies", OPEN),
    )
    *most, last = [deed for deed, needed in deeds if actions & needed]
    return " and ".join(filter(None, (", ".join(most), last)))


def _listed(statement: Statement, actions: Iterable[str]) -> str:
    """Return the patterns as they are written, or the literal names of some actions."""
    if excluded := statement.excluded_actions:
        return f"NotAction {', '.join(excluded)}"
    names = {f"ecr:{action}".lower() for action in actions}
    written = [name for name in statement.actions if "*" in name or name.lower() in names]
    return ", ".join(written)


@warning_rule(
    "ECR209",
    "A service principal is restricted to your accounts",
    types=[REPOSITORY, REGISTRY_POLICY],
    properties=POLICY_SOURCES,
    why="Anyone who can make the service act on their behalf can read your images through it "
    "(the confused deputy problem).",
    remedy="Add Condition: {StringEquals: {aws:SourceAccount: ACCOUNT}}, or ArnLike with "
    "aws:SourceArn.",
    source=f"{IAM_GUIDE}/confused-deputy.html",
)
def _no_confused_deputy(resource: Resource) -> Iterator[Problem]:
    for statement in allowed(resource):
        services = [value for kind, value in statement.principals if kind == "Service"]
        sources = [test for test in statement.conditions if _may_name_source(test)]
        if services and openness_of(sources).is_open:
            message = f"{', '.join(services)} has access on behalf of any account"
            yield Problem((*statement.path, "Principal"), message)


def _may_name_source(condition: Condition) -> bool:
    return condition.key.lower() in SOURCES or is_unresolved(condition.key)


@error_rule(
    "ECR211",
    "A login is allowed on all resources",
    types=IDENTITY_TYPES,
    why="ecr:GetAuthorizationToken applies to the registry, not to a repository; allowed on any "
    "resource other than '*', it has no effect and logins fail.",
    remedy="Allow ecr:GetAuthorizationToken in a separate statement with Resource: '*'.",
    source=AUTHORIZATION,
)
def _login_on_everything(resource: Resource) -> Iterator[Problem]:
    statements = [*allowed(resource)]
    if any(item.may("ecr:GetAuthorizationToken") and covers_registry(item) for item in statements):
        return
    for statement in statements:
        if statement.resources and "ecr:getauthorizationtoken" in map(str.lower, statement.actions):
            message = "ecr:GetAuthorizationToken is allowed only on specific resources"
            yield Problem((*statement.path, "Resource"), message)


@warning_rule(
    "ECR212",
    "No identity can push to, delete in or open every repository",
    types=IDENTITY_TYPES,
    why="Whoever takes over the identity replaces or deletes the images of every team, or opens "
    "every repository.",
    remedy="List the actions, and the repositories by ARN or by the condition aws:ResourceTag.",
    source=f"{ECR_GUIDE}/security_iam_id-based-policy-examples.html",
    controls=("checkov CKV_AWS_111",),
)
@each_branch
def _not_everything_everywhere(resource: Resource) -> Iterator[Problem]:
    written = [item.actions for item in statements_of(resource)]
    is_about_ecr = any("ecr" in named_services(actions) for actions in written)
    for policy in policies_of(resource) if is_about_ecr else ():
        if policy.kind != "identity":
            continue
        for statement, actions in actions_on_every_repository(policy):
            if changes := actions & _CHANGES:
                name = "NotAction" if "NotAction" in statement.body else "Action"
                message = f"allows {_deeds(changes)} in every repository"
                yield Problem((*statement.path, name), message)


@error_rule(
    "ECR213",
    "A key or topic used by ECR is not open to everyone",
    types=[KEY, *TOPIC_POLICIES],
    why="Any AWS account can use the key, or publish and subscribe to the topic.",
    remedy="Name the account, or add a condition such as aws:PrincipalOrgID or kms:CallerAccount.",
    source="https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-overview.html",
)
def _key_not_public(resource: Resource) -> Iterator[Problem]:
    if serves_ecr(resource):
        yield from _open_problems(allowed(resource))


@error_rule(
    "ECR215",
    "A role that uses ECR cannot be assumed by everyone",
    types=[ROLE],
    why="A trust policy for the principal '*' without a condition that strangers cannot satisfy "
    "lets every AWS account assume the role, with all its permissions.",
    remedy="Name the account, role or service that assumes the role; for an identity provider of "
    "many organizations, add a condition on the claim that names yours.",
    source=f"{IAM_GUIDE}/reference_policies_elements_principal.html",
)
@each_branch
def _role_not_public(role: Resource) -> Iterator[Problem]:
    for policy in policies_of(role) if _may_use_ecr(role) else ():
        if policy.kind == "trust":
            trusting = [statement for statement in policy.statements if statement.allows]
            yield from _open_problems(trusting)
            for statement in trusting:
                yield from shared_issuer_problems(role, statement)


def _may_use_ecr(role: Resource) -> bool:
    """Tell whether a role has a permission of ECR: inline, or in a managed policy named so."""
    managed = role.get("ManagedPolicyArns")
    names = [str(arn) for arn in managed] if isinstance(managed, list) else []
    return any(
        statement.may("ecr:BatchGetImage") or effective_actions(statement)
        for policy in policies_of(role)
        if policy.kind == "identity"
        for statement in policy.statements
    ) or any("ContainerRegistry" in name or "AdministratorAccess" in name for name in names)


@warning_rule(
    "ECR216",
    "Other accounts can create and fill only named repositories",
    types=[REGISTRY_POLICY],
    why="A statement for Resource '*', or for all but some repositories, admits another account to "
    "the repository names of every team, present and future.",
    remedy="Write Resource: arn:aws:ecr:REGION:ACCOUNT:repository/PREFIX*.",
    source=f"{ECR_GUIDE}/registry-permissions-create-replication.html",
)
def _named_repositories(resource: Resource) -> Iterator[Problem]:
    for statement in allowed(resource):
        if not any(_outside(statement, resource.stack.account)):
            continue
        if statement.excluded_resources:
            path = (*statement.path, "NotResource")
            yield Problem(path, "NotResource allows every other repository")
        for arn in statement.resources:
            # AWS's samples name the repositories of a registry like this.
            if covers_every_repository(arn) and not arn.endswith(":repository/*"):
                yield Problem((*statement.path, "Resource"), f"{arn!r} names no repositories")


_CHANGE_OF_POLICY = {KEY: "kms:PutKeyPolicy", REGISTRY_POLICY: "ecr:PutRegistryPolicy"}


@error_rule(
    "ECR217",
    "A policy does not lock everyone out",
    types=[REPOSITORY, CREATION_TEMPLATE, REGISTRY_POLICY, KEY],
    properties=POLICY_SOURCES,
    why="Nobody can change the policy any more: KMS and ECR reject such a policy, and with the "
    "safety check bypassed images and key stay as they are.",
    remedy="Allow the account kms:* in the policy of a key; name the principals or add a condition "
    "to a Deny.",
    source="https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html",
)
def _no_lock_out(resource: Resource) -> Iterator[Problem]:
    change = _CHANGE_OF_POLICY.get(resource.type, "ecr:SetRepositoryPolicy")
    if resource.type == KEY and not serves_ecr(resource):
        return
    for statement in statements_of(resource):
        denies = statement.body.get("Effect") == "Deny"
        is_everyone = statement.is_for_anyone and not statement.conditions
        if denies and is_everyone and _covers(statement, change):
            message = f"{change} is denied to everyone, the account included"
            yield Problem(statement.path, message)
    if resource.type == KEY and is_policy_known(resource, "KeyPolicy"):
        statements = [*allowed(resource)]
        if not any(statement.may(change) for statement in statements):
            path = ("Properties", "KeyPolicy")
            yield Problem(path, f"no statement allows {change} to the account or anybody else")


def _covers(statement: Statement, action: str) -> bool:
    unresolved = any(map(is_unresolved, (*statement.actions, *statement.excluded_actions)))
    return statement.may(action) and not unresolved


# Actions of the registry, not of a repository.
# https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazonelasticcontainerregistry.html
_OF_REGISTRY = re.compile(
    "GetAuthorizationToken|.*(Registry|PullThroughCacheRules?|RepositoryCreationTemplates?"
    "|ReplicationConfiguration|SigningConfiguration|AccountSetting|PullTimeUpdateExclusions?).*",
    re.IGNORECASE,
)


@warning_rule(
    "ECR218",
    "A repository policy lists actions on a repository",
    types=[REPOSITORY, CREATION_TEMPLATE],
    properties=POLICY_SOURCES,
    why="An action on the registry, such as a login, has no effect in the policy of a repository: "
    "it is allowed by the policy of the role or user, with Resource '*'.",
    remedy="Omit the action, and allow it in the policy of the role.",
    source=AUTHORIZATION,
)
def _repository_actions(resource: Resource) -> Iterator[Problem]:
    for statement in statements_of(resource):
        for action in statement.actions:
            service, _, name = action.partition(":")
            if service.lower() == "ecr" and _OF_REGISTRY.fullmatch(name) and "*" not in name:
                message = f"{action} is an action on the registry"
                yield Problem((*statement.path, "Action"), message)


# https://docs.aws.amazon.com/AmazonECR/latest/userguide/security-iam-awsmanpol.html
# https://docs.aws.amazon.com/AmazonECR/latest/public/security-iam-awsmanpol.html
_MANAGED = (
    "AmazonEC2ContainerRegistryFullAccess",
    "AmazonEC2ContainerRegistryPowerUser",
    "AmazonEC2ContainerRegistryPullOnly",
    "AmazonEC2ContainerRegistryReadOnly",
    "AmazonElasticContainerRegistryPublicFullAccess",
    "AmazonElasticContainerRegistryPublicPowerUser",
    "AmazonElasticContainerRegistryPublicReadOnly",
)
_MANAGED_ARN = re.compile(
    r"arn:[^:]+:iam::aws:policy/(?P<name>Amazon[^/]*(?:ContainerRegistry|ECR)[^/]*)"
)
_CLOSE = 0.6


@error_rule(
    "ECR219",
    "Managed policies of ECR exist",
    types=IDENTITIES,
    why="IAM rejects the attachment of a policy that does not exist, and the stack fails.",
    remedy="Write the ARN of a managed policy of ECR.",
    source=f"{ECR_GUIDE}/security-iam-awsmanpol.html",
)
def _managed_policies_exist(resource: Resource) -> Iterator[Problem]:
    arns = resource.get("ManagedPolicyArns")
    for index, arn in enumerate(arns if isinstance(arns, list) else ()):
        match = _MANAGED_ARN.fullmatch(arn) if isinstance(arn, str) else None
        if match is None or match["name"] in _MANAGED:
            continue
        for near in get_close_matches(match["name"], _MANAGED, n=1, cutoff=_CLOSE):
            path = ("Properties", "ManagedPolicyArns", index)
            message = f"the managed policy {match['name']} does not exist"
            yield Problem(path, message, f"Write {arn.replace(match['name'], near)}.")
