"""Policies of any kind with uniform statements, and the permissions of roles."""

import re
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from ecr_constructs.cloudformation.graph import Resource, TemplateSet
from ecr_constructs.cloudformation.resource_types import (
    CREATION_TEMPLATE,
    IDENTITIES,
    KEY,
    MANAGED_POLICY,
    POLICIES,
    PUBLIC_REPOSITORY,
    QUEUE_POLICIES,
    REGISTRY_POLICY,
    REPOSITORY,
    ROLE,
    TOPIC_POLICIES,
)
from ecr_constructs.cloudformation.template import Place
from ecr_constructs.model.json_reading import JsonError, read_json
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.model.wildcards import matcher

POLICY_PROPERTIES = {
    REPOSITORY: ("repository", "RepositoryPolicyText"),
    PUBLIC_REPOSITORY: ("public repository", "RepositoryPolicyText"),
    CREATION_TEMPLATE: ("repository", "RepositoryPolicy"),
    REGISTRY_POLICY: ("registry", "PolicyText"),
    KEY: ("key", "KeyPolicy"),
    **dict.fromkeys(TOPIC_POLICIES, ("topic", "PolicyDocument")),
    **dict.fromkeys(QUEUE_POLICIES, ("queue", "PolicyDocument")),
    **dict.fromkeys(POLICIES, ("identity", "PolicyDocument")),
}
# The properties that have policies in them, of all these types.
POLICY_SOURCES = tuple(
    sorted(
        {name for _, name in POLICY_PROPERTIES.values()} | {"AssumeRolePolicyDocument", "Policies"}
    )
)
RESOURCE_POLICY_TYPES = (REPOSITORY, PUBLIC_REPOSITORY, CREATION_TEMPLATE, REGISTRY_POLICY)
IDENTITY_TYPES = (*POLICIES, *IDENTITIES)
# In policies of any other version, which is also the default, variables are text.
# https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_version.html
WITH_VARIABLES = "2012-10-17"
# A dollar sign that begins no variable; a mark of an unresolved value is no variable.
DOLLAR = "${$}"
_BEGINS_VARIABLE = re.compile(r"\$(?=\{(?!Token\[|\$\}))")
_WITH_VALUES = ("Condition", "Resource", "NotResource")


@dataclass(frozen=True, slots=True)
class Condition:
    """One test in the conditions of a statement; all of them must be true.

    Attributes:
        operator: ``StringEquals``, as written.
        key: ``aws:PrincipalOrgID``, as written.
        values: The allowed values, any of which must match; unresolved ones are marks.
    """

    operator: str
    key: str
    values: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Statement:
    """A statement of a policy, resolved; its place is below the resource.

    What looks like a policy variable and is not one, because of the version of the policy, begins
    with `DOLLAR`.

    Attributes:
        principals: The principals as type and value: ``("AWS", "*")``.
    """

    path: Place
    body: Mapping[str, Any]
    allows: bool
    principals: tuple[tuple[str, str], ...]
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    conditions: tuple[Condition, ...]

    def may(self, action: str) -> bool:
        """Tell whether the statement covers an action; unresolved actions may."""
        if "NotAction" in self.body:
            return not any(matches(name, action) for name in self.excluded_actions)
        return any(is_unresolved(name) or matches(name, action) for name in self.actions)

    @property
    def excluded_actions(self) -> tuple[str, ...]:
        """The action patterns of ``NotAction``."""
        return _texts(self.body.get("NotAction"))

    @property
    def excluded_resources(self) -> tuple[str, ...]:
        """The resource patterns of ``NotResource``."""
        return _texts(self.body.get("NotResource"))

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
        path: The place below the resource.
        document: The document; None for text that is not JSON.
        text: The text, if the policy is a literal string.
        statements: The statements that are not unresolved.
    """

    kind: str
    path: Place
    document: Any
    text: str | None
    statements: tuple[Statement, ...]


def policies_of(resource: Resource) -> tuple[Policy, ...]:
    """Return the policies of a resource, except unresolved ones."""
    return resource.memoized(_shared_policies)


def is_policy_known(resource: Resource, name: str, *path: str | int) -> bool:
    """Tell whether the policy at a place and all its statements are resolved."""
    document = resource.get(name, *path)
    content = document.get("Statement") if isinstance(document, Mapping) else None
    if isinstance(document, str):
        return not is_unresolved(document)
    statements = content if isinstance(content, list) else [content]
    return all(isinstance(statement, Mapping) for statement in statements)


def statements_of(resource: Resource) -> Iterator[Statement]:
    """Yield the statements of all policies of a resource."""
    return (statement for policy in policies_of(resource) for statement in policy.statements)


def allowed(resource: Resource) -> Iterator[Statement]:
    """Yield the statements of a resource's policies that allow something."""
    return (statement for statement in statements_of(resource) if statement.allows)


def grants(
    statements: Iterable[Statement], action: str, is_principal: Callable[[str], bool]
) -> bool:
    """Tell whether one of the statements may allow an action to a principal."""
    return any(
        statement.may(action)
        and any(
            value == "*" or is_principal(value) or is_unresolved(value)
            for _, value in statement.principals
        )
        for statement in statements
    )


def _shared_policies(resource: Resource) -> tuple[Policy, ...]:
    return resource.shared(POLICY_SOURCES, _policies)


def _policies(resource: Resource) -> tuple[Policy, ...]:
    return tuple(_read(resource))


