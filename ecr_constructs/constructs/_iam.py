"""Grants in a principal's own policy, that say so when they would render nothing."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from weakref import WeakKeyDictionary

from aws_cdk import aws_iam as iam
from constructs import Construct, DependencyGroup

from ecr_constructs.constructs._stack_env import account_of
from ecr_constructs.model.repository_policy import LOGIN_ACTIONS
from ecr_constructs.model.tokens import is_unresolved


@dataclass(slots=True)
class _Known:
    """What is asked of a principal once, since each question crosses to Node."""

    account: str | None
    has_policy: bool = False
    logins: set[str] = field(default_factory=set)


# They are admitted by others, and have nothing to add to.
_WITHOUT_POLICY = (
    iam.ArnPrincipal,
    iam.OrganizationPrincipal,
    iam.ServicePrincipal,
    iam.StarPrincipal,
)
_known: WeakKeyDictionary[iam.IPrincipal, _Known] = WeakKeyDictionary()


def grant_to_principal(
    grantee: iam.IGrantable,
    *,
    scope: Construct,
    what: str,
    actions: Sequence[str],
    resource_arn: str,
    instead: str,
    login_actions: Sequence[str] = (),
    conditions: Mapping[str, Any] | None = None,
) -> iam.Grant:
    """Allow a principal actions in its own policy, where that is all it needs.

    Args:
        grantee: The principal.
        scope: What is granted; a principal of another account needs more than its own policy.
        what: What is granted, in words: ``pulling through a cache``.
        actions: What it may do with the resource.
        resource_arn: The resource.
        instead: What to do for a principal that has no policy here.
        login_actions: What it may do with every resource, since they know no other.
        conditions: When it may. Default: always.

    Raises:
        ValueError: The principal has no policy that this app could add to, or is of another
            account, whose own policies do not suffice.
    """
    principal = grantee.grant_principal
    grant = None
    if not is_elsewhere(principal, account_of(scope)):
        grant = grant_in_own_policy(principal, actions, resource_arn, conditions)
    if grant is None:
        msg = (
            f"{what} cannot be granted to this principal: it has no policy that this app adds to "
            f"(another account, a service, an imported role that is immutable). {instead}"
        )
        raise ValueError(msg)
    if login_actions:
        grant_login(principal, login_actions)
    return grant


def grant_in_own_policy(
    principal: iam.IPrincipal,
    actions: Sequence[str],
    resource_arn: str,
    conditions: Mapping[str, Any] | None = None,
) -> iam.Grant | None:
    """Allow a principal actions in its own policy; None if it has none that is rendered."""
    if isinstance(principal, _WITHOUT_POLICY):
        return None
    known = _knowledge_of(principal)
    if not known.has_policy:
        statement = iam.PolicyStatement(
            actions=list(actions), resources=[resource_arn], conditions=conditions
        )
        known.has_policy = added(principal, statement)
    if not known.has_policy:
        return None
    # The statement that was added is granted once more; equal statements are rendered once.
    return iam.Grant.add_to_principal(
        grantee=principal,
        actions=list(actions),
        resource_arns=[resource_arn],
        conditions=conditions,
    )


def grant_login(principal: iam.IPrincipal, actions: Sequence[str] = LOGIN_ACTIONS) -> bool:
    """Let a principal log in to the registry, once for all of its repositories.

    Returns:
        Whether its policy says so; False for one that has no policy here.
    """
    if isinstance(principal, _WITHOUT_POLICY):
        return False
    logins = _knowledge_of(principal).logins
    if not logins.issuperset(actions):
        if not added(principal, iam.PolicyStatement(actions=list(actions), resources=["*"])):
            return False
        logins.update(actions)
    return True


def check_actions(actions: Sequence[str]) -> None:
    """Refuse a grant of nothing.

    Raises:
        ValueError: There is no action.
    """
    if not actions:
        msg = "a grant of no action grants nothing; name them: 'ecr:DescribeImageScanFindings'"
        raise ValueError(msg)


def is_elsewhere(principal: iam.IPrincipal, account: str) -> bool:
    """Tell whether a principal belongs to another account; two deploy-time accounts are one."""
    owner = _knowledge_of(principal).account
    return (
        owner is not None
        and owner != account
        and not (is_unresolved(owner) and is_unresolved(account))
    )


def added(principal: iam.IPrincipal, statement: iam.PolicyStatement) -> bool:
    """Add a statement to a principal's policy and tell whether it will be rendered."""
    result = principal.add_to_principal_policy(statement)
    # An immutable role claims to have added what it dropped. CDK does not export its class, so
    # it arrives as a bare IRole; what it returns to depend on is an empty group, where a user,
    # a group or an imported role that is mutable returns its policy.
    dropped = isinstance(result.policy_dependable, DependencyGroup) and not isinstance(
        principal, iam.Role | iam.PrincipalBase
    )
    return result.statement_added and not dropped


def _knowledge_of(principal: iam.IPrincipal) -> _Known:
    if (known := _known.get(principal)) is None:
        # An unknown principal has no account to ask for.
        account = getattr(principal, "principal_account", None)
        known = _known[principal] = _Known(account)
    return known
