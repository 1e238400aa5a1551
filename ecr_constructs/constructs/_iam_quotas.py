"""The size of what grants for single repositories come to in a principal's policies."""

from typing import Any
from weakref import WeakKeyDictionary

import aws_cdk as cdk
import jsii
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam
from constructs import IConstruct, IValidation, Node

from ecr_constructs.constructs._stack_env import partition_in
from ecr_constructs.model.lifecycle.json_text import compact

# All inline policies of a principal together; CDK moves what is too much for a role it defines
# into managed policies. https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_iam-quotas.html
_INLINE = {"user": 2_048, "group": 5_120, "role": 10_240}
_MANAGED = 6_144
_FUNCTIONS = {"Ref", "Fn::GetAtt", "Fn::ImportValue", "Fn::Join"}


def has_node(principal: iam.IPrincipal) -> bool:
    """Tell whether a principal is a role, user or group, which stand in the construct tree."""
    return not isinstance(principal, iam.PrincipalBase | iam.UnknownPrincipal)


def watch_size(principal: Any, repository: ecr.RepositoryBase) -> None:
    """Let the synthesis fail if a principal's policies grow longer than IAM accepts."""
    if not has_node(principal):
        return
    if (sizes := _watched.get(principal)) is None:
        kind = next((k for k in ("user", "group") if hasattr(principal, f"{k}_name")), "role")
        # An imported role comes back from Node as another object each time.
        by_path = _by_path.setdefault(principal.node.root, {})
        if (path := principal.node.path) not in by_path:
            by_path[path] = _Sizes(principal.node, _INLINE[kind])
            principal.node.add_validation(by_path[path])
        sizes = _watched[principal] = by_path[path]
    sizes.repositories.append(repository)


@jsii.implements(IValidation)
class _Sizes:
    """Measures the policies of a principal as they are rendered."""

    def __init__(self, node: Node, inline: int) -> None:
        self.repositories: list[ecr.RepositoryBase] = []
        self._node = node
        self._inline = inline

    def validate(self) -> list[str]:
        """Return the faults, each a sentence."""
        inline, faults = 0, []
        for each in self._node.find_all():
            if isinstance(each, iam.CfnPolicy):
                inline += self._size(each)
            elif isinstance(each, iam.CfnManagedPolicy):
                faults += self._errors(self._size(each), _MANAGED)
        return [*self._errors(inline, self._inline), *faults]

    def _size(self, policy: iam.CfnPolicy | iam.CfnManagedPolicy) -> int:
        stack = cdk.Stack.of(policy)
        arns = {compact(stack.resolve(it.repository_arn)): _arn(it) for it in self.repositories}
        return len(compact(_filled(stack.resolve(policy.policy_document), arns)))

    def _errors(self, size: int, limit: int) -> list[str]:
        if size <= limit:
            return []
        names = {_name(each) for each in self.repositories}
        namespaces = {name.rpartition("/")[0] for name in names}
        prefix = f"{namespaces.pop()}/" if len(namespaces) == 1 else "payments/"
        fault = (
            f"a policy of {size:,} characters, where IAM accepts {limit:,}: it names "
            f"{len(names)} repositories one by one. Grant by prefix or by tag instead, which is "
            f"one statement for all: Registry.of(stack).grant_pull(grantee, prefix={prefix!r})"
        )
        return [fault]


_watched: WeakKeyDictionary[Any, _Sizes] = WeakKeyDictionary()
_by_path: WeakKeyDictionary[IConstruct, dict[str, _Sizes]] = WeakKeyDictionary()


def _filled(value: Any, arns: dict[str, str]) -> Any:
    """Put ARNs where references stand; what is not known counts nothing."""
    if isinstance(value, list):
        return [_filled(each, arns) for each in value]
    if not isinstance(value, dict):
        return value
    if set(value) & _FUNCTIONS:
        return arns.get(compact(value), "")
    return {key: _filled(each, arns) for key, each in value.items()}


def _arn(repository: ecr.RepositoryBase) -> str:
    place = f"{repository.env.region}:{repository.env.account}"
    return f"arn:{partition_in(repository.env.region)}:ecr:{place}:repository/{_name(repository)}"


def _name(repository: ecr.RepositoryBase) -> str:
    resource = repository.node.default_child
    name = resource.repository_name if isinstance(resource, ecr.CfnRepository) else None
    return name or repository.repository_name
