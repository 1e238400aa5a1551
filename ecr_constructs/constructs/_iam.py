"""Grants in a principal's own policy, which raise if they would render nothing or too much."""

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from typing import Any, NoReturn

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct, DependencyGroup

from ecr_constructs.constructs._principals import (
    OF_CDK,
    WITHOUT_POLICY,
    arn_of_principal,
    components_of,
    conditions_of,
    facts_of,
    is_of_other_account,
    may_be_of_other_account,
    node_of,
    principal_of,
    takes_policy,
    takes_policy_here,
)
from ecr_constructs.constructs._stack_env import account_of
from ecr_constructs.constructs.role_options import RoleOptions
from ecr_constructs.model.repository_policy import LOGIN_ACTIONS, document
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import reject


def grant_to_principal(
    grantee: iam.IGrantable,
    *,
    scope: Construct,
    purpose: str,
    actions: Sequence[str],
    resource_arn: str,
    suggestion: str,
    login_actions: Sequence[str] | None = (),
    conditions: Mapping[str, Any] | None = None,
) -> iam.Grant:
    """Allow a principal of the scope's account actions in its own policy.

    Another principal, or one to whose policy this app does not add, raises
    ``principal-without-policy`` with ``purpose``, such as ``pulling through a cache``, and the
    ``suggestion``. ``login_actions`` support no resource but ``*``.
    """
    principal = principal_of(grantee)
    account = account_of(scope)

    def check(part: iam.IPrincipal, has_policy: bool | None) -> None:
        if has_policy is False or is_of_other_account(part, account):
            _reject_principal(purpose, actions, suggestion)
        _both(conditions or {}, conditions_of(part))

    if isinstance(principal, iam.CompositePrincipal):
        return grant_to_components(
            principal,
            account,
            check,
            lambda part: grant_to_principal(
                part,
                scope=scope,
                purpose=purpose,
                actions=actions,
                resource_arn=resource_arn,
                suggestion=suggestion,
                login_actions=login_actions,
                conditions=conditions,
            ),
        )
    grant = None
    if not is_of_other_account(principal, account):
        grant = grant_in_own_policy(
            principal, actions, resource_arn, account=account, conditions=conditions
        )
    if grant is None:
        _reject_principal(purpose, actions, suggestion)
    warn_of_account(scope, principal, account)
    if login_actions:
        grant_login(principal, login_actions, account=account)
    return grant


def grant_to_components(
    composite: iam.CompositePrincipal,
    account: str,
    check: Callable[[iam.IPrincipal, bool | None], None],
    grant: Callable[[iam.IPrincipal], iam.Grant],
) -> iam.Grant:
    """Grant to each component, or to none of them if one is refused.

    Some components have a policy of their own, some have conditions. The check gets each of them,
    and whether this app adds to its policy, or None if only a grant shows it; it raises if the
    grant would. Those of which it is not known come first.
    """
    parts = [(part, takes_policy(part, account)) for part in components_of(composite)]
    for part, has_policy in parts:
        check(part, has_policy)
    parts.sort(key=lambda item: item[1] is not None)
    first, *others = [grant(part) for part, _ in parts]
    return reduce(iam.Grant.combine, others, first)


def _reject_principal(purpose: str, actions: Sequence[str], suggestion: str) -> NoReturn:
    reject(
        "grant",
        " ".join(actions),
        "principal-without-policy",
        f"{purpose} cannot be granted to this principal: it has no policy that this app adds "
        "to (another account, a service, an imported role that is immutable)",
        path="grantee",
        remedy=suggestion,
    )


def grant_in_own_policy(
    principal: iam.IPrincipal,
    actions: Sequence[str],
    resource_arn: str,
    *,
    account: str,
    conditions: Mapping[str, Any] | None = None,
) -> iam.Grant | None:
    """Allow a principal actions in its own policy; return None if none would be rendered.

    ``account`` is the account of the resource. The conditions of the principal apply too.
    """
    if isinstance(principal, WITHOUT_POLICY):
        return None
    conditions = _both(conditions or {}, conditions_of(principal)) or None
    facts = facts_of(principal)
    if not facts.has_policy:
        statement = iam.PolicyStatement(
            actions=list(actions), resources=[resource_arn], conditions=conditions
        )
        facts.has_policy = add_statement(principal, statement, account)
    if not facts.has_policy:
        return None
    # The added statement is granted once more; CDK renders equal statements once.
    return iam.Grant.add_to_principal(
        grantee=principal,
        actions=list(actions),
        resource_arns=[resource_arn],
        conditions=conditions,
    )


