"""Policies of any kind, with their statements read into one form."""

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

from ecr_constructs.cloudformation.graph import Resource, TemplateSet
from ecr_constructs.cloudformation.intrinsics import UNKNOWN
from ecr_constructs.cloudformation.resource_types import (
    CREATION_TEMPLATE,
    IDENTITIES,
    KEY,
    MANAGED_POLICY,
    POLICIES,
    PUBLIC_REPOSITORY,
    REGISTRY_POLICY,
    REPOSITORY,
    ROLE,
    TOPIC_POLICIES,
)
from ecr_constructs.cloudformation.template import Place
from ecr_constructs.model.tokens import is_unresolved

_PROPERTIES = {
    REPOSITORY: ("repository", "RepositoryPolicyText"),
    PUBLIC_REPOSITORY: ("public repository", "RepositoryPolicyText"),
    CREATION_TEMPLATE: ("repository", "RepositoryPolicy"),
    REGISTRY_POLICY: ("registry", "PolicyText"),
    KEY: ("key", "KeyPolicy"),
    **dict.fromkeys(TOPIC_POLICIES, ("topic", "PolicyDocument")),
    **dict.fromkeys(POLICIES, ("identity", "PolicyDocument")),
}
RESOURCE_POLICY_TYPES = (REPOSITORY, PUBLIC_REPOSITORY, CREATION_TEMPLATE, REGISTRY_POLICY)
IDENTITY_TYPES = (*POLICIES, *IDENTITIES)


@dataclass(frozen=True, slots=True)
class Condition:
    """One test of a statement's conditions; all of them must hold.

    Attributes:
        operator: ``StringEquals``, as it is written.
        key: ``aws:PrincipalOrgID``, as it is written.
        values: What is compared with; one of them must fit. What is not known stands as a mark.
    """

    operator: str
    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of a policy.

    Attributes:
        path: Its place, from the resource.
        body: As it is written, resolved.
        allows: Whether its effect is Allow.
        principals: Who it speaks of, as kind and value: ``("AWS", "*")``.
        actions: What may be done; a mark stands for what is not known.
        resources: What it may be done to; none if the statement does not say.
        conditions: When.
    """

    path: Place
    body: Mapping[str, Any]
    allows: bool
    principals: tuple[tuple[str, str], ...]
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[Condition, ...]

    def may(self, action: str) -> bool:
        """Tell whether an action is one of these; what is not known may be."""
        if "NotAction" in self.body:
            return not any(matches(each, action) for each in _texts(self.body["NotAction"]))
        return any(is_unresolved(each) or matches(each, action) for each in self.actions)

    @property
    def is_for_anyone(self) -> bool:
        """Whether the principal is everyone, before conditions."""
        return any(kind in ("*", "AWS") and value == "*" for kind, value in self.principals)


@dataclass(frozen=True, slots=True)
class Policy:
    """A policy.

    Attributes:
        kind: ``repository``, ``public repository``, ``registry``, ``key``, ``topic``,
            ``identity`` or ``trust``.
        path: Its place, from the resource.
        document: The document; None for a text that is no JSON.
        text: The text, if it is written as one and wholly known.
        statements: The statements that are known.
    """

    kind: str
    path: Place
    document: Any
    text: str | None
    statements: tuple[Statement, ...]


def policies_of(resource: Resource) -> tuple[Policy, ...]:
    """Return the policies of a resource that are known."""
    if "policies" not in resource.memo:
        resource.memo["policies"] = tuple(_policies(resource))
    policies: tuple[Policy, ...] = resource.memo["policies"]
    return policies


def is_policy_known(resource: Resource, name: str, *path: str | int) -> bool:
    """Tell whether the policy at a place is known, down to each of its statements."""
    document = resource.get(name, *path)
    listed = document.get("Statement") if isinstance(document, Mapping) else None
    if isinstance(document, str):
        return not is_unresolved(document)
    statements = listed if isinstance(listed, list) else [listed]
    return all(isinstance(each, Mapping) for each in statements)


def allowed(resource: Resource) -> Iterator[Statement]:
    """Yield the statements of a resource's policies that allow something."""
    for policy in policies_of(resource):
        yield from (each for each in policy.statements if each.allows)


def _policies(resource: Resource) -> Iterator[Policy]:
    if resource.type in _PROPERTIES:
        kind, name = _PROPERTIES[resource.type]
        yield from _policy(kind, ("Properties", name), resource.get(name))
    if resource.type == ROLE:
        document = resource.get("AssumeRolePolicyDocument")
        yield from _policy("trust", ("Properties", "AssumeRolePolicyDocument"), document)
    if resource.type in IDENTITIES:
        for index, each in resource.mappings("Policies"):
            path = ("Properties", "Policies", index, "PolicyDocument")
            yield from _policy("identity", path, each.get("PolicyDocument"))


def _policy(kind: str, path: Place, value: Any) -> Iterator[Policy]:
    document, text = value, None
    if isinstance(value, str):
        document = _parsed(value)
        # Of a text that Fn::Sub makes, parts may not be known.
        if is_unresolved(value) and document is None:
            return
        text = None if is_unresolved(value) else value
    if isinstance(value, Mapping | str):
        yield Policy(kind, path, document, text, tuple(_statements(path, document)))


def _statements(path: Place, document: Any) -> Iterator[Statement]:
    listed = document.get("Statement") if isinstance(document, Mapping) else None
    if isinstance(listed, Mapping):
        yield _statement((*path, "Statement"), listed)
    for index, each in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(each, Mapping):
            yield _statement((*path, "Statement", index), each)


def _parsed(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _statement(path: Place, body: Mapping[str, Any]) -> Statement:
    return Statement(
        path=path,
        body=body,
        allows=body.get("Effect") == "Allow",
        principals=tuple(_principals(body.get("Principal"))),
        actions=_texts(body.get("Action")),
        resources=_texts(body.get("Resource")),
        conditions=tuple(_conditions(body.get("Condition"))),
    )


def _principals(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield "*", value
    elif isinstance(value, Mapping):
        for kind, each in value.items():
            for text in _texts(each):
                yield kind, text


def _conditions(value: Any) -> Iterator[Condition]:
    # What is not known may demand anything.
    if isinstance(value, str):
        yield Condition("StringEquals", UNKNOWN, (UNKNOWN,))
    for operator, tests in value.items() if isinstance(value, Mapping) else ():
        if isinstance(tests, str):
            yield Condition(operator, UNKNOWN, (UNKNOWN,))
        for key, values in tests.items() if isinstance(tests, Mapping) else ():
            yield Condition(operator, key, _texts(values))


def _texts(value: Any) -> tuple[str, ...]:
    listed = value if isinstance(value, list) else [] if value is None else [value]
    return tuple(
        str(each).lower() if isinstance(each, bool) else str(each)
        for each in listed
        if isinstance(each, str | int | float)
    )


def matches(pattern: str, value: str) -> bool:
    """Tell whether an IAM pattern matches, whatever the case; ``*`` and ``?`` are wildcards."""
    return _matcher(pattern.lower()).fullmatch(value.lower()) is not None


@lru_cache(maxsize=1024)
def _matcher(pattern: str) -> re.Pattern[str]:
    return re.compile(re.escape(pattern).replace(r"\*", ".*").replace(r"\?", "."), re.DOTALL)


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
        assembly.memo[_ATTACHED] = _attachments(assembly)
    found: _Attached = assembly.memo[_ATTACHED]
    return found


def _attachments(assembly: TemplateSet) -> _Attached:
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
