"""The size that grants for single repositories give a principal's policies."""

from typing import Any
from weakref import WeakKeyDictionary

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import IConstruct, IValidation, Node

from ecr_constructs.constructs._stack_env import partition_in
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.lifecycle.json_text import compact

# All inline policies of a principal together. For a role that it defines, CDK moves statements
# above the limit into managed policies. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
_INLINE = {"user": 2_048, "group": 5_120, "role": 10_240}
_MANAGED = 6_144
_FUNCTIONS = {"Ref", "Fn::GetAtt", "Fn::ImportValue", "Fn::Join"}


def has_node(principal: iam.IPrincipal) -> bool:
    """Tell whether a principal is a role, user or group, which are in the construct tree."""
    return not isinstance(principal, iam.PrincipalBase | iam.UnknownPrincipal)


def validate_policy_size(principal: Any, repository: ecr.RepositoryBase) -> None:
    """Let the synthesis fail if a principal's policies are longer than IAM accepts."""
    if not has_node(principal):
        return
    if (sizes := _sizes.get(principal)) is None:
        kind = next((k for k in ("user", "group") if hasattr(principal, f"{k}_name")), "role")
        # An imported role comes back from Node as another object each time.
        by_path = _by_path.setdefault(principal.node.root, {})
        if (path := principal.node.path) not in by_path:
            by_path[path] = _PolicySizes(principal.node, _INLINE[kind])
            principal.node.add_validation(by_path[path])
        sizes = _sizes[principal] = by_path[path]
    sizes.repositories.append(repository)


@jsii.implements(IValidation)
class _PolicySizes:
    """Measure the policies of a principal as they are rendered."""

    def __init__(self, node: Node, inline: int) -> None:
        self.repositories: list[ecr.RepositoryBase] = []
        self._node = node
        self._inline = inline

    def validate(self) -> list[str]:
        """Return the errors; CDK calls this at synthesis."""
        inline, errors = 0, []
        for policy in self._node.find_all():
            if isinstance(policy, iam.CfnPolicy):
                inline += self._size(policy)
            elif isinstance(policy, iam.CfnManagedPolicy):
                errors += self._errors(self._size(policy), _MANAGED)
        return [*self._errors(inline, self._inline), *errors]

    def _size(self, policy: iam.CfnPolicy | iam.CfnManagedPolicy) -> int:
        stack = cdk.Stack.of(policy)
        arns = {
            compact(stack.resolve(repository.repository_arn)): _arn(repository)
            for repository in self.repositories
        }
        return len(compact(_filled(stack.resolve(policy.policy_document), arns)))

    def _errors(self, size: int, limit: int) -> list[str]:
        if size <= limit:
            return []
        names = {_name(repository) for repository in self.repositories}
        namespaces = {name.rpartition("/")[0] for name in names}
        prefix = f"{namespaces.pop()}/" if len(namespaces) == 1 else "payments/"
        error = Diagnostic(
            code="policy-length",
            message=(
                f"the policy has {size:,} characters and names {len(names)} repositories one by "
                f"one; IAM accepts {limit:,}"
            ),
            remedy=(
                "grant by prefix or by tag, which is one statement for all: "
                f"Registry.of(stack).grant_pull(grantee, prefix={prefix!r})"
            ),
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
    account, region = repository.env.account, repository.env.region
    return f"arn:{partition_in(region)}:ecr:{region}:{account}:repository/{_name(repository)}"


def _name(repository: ecr.RepositoryBase) -> str:
    resource = repository.node.default_child
    name = resource.repository_name if isinstance(resource, ecr.CfnRepository) else None
    return name or repository.repository_name