def grant_login(
    principal: iam.IPrincipal, actions: Sequence[str] = LOGIN_ACTIONS, *, account: str
) -> bool:
    """Allow a principal to log in, once for all repositories; return whether its policy does.

    Without the conditions of the principal: a login allows nothing by itself, and a condition on
    tags of repositories would never be true for it.
    """
    if isinstance(principal, WITHOUT_POLICY):
        return False
    logins = facts_of(principal).logins
    if not logins.issuperset(actions):
        statement = iam.PolicyStatement(actions=list(actions), resources=["*"])
        if not add_statement(principal, statement, account):
            return False
        logins.update(actions)
    return True


def _both(first: Mapping[str, Any], second: Mapping[str, Any]) -> dict[str, Any]:
    """Return conditions of which all must be true, or raise if one statement cannot say it."""
    both = {operator: dict(tests) for operator, tests in first.items()}
    for operator, tests in second.items():
        for key, value in tests.items():
            if both.setdefault(operator, {}).setdefault(key, value) != value:
                reject(
                    "grant",
                    value,
                    "conditions-conflict",
                    f"the principal and the grant have different conditions {operator} {key}",
                    path="grantee",
                    remedy="grant to the principal without this condition",
                )
    return both


def service_role(
    scope: Construct,
    *,
    description: str,
    service: str,
    policy_name: str,
    statements: Sequence[Mapping[str, Any]],
    options: RoleOptions | None,
) -> iam.Role:
    """Define the role that a part of ECR assumes for this account."""
    options = options or RoleOptions()
    return iam.Role(
        scope,
        "Role",
        description=description,
        role_name=options.role_name,
        path=options.path,
        permissions_boundary=options.permissions_boundary,
        # AWS does not document whether ECR sends this key. If it does, the account must be this
        # one; if it does not, a plain StringEquals would make every creation fail.
        assumed_by=iam.ServicePrincipal(
            service,
            conditions={"StringEqualsIfExists": {"aws:SourceAccount": cdk.Stack.of(scope).account}},
        ),
        # Inline, so that what uses the role never exists before its permissions.
        inline_policies={policy_name: iam.PolicyDocument.from_json(document(statements))},
    )


def warn_of_account(scope: Construct, principal: iam.IPrincipal, account: str) -> None:
    """Warn that only the deployment shows whether a principal is of an account."""
    if not may_be_of_other_account(principal, account) or is_of_other_account(principal, account):
        return
    node, path = node_of(principal), scope.node.path
    name = node.path if node is not None else "principal"
    cdk.Annotations.of(scope).add_warning_v2(
        f"ecr-constructs:accountUnknown:{name}",
        f"{name} is allowed in its own policy, but whether it is of the account of {path} is known "
        "only at deploy time. In another account the policy is attached to a principal of the same "
        "name, or the deployment fails, and the repository policy must allow it too. Give the "
        "stacks an account: env=Environment(account=…).",
    )


def add_statement(principal: iam.IPrincipal, statement: iam.PolicyStatement, account: str) -> bool:
    """Add a statement to a principal's policy and return whether it will be rendered."""
    if not takes_policy_here(principal, account):
        return False
    result = principal.add_to_principal_policy(statement)
    if not getattr(result, "statement_added", False):
        return False
    if result.policy_dependable is None:
        reject(
            "grant",
            principal,
            "principal-without-dependable",
            "its add_to_principal_policy() returns statement_added=True without policy_dependable",
            path="grantee",
            remedy="return the construct that holds the statement as policy_dependable",
        )
    # An immutable role reports as added what it dropped. CDK does not export its class, so it
    # arrives as a bare IRole; its policy_dependable is an empty group, where a user, a group or an
    # imported role that is mutable returns its policy. A role that the app defines returns one too.
    if not isinstance(result.policy_dependable, DependencyGroup):
        return True
    is_of_cdk = type(principal).__module__.startswith(OF_CDK)
    if isinstance(principal, iam.Role | iam.LazyRole) or not is_of_cdk:
        return True
    return isinstance(principal, iam.PrincipalBase) and is_unresolved(arn_of_principal(principal))
