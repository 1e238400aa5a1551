"""Compare what roles, users and groups may do, by all policies attached to them."""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from ecr_constructs.cloudformation.graph import Resource
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
from ecr_constructs.review.access.constraints import Constraint, Pattern, matching, pattern
from ecr_constructs.review.access.grants import Grant, Uncertainty, granted_to, uncertainty_of
from ecr_constructs.review.access.principal_set import IDENTITY, PrincipalSet
from ecr_constructs.review.access.report import Subject, compare_grants

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ecr_constructs.cloudformation.graph import TemplateSet
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
_NO_UNCERTAINTY = Uncertainty(differs=False, hides_statements=False)
_MANAGED = "AWS::IAM::ManagedPolicy"
_KINDS = dict(zip(IDENTITIES, ("role", "user", "group"), strict=True))
_OWN_NAMES = dict(zip(IDENTITIES, ("RoleName", "UserName", "GroupName"), strict=True))


class Identity(NamedTuple):
    """A role, user or group that policies are attached to.

    Attributes:
        reference: The name, or a reference to a resource; equal on both sides.
        label: The name in a sentence: ``role Ci``.
    """

    reference: str
    label: str


class Identities:
    """The identities of one side, and the policies attached to each."""

    def __init__(self, assembly: TemplateSet) -> None:
        """Read the identities of one side."""
        self._assembly = assembly

    @cached_property
    def _policies(self) -> dict[str, list[Resource]]:
        holders: dict[str, list[Resource]] = defaultdict(list)
        for policy in self._assembly.of_type(*POLICIES):
            for identity in self.holders_of(policy):
                holders[identity.reference].append(policy)
        return holders

    @cached_property
    def _holders(self) -> dict[str, list[Identity]]:
        """The identities that list a managed policy, by its ARN."""
        holders: dict[str, list[Identity]] = defaultdict(list)
        for resource in self._assembly.of_type(*IDENTITIES):
            arns = resource.get("ManagedPolicyArns")
            for arn in arns if isinstance(arns, list) else ():
                if isinstance(arn, str):
                    holders[arn].append(identity_of(resource))
        return holders

    def holders_of(self, resource: Resource) -> list[Identity]:
        """Return who holds a policy; an identity holds its inline policies."""
        if resource.type in IDENTITIES:
            return [identity_of(resource)]
        holders: list[Identity] = []
        for name, kind in _ATTACHING.items():
            value = resource.get(name)
            names = value if isinstance(value, list) else [value]
            holders += [self._named(kind, name) for name in names if isinstance(name, str)]
        if resource.type == _MANAGED:
            own = str(resource.stack.attribute(resource.id, "Ref"))
            holders += self._holders.get(own, [])
            holders = holders or [Identity(own, f"every holder of policy {resource.id}")]
        return holders

    def _named(self, kind: str, name: str) -> Identity:
        referred = self._assembly.referred_to(name)
        if referred is not None and referred.type in IDENTITIES:
            return identity_of(referred)
        return Identity(name, f"{kind} {name}")

    def exists(self, identity: Identity) -> bool:
        """Tell whether an identity exists; one that no template defines is assumed to exist."""
        referred = self._assembly.referred_to(identity.reference)
        if referred is not None:
            return referred.is_created
        return UNKNOWN in identity.reference or not is_unresolved(identity.reference)

    def grants(self, identity: Identity) -> list[Grant]:
        """Return the grants of all policies of an identity."""
        own = self._assembly.referred_to(identity.reference)
        resources = list(self._policies.get(identity.reference, ()))
        if own is not None:
            arns = own.get("ManagedPolicyArns")
            named = map(self._assembly.referred_to, arns if isinstance(arns, list) else ())
            resources += [own, *(policy for policy in named if policy), *aws_policies(own)]
        part = (IDENTITY, matching(Pattern(identity.label)))
        granted = [
            grant for resource in dict.fromkeys(resources) for grant in granted_to(part, resource)
        ]
        return [_bounded(grant, own) for grant in granted]


def identity_of(resource: Resource) -> Identity:
    """Return the identity of a role, user or group."""
    reference = str(resource.stack.attribute(resource.id, "Ref"))
    name = resource.text(_OWN_NAMES[resource.type]) or resource.id
    return Identity(reference, f"{_KINDS[resource.type]} {name}")


def _bounded(grant: Grant, own: Resource | None) -> Grant:
    """Limit a permission by a permissions boundary, whose content is unknown."""
    boundary = own.get("PermissionsBoundary") if own is not None else None
    if boundary is None or not grant.allows:
        return grant
    limit = Constraint("permits it:", frozenset({str(boundary)}))
    principals = PrincipalSet(grant.principals.parts | {("its boundary", limit)})
    return replace(grant, principals=principals)


