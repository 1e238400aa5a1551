"""Principals of every kind, classes of a user among them, and owners that grant to them."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import aws_cdk as cdk
import jsii
from aws_cdk import aws_iam as iam

from ecr_constructs import PullThroughCache, Registry, Repository, Upstream
from tests.support.constructs import ACCOUNT, OTHER_ACCOUNT, REGION, root

SCAN = "ecr:DescribeImageScanFindings"
PROFILE = f"arn:aws:signer:{REGION}:{ACCOUNT}:/signing-profiles/all"
CONDITIONS = {"StringEquals": {"aws:PrincipalTag/team": "shop"}}
GRANTS = [f"grant_{name}" for name in ("read", "pull", "push", "pull_push", "delete_image")]


class Principal:
    """A principal that a user wrote, without a policy of its own."""

    def __init__(self, conditions: dict[str, Any] | None = None) -> None:
        """Take the conditions under which it is meant."""
        self._conditions = conditions

    @property
    def grant_principal(self) -> Any:
        """Return itself."""
        return self

    @property
    def assume_role_action(self) -> str:
        """Return the action of roles."""
        return "sts:AssumeRole"

    @property
    def principal_account(self) -> str | None:
        """Return no account."""
        return None

    @property
    def policy_fragment(self) -> Any:
        """Return how a policy names it."""
        return iam.PrincipalPolicyFragment({"AWS": [root(OTHER_ACCOUNT)]}, self._conditions)

    def add_to_policy(self, statement: iam.PolicyStatement) -> bool:
        """Add nothing."""
        return bool(self.add_to_principal_policy(statement).statement_added)

    def add_to_principal_policy(self, _: iam.PolicyStatement) -> Any:
        """Add nothing."""
        return iam.AddToPrincipalPolicyResult(statement_added=False)


@jsii.implements(iam.IPrincipal)
class Named(Principal):
    """A principal that policies name."""


@jsii.implements(iam.IPrincipal)
class WithPolicy(Principal):
    """A principal with a policy: that of a role."""

    def __init__(self, role: iam.Role, conditions: dict[str, Any] | None = None) -> None:
        """Take the role."""
        super().__init__(conditions)
        self._role = role

    def add_to_principal_policy(self, statement: iam.PolicyStatement) -> Any:
        """Add to the policy of the role."""
        return self._role.add_to_principal_policy(statement)


@jsii.implements(iam.IPrincipal)
class Equal(WithPolicy):
    """A principal whose class has equal instances, and so no hash."""

    __hash__ = None  # type: ignore[assignment]

    def __eq__(self, _: object) -> bool:
        """Be equal to everything."""
        return True


@jsii.implements(iam.IPrincipal)
@dataclass
class Fields(Principal):
    """A principal that jsii takes for a struct."""

    name: str


@jsii.implements(iam.IPrincipal)
class WithoutDependable(Principal):
    """A principal that keeps statements somewhere, and does not say where."""

    def add_to_principal_policy(self, _: iam.PolicyStatement) -> Any:
        """Keep it."""
        return iam.AddToPrincipalPolicyResult(statement_added=True)


@jsii.implements(iam.IPrincipal)
class WithoutFragment(Principal):
    """A principal that policies cannot name."""

    @property
    def policy_fragment(self) -> Any:
        """Return something else."""
        return {"AWS": "*"}

    def add_to_principal_policy(self, _: iam.PolicyStatement) -> Any:
        """Return nothing."""
        return None


@jsii.implements(iam.IGrantable)
class Grantable:
    """A grantable that a user wrote, such as a workload with a role."""

    def __init__(self, principal: Any) -> None:
        """Take the principal."""
        self._principal = principal

    @property
    def grant_principal(self) -> Any:
        """Return the principal."""
        return self._principal


Grantee = Callable[[cdk.Stack], Any]


# --- conditions -------------------------------------------------------------------------------


def grant_on_repository(stack: cdk.Stack, grantee: Any) -> None:
    """Grant on a repository."""
    Repository(stack, "Api", repository_name="shop/web").grant_pull_push(grantee)


def grant_on_registry(stack: cdk.Stack, grantee: Any) -> None:
    """Grant by prefix, and to sign."""
    registry = Registry(stack, "Registry")
    registry.sign(PROFILE)
    registry.grant_push(grantee, prefix="shop/")


def grant_on_cache(stack: cdk.Stack, grantee: Any) -> None:
    """Grant on a cache."""
    PullThroughCache(stack, "Quay", upstream=Upstream.quay()).grant_pull(grantee)


def grant_on_signed(stack: cdk.Stack, grantee: Any) -> None:
    """Grant on a repository whose images are signed."""
    Registry(stack, "Registry").sign(PROFILE)
    grant_on_repository(stack, grantee)
