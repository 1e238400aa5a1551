"""Report whose access to images is widened, and whose is narrowed.

Resource policies are compared one by one; roles, users and groups by all policies attached to them.
"""

from __future__ import annotations

import re
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

from ecr_constructs.cloudformation.graph import Resource
from ecr_constructs.cloudformation.iam_policy import (
    IDENTITY_TYPES,
    POLICY_PROPERTIES,
    RESOURCE_POLICY_TYPES,
)
from ecr_constructs.cloudformation.intrinsics import has_unknown
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
)
from ecr_constructs.model.lifecycle.json_text import compact
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.review.access.constraints import Constraint, Pattern, matching, pattern
from ecr_constructs.review.access.grants import (
    IDENTITY,
    IDENTITY_NAMES,
    Grant,
    PrincipalSet,
    Uncertainty,
    grants_of,
    uncertainty_of,
)
from ecr_constructs.review.access.report import Subject, compare_grants, describe_grants, openings

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ecr_constructs.cloudformation.graph import TemplateSet
    from ecr_constructs.review.change import Change
    from ecr_constructs.review.comparison import Comparison, Pair


def changes(comparison: Comparison) -> Iterator[Change]:
    """Yield whose access is widened and whose is narrowed, worst first."""
    base, head = (_Identities(side) for side in (comparison.base, comparison.head))
    access_changes = [
        *_resource_changes(comparison),
        *_identity_changes(comparison, base, head),
        *_trust_changes(comparison, base, head),
    ]
    yield from sorted(access_changes, key=lambda change: change.order)


def _resource_changes(comparison: Comparison) -> Iterator[Change]:
    for pair in comparison.of_type(*RESOURCE_POLICY_TYPES, KEY):
        kind, name = POLICY_PROPERTIES[pair.type]
        if pair.type != KEY or any(
            resource.assembly.serves_ecr(resource)
            for resource in (pair.before, pair.after)
            if resource is not None
        ):
            subject = Subject(label=_label(pair), pair=pair, properties=(name,))
            yield from _policy_changes(subject, kind)


def _label(pair: Pair) -> str:
    return {
        CREATION_TEMPLATE: f"repositories created under {pair.label}",
        REGISTRY_POLICY: "the registry",
        KEY: f"key {pair.resource.id}",
    }.get(pair.type, pair.label)


def _policy_changes(subject: Subject, kind: str) -> Iterator[Change]:
    """Yield the changes of access by the one policy that the subject's property holds."""
    pair, name = subject.pair, subject.properties[0]
    values = pair.values(name)
    if values[0] == values[1] and not is_unresolved(compact(values[0])):
        return
    before, after = (
        list(grants_of(resource, kind)) if resource is not None else []
        for resource in (pair.before, pair.after)
    )
    # A registry exists with and without a policy.
    if pair.sides is None and kind != "registry":
        yield from openings(subject, after)
    else:
        yield from compare_grants(subject, before, after, uncertainty_of(pair, name))


def _trust_changes(
    comparison: Comparison, base: _Identities, head: _Identities
) -> Iterator[Change]:
    """Yield the changes of the trust policies of roles with access to images."""
    for pair in comparison.of_type(ROLE):
        before = base.grants(_identity_of(pair.before)) if pair.before else []
        grants = (head.grants(_identity_of(pair.after)) if pair.after else []) or before
        if grants:
            subject = Subject(
                label=_identity_of(pair.resource).label,
                pair=pair,
                properties=("AssumeRolePolicyDocument",),
                details=(f"Principals that assume it {describe_grants(grants)}.",),
            )
            yield from _policy_changes(subject, "trust")


_ATTACHING = {
    f"{kind.title()}{ending}": kind
    for ending in ("s", "Name")
    for kind in ("role", "user", "group")
}
_TARGETS = (REPOSITORY, PUBLIC_REPOSITORY, KEY)
_NO_UNCERTAINTY = Uncertainty(differs=False, hides_statements=False)


class _Identity(NamedTuple):
    """A role, user or group that policies are attached to.

    Attributes:
        reference: The name, or a reference to a resource; equal on both sides.
        label: The name in a sentence: ``role Ci``.
    """

    reference: str
    label: str


