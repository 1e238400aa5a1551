"""Report whose access to images is widened, and whose is narrowed.

Resource policies are compared one by one; roles, users and groups by all policies attached to them,
and by the roles that they may assume. What is new is compared with nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ecr_constructs.cloudformation.graph import Resource
from ecr_constructs.cloudformation.iam_policy import POLICY_PROPERTIES, RESOURCE_POLICY_TYPES
from ecr_constructs.cloudformation.resource_types import (
    CREATION_TEMPLATE,
    KEY,
    PUBLIC_REPOSITORY,
    REGISTRY_POLICY,
    REPOSITORY,
    ROLE,
)
from ecr_constructs.cloudformation.uses import serves_ecr
from ecr_constructs.model.diagnostics import Severity
from ecr_constructs.model.json_text import compact
from ecr_constructs.model.tokens import is_unresolved
from ecr_constructs.review.access.grants import Grant, Uncertainty, grants_of, uncertainty_of
from ecr_constructs.review.access.identities import (
    HOLDING_TYPES,
    Identities,
    Identity,
    as_identity,
    identity_of,
)
from ecr_constructs.review.access.principals import OWN_ACCOUNT
from ecr_constructs.review.access.report import Subject, compare_grants, unread_policy
from ecr_constructs.review.access.values import Pattern, pattern
from ecr_constructs.review.access.wording import describe_text
from ecr_constructs.review.spelling import is_same_spelling

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from ecr_constructs.review.change import Change
    from ecr_constructs.review.comparison import Comparison, Pair

ENDPOINT = "AWS::EC2::VPCEndpoint"
_TARGETS = (REPOSITORY, PUBLIC_REPOSITORY, KEY)
_EVERYTHING = {"Effect": "Allow", "Principal": "*", "Action": "*", "Resource": "*"}


def changes(comparison: Comparison) -> Iterator[Change]:
    """Yield whose access is widened and whose is narrowed, worst first."""
    base, head = (Identities(side) for side in (comparison.base, comparison.head))
    access_changes = [
        *_resource_changes(comparison),
        *_endpoint_changes(comparison),
        *_identity_changes(comparison, base, head),
        *_trust_changes(comparison, base, head),
    ]
    yield from sorted(access_changes, key=lambda change: change.order)


def _resource_changes(comparison: Comparison) -> Iterator[Change]:
    for pair in comparison.of_type(*RESOURCE_POLICY_TYPES, KEY):
        kind, name = POLICY_PROPERTIES[pair.type]
        if pair.type != KEY or any(
            serves_ecr(resource) for resource in (pair.before, pair.after) if resource is not None
        ):
            subject = Subject(
                label=_label(pair), pair=pair, properties=(name,), is_new=pair.before is None
            )
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
    # A removed resource is reported as such; only a registry exists without a policy.
    if pair.after is None and kind != "registry":
        return
    before, after = (_grants(resource, kind) for resource in (pair.before, pair.after))
    if pair.before is None and kind == "key" and pair.after is not None:
        before = list(grants_of(_with_default_policy(pair.after), kind))
    access_changes = list(compare_grants(subject, before, after, uncertainty_of(pair, name)))
    yield from access_changes
    if (
        pair.sides is not None
        and not access_changes
        and not is_same_spelling(pair.type, name, *values)
    ):
        sentence = f"{subject.label}: {name} is written differently and allows the same access"
        yield _same(pair, sentence, (name,))


def _grants(resource: Resource | None, kind: str) -> list[Grant]:
    if resource is not None and kind == "key" and resource.get("KeyPolicy") is None:
        resource = _with_default_policy(resource)
    return list(grants_of(resource, kind)) if resource is not None else []


def _with_default_policy(key: Resource) -> Resource:
    """Return a key with the policy that KMS gives it by default.

    https://docs.aws.amazon.com/kms/latest/developerguide/key-policy-default.html
    """
    account = key.stack.account or OWN_ACCOUNT
    statement = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
    body = {"Type": KEY, "Properties": {"KeyPolicy": {"Statement": [statement]}}}
    return Resource(key.stack, key.id, body)


def _endpoint_changes(comparison: Comparison) -> Iterator[Change]:
    """Yield the changes of the policies of VPC endpoints for ECR, which limit what others allow.

    https://docs.aws.amazon.com/AmazonECR/latest/userguide/vpc-endpoints.html#ecr-vpc-endpoint-policy
    """
    for pair in comparison.of_type(ENDPOINT):
        if pair.sides is None or not any(map(_is_for_ecr, pair.sides)):
            continue
        before, after = (list(grants_of(_endpoint_policy(side), "registry")) for side in pair.sides)
        subject = Subject(
            label=f"VPC endpoint {pair.resource.id}",
            pair=pair,
            properties=("PolicyDocument",),
            only_limits=True,
        )
        yield from compare_grants(subject, before, after, uncertainty_of(pair, "PolicyDocument"))


def _is_for_ecr(endpoint: Resource) -> bool:
    return ".ecr." in str(endpoint.get("ServiceName"))


def _endpoint_policy(endpoint: Resource) -> Resource:
    """Return the policy of an endpoint, by default for everything, as that of a registry."""
    policy = endpoint.get("PolicyDocument") or {"Statement": _EVERYTHING}
    body = {"Type": REGISTRY_POLICY, "Properties": {"PolicyText": policy}}
    return Resource(endpoint.stack, endpoint.id, body)


def _trust_changes(comparison: Comparison, base: Identities, head: Identities) -> Iterator[Change]:
    """Yield the changes of the trust policies of roles with access to images."""
    for pair in comparison.of_type(ROLE):
        before = base.grants(identity_of(pair.before)) if pair.before else []
        grants = (head.grants(identity_of(pair.after)) if pair.after else []) or before
        if grants:
            subject = Subject(
                label=identity_of(pair.resource).label,
                pair=pair,
                properties=("AssumeRolePolicyDocument",),
                role_grants=grants,
                is_new=pair.before is None,
            )
            yield from _policy_changes(subject, "trust")


def _identity_changes(
    comparison: Comparison, base: Identities, head: Identities
) -> Iterator[Change]:
    """Yield the changes of access of identities whose policies differ."""
    pairs = list(comparison.of_type(*HOLDING_TYPES))
    removed = _removed(comparison)
    places = {
        as_identity(resource): pair
        for pair in pairs
        for resource in (pair.before, pair.after)
        if resource
    }
    for identity, touched in _touched(pairs, base, head).items():
        if not head.exists(identity):
            continue
        is_old = base.exists(identity)
        # The removal of a repository is reported as such.
        before, after = (
            [grant for grant in grants if _name(grant) not in removed]
            for grants in (base.grants(identity) if is_old else [], head.grants(identity))
        )
        attached = [arn for arn in head.attached(identity) if arn not in base.attached(identity)]
        subject = Subject(
            label=identity.label,
            pair=touched[0],
            pairs=places,
            names_itself=True,
            is_new=not is_old,
            details=tuple(f"{describe_text(arn)} is attached." for arn in attached),
        )
        unread = list(_unread_changes(subject, base.unread(identity), head.unread(identity)))
        uncertainty = _uncertainty(touched, has_access=bool(before or after))
        access_changes = list(compare_grants(subject, before, after, uncertainty))
        yield from (*access_changes, *unread)
        if before and not access_changes and not unread and touched[0].sides is not None:
            yield from _same_access(subject)


def _same_access(subject: Subject) -> Iterator[Change]:
    names = subject.changed(subject.pair)
    if names:
        sentence = f"{subject.label}: its policies differ and allow the same access to images"
        yield _same(subject.pair, sentence, names)


def _same(pair: Pair, sentence: str, names: tuple[str, ...]) -> Change:
    """Return the change of policies that allow the same as before."""
    values = {name: pair.values(name) for name in names}
    return pair.change(
        "other",
        Severity.NOTE,
        sentence,
        before={name: before for name, (before, _) in values.items()},
        after={name: after for name, (_, after) in values.items()},
        properties=names,
        codes=("same-access",),
    )


def _unread_changes(
    subject: Subject, before: Sequence[str], after: Sequence[str]
) -> Iterator[Change]:
    for arns, others, widens in ((after, before, True), (before, after, False)):
        for arn in dict.fromkeys(arns):
            if arn not in others:
                yield unread_policy(subject, arn, describe_text(arn), widens=widens)


def _touched(
    pairs: Sequence[Pair], base: Identities, head: Identities
) -> Mapping[Identity, list[Pair]]:
    """Return the identities whose policies may differ, with the resources that may differ."""
    holders: dict[Identity, dict[int, Pair]] = {}
    for number, pair in enumerate(pairs):
        for side, resource in ((head, pair.after), (base, pair.before)):
            for identity in side.affected_by(resource) if resource is not None else ():
                holders.setdefault(identity, {})[number] = pair
    return {identity: list(where.values()) for identity, where in holders.items()}


def _uncertainty(pairs: Sequence[Pair], *, has_access: bool) -> Uncertainty:
    """Return what is unknown about the policies of an identity.

    Unknown parts of statements matter if it has access to images, unknown statements always.
    """
    uncertainties = [
        uncertainty_of(pair, name) for pair in pairs for name in ("PolicyDocument", "Policies")
    ]
    return Uncertainty(
        has_access and any(uncertainty.differs for uncertainty in uncertainties),
        any(uncertainty.hides_before for uncertainty in uncertainties),
        any(uncertainty.hides_after for uncertainty in uncertainties),
    )


def _removed(comparison: Comparison) -> frozenset[str]:
    """Return the ARNs of the removed repositories and keys."""
    gone = [pair.before for pair in comparison.of_type(*_TARGETS) if pair.after is None]
    return frozenset(
        pattern(str(resource.stack.attribute(resource.id, "Arn"))).text
        for resource in gone
        if resource is not None
    )


def _name(grant: Grant) -> str:
    value = grant.what.value
    return value.text if isinstance(value, Pattern) else ""
