"""The signing configuration of a registry, and the permission to sign of principals that push."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, cast

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam

from ecr_constructs.constructs._app_registry import AppRegistry
from ecr_constructs.constructs._authored_resource import OwnedResource
from ecr_constructs.constructs._cfn_properties import filter_properties
from ecr_constructs.constructs._iam import add_statement, components_of, conditions_of
from ecr_constructs.constructs._validation import AtSynthesis
from ecr_constructs.model.signing import SigningRule, signing_errors
from ecr_constructs.model.validation import raise_if_invalid

if TYPE_CHECKING:
    from collections.abc import Iterator

    from constructs import Construct

_Configuration = ecr.CfnSigningConfiguration


class _Resource(OwnedResource, ecr.CfnSigningConfiguration):
    """The configuration, which only the registry writes."""


@dataclass(slots=True)
class PushAccess:
    """The principals that may push to a repository of this app, and so may have to sign.

    Those that the repository policy names must be allowed to sign by their own account; grants
    of this app do it for the grantees.
    """

    by_policy: bool
    grantees: list[iam.IGrantable] = field(default_factory=list)


class RegistrySigning:
    """Collect signing rules and render them as one `AWS::ECR::SigningConfiguration`."""

    def __init__(self, registry: Construct) -> None:
        """Start without rules, which renders nothing."""
        self._registry = registry
        self.rules: list[SigningRule] = []
        self._resource: _Resource | None = None

    def add(self, rule: SigningRule) -> None:
        """Add a rule, unless an equal one exists, and complete the earlier push grants."""
        rules = list(dict.fromkeys([*self.rules, rule]))
        raise_if_invalid("signing configuration", rule.profile_arn, signing_errors(rules))
        self.rules = rules
        rendered = [_rule_property(rule) for rule in rules]
        if self._resource is None:
            self._resource = _Resource(self._registry, "Signing", rules=rendered)
            self._resource.own("call Registry.sign", "rules")
            self._registry.node.add_validation(AtSynthesis(self._warn_of_pushers))
        else:
            self._resource.set_owned("rules", rendered)
        for repository, access in _repositories_of(self._registry):
            for grantee in access.grantees:
                _grant(repository, grantee, rule)

    def _warn_of_pushers(self) -> None:
        """Warn where a repository policy names principals that this app cannot let sign."""
        for repository, access in _repositories_of(self._registry):
            for rule in self.rules:
                if access.by_policy and _may_sign(rule, repository):
                    _warn(repository, rule)


def grant_signing(repository: ecr.RepositoryBase, grantee: iam.IGrantable) -> None:
    """Add the permission to sign to a push grant, for the rules that exist so far."""
    app = AppRegistry.find(repository)
    registry = app and app.registries.get(cdk.Stack.of(repository).environment)
    for rule in registry.signing_rules if registry else ():
        _grant(repository, grantee, rule)


def _repositories_of(registry: Construct) -> Iterator[tuple[ecr.RepositoryBase, PushAccess]]:
    environment = cdk.Stack.of(registry).environment
    for node in registry.node.root.node.find_all():
        # Only `Repository` has it; that module imports this one.
        access: PushAccess | None = getattr(node, "_push_access", None)
        if access is not None and cdk.Stack.of(node).environment == environment:
            yield cast("ecr.RepositoryBase", node), access


def _may_sign(rule: SigningRule, repository: ecr.RepositoryBase) -> bool:
    # The name of the repository is a reference; the resource has the literal name.
    resource = cast("ecr.CfnRepository", repository.node.default_child)
    return rule.may_sign(resource.repository_name)


def _warn(repository: ecr.RepositoryBase, rule: SigningRule) -> None:
    cdk.Annotations.of(repository).add_warning_v2(
        "ecr-constructs:signingElsewhere",
        "Images pushed to this repository are signed, and a principal that may push has no "
        "identity policy here. Allow it signer:SignPayload in its own account and on the "
        f"signing profile {rule.profile_arn} (AWS::Signer::ProfilePermission).",
    )


def _grant(repository: ecr.RepositoryBase, grantee: iam.IGrantable, rule: SigningRule) -> None:
    if not _may_sign(rule, repository):
        return
    for principal in components_of(grantee):
        statement = iam.PolicyStatement(
            actions=["signer:SignPayload"],
            resources=[rule.profile_arn],
            conditions=conditions_of(principal) or None,
        )
        if not add_statement(principal, statement, repository.env.account):
            _warn(repository, rule)


def _rule_property(rule: SigningRule) -> _Configuration.RuleProperty:
    filters = filter_properties(_Configuration, "WILDCARD_MATCH", rule.filters)
    return _Configuration.RuleProperty(
        signing_profile_arn=rule.profile_arn, repository_filters=filters or None
    )
