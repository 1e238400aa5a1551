"""A faulty and a sound template for every rule, and what the rule says of them.

The tests hold the rules to them, and `tools.rules` shows them in docs/rules/.
"""

from tests.unit.checks.examples import (
    access,
    caches,
    events,
    lifecycles,
    registries,
    repositories,
)

EXAMPLES = {
    **repositories.EXAMPLES,
    **lifecycles.EXAMPLES,
    **access.EXAMPLES,
    **registries.EXAMPLES,
    **caches.EXAMPLES,
    **events.EXAMPLES,
}
