"""Laws that hold for any two sides."""

import copy
from dataclasses import replace

import pytest
from hypothesis import given

from ecr_constructs.checks import RULES, Template
from ecr_constructs.cloudformation.graph import TemplateSet
from ecr_constructs.review import Review, review
from tests.support.rule_examples import EXAMPLES
from tests.unit.checks.test_checks_any_template import damaged

# A review has the findings of the rules that are on by default.
PAIRS = [rule for rule in EXAMPLES if rule != "ECR603" and not RULES[rule].is_opt_in]


def compared(base: list[Template], head: list[Template]) -> Review:
    """Review templates at the same place, for the same account and Region."""
    before, after = (
        {
            (f"Stack{place}", template.account, template.region): template
            for place, template in enumerate(side)
        }
        for side in (base, head)
    )
    sides: tuple[list[Template], list[Template]] = ([], [])
    for key in dict.fromkeys([*before, *after]):
        for templates, side in zip(sides, (before, after), strict=True):
            template = side.get(key, Template("", {"Resources": {}}))
            templates.append(replace(template, name="-".join(map(str, key)), stack=key[0]))
    return review(TemplateSet(sides[0]), TemplateSet(sides[1]))


@given(damaged(), damaged())
def test_any_two_sides_are_compared(base: list[Template], head: list[Template]) -> None:
    """Whatever is compared, each change names a resource of one of the sides, or none."""
    result = compared(base, head)
    places = {
        (f"Stack{place}", resource)
        for side in (base, head)
        for place, template in enumerate(side)
        for resource in ["", *TemplateSet([template]).stacks[0].resources]
    }

    for change in result.changes:
        assert change.place in places
        assert change.summary
    assert result == compared(base, head)


@given(damaged())
def test_equal_sides_are_no_change(templates: list[Template]) -> None:
    """Equal sides have no changes."""
    assert () == compared(templates, copy.deepcopy(templates)).changes


@pytest.mark.parametrize("rule", PAIRS)
def test_violations_are_new_or_gone(rule: str) -> None:
    """The faulty example of a rule is a finding over its sound one, and the other way round."""
    sound, faulty = list(EXAMPLES[rule].sound), list(EXAMPLES[rule].faulty)
    there, back = compared(sound, faulty), compared(faulty, sound)
    new, _ = _findings(there)
    gone, silenced = _findings(back)

    assert rule in new
    assert [] == gone
    assert len(new) == there.findings.new == back.findings.gone + len(silenced)


def _findings(result: Review) -> tuple[list[str], list[str]]:
    """Return the rules of new findings, and of those that are suppressed from now on."""
    effects = [effect for change in result.changes for effect in (change, *change.findings)]
    listed = [effect for effect in effects if effect.kind == "finding"]
    new = [change.after["rule"] for change in listed if not change.codes]
    return new, [change.after["rule"] for change in listed if change.codes == ("suppressed",)]
