"""Every rule reports its violation at the right place, and nothing in a compliant template."""

import re
from typing import Any

import pytest

from ecr_constructs.checks import RULES, Config, Finding, Rule, check
from ecr_constructs.checks.selection import select
from tests.support.rule_examples import EXAMPLES, PROBLEMS
from tests.support.rule_examples.build import Example, template


def selecting(rule: str) -> Config:
    """Return a configuration with a rule, which is off by default or not."""
    return Config(select=select(["default", rule]))


def place(finding: Finding) -> str:
    """Return the resource and path of a finding."""
    return ".".join(filter(None, (finding.resource, finding.where)))


def shown(findings: list[Finding]) -> list[str]:
    """Return findings for comparison in a failure."""
    return [f"{finding.rule} {place(finding)}: {finding.message}" for finding in findings]


def test_every_rule_has_an_example() -> None:
    """There is a violation and a compliant template for every rule, and for nothing else."""
    assert set(RULES) == set(EXAMPLES)


@pytest.mark.parametrize(("rule", "example"), EXAMPLES.items(), ids=EXAMPLES)
def test_a_violation_is_found(rule: str, example: Example) -> None:
    """The faulty template has a finding of the rule at the place, and of no unexpected rule."""
    findings = check(example.faulty, config=selecting(rule))

    assert {rule, *example.besides} == {finding.rule for finding in findings}, shown(findings)
    assert example.place in {place(finding) for finding in findings if finding.rule == rule}
    assert [] == [finding for finding in findings if not finding.message or not finding.remedy]


@pytest.mark.parametrize("case", PROBLEMS.values(), ids=PROBLEMS)
def test_another_violation_is_found(case: tuple[Any, ...]) -> None:
    """The rule reports the place, and the message has the values that matter."""
    rule, expected, content, *values = case
    parameters = {"Given": {"Type": "String"}}
    findings = check([template(content, Parameters=parameters)], config=selecting(rule))

    messages = [f.message for f in findings if (f.rule, place(f)) == (rule, expected)]
    assert any(all(value in message for value in values) for message in messages), shown(findings)


@pytest.mark.parametrize(("rule", "example"), EXAMPLES.items(), ids=EXAMPLES)
def test_a_compliant_template_has_no_finding(rule: str, example: Example) -> None:
    """No rule reports anything in the compliant template."""
    assert [] == shown(check(example.sound, config=selecting(rule)))


@pytest.mark.parametrize("rule", [rule for rule in RULES.values() if rule.is_opt_in])
def test_an_opt_in_rule_is_off(rule: Rule) -> None:
    """Its faulty template has no finding unless a configuration selects it."""
    assert [] == shown(check(EXAMPLES[rule.id].faulty))


@pytest.mark.parametrize("rule", RULES.values(), ids=RULES)
def test_a_rule_is_documented(rule: Any) -> None:
    """A rule has a one-line summary, a reason, a remedy and a source."""
    assert re.fullmatch(r"ECR\d{3}", rule.id)
    assert re.fullmatch(r"[A-Z][^.]*[^.]", rule.summary.replace("ecr.amazonaws.com", ""))
    assert rule.why.endswith(".")
    assert rule.remedy.endswith(".")
    assert rule.source.startswith("https://")
