"""A violation and a compliant template for every rule, and further violations.

The tests check the rules against them, and the pages of the rules show them.
"""

from tests.support.rule_examples import (
    access,
    ci_systems,
    ci_trust,
    consumers,
    events,
    identities,
    opt_in,
    policies,
    registries,
    repositories,
    templates,
)

_FAMILIES = (
    *(repositories, policies, access, registries, events, templates),
    *(opt_in, ci_systems, ci_trust, consumers, identities),
)
EXAMPLES = {rule: example for family in _FAMILIES for rule, example in family.EXAMPLES.items()}
PROBLEMS = {
    name: (rule, place, *(case if isinstance(case, tuple) else (case,)), *values)
    for family in _FAMILIES
    for (rule, place, *values), cases in family.PROBLEMS.items()
    for name, case in cases.items()
}
