"""Read policies as grants: which principals may do which actions on which resources."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

from ecr_constructs.cloudformation.iam_policy import policies_of
from ecr_constructs.cloudformation.intrinsics import UNKNOWN
from ecr_constructs.cloudformation.resource_types import PUBLIC_REPOSITORY, REPOSITORY
from ecr_constructs.model.lifecycle.json_text import compact
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.review.access.capabilities import actions_in
from ecr_constructs.review.access.constraints import (
    ANYTHING,
    Constraint,
    Pattern,
    excluding,
    implies,
    matching,
    pattern,
    within,
)
from ecr_constructs.review.access.principal_set import (
    Part,
    PrincipalSet,
    conditioned,
    principal_sets,
)

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ecr_constructs.cloudformation.graph import Resource, TemplateSet
    from ecr_constructs.cloudformation.iam_policy import Policy, Statement
    from ecr_constructs.review.comparison import Pair

_SERVICES = {
    "repository": ("ecr",),
    "public repository": ("ecr-public",),
    "registry": ("ecr",),
    "key": ("kms",),
    "trust": ("sts",),
    "identity": ("ecr", "ecr-public", "kms"),
}
# Nested stacks and custom resources may give the ARN of anything.
_REPOSITORIES_OR_ANYTHING = (
    REPOSITORY,
    PUBLIC_REPOSITORY,
    "AWS::CloudFormation::",
    "Custom::",
)
_SERVICE_PART = 2
EVERYTHING = matching(ANYTHING)


@dataclass(frozen=True, slots=True)
class Grant:
    """Actions that a policy allows or denies.

    Attributes:
        allows: Whether they are allowed.
        principals: The principals that the statement applies to.
        what: The resources; `EVERYTHING` for the policy of a single resource.
        actions: The actions.
        origin: The resource that holds the policy.
    """

    allows: bool
    principals: PrincipalSet
    what: Constraint
    actions: frozenset[str]
    origin: Resource = field(compare=False)


def grants_of(resource: Resource, kind: str) -> Iterator[Grant]:
    """Yield the grants in the policies of a resource.

    Args:
        resource: A repository, a template, a registry policy, a key or a role.
        kind: The kind of policy to read: `Policy.kind` of `cloudformation.iam_policy`.
    """
    for policy in policies_of(resource):
        for statement in policy.statements if policy.kind == kind else ():
            resources = _resources(statement) if kind == "registry" else [EVERYTHING]
            actions = _actions(policy, statement)
            for principals in principal_sets(resource.assembly, statement) if actions else ():
                for what in resources:
                    yield Grant(_allows(statement), principals, what, actions, resource)


def granted_to(identity: Part, resource: Resource) -> Iterator[Grant]:
    """Yield the grants of an identity in a resource's policies.

    Args:
        identity: The identity that the policies are attached to.
        resource: A role, user or group, or a policy.
    """
    for policy in policies_of(resource):
        for statement in policy.statements if policy.kind == "identity" else ():
            yield from _granted(identity, resource, statement)


def _granted(identity: Part, resource: Resource, statement: Statement) -> Iterator[Grant]:
    for service in _SERVICES["identity"]:
        actions = actions_in(statement, service)
        resources = [
            constraint
            for constraint in _resources(statement)
            if _is_about(resource.assembly, constraint, service)
        ]
        for principals in conditioned(resource.assembly, statement, identity) if actions else ():
            for what in resources:
                yield Grant(_allows(statement), principals, what, actions, resource)


def _allows(statement: Statement) -> bool:
    # An unknown effect is a constraint of the principal set.
    return statement.body.get("Effect") != "Deny"


def _actions(policy: Policy, statement: Statement) -> frozenset[str]:
    return frozenset().union(
        *(actions_in(statement, service) for service in _SERVICES[policy.kind])
    )


def _resources(statement: Statement) -> list[Constraint]:
    if "NotResource" in statement.body:
        excluded = statement.body["NotResource"]
        listed = excluded if isinstance(excluded, list) else [excluded]
        return [excluding(pattern(text) for text in listed if isinstance(text, str))]
    return [matching(pattern(text)) for text in statement.resources]


def _is_about(assembly: TemplateSet, what: Constraint, service: str) -> bool:
    """Tell whether resources may be repositories, or keys that encrypt repositories."""
    if service == "kms":
        return any(implies(matching(key), what) for key in keys_in(assembly))
    if not isinstance(what.value, Pattern):
        return True
    if (referred := assembly.referred_to(what.value.text)) is not None:
        return referred.type.startswith(_REPOSITORIES_OR_ANYTHING)
    parts = what.value.text.split(":")
    named = parts[_SERVICE_PART] if len(parts) > _SERVICE_PART else "*"
    return within(Pattern(service), pattern(named)) is not False


def keys_in(assembly: TemplateSet) -> frozenset[Pattern]:
    """Return the ARNs of the keys that encrypt repositories."""
    if "ecr keys" not in assembly.memo:
        keys = (
            repository.get("EncryptionConfiguration", "KmsKey")
            for repository in assembly.of_type(REPOSITORY)
        )
        arns = frozenset(pattern(key, wild=False) for key in keys if isinstance(key, str))
        assembly.memo["ecr keys"] = arns
    ecr_keys: frozenset[Pattern] = assembly.memo["ecr keys"]
    return ecr_keys


# The keys that hold policies and their statements.
_STRUCTURE = ("PolicyDocument", "Statement")


class Uncertainty(NamedTuple):
    """What is unknown about a policy change before the deployment.

    Attributes:
        differs: Whether the unknown parts of both sides differ.
        hides_statements: Whether they are whole statements rather than values in statements.
    """

    differs: bool
    hides_statements: bool


def uncertainty_of(pair: Pair, name: str) -> Uncertainty:
    """Return what is unknown about a property that holds policies."""
    gaps = [frozenset(_gaps(value)) for value in pair.values(name)]
    parts = [unresolved_parts(side, name) for side in (pair.before, pair.after)]
    differs = gaps[0] != gaps[1] or parts[0] != parts[1]
    return Uncertainty(differs, differs and any(gaps))


def unresolved_parts(resource: Resource | None, name: str) -> frozenset[str]:
    """Return the functions in a property whose values are unknown, as they are written."""
    written = resource.body.get("Properties") if resource is not None else None
    if resource is None or not isinstance(written, Mapping):
        return frozenset()
    return frozenset(_unknown(resource, written.get(name)))


def _unknown(resource: Resource, value: Any) -> Iterator[str]:
    if isinstance(value, list):
        for item in value:
            yield from _unknown(resource, item)
    elif isinstance(value, Mapping):
        inside = [part for item in value.values() for part in _unknown(resource, item)]
        resolved = resource.stack.resolver.resolve(value)
        # Report the innermost function: a whole policy may be the result of Fn::Sub.
        yield from inside or ([compact(value)] if resolved == UNKNOWN else [])


def _gaps(value: Any) -> Iterator[str]:
    """Yield the unknown values in place of a policy or a statement."""
    if isinstance(value, str) and is_unresolved(value):
        try:
            value = json.loads(value)
        except (ValueError, RecursionError):
            yield value
    if isinstance(value, list):
        for item in value:
            yield from _gaps(item)
    elif isinstance(value, Mapping):
        for key in _STRUCTURE:
            yield from _gaps(value.get(key))
