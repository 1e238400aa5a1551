"""Grants in a principal's own policy, which raise if they would render nothing or too much."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, is_dataclass
from functools import reduce
from typing import Any, NoReturn, cast
from weakref import WeakKeyDictionary

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import Construct, Dependable, DependencyGroup, IConstruct, Node

from ecr_constructs.constructs._grant_checks import require_attachment
from ecr_constructs.constructs._stack_env import account_of, partition_in
from ecr_constructs.constructs._validation import AtSynthesis
from ecr_constructs.constructs.role_options import RoleOptions
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.json_text import compact
from ecr_constructs.model.repository_policy import LOGIN_ACTIONS, document
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.validation import reject

# All inline policies of a principal together. For a role that it defines, CDK moves statements
# above the limit into managed policies. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
_INLINE = {"user": 2_048, "group": 5_120, "role": 10_240}
_MANAGED = 6_144
_FUNCTIONS = {"Ref", "Fn::GetAtt", "Fn::ImportValue", "Fn::Join"}


@dataclass(slots=True)
class _PrincipalFacts:
    """Facts about a principal, asked for once, because each question is a call to Node."""

    account: str | None
    has_policy: bool | None = False
    logins: set[str] = field(default_factory=set)


# Only resource policies can allow these; they have no policy of their own to add to.
_WITHOUT_POLICY = (
    iam.ArnPrincipal,
    iam.OrganizationPrincipal,
    iam.ServicePrincipal,
    iam.StarPrincipal,
)
_OF_CDK = ("aws_cdk.", "jsii.")
_facts: WeakKeyDictionary[iam.IPrincipal, _PrincipalFacts] = WeakKeyDictionary()


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


def takes_policy(principal: iam.IPrincipal, account: str) -> bool | None:
    """Tell whether this app adds to the policy of a principal; None if only a grant shows it."""
    if isinstance(principal, _WITHOUT_POLICY) or not _takes_policy_here(principal, account):
        return False
    if isinstance(principal, iam.Role | iam.LazyRole | iam.User | iam.Group):
        return True
    if not type(principal).__module__.startswith(_OF_CDK) or not hasattr(principal, "node"):
        return None
    # An immutable role is a wrapper; what depends on it depends on the role inside.
    [root, *_] = Dependable.of(cast("Construct", principal)).dependency_roots
    return root.node.path == cast("Construct", principal).node.path


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
    if isinstance(principal, _WITHOUT_POLICY):
        return None
    conditions = _both(conditions or {}, conditions_of(principal)) or None
    facts = _facts_of(principal)
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
    if isinstance(principal, _WITHOUT_POLICY):
        return False
    logins = _facts_of(principal).logins
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


def is_of_other_account(principal: iam.IPrincipal, account: str) -> bool:
    """Tell whether a principal definitely belongs to another account."""
    owner = _facts_of(principal).account
    is_known = owner is not None and not is_unresolved(owner) and not is_unresolved(account)
    return is_known and owner != account


def may_be_of_other_account(principal: iam.IPrincipal, account: str) -> bool:
    """Tell whether a principal may belong to another account; two deploy-time ones are equal."""
    owner = _facts_of(principal).account
    return (
        owner is not None
        and owner != account
        and not (is_unresolved(owner) and is_unresolved(account))
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
    if not _takes_policy_here(principal, account):
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
    is_of_cdk = type(principal).__module__.startswith(_OF_CDK)
    if isinstance(principal, iam.Role | iam.LazyRole) or not is_of_cdk:
        return True
    return isinstance(principal, iam.PrincipalBase) and is_unresolved(_arn_of(principal))


def _arn_of(principal: iam.PrincipalBase) -> str:
    [arn, *_] = principal.policy_fragment.principal_json.get("AWS", [""])
    return arn


def _takes_policy_here(principal: iam.IPrincipal, account: str) -> bool:
    """Tell whether a policy of this app reaches a principal, rather than one of its name.

    CDK attaches the policy of an imported user to the user of the same name of the account that
    the stack is deployed to.
    """
    node = getattr(principal, "node", None)
    if node is None:
        if not may_be_of_other_account(principal, account):
            return True
        # The ARN of a role that the app defines is a reference, that of an import is not.
        return isinstance(principal, iam.PrincipalBase) and is_unresolved(_arn_of(principal))
    owner, deployed = _facts_of(principal).account, account_of(cast("Construct", principal))
    return owner is None or owner == deployed or is_unresolved(owner) or is_unresolved(deployed)


def _facts_of(principal: iam.IPrincipal) -> _PrincipalFacts:
    if (facts := _facts.get(principal) if _is_itself(principal) else None) is None:
        # An unknown principal has no account to ask for.
        owner = getattr(principal, "principal_account", None)
        if owner == cdk.Aws.ACCOUNT_ID and hasattr(principal, "node"):
            owner = account_of(cast("Construct", principal))
        facts = _PrincipalFacts(owner)
        if _is_itself(principal):
            _facts[principal] = facts
    return facts


def _is_itself(grantee: object) -> bool:
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


def validate_policy_size(grantee: iam.IGrantable, repository: ecr.RepositoryBase) -> None:
    """Let the synthesis fail if a grantee's policies are longer than IAM accepts."""
    if (sizes := _sizes_of(grantee)) is not None:
        sizes.repositories.append(repository)


