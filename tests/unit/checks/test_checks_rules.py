"""Every rule finds its fault, says so, and finds nothing in a sound template."""

import re

import pytest

from ecr_constructs.checks import RULES, Finding, check
from tests.support.rule_examples import EXAMPLES
from tests.support.rule_examples.build import Example


def shown(findings: list[Finding]) -> list[str]:
    """Return findings for comparison in a failure."""
    return [f"{each.rule} {each.resource}.{each.where}: {each.message}" for each in findings]


def test_every_rule_has_an_example() -> None:
    """There is a faulty and a sound template for every rule, and for nothing else."""
    assert set(RULES) == set(EXAMPLES)


@pytest.mark.parametrize(("rule", "example"), EXAMPLES.items(), ids=EXAMPLES)
def test_a_fault_is_found(rule: str, example: Example) -> None:
    """The faulty template has one finding of the rule, which says what is wrong and what to do."""
    findings = check(example.faulty)

    assert {rule, *example.besides} == {each.rule for each in findings}, shown(findings)
    messages = [each.message for each in findings if each.rule == rule]
    assert any(example.message in each for each in messages), messages


@pytest.mark.parametrize("example", EXAMPLES.values(), ids=EXAMPLES)
def test_a_sound_template_has_no_finding(example: Example) -> None:
    """No rule says anything of the sound template."""
    assert [] == shown(check(example.sound))


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_is_documented(rule: str) -> None:
    """A rule has a line each for what it asks, why, what to do, and where that comes from."""
    documented = RULES[rule]

    assert re.fullmatch(r"ECR\d{3}", documented.id)
    assert re.fullmatch(r"[A-Z][^.]*[^.]", documented.summary.replace("ecr.amazonaws.com", ""))
    assert documented.why.endswith(".")
    assert documented.remedy.endswith(".")
    assert documented.source.startswith("https://")