def changes(comparison: Comparison, base: Identities, head: Identities) -> Iterator[Change]:
    """Yield the changes of access of identities whose policies differ.

    Args:
        comparison: Both sides.
        base: The identities of base.
        head: The identities of head.
    """
    pairs = list(comparison.of_type(*IDENTITY_TYPES))
    removed, new = _alone(comparison, "before"), _alone(comparison, "after")
    places = {
        resource: pair for pair in pairs for resource in (pair.before, pair.after) if resource
    }
    for identity, touched in _touched(pairs, base, head).items():
        if not head.exists(identity):
            continue
        before = base.grants(identity) if base.exists(identity) else []
        after = head.grants(identity)
        subject = Subject(label=identity.label, pair=touched[0], pairs=places, names_itself=True)
        uncertainty = _uncertainty(touched) if before or after else _NO_UNCERTAINTY
        yield from compare_grants(subject, _about(before, removed), _about(after, new), uncertainty)


def _touched(
    pairs: Sequence[Pair], base: Identities, head: Identities
) -> Mapping[Identity, list[Pair]]:
    """Return the identities whose policies may differ, with the resources that may differ."""
    holders: dict[Identity, dict[int, Pair]] = defaultdict(dict)
    for number, pair in enumerate(pairs):
        for side, resource in ((head, pair.after), (base, pair.before)):
            for identity in side.holders_of(resource) if resource is not None else ():
                holders[identity][number] = pair
    return {identity: list(where.values()) for identity, where in holders.items()}


def _uncertainty(pairs: Sequence[Pair]) -> Uncertainty:
    """Return what is unknown about policies that are on both sides."""
    both = [pair for pair in pairs if pair.sides is not None]
    uncertainties = [
        uncertainty_of(pair, name) for pair in both for name in ("PolicyDocument", "Policies")
    ]
    return Uncertainty(
        any(uncertainty.differs for uncertainty in uncertainties),
        any(uncertainty.hides_statements for uncertainty in uncertainties),
    )


def _alone(comparison: Comparison, side: str) -> frozenset[str]:
    """Return the ARNs of resources on one side only; access to them is not reported."""
    alone = [pair for pair in comparison.of_type(*_TARGETS) if pair.sides is None]
    resources = [getattr(pair, side) for pair in alone if getattr(pair, side) is not None]
    return frozenset(
        pattern(str(resource.stack.attribute(resource.id, "Arn"))).text for resource in resources
    )


def _about(grants: Sequence[Grant], without: frozenset[str]) -> list[Grant]:
    def named(grant: Grant) -> str:
        value = grant.what.value
        return value.text if isinstance(value, Pattern) else ""

    return [grant for grant in grants if named(grant) not in without]


_AWS_POLICY = re.compile(r"arn:[^:]+:iam::aws:policy/(?:[\w-]+/)*(?P<name>[\w-]+)")
_PULL = (
    "ecr:GetAuthorizationToken",
    "ecr:BatchGetImage",
    "ecr:GetDownloadUrlForLayer",
)
_READ = (
    *_PULL,
    "ecr:BatchCheckLayerAvailability",
    "ecr:GetRepositoryPolicy",
    "ecr:DescribeRepositories",
    "ecr:ListImages",
    "ecr:DescribeImages",
    "ecr:GetLifecyclePolicy",
    "ecr:GetLifecyclePolicyPreview",
    "ecr:ListTagsForResource",
    "ecr:DescribeImageScanFindings",
)
_WRITE = (
    "ecr:InitiateLayerUpload",
    "ecr:UploadLayerPart",
    "ecr:CompleteLayerUpload",
    "ecr:PutImage",
)
_ALLOWED = {
    "AdministratorAccess": ("*",),
    "AmazonEC2ContainerRegistryFullAccess": ("ecr:*",),
    "AmazonEC2ContainerRegistryPowerUser": (*_READ, *_WRITE),
    "AmazonEC2ContainerRegistryReadOnly": _READ,
    "AmazonEC2ContainerRegistryPullOnly": (*_PULL, "ecr:BatchImportUpstreamImage"),
    "AmazonECSTaskExecutionRolePolicy": (*_PULL, "ecr:BatchCheckLayerAvailability"),
    "AmazonElasticContainerRegistryPublicFullAccess": ("ecr-public:*",),
}


def aws_policies(identity: Resource) -> Iterator[Resource]:
    """Yield the AWS managed policies of an identity, as if its template defined them.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/security-iam-awsmanpol.html
    """
    arns = identity.get("ManagedPolicyArns")
    for arn in arns if isinstance(arns, list) else ():
        match = _AWS_POLICY.fullmatch(arn) if isinstance(arn, str) else None
        if match and match["name"] in _ALLOWED:
            statement = {
                "Effect": "Allow",
                "Action": list(_ALLOWED[match["name"]]),
                "Resource": "*",
            }
            body = {
                "Type": "AWS::IAM::ManagedPolicy",
                "Properties": {"PolicyDocument": {"Statement": statement}},
            }
            yield Resource(identity.stack, identity.id, body)
