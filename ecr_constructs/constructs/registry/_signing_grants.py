"""Whoever pushes to a repository whose images are signed needs to sign."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, cast

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam

from ecr_constructs.constructs._app_registry import RegistryIndex
from ecr_constructs.constructs._iam import added

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from constructs import Construct, Node

    from ecr_constructs.model.signing import SigningRule


class PushedTo(Protocol):
    """What is needed of a `Repository`, which itself needs this module.

    Attributes:
        pushers: Whom grants let push.
        admits_pushers: Whether its policy lets others push, by name.
    """

    pushers: list[iam.IGrantable]
    admits_pushers: bool

    @property
    def node(self) -> Node:
        """Its place in the tree."""


def grant_signing_to_pushers(registry: Construct, rule: SigningRule) -> None:
    """Complete the push grants that were given before a rule."""
    for repository in _repositories_of(registry):
        for grantee in repository.pushers:
            _grant(repository, grantee, rule)


def grant_signing(repository: PushedTo, grantee: iam.IGrantable) -> None:
    """Complete a push grant by the rules that are there."""
    scope = cast("Construct", repository)
    index = RegistryIndex.find(scope)
    if index is None:
        return
    registry = index.registries.get(cdk.Stack.of(scope).environment)
    for rule in registry.signing_rules if registry else ():
        _grant(repository, grantee, rule)


def warn_of_pushers_elsewhere(registry: Construct, rules: Sequence[SigningRule]) -> None:
    """Warn where a repository admits pushers by name, whom nothing here can let sign."""
    for repository in _repositories_of(registry):
        for rule in rules:
            if repository.admits_pushers and _may_sign(rule, repository):
                _warn(repository, rule)


def _repositories_of(registry: Construct) -> Iterator[PushedTo]:
    environment = cdk.Stack.of(registry).environment
    for node in registry.node.root.node.find_all():
        ours = isinstance(node, ecr.RepositoryBase) and hasattr(node, "admits_pushers")
        if ours and cdk.Stack.of(node).environment == environment:
            yield cast("PushedTo", node)


def _may_sign(rule: SigningRule, repository: PushedTo) -> bool:
    # What the repository says its name is, is a reference; the resource has the name itself.
    resource = cast("ecr.CfnRepository", repository.node.default_child)
    return rule.may_sign(resource.repository_name)


def _warn(repository: PushedTo, rule: SigningRule) -> None:
    cdk.Annotations.of(cast("Construct", repository)).add_warning_v2(
        "ecr-constructs:signingElsewhere",
        "Images pushed to this repository are signed, and a principal that may push has no "
        "identity policy here. Permit it signer:SignPayload in its own account and on the "
        f"signing profile {rule.profile_arn} (AWS::Signer::ProfilePermission).",
    )


def _grant(repository: PushedTo, grantee: iam.IGrantable, rule: SigningRule) -> None:
    if not _may_sign(rule, repository):
        return
    statement = iam.PolicyStatement(actions=["signer:SignPayload"], resources=[rule.profile_arn])
    if not added(grantee.grant_principal, statement):
        _warn(repository, rule)
