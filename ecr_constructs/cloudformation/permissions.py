"""All that a role may do, gathered from wherever a template attaches policies to it."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING, NamedTuple

from ecr_constructs.cloudformation.iam_policy import allowed, is_policy_known
from ecr_constructs.cloudformation.resource_types import MANAGED_POLICY, POLICIES
from ecr_constructs.model.tokens import is_unresolved

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ecr_constructs.cloudformation.graph import TemplateSet
    from ecr_constructs.cloudformation.iam_policy import Statement
    from ecr_constructs.cloudformation.resource import Resource

_ATTACHED = "attached policies"


class Permissions(NamedTuple):
    """What a role may do.

    Attributes:
        statements: The statements that allow something.
        is_known: Whether these are all there are, as far as the assembly tells.
    """

    statements: Sequence[Statement]
    is_known: bool

    def lack(self, action: str) -> bool:
        """Tell whether the role surely may not do something."""
        return self.is_known and not any(each.may(action) for each in self.statements)


class _Attached(NamedTuple):
    by_role: Mapping[Resource, Sequence[Resource]]
    by_name: Mapping[str, Sequence[Resource]]
    to_anyone: bool


def permissions_of(role: Resource) -> Permissions:
    """Return what a role of the assembly may do.

    Inline policies, managed policies that it names, and policies that name it. Of AWS's own
    managed policies, and of any that are defined elsewhere, nothing is known.
    """
    attached = _attached(role.assembly)
    name = role.text("RoleName")
    known = role.is_known and not attached.to_anyone and not is_unresolved(role.get("RoleName"))
    policies = [*attached.by_role.get(role, ()), *attached.by_name.get(name or "", ())]
    statements = [each for each in allowed(role) if "Policies" in each.path]
    inline = role.get("Policies")
    known = known and isinstance(inline, list | None)
    for index, _ in enumerate(inline if isinstance(inline, list) else ()):
        known = known and is_policy_known(role, "Policies", index, "PolicyDocument")
    managed = role.get("ManagedPolicyArns")
    for arn in managed if isinstance(managed, list) else [managed] if managed else []:
        policy = role.assembly.referred_to(arn)
        known = known and policy is not None and policy.type == MANAGED_POLICY
        policies += [policy] if policy is not None else []
    for policy in policies:
        known = known and is_policy_known(policy, "PolicyDocument")
        statements += allowed(policy)
    return Permissions(statements, known)


def _attached(assembly: TemplateSet) -> _Attached:
    if _ATTACHED not in assembly.memo:
        assembly.memo[_ATTACHED] = _read(assembly)
    found: _Attached = assembly.memo[_ATTACHED]
    return found


def _read(assembly: TemplateSet) -> _Attached:
    by_role: dict[Resource, list[Resource]] = defaultdict(list)
    by_name: dict[str, list[Resource]] = defaultdict(list)
    to_anyone = False
    for policy in assembly.of_type(*POLICIES):
        for name in _roles(policy):
            role = assembly.referred_to(name)
            if role is not None:
                by_role[role].append(policy)
            elif is_unresolved(name):
                to_anyone = True
            else:
                by_name[str(name)].append(policy)
    return _Attached(by_role, by_name, to_anyone)


def _roles(policy: Resource) -> Iterator[object]:
    yield from filter(None, [policy.get("RoleName")])
    roles = policy.get("Roles")
    yield from roles if isinstance(roles, list) else filter(None, [roles])