def _sizes_of(grantee: iam.IGrantable) -> "_PolicySizes | None":
    if not _is_itself(grantee):
        return None
    if (sizes := _sizes.get(grantee)) is not None:
        return sizes
    if (node := node_of(grantee)) is None:
        return None
    # An imported role comes back from Node as another object each time.
    by_path = _by_path.setdefault(node.root, {})
    if (sizes := by_path.get(node.path)) is None:
        principal = grantee.grant_principal
        kind = next((k for k in ("user", "group") if hasattr(principal, f"{k}_name")), "role")
        sizes = by_path[node.path] = _PolicySizes(node, _INLINE[kind])
        node.add_validation(AtSynthesis(sizes.validate))
    _sizes[grantee] = sizes
    return sizes


class _PolicySizes:
    """Measure the policies of a principal as they are rendered."""

    def __init__(self, node: Node, inline: int) -> None:
        self.repositories: list[ecr.RepositoryBase] = []
        self._node = node
        self._inline = inline

    def validate(self) -> list[str]:
        """Return the errors."""
        inline, errors = 0, []
        # Once for all policies: each costs a few calls to Node.
        arns = {repository.repository_arn: _arn(repository) for repository in self.repositories}
        for policy in self._node.find_all():
            if isinstance(policy, iam.CfnPolicy):
                inline += self._size(policy, arns)
            elif isinstance(policy, iam.CfnManagedPolicy):
                errors += self._errors(self._size(policy, arns), _MANAGED)
        return [*self._errors(inline, self._inline), *errors]

    def _size(self, policy: iam.CfnPolicy | iam.CfnManagedPolicy, arn_of: Mapping[str, str]) -> int:
        stack = cdk.Stack.of(policy)
        # All references in one call.
        references = stack.resolve([*arn_of])
        arns = dict(zip(map(compact, references), arn_of.values(), strict=True))
        return len(compact(_filled(stack.resolve(policy.policy_document), arns)))

    def _errors(self, size: int, limit: int) -> list[str]:
        if size <= limit:
            return []
        names = {_name(repository) for repository in self.repositories}
        namespaces = {name.rpartition("/")[0] for name in names}
        prefix = f"{namespaces.pop()}/" if len(namespaces) == 1 else "payments/"
        error = Diagnostic(
            "policy-length",
            f"the policy has {size:,} characters and names {len(names)} repositories one by one; "
            f"IAM accepts {limit:,}",
            remedy="grant by prefix or by tag, which is one statement for all: "
            f"Registry.of(stack).grant_pull(grantee, prefix={prefix!r})",
        )
        return [str(error)]


_sizes: WeakKeyDictionary[Any, _PolicySizes] = WeakKeyDictionary()
_by_path: WeakKeyDictionary[IConstruct, dict[str, _PolicySizes]] = WeakKeyDictionary()


def _filled(value: Any, arns: dict[str, str]) -> Any:
    """Replace references with ARNs; an unresolved value counts as empty."""
    if isinstance(value, list):
        return [_filled(item, arns) for item in value]
    if not isinstance(value, dict):
        return value
    if set(value) & _FUNCTIONS:
        return arns.get(compact(value), "")
    return {key: _filled(item, arns) for key, item in value.items()}


def _arn(repository: ecr.RepositoryBase) -> str:
    place = repository.env
    account, region = place.account, place.region
    return f"arn:{partition_in(region)}:ecr:{region}:{account}:repository/{_name(repository)}"


def _name(repository: ecr.RepositoryBase) -> str:
    resource = repository.node.default_child
    name = resource.repository_name if isinstance(resource, ecr.CfnRepository) else None
    return name or repository.repository_name