@dataclass
class _Identities:
    """The identities of one side, and the policies attached to each."""

    assembly: TemplateSet

    @cached_property
    def _policies(self) -> dict[str, list[Resource]]:
        holders: dict[str, list[Resource]] = defaultdict(list)
        for policy in self.assembly.of_type(*POLICIES):
            for identity in self.holders_of(policy):
                holders[identity.reference].append(policy)
        return holders

    @cached_property
    def _holders(self) -> dict[str, list[_Identity]]:
        """The identities that list a managed policy, by its ARN."""
        holders: dict[str, list[_Identity]] = defaultdict(list)
        for resource in self.assembly.of_type(*IDENTITIES):
            for arn in _managed_policies(resource):
                holders[arn].append(_identity_of(resource))
        return holders

    def holders_of(self, resource: Resource) -> list[_Identity]:
        """Return who holds a policy; an identity holds its inline policies."""
        if resource.type in IDENTITIES:
            return [_identity_of(resource)]
        holders: list[_Identity] = []
        for name, kind in _ATTACHING.items():
            value = resource.get(name)
            names = value if isinstance(value, list) else [value]
            holders += [self._named(kind, name) for name in names if isinstance(name, str)]
        if resource.type == MANAGED_POLICY:
            own = str(resource.stack.attribute(resource.id, "Ref"))
            holders += self._holders.get(own, [])
            holders = holders or [_Identity(own, f"every holder of policy {resource.id}")]
        return holders

    def _named(self, kind: str, name: str) -> _Identity:
        referred = self.assembly.referred_to(name)
        if referred is not None and referred.type in IDENTITIES:
            return _identity_of(referred)
        return _Identity(name, f"{kind} {name}")

    def exists(self, identity: _Identity) -> bool:
        """Tell whether an identity exists; one that no template defines is assumed to exist."""
        referred = self.assembly.referred_to(identity.reference)
        if referred is not None:
            return referred.is_created
        return has_unknown(identity.reference) or not is_unresolved(identity.reference)

    def grants(self, identity: _Identity) -> list[Grant]:
        """Return the grants of all policies of an identity."""
        own = self.assembly.referred_to(identity.reference)
        resources = list(self._policies.get(identity.reference, ()))
        if own is not None:
            named = map(self.assembly.referred_to, _managed_policies(own))
            resources += [own, *(policy for policy in named if policy), *_aws_policies(own)]
        part = (IDENTITY, matching(Pattern(identity.label)))
        granted = [
            grant
            for resource in dict.fromkeys(resources)
            for grant in grants_of(resource, "identity", part)
        ]
        return [_bounded(grant, own) for grant in granted]


def _managed_policies(identity: Resource) -> list[str]:
    """Return the ARNs of managed policies that an identity lists."""
    arns = identity.get("ManagedPolicyArns")
    return [arn for arn in arns if isinstance(arn, str)] if isinstance(arns, list) else []


def _identity_of(resource: Resource) -> _Identity:
    """Return the identity of a role, user or group."""
    reference = str(resource.stack.attribute(resource.id, "Ref"))
    kind, property_ = IDENTITY_NAMES[resource.type]
    return _Identity(reference, f"{kind} {resource.text(property_) or resource.id}")


def _bounded(grant: Grant, own: Resource | None) -> Grant:
    """Limit a permission by a permissions boundary, whose content is unknown."""
    boundary = own.get("PermissionsBoundary") if own is not None else None
    if boundary is None or not grant.allows:
        return grant
    limit = Constraint("permits it:", frozenset({str(boundary)}))
    principals = PrincipalSet(grant.principals.parts | {("its boundary", limit)})
    return replace(grant, principals=principals)


def _identity_changes(
    comparison: Comparison, base: _Identities, head: _Identities
) -> Iterator[Change]:
    """Yield the changes of access of identities whose policies differ."""
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
    pairs: Sequence[Pair], base: _Identities, head: _Identities
) -> Mapping[_Identity, list[Pair]]:
    """Return the identities whose policies may differ, with the resources that may differ."""
    holders: dict[_Identity, dict[int, Pair]] = defaultdict(dict)
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


def _ecr(names: str) -> tuple[str, ...]:
    return tuple(f"ecr:{name}" for name in names.split())


_AWS_POLICY = re.compile(r"arn:[^:]+:iam::aws:policy/(?:[\w-]+/)*(?P<name>[\w-]+)")
_PULL = _ecr("GetAuthorizationToken BatchGetImage GetDownloadUrlForLayer")
_READ = _PULL + _ecr(
    "BatchCheckLayerAvailability GetRepositoryPolicy DescribeRepositories ListImages "
    "DescribeImages GetLifecyclePolicy GetLifecyclePolicyPreview ListTagsForResource "
    "DescribeImageScanFindings"
)
_WRITE = _ecr("InitiateLayerUpload UploadLayerPart CompleteLayerUpload PutImage")
_ALLOWED = {
    "AdministratorAccess": ("*",),
    "AmazonEC2ContainerRegistryFullAccess": ("ecr:*",),
    "AmazonEC2ContainerRegistryPowerUser": _READ + _WRITE,
    "AmazonEC2ContainerRegistryReadOnly": _READ,
    "AmazonEC2ContainerRegistryPullOnly": _PULL + _ecr("BatchImportUpstreamImage"),
    "AmazonECSTaskExecutionRolePolicy": _PULL + _ecr("BatchCheckLayerAvailability"),
    "AmazonElasticContainerRegistryPublicFullAccess": ("ecr-public:*",),
}


def _aws_policies(identity: Resource) -> Iterator[Resource]:
    """Yield the AWS managed policies of an identity, as if its template defined them.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/security-iam-awsmanpol.html
    """
    for arn in _managed_policies(identity):
        match = _AWS_POLICY.fullmatch(arn)
        if match and match["name"] in _ALLOWED:
            allowed = list(_ALLOWED[match["name"]])
            statement = {"Effect": "Allow", "Action": allowed, "Resource": "*"}
            properties = {"PolicyDocument": {"Statement": statement}}
            body = {"Type": MANAGED_POLICY, "Properties": properties}
            yield Resource(identity.stack, identity.id, body)
