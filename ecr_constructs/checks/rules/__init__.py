"""The rules, a module for each family of requirements."""

from collections.abc import Mapping

from ecr_constructs.checks.rule import Rule
from ecr_constructs.checks.rules import (
    access,
    alarms,
    caches,
    ci_trust,
    conditions,
    consumers,
    credentials,
    deletion,
    encryption,
    endpoints,
    events,
    functions,
    identities,
    lifecycle,
    notifications,
    opt_in,
    parameters,
    policies,
    registries,
    repositories,
    schema,
    template,
)

_FAMILIES = (
    access,
    alarms,
    caches,
    ci_trust,
    conditions,
    consumers,
    credentials,
    deletion,
    encryption,
    endpoints,
    events,
    functions,
    identities,
    lifecycle,
    notifications,
    opt_in,
    parameters,
    policies,
    registries,
    repositories,
    schema,
    template,
)


def _rules() -> dict[str, Rule]:
    members = [member for family in _FAMILIES for member in vars(family).values()]
    rules = sorted((rule for rule in members if isinstance(rule, Rule)), key=lambda rule: rule.id)
    by_id = {rule.id: rule for rule in rules}
    assert len(by_id) == len(rules), "duplicate rule id"
    return by_id


RULES: Mapping[str, Rule] = _rules()
"""All rules by id."""
