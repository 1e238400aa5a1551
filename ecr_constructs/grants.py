"""Grants that say so when they would render nothing."""

from collections.abc import Sequence

from aws_cdk import aws_iam as iam
from constructs import DependencyGroup


def grant_to_principal(
    grantee: iam.IGrantable,
    *,
    what: str,
    actions: Sequence[str],
    resource_arn: str,
    login_actions: Sequence[str],
    instead: str,
) -> iam.Grant:
    """Allow a principal actions in its own policy, and to log in to the registry.

    Args:
        grantee: The principal.
        what: What is granted, in words: ``pulling through a cache``.
        actions: What it may do with the resource.
        resource_arn: The resource.
        login_actions: What it may do with every resource, since they know no other.
        instead: What to do for a principal that has no policy here.

    Raises:
        ValueError: The principal has no policy that this app could add to.
    """
    login = iam.PolicyStatement(actions=list(login_actions), resources=["*"])
    if not added(grantee.grant_principal, login):
        msg = (
            f"{what} cannot be granted to this principal: it has no policy that this app adds to "
            f"(another account, a service, an imported role that is immutable). {instead}"
        )
        raise ValueError(msg)
    # The statement that was added is granted once more; equal statements are rendered once.
    return iam.Grant.add_to_principal(
        grantee=grantee, actions=list(actions), resource_arns=[resource_arn]
    ).combine(
        iam.Grant.add_to_principal(
            grantee=grantee, actions=list(login_actions), resource_arns=["*"]
        )
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
