"""A violation and a compliant template for every rule, and further violations.

The tests check the rules against them, and `scripts.rules` shows the examples in the docs.
"""

from tests.support.rule_examples import access, caches, events, lifecycles, registries, repositories

_FAMILIES = (repositories, lifecycles, access, registries, caches, events)
EXAMPLES = {rule: example for family in _FAMILIES for rule, example in family.EXAMPLES.items()}
PROBLEMS = {name: case for family in _FAMILIES for name, case in family.PROBLEMS.items()}
