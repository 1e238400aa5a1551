"""Whoever pushes to a repository whose images are signed needs to sign."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import aws_cdk as cdk
from aws_cdk import aws_iam as iam

from ecr_constructs.grants import added
from ecr_constructs.registry_index import RegistryIndex

if TYPE_CHECKING:
    from aws_cdk import aws_ecr as ecr

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
    # What the repository says its name is, is a reference; the resource has the name itself.
    resource = cast("ecr.CfnRepository", repository.node.default_child)
    if not rule.may_sign(resource.repository_name):
        return
    statement = iam.PolicyStatement(actions=["signer:SignPayload"], resources=[rule.profile_arn])
    if not added(grantee.grant_principal, statement):
        cdk.Annotations.of(repository).add_warning_v2(
            "ecr-constructs:signingElsewhere",
            "Images pushed to this repository are signed, and a principal that may push has no "
            "identity policy here. Permit it signer:SignPayload in its own account and on the "
            f"signing profile {rule.profile_arn} (AWS::Signer::ProfilePermission).",
        )
