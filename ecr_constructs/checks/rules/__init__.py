"""The rules, a module for each family of requirements."""

from collections.abc import Mapping
from types import ModuleType

from ecr_constructs.checks.rule import Rule
from ecr_constructs.checks.rules import (
    access,
    caches,
    ci_systems,
    creation_templates,
    deletion,
    encryption,
    event_details,
    events,
    github,
    identity,
    lifecycle,
    names,
    policy_form,
    registry_settings,
    registry_singletons,
    replication,
    secrets,
    settings,
    shape,
    suppressions,
    template,
    topics,
)

_FAMILIES: tuple[ModuleType, ...] = (
    access,
    caches,
    ci_systems,
    creation_templates,
    deletion,
    encryption,
    event_details,
    events,
    github,
    identity,
    lifecycle,
    names,
    policy_form,
    registry_settings,
    registry_singletons,
    replication,
    secrets,
    settings,
    shape,
    suppressions,
    template,
    topics,
)


def _rules(families: tuple[ModuleType, ...]) -> dict[str, Rule]:
    found = [each for family in families for each in vars(family).values()]
    rules = sorted((each for each in found if isinstance(each, Rule)), key=lambda each: each.id)
    by_id = {each.id: each for each in rules}
    assert len(by_id) == len(rules), "two rules have one id"
    return by_id


RULES: Mapping[str, Rule] = _rules(_FAMILIES)
"""All rules by id."""
