"""Loops are expanded, and what is not read is listed."""

import json
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.checks import Template, check
from ecr_constructs.cloudformation.graph import Stack, TemplateSet
from ecr_constructs.cloudformation.loading import load
from ecr_constructs.cloudformation.unread import unread_of

REPOSITORY = "AWS::ECR::Repository"
TRANSFORM = {"Transform": "AWS::LanguageExtensions"}


def stack(resources: Any, given: dict[str, str] | None = None, **sections: Any) -> Stack:
    """Return a stack with the language extensions, unless it has another transform."""
    parameters = {"Names": {"Type": "CommaDelimitedList"}}
    body = {**TRANSFORM, "Parameters": parameters, **sections, "Resources": resources}
    return TemplateSet([Template("t", body, parameters=given or {})]).stacks[0]


def loop(items: Any, key: str, name: Any) -> dict[str, Any]:
    """Return a loop over repositories."""
    repository = {"Type": REPOSITORY, "Properties": {"RepositoryName": name}}
    return {"Fn::ForEach::Repos": ["Name", items, {key: repository}]}


LITERAL = ["a", "b-c"]
SUB = {"Fn::Sub": "x/${Name}"}
INNER = {"Fn::ForEach::Inner": ["Tier", ["dev", "prod"], {"R${Name}${Tier}": {"Type": REPOSITORY}}]}
# The resources and, of loops, the logical ids and names of the repositories.
EXPANDED: dict[str, tuple[Any, dict[str, Any]]] = {
    "an item in a text": (loop(["a", "b"], "R${Name}", SUB), {"Ra": "x/a", "Rb": "x/b"}),
    "an item by reference": (loop(["a"], "R${Name}", {"Ref": "Name"}), {"Ra": "a"}),
    "symbols in a logical id": (
        loop(LITERAL, "R&{Name}", {"Ref": "Name"}),
        {"Ra": "a", "Rbc": "b-c"},
    ),
    "a map": (
        loop({"Fn::FindInMap": ["Teams", "all", "Names"]}, "R${Name}", SUB),
        {"Ra": "x/a"},
    ),
    "a number": (loop([1], "R${Name}", SUB), {"R1": "x/1"}),
    "a loop in a loop": (
        {"Fn::ForEach::Outer": ["Name", ["a"], INNER]},
        {"Radev": None, "Raprod": None},
    ),
}


@pytest.mark.parametrize("case", EXPANDED)
def test_loops_are_expanded(case: str) -> None:
    """The resources of a loop are those that CloudFormation makes of it."""
    resources, expected = EXPANDED[case]
    expanded = stack(resources, Mappings={"Teams": {"all": {"Names": ["a"]}}})

    assert expected == {
        name: resource.get("RepositoryName") for name, resource in expanded.resources.items()
    }
    assert () == unread_of(expanded)
    assert expanded.is_complete


def test_loops_inside_of_resources_are_expanded() -> None:
    """A loop makes properties, outputs and conditions as it makes resources."""
    tags = {"Fn::ForEach::Keys": ["Key", ["ImageTagMutability"], {"${Key}": "IMMUTABLE"}]}
    expanded = stack({"Api": {"Type": REPOSITORY, "Properties": tags}})

    assert "IMMUTABLE" == expanded.resources["Api"].get("ImageTagMutability")


def test_deep_values_stay_as_they_are() -> None:
    """Deeper than any template, a value is neither read nor a crash."""
    value: Any = {"Fn::ForEach::Deep": []}
    for _ in range(300):
        value = [value]
    tags = stack({"Api": {"Type": REPOSITORY, "Properties": {"Tags": value}}}).body["Resources"]

    assert value == tags["Api"]["Properties"]["Tags"]


def test_a_given_parameter_expands_a_loop() -> None:
    """The value of a parameter is known if it is given."""
    resources = loop({"Ref": "Names"}, "R${Name}", SUB)

    assert ["Ra", "Rb"] == list(stack(resources, {"Names": "a,b"}).resources)


