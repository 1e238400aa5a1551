"""The rules, a module for each family of requirements."""

from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules

from ecr_constructs.checks.rule import Rule

_FAMILIES = [import_module(f"{__name__}.{module.name}") for module in iter_modules(__path__)]


def _rules() -> dict[str, Rule]:
    members = [member for family in _FAMILIES for member in vars(family).values()]
    rules = sorted((rule for rule in members if isinstance(rule, Rule)), key=lambda rule: rule.id)
    by_id = {rule.id: rule for rule in rules}
    assert len(by_id) == len(rules), "duplicate rule id"
    return by_id


RULES: Mapping[str, Rule] = _rules()
"""All rules by id."""
