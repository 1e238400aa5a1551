"""Whoever pushes to a repository whose images are signed needs to sign."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from ecr_constructs.grants import added
from ecr_constructs.registry_index import RegistryIndex

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from aws_cdk import aws_ecr as ecr
    from constructs import Construct

    from ecr_constructs.model.signing import SigningRule
    from ecr_constructs.registry import Registry
    from ecr_constructs.repository import Repository


def grant_signing_to_pushers(registry: Registry, rule: SigningRule) -> None:
    """Complete the push grants that were given before a rule."""
    for repository in _repositories_of(registry):
        for grantee in repository.pushers:
            _grant(repository, grantee, rule)


def grant_signing(repository: Repository, grantee: iam.IGrantable) -> None:
    """Complete a push grant by the rules that are there."""
    index = RegistryIndex.find(repository)
    if index is None:
        return
    registry = index.registries.get(cdk.Stack.of(repository).environment)
    for rule in registry.signing_rules if registry else ():
        _grant(repository, grantee, rule)


def warn_of_pushers_elsewhere(registry: Registry, rules: Sequence[SigningRule]) -> None:
    """Warn where a repository admits pushers by name, whom nothing here can let sign."""
    for repository in _repositories_of(registry):
        for rule in rules:
            if repository.admits_pushers and _may_sign(rule, repository):
                _warn(repository, rule)


def _repositories_of(registry: Construct) -> Iterator[Repository]:
    from ecr_constructs.repository import Repository  # noqa: PLC0415 - it imports this module

    environment = cdk.Stack.of(registry).environment
    for node in registry.node.root.node.find_all():
        if isinstance(node, Repository) and cdk.Stack.of(node).environment == environment:
            yield node


def _may_sign(rule: SigningRule, repository: Repository) -> bool:
    # What the repository says its name is, is a reference; the resource has the name itself.
    resource = cast("ecr.CfnRepository", repository.node.default_child)
    return rule.may_sign(resource.repository_name)


def _warn(repository: Repository, rule: SigningRule) -> None:
    cdk.Annotations.of(repository).add_warning_v2(
        "ecr-constructs:signingElsewhere",
        "Images pushed to this repository are signed, and a principal that may push has no "
        "identity policy here. Permit it signer:SignPayload in its own account and on the "
        f"signing profile {rule.profile_arn} (AWS::Signer::ProfilePermission).",
    )


def _grant(repository: Repository, grantee: iam.IGrantable, rule: SigningRule) -> None:
    if not _may_sign(rule, repository):
        return
    statement = iam.PolicyStatement(actions=["signer:SignPayload"], resources=[rule.profile_arn])
    if not added(grantee.grant_principal, statement):
        _warn(repository, rule)
