"""The signing configuration of a registry, and the permission to sign of principals that push."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, ClassVar, cast

import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from aws_cdk import aws_iam as iam

from ecr_constructs.constructs._app_registry import AppRegistry
from ecr_constructs.constructs._cfn_properties import filter_properties
from ecr_constructs.constructs._iam import add_statement
from ecr_constructs.constructs._joined_properties import (
    JoinedProperties,
    JoinedResource,
    field,
    items_of,
    text_of,
)
from ecr_constructs.constructs._principals import components_of, conditions_of
from ecr_constructs.constructs._validation import AtSynthesis
from ecr_constructs.model.signing import SigningRule, signing_errors
from ecr_constructs.model.validation import raise_if_invalid

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from constructs import Construct

_Configuration = ecr.CfnSigningConfiguration


@dataclass(slots=True)
class PushAccess:
    """The principals that may push to a repository of this app, and so may have to sign.

    Those that the repository policy names must be allowed to sign by their own account; grants
    of this app do it for the grantees.
    """

    by_policy: bool
    grantees: list[iam.IGrantable] = dataclasses.field(default_factory=list)


class _SigningConfiguration(JoinedResource, ecr.CfnSigningConfiguration):
    """The L1."""


class RegistrySigning(JoinedProperties[list[SigningRule]]):
    """Join signing rules and render them as one `AWS::ECR::SigningConfiguration`."""

    _subject = "signing configuration"
    _names: ClassVar = {"rules": "Rules"}

    @property
    def rules(self) -> list[SigningRule]:
        """The rules, with those that other code wrote."""
        return self._joined or []

    def add(self, rule: SigningRule) -> None:
        """Add a rule, unless an equal one exists, and complete the earlier push grants."""
        self.request([*dict.fromkeys([*(self._requested or []), rule])])
        for repository, access in _repositories_of(self._construct):
            for grantee in access.grantees:
                _grant(repository, grantee, rule)

    def _create(self, **properties: Any) -> JoinedResource:
        self._construct.node.add_validation(AtSynthesis(self._warn_of_pushers))
        return _SigningConfiguration(self._construct, "Signing", **properties)

    def _read(self, properties: Mapping[str, Any]) -> list[SigningRule]:
        return [
            SigningRule(
                text_of(field(rule, "signing_profile_arn")),
                tuple(
                    text_of(field(item, "filter"))
                    for item in items_of(field(rule, "repository_filters"))
                ),
            )
            for rule in items_of(properties.get("Rules"))
        ]

    def _join(self, states: Sequence[list[SigningRule]]) -> list[SigningRule]:
        rules = [*dict.fromkeys(chain(*states))]
        raise_if_invalid(self._subject, rules[-1].profile_arn, signing_errors(rules))
        return rules

    def _properties(self, state: list[SigningRule]) -> dict[str, Any]:
        return {"rules": [_rule_property(rule) for rule in state]}

    def _warn_of_pushers(self) -> None:
        """Warn where a repository policy names principals that this app cannot let sign."""
        for repository, access in _repositories_of(self._construct):
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
