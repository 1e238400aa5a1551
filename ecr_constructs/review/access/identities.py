"""What roles, users and groups may do, by all of the policies that they have."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from ecr_constructs.cloudformation.iam_policy import IDENTITY_TYPES
from ecr_constructs.cloudformation.intrinsics import UNKNOWN
from ecr_constructs.cloudformation.resource_types import (
    IDENTITIES,
    KEY,
    POLICIES,
    PUBLIC_REPOSITORY,
    REPOSITORY,
)
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.review.access.constraints import Demand, being
from ecr_constructs.review.access.grants import Grant, granted_to
from ecr_constructs.review.access.managed import aws_policies
from ecr_constructs.review.access.principal_set import IDENTITY, Audience
from ecr_constructs.review.access.report import Subject, compared
from ecr_constructs.review.access.unresolved import Doubt, doubt_of
from ecr_constructs.review.access.values import Pattern, pattern

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ecr_constructs.cloudformation.graph import Resource, TemplateSet
    from ecr_constructs.review.change import Change
    from ecr_constructs.review.comparison import Comparison, Pair

_ATTACHING = {
    "Roles": "role",
    "Users": "user",
    "Groups": "group",
    "RoleName": "role",
    "UserName": "user",
    "GroupName": "group",
}
_TARGETS = (REPOSITORY, PUBLIC_REPOSITORY, KEY)
_NO_DOUBT = Doubt(is_another=False, hides_statements=False)
_MANAGED = "AWS::IAM::ManagedPolicy"
_KINDS = dict(zip(IDENTITIES, ("role", "user", "group"), strict=True))
_OWN_NAMES = dict(zip(IDENTITIES, ("RoleName", "UserName", "GroupName"), strict=True))


class Identity(NamedTuple):
    """Somebody who has policies.

    Attributes:
        reference: The name, or a mark that names a resource; the same on both sides.
        called: What to call it: ``role Ci``.
    """

    reference: str
    called: str


class Identities:
    """Who has which policies, on one side."""

    def __init__(self, assembly: TemplateSet) -> None:
        """Keep what is asked."""
        self._assembly = assembly

    @cached_property
    def _policies(self) -> dict[str, list[Resource]]:
        found: dict[str, list[Resource]] = defaultdict(list)
        for policy in self._assembly.of_type(*POLICIES):
            for each in self.having(policy):
                found[each.reference].append(policy)
        return found

    @cached_property
    def _holders(self) -> dict[str, list[Identity]]:
        """Who names managed policies, by these policies' ARNs."""
        found: dict[str, list[Identity]] = defaultdict(list)
        for resource in self._assembly.of_type(*IDENTITIES):
            arns = resource.get("ManagedPolicyArns")
            for arn in arns if isinstance(arns, list) else ():
                if isinstance(arn, str):
                    found[arn].append(identity_of(resource))
        return found

    def having(self, resource: Resource) -> list[Identity]:
        """Return who has a policy; an identity has its own."""
        if resource.type in IDENTITIES:
            return [identity_of(resource)]
        found: list[Identity] = []
        for name, kind in _ATTACHING.items():
            value = resource.get(name)
            names = value if isinstance(value, list) else [value]
            found += [self._named(kind, each) for each in names if isinstance(each, str)]
        if resource.type == _MANAGED:
            own = str(resource.stack.attribute(resource.id, "Ref"))
            found += self._holders.get(own, [])
            found = found or [Identity(own, f"whoever has the policy {resource.id}")]
        return found

    def _named(self, kind: str, name: str) -> Identity:
        referred = self._assembly.referred_to(name)
        if referred is not None and referred.type in IDENTITIES:
            return identity_of(referred)
        return Identity(name, f"{kind} {name}")

    def exists(self, identity: Identity) -> bool:
        """Tell whether somebody is there; who is in no template is, wherever that may be."""
        referred = self._assembly.referred_to(identity.reference)
        if referred is not None:
            return referred.is_created
        return UNKNOWN in identity.reference or not is_unresolved(identity.reference)

    def grants(self, identity: Identity) -> list[Grant]:
        """Return what all policies of somebody say."""
        own = self._assembly.referred_to(identity.reference)
        resources = list(self._policies.get(identity.reference, ()))
        if own is not None:
            arns = own.get("ManagedPolicyArns")
            named = map(self._assembly.referred_to, arns if isinstance(arns, list) else ())
            resources += [own, *(each for each in named if each), *aws_policies(own)]
        part = (IDENTITY, being(Pattern(identity.called)))
        granted = [each for one in dict.fromkeys(resources) for each in granted_to(part, one)]
        return [_bounded(each, own) for each in granted]


