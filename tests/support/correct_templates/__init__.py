"""The resources of templates that are, or may be, correct."""

from tests.support.correct_templates import (
    access,
    ci_trust,
    consumers,
    events,
    registries,
    repositories,
)

CORRECT = {
    name: resources
    for family in (access, registries, repositories, events, ci_trust, consumers)
    for name, resources in family.CORRECT.items()
}
