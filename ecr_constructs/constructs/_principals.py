"""What CDK knows of a principal: its account, its conditions, and whether it has a policy."""

from collections.abc import Mapping
from dataclasses import dataclass, field, is_dataclass
from typing import Any, cast
from weakref import WeakKeyDictionary

import aws_cdk as cdk
from aws_cdk import aws_iam as iam
from constructs import Construct, Dependable, Node

from ecr_constructs.constructs._grant_checks import require_attachment
from ecr_constructs.constructs._stack_env import account_of
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import reject


@dataclass(slots=True)
class _PrincipalFacts:
    """Facts about a principal, asked for once, because each question is a call to Node."""

    account: str | None
    has_policy: bool | None = False
    logins: set[str] = field(default_factory=set)


# Only resource policies can allow these; they have no policy of their own to add to.
WITHOUT_POLICY = (
    iam.ArnPrincipal,
    iam.OrganizationPrincipal,
    iam.ServicePrincipal,
    iam.StarPrincipal,
)
OF_CDK = ("aws_cdk.", "jsii.")
_facts: WeakKeyDictionary[iam.IPrincipal, _PrincipalFacts] = WeakKeyDictionary()


def principal_of(grantee: iam.IGrantable) -> iam.IPrincipal:
    """Return the principal of a grantee, or raise ``grantee-type`` for another object."""
    principal = getattr(grantee, "grant_principal", None)
    is_principal = hasattr(principal, "add_to_principal_policy") and not isinstance(grantee, type)
    # jsii sends a dataclass to Node by its fields.
    if not is_principal or is_dataclass(principal):
        reject(
            "grant",
            grantee,
            "grantee-type",
            f"a grantee is an iam.IGrantable that is not a dataclass, got {type(grantee).__name__}",
            path="grantee",
            remedy="pass a role, user, group or principal, such as "
            "iam.Role.from_role_arn(…), iam.ArnPrincipal(…) or iam.AccountPrincipal(…)",
        )
    if isinstance(grantee, iam.Policy):
        require_attachment(grantee)
    return cast("iam.IPrincipal", principal)


def components_of(grantee: iam.IGrantable) -> list[iam.IPrincipal]:
    """Return the principal of a grantee, or the components that it is composed of."""
    principal = principal_of(grantee)
    if not isinstance(principal, iam.CompositePrincipal):
        return [principal]
    return [component for part in principal.principals for component in components_of(part)]


def takes_policy(principal: iam.IPrincipal, account: str) -> bool | None:
    """Tell whether this app adds to the policy of a principal; None if only a grant shows it."""
    if isinstance(principal, WITHOUT_POLICY) or not takes_policy_here(principal, account):
        return False
    if isinstance(principal, iam.Role | iam.LazyRole | iam.User | iam.Group):
        return True
    if not type(principal).__module__.startswith(OF_CDK) or not hasattr(principal, "node"):
        return None
    # An immutable role is a wrapper; what depends on it depends on the role inside.
    [root, *_] = Dependable.of(cast("Construct", principal)).dependency_roots
    return root.node.path == cast("Construct", principal).node.path


def conditions_of(principal: iam.IPrincipal) -> Mapping[str, Any]:
    """Return the conditions under which a principal is meant, which its statements must keep."""
    if isinstance(principal, iam.Role | iam.LazyRole | iam.User | iam.Group):
        return {}
    try:
        fragment = getattr(principal, "policy_fragment", None)
    except RuntimeError:
        # A policy, which no policy can name.
        return {}
    return fragment.conditions if isinstance(fragment, iam.PrincipalPolicyFragment) else {}


def is_of_other_account(principal: iam.IPrincipal, account: str) -> bool:
    """Tell whether a principal definitely belongs to another account."""
    owner = facts_of(principal).account
    is_known = owner is not None and not is_unresolved(owner) and not is_unresolved(account)
    return is_known and owner != account


def may_be_of_other_account(principal: iam.IPrincipal, account: str) -> bool:
    """Tell whether a principal may belong to another account; two deploy-time ones are equal."""
    owner = facts_of(principal).account
    return (
        owner is not None
        and owner != account
        and not (is_unresolved(owner) and is_unresolved(account))
    )


def arn_of_principal(principal: iam.PrincipalBase) -> str:
    """Return the ARN by which policies name a principal; an empty text if it has none."""
    [arn, *_] = principal.policy_fragment.principal_json.get("AWS", [""])
    return arn


def takes_policy_here(principal: iam.IPrincipal, account: str) -> bool:
    """Tell whether a policy of this app reaches a principal, rather than one of its name.

    CDK attaches the policy of an imported user to the user of the same name of the account that
    the stack is deployed to.
    """
    node = getattr(principal, "node", None)
    if node is None:
        if not may_be_of_other_account(principal, account):
            return True
        # The ARN of a role that the app defines is a reference, that of an import is not.
        return isinstance(principal, iam.PrincipalBase) and is_unresolved(
            arn_of_principal(principal)
        )
    owner, deployed = facts_of(principal).account, account_of(cast("Construct", principal))
    return owner is None or owner == deployed or is_unresolved(owner) or is_unresolved(deployed)


def facts_of(principal: iam.IPrincipal) -> _PrincipalFacts:
    """Return the facts about a principal, the same object for the same principal."""
    if (facts := _facts.get(principal) if is_itself(principal) else None) is None:
        # An unknown principal has no account to ask for.
        owner = getattr(principal, "principal_account", None)
        if owner == cdk.Aws.ACCOUNT_ID and hasattr(principal, "node"):
            owner = account_of(cast("Construct", principal))
        facts = _PrincipalFacts(owner)
        if is_itself(principal):
            _facts[principal] = facts
    return facts


def is_itself(grantee: object) -> bool:
    """Tell whether an object equals itself only, and can be a weak key.

    A class of the user may have equal instances with different policies, or without a hash.
    """
    return type(grantee).__eq__ is object.__eq__ and hasattr(grantee, "__weakref__")


def node_of(grantee: iam.IGrantable) -> Node | None:
    """Return the node of a role, user, group or policy, which are in the construct tree."""
    if isinstance(grantee, iam.ManagedPolicy | iam.Policy):
        return grantee.node
    if isinstance(grantee, iam.PrincipalBase | iam.UnknownPrincipal):
        return None
    node = getattr(grantee.grant_principal, "node", None)
    return node if isinstance(node, Node) else None
