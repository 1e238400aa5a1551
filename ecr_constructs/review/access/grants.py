"""Read policies as grants: which principals may do which actions on which resources.

Principals and conditions of a statement are one set of requests.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from ecr_constructs.cloudformation.iam_policy import policies_of
from ecr_constructs.cloudformation.intrinsics import marks_in
from ecr_constructs.cloudformation.resource_types import PUBLIC_REPOSITORY, REPOSITORY
from ecr_constructs.model.json_reading import JsonError, read_json
from ecr_constructs.model.json_text import compact
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.review.access.capabilities import ON_ROLES, SERVICES, actions_in
from ecr_constructs.review.access.constraints import Constraint, excluding, implies, matching
from ecr_constructs.review.access.principals import Part, PrincipalSet, expanded, principal_sets
from ecr_constructs.review.access.values import ANYTHING, Pattern, pattern, within

if TYPE_CHECKING:
    from ecr_constructs.cloudformation.graph import Resource, TemplateSet
    from ecr_constructs.cloudformation.iam_policy import Statement
    from ecr_constructs.review.comparison import Pair

_SERVICES = {
    "repository": ("ecr",),
    "public repository": ("ecr-public",),
    "registry": ("ecr",),
    "key": ("kms",),
    "trust": ("sts",),
    "identity": SERVICES,
}
# An identity policy decides about these actions on roles; a trust policy about the others.
_ON_ROLES = frozenset[str]().union(*ON_ROLES)
# Nested stacks and custom resources may give the ARN of anything.
_REPOSITORIES_OR_ANYTHING = (REPOSITORY, PUBLIC_REPOSITORY, "AWS::CloudFormation::", "Custom::")
_SERVICE_PART = 2
EVERYTHING = matching(ANYTHING)


@dataclass(frozen=True, slots=True)
class Grant:
    """Actions that the policy of `origin` allows or denies.

    Attributes:
        what: The resources; `EVERYTHING` for the policy of a single resource.
        statement: The statement. None: several statements give it.
    """

    allows: bool
    principals: PrincipalSet
    what: Constraint
    actions: frozenset[str]
    origin: Resource = field(compare=False)
    statement: Statement | None = field(default=None, compare=False)


def grants_of(resource: Resource, kind: str, identity: Part | None = None) -> Iterator[Grant]:
    """Yield the grants in the policies of a resource.

    Args:
        resource: A repository, a template, a registry policy, a key, a role or its policy.
        kind: The kind of policy to read: `Policy.kind` of `cloudformation.iam_policy`.
        identity: The identity that policies of the kind ``identity`` are attached to.
    """
    for policy in policies_of(resource):
        for statement in policy.statements if policy.kind == kind else ():
            # An unknown effect is a constraint of the principal set.
            allows = statement.body.get("Effect") != "Deny"
            for service in _SERVICES[kind]:
                actions = actions_in(statement, service)
                if kind == "identity" and service in ("sts", "iam"):
                    actions &= _ON_ROLES
                if actions:
                    resources = _resources(resource.assembly, statement, kind, service)
                    for principals in principal_sets(resource.assembly, statement, identity):
                        for what in resources:
                            yield Grant(allows, principals, what, actions, resource, statement)


def _resources(
    assembly: TemplateSet, statement: Statement, kind: str, service: str
) -> list[Constraint]:
    if kind not in ("registry", "identity"):
        return [EVERYTHING]
    read = partial(_named, assembly) if service in ("sts", "iam") else pattern
    resources = [matching(read(text)) for text in statement.resources]
    if "NotResource" in statement.body:
        excluded = statement.body["NotResource"]
        listed = excluded if isinstance(excluded, list) else [excluded]
        resources = [excluding(read(text) for text in listed if isinstance(text, str))]
    return [what for what in resources if kind == "registry" or _is_about(assembly, what, service)]


def _named(assembly: TemplateSet, text: str) -> Pattern:
    """Return the pattern of a role, by its future ARN if a template defines it."""
    return pattern(expanded(assembly, text))


def _is_about(assembly: TemplateSet, what: Constraint, service: str) -> bool:
    """Tell whether resources may be repositories, or keys that encrypt repositories."""
    if service in ("sts", "iam"):
        # Only the caller knows the roles that have access to images.
        return True
    if service == "kms":
        return any(implies(matching(key), what) for key in _keys_in(assembly))
    if not isinstance(what.value, Pattern):
        return True
    if (referred := assembly.referred_to(what.value.text)) is not None:
        return referred.type.startswith(_REPOSITORIES_OR_ANYTHING)
    parts = what.value.text.split(":")
    named = parts[_SERVICE_PART] if len(parts) > _SERVICE_PART else "*"
    return within(Pattern(service), pattern(named)) is not False


def _keys_in(assembly: TemplateSet) -> frozenset[Pattern]:
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


def is_about(narrow: Constraint, wide: Constraint) -> bool | None:
    """Tell whether resources are among others; None if that is unknown."""
    return True if wide == EVERYTHING else implies(narrow, wide)


class Uncertainty(NamedTuple):
    """Whether unknown parts of policies differ, and which side they hide statements of."""

    differs: bool
    hides_before: bool
    hides_after: bool


def uncertainty_of(pair: Pair, name: str) -> Uncertainty:
    """Return what is unknown about a property that holds policies."""
    gaps = [frozenset(gaps_in(value)) for value in pair.values(name)]
    parts = [marks_in(value) for value in pair.values(name)]
    # What a new resource refers to is part of its grants.
    differs = gaps[0] != gaps[1] or (pair.before is not None and parts[0] != parts[1])
    return Uncertainty(differs, differs and bool(gaps[0]), differs and bool(gaps[1]))


def gaps_in(value: Any) -> Iterator[str]:
    """Yield the unknown values in place of a policy or a statement."""
    if isinstance(value, str) and is_unresolved(value):
        try:
            value = read_json(value)
        except JsonError:
            yield value
    if isinstance(value, list):
        for item in value:
            yield from gaps_in(item)
    elif isinstance(value, Mapping):
        # A transform adds to what is next to it.
        yield from (compact(part) for key, part in value.items() if str(key).startswith("Fn::"))
        for key in ("PolicyDocument", "Statement"):
            yield from gaps_in(value.get(key))
