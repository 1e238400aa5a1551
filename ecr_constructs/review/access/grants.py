"""What policies say, as who may, or must not, do what with what."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from ecr_constructs.cloudformation.iam_policy import policies_of
from ecr_constructs.cloudformation.resource_types import PUBLIC_REPOSITORY, REPOSITORY
from ecr_constructs.review.access.capabilities import actions_in
from ecr_constructs.review.access.constraints import Demand, being, but, implies
from ecr_constructs.review.access.principal_set import Audience, Part, audiences, conditioned
from ecr_constructs.review.access.values import ANYTHING, Pattern, pattern, within

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ecr_constructs.cloudformation.graph import Resource, TemplateSet
    from ecr_constructs.cloudformation.iam_policy import Policy, Statement

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
EVERYTHING = being(ANYTHING)


@dataclass(frozen=True, slots=True)
class Grant:
    """Something that is allowed or denied.

    Attributes:
        allows: Whether it is allowed.
        audience: To whom.
        what: On which resources; on `EVERYTHING` where a policy speaks of its own.
        actions: What.
        origin: The resource whose policy says so.
    """

    allows: bool
    audience: Audience
    what: Demand
    actions: frozenset[str]
    origin: Resource = field(compare=False)


def grants_of(resource: Resource, kind: str) -> Iterator[Grant]:
    """Yield what the policies of a resource say of others.

    Args:
        resource: A repository, a template, a registry policy, a key or a role.
        kind: What kind of policy to read; see `checks.policies.Policy`.
    """
    for policy in policies_of(resource):
        for statement in policy.statements if policy.kind == kind else ():
            whats = _whats(statement) if kind == "registry" else [EVERYTHING]
            actions = _actions(policy, statement)
            for audience in audiences(resource.assembly, statement) if actions else ():
                for what in whats:
                    yield Grant(_allows(statement), audience, what, actions, resource)


def granted_to(identity: Part, resource: Resource) -> Iterator[Grant]:
    """Yield what the policies of a resource say of an identity that they are attached to.

    Args:
        identity: Who it is.
        resource: A role, user or group, or a policy.
    """
    for policy in policies_of(resource):
        for statement in policy.statements if policy.kind == "identity" else ():
            yield from _granted(identity, resource, statement)


def _granted(identity: Part, resource: Resource, statement: Statement) -> Iterator[Grant]:
    for service in _SERVICES["identity"]:
        actions = actions_in(statement, service)
        whats = [each for each in _whats(statement) if _is_about(resource.assembly, each, service)]
        for audience in conditioned(resource.assembly, statement, identity) if actions else ():
            for what in whats:
                yield Grant(_allows(statement), audience, what, actions, resource)


def _allows(statement: Statement) -> bool:
    # Of an effect that is not known, the audience says so.
    return statement.body.get("Effect") != "Deny"


def _actions(policy: Policy, statement: Statement) -> frozenset[str]:
    return frozenset().union(*(actions_in(statement, each) for each in _SERVICES[policy.kind]))


def _whats(statement: Statement) -> list[Demand]:
    if "NotResource" in statement.body:
        excluded = statement.body["NotResource"]
        listed = excluded if isinstance(excluded, list) else [excluded]
        return [but(pattern(each) for each in listed if isinstance(each, str))]
    return [being(pattern(each)) for each in statement.resources]


def _is_about(assembly: TemplateSet, what: Demand, service: str) -> bool:
    """Tell whether resources are repositories, or keys that repositories are encrypted with."""
    if service == "kms":
        return any(implies(being(each), what) for each in keys_in(assembly))
    if not isinstance(what.value, Pattern):
        return True
    if (referred := assembly.referred_to(what.value.text)) is not None:
        return referred.type.startswith(_REPOSITORIES_OR_ANYTHING)
    parts = what.value.text.split(":")
    named = parts[_SERVICE_PART] if len(parts) > _SERVICE_PART else "*"
    return within(Pattern(service), pattern(named)) is not False


def keys_in(assembly: TemplateSet) -> frozenset[Pattern]:
    """Return the keys that repositories are encrypted with, by their ARNs."""
    if "ecr keys" not in assembly.memo:
        keys = (
            each.get("EncryptionConfiguration", "KmsKey") for each in assembly.of_type(REPOSITORY)
        )
        found = frozenset(pattern(each, wild=False) for each in keys if isinstance(each, str))
        assembly.memo["ecr keys"] = found
    known: frozenset[Pattern] = assembly.memo["ecr keys"]
    return known
