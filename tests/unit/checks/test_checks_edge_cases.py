"""Limits, cycles, conditions and incomplete values."""

import json
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.checks import Template, check, load
from ecr_constructs.checks.rules.template import UNUSED
from ecr_constructs.cloudformation.graph import TemplateSet
from ecr_constructs.cloudformation.references import Cycles, references
from tests.support.rule_examples.build import (
    ELSEWHERE,
    api,
    get_att,
    one_template,
    repository,
    template,
)
from tests.support.rule_examples.registries import copies


def test_a_large_file_is_refused(tmp_path: Path) -> None:
    """CloudFormation takes 1 MB, white space included."""
    path = tmp_path / "t.json"
    path.write_text(json.dumps({"Resources": {}}) + " " * 1_000_000, encoding="utf-8")

    [finding] = check(load([path]))
    assert ("ECR603", "", 1) == (finding.rule, finding.resource, finding.line)
    assert "1,000,017" in finding.message


def test_deep_references_are_not_followed() -> None:
    """Nesting beyond what CloudFormation takes ends the search for references."""
    deep: Any = {"Ref": "Nobody"}
    for _ in range(300):
        deep = [deep]
    [stack] = TemplateSet([template(api(Tags=deep))]).stacks
    assert [] == list(references(stack.resources["Api"]))


def test_a_resource_shows_itself() -> None:
    """In a debugger a resource says what and where it is."""
    [stack] = TemplateSet([template(api())]).stacks
    assert "<AWS::ECR::Repository Api in template>" == repr(stack.resources["Api"])


def test_rules_of_suppressions_look_at_no_resource() -> None:
    """The engine finds what is wrong with suppressions."""
    [stack] = TemplateSet([template(api())]).stacks
    assert [] == list(UNUSED.check(stack.resources["Api"]))


def test_a_line_that_nobody_knows() -> None:
    """A template may know no line at all."""
    body = {"Resources": {"Api": {"Type": "AWS::ECR::Repository"}}}
    findings = check([Template("t", body, line_of=lambda _: None)])
    assert {None} == {item.line for item in findings}


SECTIONS: dict[str, Any] = {
    "Parameters": {"Given": {"Type": "String"}},
    "Conditions": {
        "Never": {"Fn::Equals": ["a", "b"]},
        "Perhaps": {"Fn::Equals": [{"Ref": "Given"}, "a"]},
    },
}
COPIES, REPLICA = copies(ELSEWHERE), template({"Other": repository()}, ELSEWHERE, "replica")
NEVER, PERHAPS = ({**COPIES, "Condition": name} for name in ("Never", "Perhaps"))


def judged(**resources: Any) -> Template:
    """Return a template with conditions."""
    return template(resources, **SECTIONS)


UNNAMED = {**api(), "Copies": COPIES}
NAMED = {**api(RepositoryName="payments/api"), "Copies": COPIES}
FOR_PUSHES = template(one_template(AppliedFor=["CREATE_ON_PUSH"]), ELSEWHERE, "replica")
MANY = {f"R{number}": repository(RepositoryName=f"a/r{number}") for number in range(500)}
CHINA = ("111122223333", "cn-north-1")
HOST = {"Key": "host", "Value": {"Ref": "AWS::URLSuffix"}}
CASES: dict[str, tuple[list[Template], list[str]]] = {
    "500 resources": ([template(MANY)], []),
    "replicas of an unknown name": ([template(UNNAMED), REPLICA], []),
    "replicas of an unknown account": ([Template("t", {"Resources": NAMED}), REPLICA], []),
    "a replica with a template for another occasion": ([template(NAMED), FOR_PUSHES], ["ECR314"]),
    "a partition without a known suffix": ([template(api(Tags=[HOST]), CHINA)], []),
    "two owners": ([Template("t", {"Resources": {"A": COPIES, "B": COPIES}})], ["ECR301"]),
    "an owner that is never created": (
        [Template("t", {"Resources": {"Never": NEVER, "Copies": COPIES}, **SECTIONS})],
        [],
    ),
    "two owners of one condition": ([judged(One=PERHAPS, Two=PERHAPS)], ["ECR301"]),
    "an owner with a condition, and one without": ([judged(One=PERHAPS, Two=COPIES)], ["ECR301"]),
    "an entry of another shape beside others": (
        [judged(**api(Tags=[{"Ref": "Given"}, {"Key": "aws:a", "Value": "b"}]))],
        ["ECR010"],
    ),
}


@pytest.mark.parametrize(("templates", "rules"), CASES.values(), ids=CASES)
def test_what_is_known_is_judged(templates: list[Template], rules: list[str]) -> None:
    """Conditions, environments and shapes that are not known hide nothing, and invent nothing."""
    assert rules == [finding.rule for finding in check(templates)]


def cycles(**properties: Any) -> Cycles:
    resources = {
        name: {"Type": "T", "Properties": property_} for name, property_ in properties.items()
    }
    [stack] = TemplateSet([Template("template", {"Resources": resources})]).stacks
    return Cycles(stack)


def test_every_resource_of_a_cycle_has_all_members() -> None:
    """The first lookup does not matter, and a resource that leads to a cycle is not in it."""
    graph = cycles(A=get_att("B"), B=[get_att("C")], C={"x": get_att("A")}, D=get_att("A"))

    assert () == graph.of("D")
    assert [("A", "B", "C")] * 3 == [graph.of(item) for item in "ABC"]


def test_a_resource_that_names_itself_is_a_cycle() -> None:
    """One that names nothing, or has no properties to speak of, is not."""
    graph = cycles(A=get_att("A"), B="text", C=get_att("B"))

    assert [("A",), (), ()] == [graph.of(item) for item in "ABC"]
