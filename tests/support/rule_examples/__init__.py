"""A faulty and a sound template for every rule, and what the rule says of them.

The tests hold the rules to them, and `scripts.rules` shows them in docs/rules/.
"""

from tests.support.rule_examples import access, caches, events, lifecycles, registries, repositories

EXAMPLES = {
    **repositories.EXAMPLES,
    **lifecycles.EXAMPLES,
    **access.EXAMPLES,
    **registries.EXAMPLES,
    **caches.EXAMPLES,
    **events.EXAMPLES,
}
