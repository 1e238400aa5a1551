"""The signing configuration of a registry."""

from __future__ import annotations

from typing import TYPE_CHECKING

import jsii
from aws_cdk import aws_ecr as ecr
from constructs import IValidation

from ecr_constructs.constructs.registry._signing_grants import warn_of_pushers_elsewhere
from ecr_constructs.model.signing import SigningRule, signing_errors
from ecr_constructs.model.validation import raise_if_invalid

if TYPE_CHECKING:
    from constructs import Construct

_Configuration = ecr.CfnSigningConfiguration


class RegistrySigning:
    """Collects signing rules and renders them as one `AWS::ECR::SigningConfiguration`."""

    def __init__(self, registry: Construct) -> None:
        """Begin without rules, which renders nothing."""
        self._registry = registry
        self.rules: list[SigningRule] = []
        self._resource: ecr.CfnSigningConfiguration | None = None

    def add(self, rule: SigningRule) -> None:
        """Add a rule, unless it is there already.

        Raises:
            ValueError: There would be more rules than ECR accepts.
        """
        rules = list(dict.fromkeys([*self.rules, rule]))
        raise_if_invalid("signing configuration", rule.profile_arn, signing_errors(rules))
        self.rules = rules
        if self._resource is None:
            self._resource = _Configuration(
                self._registry, "Signing", rules=[_property(each) for each in rules]
            )
            self._registry.node.add_validation(_Pushers(self._registry, self))
        else:
            self._resource.rules = [_property(each) for each in rules]


@jsii.implements(IValidation)
class _Pushers:
    """Looks at the whole app once, when all of its repositories are there."""

    def __init__(self, registry: Construct, signing: RegistrySigning) -> None:
        self._registry = registry
        self._signing = signing

    def validate(self) -> list[str]:
        """Warn; nothing here is a reason not to deploy."""
        warn_of_pushers_elsewhere(self._registry, self._signing.rules)
        return []


def _property(rule: SigningRule) -> _Configuration.RuleProperty:
    filters = [
        _Configuration.RepositoryFilterProperty(filter=each, filter_type="WILDCARD_MATCH")
        for each in rule.filters
    ]
    return _Configuration.RuleProperty(
        signing_profile_arn=rule.profile_arn, repository_filters=filters or None
    )
