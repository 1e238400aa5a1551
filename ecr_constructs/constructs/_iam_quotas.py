"""The sizes of a principal's policies, which the synthesis compares with what IAM accepts."""

from collections.abc import Mapping
from typing import Any
from weakref import WeakKeyDictionary

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import IConstruct, Node

from ecr_constructs.constructs._principals import is_itself, node_of
from ecr_constructs.constructs._stack_env import partition_in
from ecr_constructs.constructs._validation import AtSynthesis
from ecr_constructs.model.diagnostics import Diagnostic
from ecr_constructs.model.json_text import compact

# All inline policies of a principal together. For a role that it defines, CDK moves statements
# above the limit into managed policies. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
_INLINE = {"user": 2_048, "group": 5_120, "role": 10_240}
_MANAGED = 6_144
_FUNCTIONS = {"Ref", "Fn::GetAtt", "Fn::ImportValue", "Fn::Join"}


def validate_policy_size(grantee: iam.IGrantable, repository: ecr.RepositoryBase) -> None:
    """Let the synthesis fail if a grantee's policies are longer than IAM accepts."""
    if (sizes := _sizes_of(grantee)) is not None:
        sizes.repositories.append(repository)


def _sizes_of(grantee: iam.IGrantable) -> "_PolicySizes | None":
    if not is_itself(grantee):
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