def identity_of(resource: Resource) -> Identity:
    """Return who a role, user or group is."""
    reference = str(resource.stack.attribute(resource.id, "Ref"))
    name = resource.text(_OWN_NAMES[resource.type]) or resource.id
    return Identity(reference, f"{_KINDS[resource.type]} {name}")


def _bounded(grant: Grant, own: Resource | None) -> Grant:
    """Return what is left of a permission by a boundary, of which nobody knows what it holds."""
    boundary = own.get("PermissionsBoundary") if own is not None else None
    if boundary is None or not grant.allows:
        return grant
    limit = Demand("permits it:", frozenset({str(boundary)}))
    audience = Audience(grant.audience.parts | {("its boundary", limit)})
    return replace(grant, audience=audience)


def changes(comparison: Comparison, base: Identities, head: Identities) -> Iterator[Change]:
    """Yield what becomes of those whose policies are not the same on both sides.

    Args:
        comparison: Both sides.
        base: Who has which policies in base.
        head: Who has which in head.
    """
    pairs = list(comparison.of_type(*IDENTITY_TYPES))
    removed, new = _alone(comparison, "before"), _alone(comparison, "after")
    places = {each: pair for pair in pairs for each in (pair.before, pair.after) if each}
    for identity, touched in _touched(pairs, base, head).items():
        if not head.exists(identity):
            continue
        before = base.grants(identity) if base.exists(identity) else []
        after = head.grants(identity)
        subject = Subject(called=identity.called, pair=touched[0], pairs=places, names_itself=True)
        doubt = _doubt(touched) if before or after else _NO_DOUBT
        yield from compared(subject, _about(before, removed), _about(after, new), doubt)


def _touched(
    pairs: Sequence[Pair], base: Identities, head: Identities
) -> Mapping[Identity, list[Pair]]:
    """Return whose policies may differ, each with the places where they may."""
    found: dict[Identity, dict[int, Pair]] = defaultdict(dict)
    for number, pair in enumerate(pairs):
        for side, resource in ((head, pair.after), (base, pair.before)):
            for each in side.having(resource) if resource is not None else ():
                found[each][number] = pair
    return {identity: list(where.values()) for identity, where in found.items()}


def _doubt(pairs: Sequence[Pair]) -> Doubt:
    """Return what nobody knows of policies that are on both sides."""
    both = [each for each in pairs if each.sides is not None]
    doubts = [doubt_of(pair, name) for pair in both for name in ("PolicyDocument", "Policies")]
    return Doubt(
        any(each.is_another for each in doubts), any(each.hides_statements for each in doubts)
    )


def _alone(comparison: Comparison, side: str) -> frozenset[str]:
    """Return the ARNs of what is on one side only, and for which access is no news."""
    alone = [pair for pair in comparison.of_type(*_TARGETS) if pair.sides is None]
    resources = [getattr(each, side) for each in alone if getattr(each, side) is not None]
    return frozenset(pattern(str(each.stack.attribute(each.id, "Arn"))).text for each in resources)


def _about(grants: Sequence[Grant], without: frozenset[str]) -> list[Grant]:
    def named(grant: Grant) -> str:
        value = grant.what.value
        return value.text if isinstance(value, Pattern) else ""

    return [each for each in grants if named(each) not in without]
