"""Limits, cycles, conditions and incomplete values."""

import json
from pathlib import Path
from typing import Any

from ecr_constructs.checks import Template, check, load
from ecr_constructs.checks.rules.template import UNUSED
from ecr_constructs.cloudformation.graph import TemplateSet
from ecr_constructs.cloudformation.references import Cycles, references
from tests.support.rule_examples.build import (
    ELSEWHERE,
    creation_template,
    get_att,
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


def test_500_resources_are_judged() -> None:
    """As many repositories as a template can hold have no finding and take no time."""
    resources = {f"R{n}": repository(RepositoryName=f"a/r{n}") for n in range(500)}
    assert [] == check([template(resources)])


def test_deep_references_are_not_followed() -> None:
    """Nesting beyond what CloudFormation takes ends the search for references."""
    deep: Any = {"Ref": "Nobody"}
    for _ in range(300):
        deep = [deep]
    given = repository(Tags=deep)
    [stack] = TemplateSet([template({"Api": given})]).stacks
    assert [] == list(references(stack.resources["Api"]))


def test_a_resource_shows_itself() -> None:
    """In a debugger a resource says what and where it is."""
    [stack] = TemplateSet([template({"Api": repository()})]).stacks
    assert "<AWS::ECR::Repository Api in template>" == repr(stack.resources["Api"])


def test_rules_of_suppressions_look_at_no_resource() -> None:
    """The engine finds what is wrong with suppressions."""
    [stack] = TemplateSet([template({"Api": repository()})]).stacks
    assert [] == list(UNUSED.check(stack.resources["Api"]))


def test_a_line_that_nobody_knows() -> None:
    """A template may know no line at all."""
    body = {"Resources": {"Api": {"Type": "AWS::ECR::Repository"}}}
    findings = check([Template("t", body, line_of=lambda _: None)])
    assert {None} == {item.line for item in findings}


def test_replicas_of_what_is_not_known() -> None:
    """A repository without a known name, or of an unknown account, is not looked for."""
    free: Any = {"Api": repository(), "Copies": copies(ELSEWHERE)}
    elsewhere = template({"Other": repository()}, ELSEWHERE, "replica")
    assert [] == check([template(free), elsewhere])
    assert [] == check([Template("home", {"Resources": free}), elsewhere])


def test_a_template_for_another_occasion_is_no_help() -> None:
    """A replica is created with a template for replication, not with one for caches."""
    home = {"Api": repository(RepositoryName="payments/api"), "Copies": copies(ELSEWHERE)}
    cache = creation_template(AppliedFor=["CREATE_ON_PUSH"])
    findings = check([template(home), template({"Payments": cache}, ELSEWHERE, "replica")])
    assert ["ECR314"] == [item.rule for item in findings]


def test_a_partition_without_a_known_suffix() -> None:
    """Where the domain is not known it is left open."""
    api = repository(Tags=[{"Key": "host", "Value": {"Ref": "AWS::URLSuffix"}}])
    assert [] == check([template({"Api": api}, ("111122223333", "cn-north-1"))])


def test_what_is_not_made_owns_nothing() -> None:
    """A second owner whose condition does not hold is none, wherever the stack is deployed to."""
    conditions = {"Never": {"Fn::Equals": ["a", "b"]}}
    resources = {"Never": {**copies(ELSEWHERE), "Condition": "Never"}, "Copies": copies(ELSEWHERE)}
    assert [] == check([Template("t", {"Resources": resources, "Conditions": conditions})])
    owners = {"One": copies(ELSEWHERE), "Two": copies(ELSEWHERE)}
    assert ["ECR301"] == [item.rule for item in check([Template("t", {"Resources": owners})])]


def test_two_of_one_condition_are_made_together() -> None:
    """Two owners under one condition, or one of them without, are two whenever it holds."""
    sections: dict[str, Any] = {
        "Parameters": {"Given": {"Type": "String"}},
        "Conditions": {"Perhaps": {"Fn::Equals": [{"Ref": "Given"}, "a"]}},
    }
    perhaps = {**copies(ELSEWHERE), "Condition": "Perhaps"}
    for other in (perhaps, copies(ELSEWHERE)):
        findings = check([template({"One": perhaps, "Two": other}, **sections)])
        assert ["ECR301"] == [item.rule for item in findings]


def test_entries_of_another_shape_are_passed_by() -> None:
    """An entry that is not known does not hide the others."""
    api = repository(Tags=[{"Ref": "Given"}, {"Key": "aws:a", "Value": "b"}])
    parameters = {"Given": {"Type": "String"}}
    findings = check([template({"Api": api}, Parameters=parameters)])
    assert ["ECR010"] == [item.rule for item in findings]


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