def _read(resource: Resource) -> Iterator[Policy]:
    if resource.type in POLICY_PROPERTIES:
        kind, name = POLICY_PROPERTIES[resource.type]
        yield from read_policy(kind, ("Properties", name), resource.get(name))
    if resource.type == ROLE:
        document = resource.get("AssumeRolePolicyDocument")
        yield from read_policy("trust", ("Properties", "AssumeRolePolicyDocument"), document)
    if resource.type in IDENTITIES:
        for index, inline in resource.mappings("Policies"):
            path = ("Properties", "Policies", index, "PolicyDocument")
            yield from read_policy("identity", path, inline.get("PolicyDocument"))


def read_policy(kind: str, path: Place, value: Any) -> Iterator[Policy]:
    """Yield the policy of a value at a place below a resource, unless it is unresolved."""
    document, text = value, None
    if isinstance(value, str):
        document = _parsed(value)
        # The text can be the result of Fn::Sub with unresolved parts.
        if is_unresolved(value) and document is None:
            return
        text = None if is_unresolved(value) else value
    if isinstance(value, Mapping | str):
        yield Policy(kind, path, document, text, tuple(_statements(path, document)))


def _statements(path: Place, document: Any) -> Iterator[Statement]:
    if not isinstance(document, Mapping):
        return
    content, version = document.get("Statement"), str(document.get("Version"))
    is_text = version != WITH_VARIABLES and not is_unresolved(version)
    bodies = enumerate(content) if isinstance(content, list) else [(None, content)]
    for index, body in bodies:
        if isinstance(body, Mapping):
            place = (*path, "Statement") if index is None else (*path, "Statement", index)
            yield _statement(place, _without_variables(body) if is_text else body)


def _without_variables(body: Mapping[str, Any]) -> dict[str, Any]:
    """Return a statement in which policy variables are marked as text."""
    return {
        name: _as_text(value) if name in _WITH_VALUES else value for name, value in body.items()
    }


def _as_text(value: Any) -> Any:
    match value:
        case str():
            return _BEGINS_VARIABLE.sub(DOLLAR, value)
        case list():
            return [*map(_as_text, value)]
        case Mapping():
            return {key: _as_text(item) for key, item in value.items()}
    return value


def _parsed(text: str) -> Any:
    try:
        return read_json(text)
    except JsonError:
        return None


def _statement(path: Place, body: Mapping[str, Any]) -> Statement:
    return Statement(
        path=path,
        body=body,
        allows=body.get("Effect") == "Allow",
        principals=tuple(_principals(body.get("Principal"))),
        actions=_texts(body.get("Action")),
        resources=_texts(body.get("Resource")),
        conditions=tuple(conditions_in(body.get("Condition"))),
    )


def _principals(value: Any) -> Iterator[tuple[str, str]]:
    if isinstance(value, str):
        yield "*", value
    elif isinstance(value, Mapping):
        for kind, names in value.items():
            for text in _texts(names):
                yield kind, text


def conditions_in(value: Any) -> Iterator[Condition]:
    """Yield each test in the conditions of a statement."""
    # An unresolved condition can require any value.
    if isinstance(value, str):
        yield Condition("StringEquals", value, (value,))
    for operator, tests in value.items() if isinstance(value, Mapping) else ():
        if isinstance(tests, str):
            yield Condition(operator, tests, (tests,))
        for key, values in tests.items() if isinstance(tests, Mapping) else ():
            yield Condition(operator, key, _texts(values))


def _texts(value: Any) -> tuple[str, ...]:
    items = value if isinstance(value, list) else [] if value is None else [value]
    return tuple(
        str(item).lower() if isinstance(item, bool) else str(item)
        for item in items
        if isinstance(item, str | int | float)
    )


def matches(pattern: str, value: str) -> bool:
    """Tell whether an IAM pattern matches, whatever the case; ``*`` and ``?`` are wildcards."""
    return matcher(pattern.lower(), single=".")(value.lower())


class Permissions(NamedTuple):
    """The statements that allow a role something, and whether these are all of them."""

    statements: Sequence[Statement]
    is_known: bool

    def lack(self, action: str) -> bool:
        """Tell whether the role definitely does not have a permission."""
        return self.is_known and not any(item.may(action) for item in self.statements)


class _Attached(NamedTuple):
    by_role: Mapping[Resource, Sequence[Resource]]
    by_name: Mapping[str, Sequence[Resource]]
    to_anyone: bool


def permissions_of(role: Resource) -> Permissions:
    """Return the permissions of a role.

    They come from inline policies, managed policies that the role names, and policies that name
    the role. The content of AWS managed policies, and of any defined elsewhere, is unknown.
    """
    attached = role.assembly.memoized(_attachments)
    name = role.text("RoleName")
    is_known = role.is_known and not attached.to_anyone and not is_unresolved(role.get("RoleName"))
    policies = [*attached.by_role.get(role, ()), *attached.by_name.get(name or "", ())]
    statements = [statement for statement in allowed(role) if "Policies" in statement.path]
    inline = role.get("Policies")
    is_known = is_known and isinstance(inline, list | None)
    for index, _ in enumerate(inline if isinstance(inline, list) else ()):
        is_known = is_known and is_policy_known(role, "Policies", index, "PolicyDocument")
    managed = role.get("ManagedPolicyArns")
    for arn in managed if isinstance(managed, list) else [managed] if managed else []:
        policy = role.assembly.referred_to(arn)
        is_known = is_known and policy is not None and policy.type == MANAGED_POLICY
        policies += [policy] if policy is not None else []
    for policy in policies:
        is_known = is_known and is_policy_known(policy, "PolicyDocument")
        statements += allowed(policy)
    return Permissions(statements, is_known)


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
