"""Grants in a principal's own policy, which raise if they would render nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from aws_cdk import aws_iam as iam
from constructs import Construct, DependencyGroup

from ecr_constructs.constructs._stack_env import account_of
from ecr_constructs.model.repository_policy import LOGIN_ACTIONS
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import reject


@dataclass(slots=True)
class _PrincipalFacts:
    """Facts about a principal, asked for once, because each question is a call to Node."""

    account: str | None
    has_policy: bool = False
    logins: set[str] = field(default_factory=set)


# Only resource policies can allow these; they have no policy of their own to add to.
_WITHOUT_POLICY = (
    iam.ArnPrincipal,
    iam.OrganizationPrincipal,
    iam.ServicePrincipal,
    iam.StarPrincipal,
)
_facts: WeakKeyDictionary[iam.IPrincipal, _PrincipalFacts] = WeakKeyDictionary()


def grant_to_principal(
    grantee: iam.IGrantable,
    *,
    scope: Construct,
    purpose: str,
    actions: Sequence[str],
    resource_arn: str,
    suggestion: str,
    login_actions: Sequence[str] = (),
    conditions: Mapping[str, Any] | None = None,
) -> iam.Grant:
    """Allow a principal actions in its own policy, where no other policy is needed.

    Args:
        grantee: The principal.
        scope: The construct whose account owns the resource.
        purpose: A name for the grant in messages: ``pulling through a cache``.
        actions: The actions on the resource.
        resource_arn: The resource.
        suggestion: What to do for a principal that has no policy here.
        login_actions: Actions that support no resource but ``*``.
        conditions: Conditions of the statement. Default: none.

    Raises:
        ValidationError: ``principal-without-policy``: this app adds to no policy of the principal,
            or the principal is of another account, where its own policy does not suffice.
    """
    principal = grantee.grant_principal
    grant = None
    if not is_of_other_account(principal, account_of(scope)):
        grant = grant_in_own_policy(principal, actions, resource_arn, conditions)
    if grant is None:
        reject(
            "grant",
            " ".join(actions),
            "principal-without-policy",
            f"{purpose} cannot be granted to this principal: it has no policy that this app adds "
            "to (another account, a service, an imported role that is immutable)",
            path="grantee",
            remedy=suggestion,
        )
    if login_actions:
        grant_login(principal, login_actions)
    return grant


def grant_in_own_policy(
    principal: iam.IPrincipal,
    actions: Sequence[str],
    resource_arn: str,
    conditions: Mapping[str, Any] | None = None,
) -> iam.Grant | None:
    """Allow a principal actions in its own policy; return None if none would be rendered."""
    if isinstance(principal, _WITHOUT_POLICY):
        return None
    facts = _facts_of(principal)
    if not facts.has_policy:
        statement = iam.PolicyStatement(
            actions=list(actions), resources=[resource_arn], conditions=conditions
        )
        facts.has_policy = add_statement(principal, statement)
    if not facts.has_policy:
        return None
    # The added statement is granted once more; CDK renders equal statements once.
    return iam.Grant.add_to_principal(
        grantee=principal,
        actions=list(actions),
        resource_arns=[resource_arn],
        conditions=conditions,
    )


def grant_login(principal: iam.IPrincipal, actions: Sequence[str] = LOGIN_ACTIONS) -> bool:
    """Allow a principal to log in to the registry, once for all of its repositories.

    Returns:
        Whether its policy allows it; False for a principal that has no policy here.
    """
    if isinstance(principal, _WITHOUT_POLICY):
        return False
    logins = _facts_of(principal).logins
    if not logins.issuperset(actions):
        statement = iam.PolicyStatement(actions=list(actions), resources=["*"])
        if not add_statement(principal, statement):
            return False
        logins.update(actions)
    return True


def check_actions(actions: Sequence[str]) -> None:
    """Check that a grant has actions.

    Raises:
        ValidationError: ``grant-without-actions``: there are none.
    """
    if not actions:
        reject(
            "grant",
            "()",
            "grant-without-actions",
            "grant() needs at least one action",
            path="actions",
            remedy="name them, such as 'ecr:DescribeImageScanFindings'",
        )


def is_of_other_account(principal: iam.IPrincipal, account: str) -> bool:
    """Tell whether a principal belongs to another account; two deploy-time accounts are equal."""
    owner = _facts_of(principal).account
    return (
        owner is not None
        and owner != account
        and not (is_unresolved(owner) and is_unresolved(account))
    )


def add_statement(principal: iam.IPrincipal, statement: iam.PolicyStatement) -> bool:
    """Add a statement to a principal's policy and return whether it will be rendered."""
    result = principal.add_to_principal_policy(statement)
    # An immutable role reports as added what it dropped. CDK does not export its class, so it
    # arrives as a bare IRole; its policy_dependable is an empty group, where a user, a group or an
    # imported role that is mutable returns its policy.
    dropped = isinstance(result.policy_dependable, DependencyGroup) and not isinstance(
        principal, iam.Role | iam.PrincipalBase
    )
    return result.statement_added and not dropped


def _facts_of(principal: iam.IPrincipal) -> _PrincipalFacts:
    if (facts := _facts.get(principal)) is None:
        # An unknown principal has no account to ask for.
        account = getattr(principal, "principal_account", None)
        facts = _facts[principal] = _PrincipalFacts(account)
    return facts
