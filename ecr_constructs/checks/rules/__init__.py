"""The rules, a module for each family of requirements."""

from collections.abc import Mapping
from types import ModuleType

from ecr_constructs.checks.rule import Rule
from ecr_constructs.checks.rules import (
    access,
    caches,
    ci_trust,
    creation_templates,
    deletion,
    encryption,
    events,
    identity,
    lifecycle,
    policy_form,
    properties,
    registry_settings,
    replication,
    repositories,
    suppressions,
    template,
    topics,
)

_FAMILIES: tuple[ModuleType, ...] = (
    access,
    caches,
    creation_templates,
    deletion,
    encryption,
    events,
    ci_trust,
    identity,
    lifecycle,
    policy_form,
    registry_settings,
    replication,
    repositories,
    properties,
    suppressions,
    template,
    topics,
)


def _rules(families: tuple[ModuleType, ...]) -> dict[str, Rule]:
    members = [member for family in families for member in vars(family).values()]
    rules = sorted((rule for rule in members if isinstance(rule, Rule)), key=lambda rule: rule.id)
    by_id = {rule.id: rule for rule in rules}
    assert len(by_id) == len(rules), "duplicate rule id"
    return by_id


RULES: Mapping[str, Rule] = _rules(_FAMILIES)
"""All rules by id."""
