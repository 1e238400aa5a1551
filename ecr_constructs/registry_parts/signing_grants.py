"""Whoever pushes to a repository whose images are signed needs to sign."""

from __future__ import annotations

from typing import TYPE_CHECKING

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from ecr_constructs.registry_index import RegistryIndex

if TYPE_CHECKING:
    from ecr_constructs.model.signing import SigningRule
    from ecr_constructs.registry import Registry
    from ecr_constructs.repository import Repository


def grant_signing_to_pushers(registry: Registry, rule: SigningRule) -> None:
    """Complete the push grants that were given before a rule."""
    from ecr_constructs.repository import Repository  # noqa: PLC0415 - it imports this module

    environment = cdk.Stack.of(registry).environment
    for node in registry.node.root.node.find_all():
        if not isinstance(node, Repository) or not node.pushers:
            continue
        if cdk.Stack.of(node).environment == environment:
            for grantee in node.pushers:
                _grant(node, grantee, rule)


def grant_signing(repository: Repository, grantee: iam.IGrantable) -> None:
    """Complete a push grant by the rules that are there."""
    index = RegistryIndex.find(repository)
    if index is None:
        return
    registry = index.registries.get(cdk.Stack.of(repository).environment)
    for rule in registry.signing_rules if registry else ():
        _grant(repository, grantee, rule)


def _grant(repository: Repository, grantee: iam.IGrantable, rule: SigningRule) -> None:
    if not rule.signs(repository.repository_name):
        return
    grant = iam.Grant.add_to_principal(
        grantee=grantee, actions=["signer:SignPayload"], resource_arns=[rule.profile_arn]
    )
    if not grant.success:
        cdk.Annotations.of(repository).add_warning_v2(
            "ecr-constructs:signingElsewhere",
            "Images pushed to this repository are signed, and a principal that may push has no "
            "identity policy here. Permit it signer:SignPayload in its own account and on the "
            f"signing profile {rule.profile_arn} (AWS::Signer::ProfilePermission).",
        )