NESTED = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "https://x.test/t"}}
INCLUDE = {"Fn::Transform": {"Name": "AWS::Include"}}
SETTINGS = {"Type": REPOSITORY, "Properties": {"Tags": [INCLUDE]}}
# The template, and the resource, code and place of what is not read.
UNREAD: dict[str, tuple[Stack, list[tuple[str, str, tuple[Any, ...]]]]] = {
    "a loop over a parameter": (
        stack(loop({"Ref": "Names"}, "R${Name}", SUB)),
        [("", "loop-not-expanded", ("Resources", "Fn::ForEach::Repos"))],
    ),
    "a loop over a part that is not known": (
        stack(loop(["a", {"Ref": "Names"}], "R${Name}", SUB)),
        [("", "loop-not-expanded", ("Resources", "Fn::ForEach::Repos"))],
    ),
    "a loop without a body": (
        stack({"Fn::ForEach::Repos": ["Name", ["a"]]}),
        [("", "loop-not-expanded", ("Resources", "Fn::ForEach::Repos"))],
    ),
    "a loop in a loop": (
        stack(
            {
                "Fn::ForEach::Outer": [
                    "Name",
                    ["a"],
                    {"Fn::ForEach::${Name}": ["N", {"Ref": "Names"}, {"R${Name}": {"A": 1}}]},
                ]
            }
        ),
        [("", "loop-not-expanded", ("Resources", "Fn::ForEach::a"))],
    ),
    "a loop of too many items": (
        stack(loop(list(range(5_001)), "R${Name}", SUB)),
        [("", "loop-not-expanded", ("Resources", "Fn::ForEach::Repos"))],
    ),
    "a loop without the language extensions": (
        stack(loop(["a"], "R${Name}", SUB), Transform=[]),
        [("", "loop-not-expanded", ("Resources", "Fn::ForEach::Repos"))],
    ),
    "a macro": (
        stack({}, Transform=["Macro", {"Name": "AWS::Include"}]),
        [("", "transform-not-read", ("Transform",))] * 2,
    ),
    "an included fragment": (
        stack(INCLUDE),
        [("", "transform-not-read", ("Resources", "Fn::Transform"))],
    ),
    "an included value": (
        stack({"Api": SETTINGS}),
        [("Api", "transform-not-read", ("Properties", "Tags", 0, "Fn::Transform"))],
    ),
    "a macro by name": (
        stack({"Api": {"Type": REPOSITORY, "Properties": {"Fn::Transform": "Macro"}}}),
        [("Api", "transform-not-read", ("Properties", "Fn::Transform"))],
    ),
    "SAM": (
        stack({"F": {"Type": "AWS::Serverless::Function"}}, Transform="AWS::Serverless-2016-10-31"),
        [("F", "sam-not-expanded", ())],
    ),
    "no resource": (stack({"Api": 3}), [("Api", "resource-not-read", ())]),
    "a module": (stack({"M": {"Type": "A::B::C::MODULE"}}), [("M", "module-not-read", ())]),
    "a stack set": (
        stack({"S": {"Type": "AWS::CloudFormation::StackSet"}}),
        [("S", "stack-set-not-read", ())],
    ),
    "a nested stack": (stack({"N": NESTED}), [("N", "nested-stack-not-read", ())]),
}


@pytest.mark.parametrize("case", UNREAD)
def test_what_is_not_read_is_listed(case: str) -> None:
    """Each part that is not read has a code and a place."""
    unread_stack, expected = UNREAD[case]

    assert expected == [(item.resource, item.code, item.path) for item in unread_of(unread_stack)]


def test_a_finding_in_a_loop_is_on_its_line(tmp_path: Path) -> None:
    """The line of a finding is that of the fragment in the loop."""
    path = tmp_path / "t.yaml"
    path.write_text(
        """\
Transform: AWS::LanguageExtensions
Resources:
  Fn::ForEach::Repos:
    - Name
    - [api, web]
    - Repo${Name}:
        Type: AWS::ECR::Repository
        Properties:
          ImageTagMutability: SOMETIMES
  Other:
    Type: AWS::ECR::Repository
    Properties:
      ImageTagMutability: SOMETIMES
""",
        encoding="utf-8",
    )
    findings = [item for item in check(load([path])) if "ImageTagMutability" in item.path]

    assert {("Repoapi", 9), ("Repoweb", 9), ("Other", 13)} == {
        (item.resource, item.line) for item in findings
    }


def test_nested_stacks_of_an_assembly_are_read(tmp_path: Path) -> None:
    """A nested stack whose template is a file of the assembly is read, with or without metadata."""
    for name, metadata in (("a", {"aws:asset:path": "n.json"}), ("b", None)):
        resource = {"Type": "AWS::CloudFormation::Stack", "Metadata": metadata}
        url = {} if metadata else {"Properties": {"TemplateURL": "n.json"}}
        write(tmp_path / f"{name}.template.json", {"Resources": {"N": {**resource, **url}}})
    write(tmp_path / "n.json", {"Resources": {}})

    assert [] == [
        item for stack_ in TemplateSet(load([tmp_path])).stacks for item in unread_of(stack_)
    ]


def write(path: Path, body: Any) -> None:
    """Write a template."""
    path.write_text(json.dumps(body), encoding="utf-8")
