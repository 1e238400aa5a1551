"""Two folders, read so that their stacks can be compared."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.cloudformation.errors import CheckError
from ecr_constructs.review import Severity, load_sides, review
from tests.support.compared import API
from tests.support.rule_examples.build import creation_template, repository

ACCOUNT = "aws://111122223333/eu-central-1"
MOVING = repository(RepositoryName="payments/api", ImageTagMutability="MUTABLE")


def assembly(folder: Path, *stacks: Mapping[str, Any]) -> Path:
    """Write a cloud assembly; a stack has a file, a name, an environment, resources."""
    folder.mkdir(parents=True)
    artifacts = {}
    for stack in stacks:
        file, name = stack["file"], stack.get("name", "ecr-payments")
        body = {"Resources": stack["resources"]}
        (folder / f"{file}.template.json").write_text(json.dumps(body), encoding="utf-8")
        artifacts[file] = {
            "type": "aws:cloudformation:stack",
            "environment": stack.get("environment", ACCOUNT),
            "displayName": stack.get("display", "Prod/Payments"),
            "properties": {"templateFile": f"{file}.template.json", "stackName": name},
        }
    manifest = json.dumps({"version": "55.0.0", "artifacts": artifacts})
    (folder / "manifest.json").write_text(manifest, encoding="utf-8")
    return folder


def test_stacks_are_matched_by_their_names_in_cloudformation(tmp_path: Path) -> None:
    """A file or construct that is renamed is the same stack, as long as its stack name is."""
    base = assembly(tmp_path / "base", {"file": "Old123", "resources": {"Api": API}})
    head = assembly(
        tmp_path / "head", {"file": "New456", "display": "Prod/Shop", "resources": {"Api": MOVING}}
    )
    [change, *_] = review(*load_sides(base, head)).changes

    assert ("Prod/Shop", "Api") == change.place


def test_another_region_is_another_stack(tmp_path: Path) -> None:
    """The deployed stack stays, and is no longer in the app."""
    stack = {"file": "Payments", "resources": {"Api": API}}
    there = {**stack, "environment": "aws://111122223333/eu-west-1"}
    base, head = assembly(tmp_path / "base", stack), assembly(tmp_path / "head", there)

    assert [("removed", "warning", ("stays-deployed",)), ("other", "note", ("new",))] == [
        (change.kind, change.severity, change.codes)
        for change in review(*load_sides(base, head)).changes
    ]


def test_nested_stacks_are_compared(tmp_path: Path) -> None:
    """They are read with the stack that they are nested in."""
    sides = []
    for name, nested in (("base", API), ("head", MOVING)):
        outer = {"Type": "AWS::CloudFormation::Stack", "Properties": {}}
        outer["Metadata"] = {
            "aws:asset:path": "Inner1A2B.nested.template.json",
            "aws:asset:property": "TemplateURL",
        }
        folder = assembly(tmp_path / name, {"file": "Outer", "resources": {"Inner": outer}})
        body = json.dumps({"Resources": {"Api": nested}})
        (folder / "Inner1A2B.nested.template.json").write_text(body, encoding="utf-8")
        sides.append(folder)
    [change, *_] = review(*load_sides(*sides)).changes

    assert ("Prod/Payments/Inner1A2B", "Api") == change.place


PLAIN = {"Name": {"Type": "String"}, "Kept": {"Type": "AWS::SSM::Parameter::Value<String>"}}
WITH_DEFAULT = {**PLAIN, "Name": {"Type": "String", "Default": "a"}, "Odd": 7}
COMPUTED = {"Fn::Sub": "${AWS::Region}/b"}
# The parameters of the nested template, those that are passed before and after, and the changes.
PASSED: dict[str, tuple[Any, Any, Any, list[str]]] = {
    "a literal": (PLAIN, {"Name": "a"}, {"Name": "b"}, ["a is replaced by b"]),
    "a default": (WITH_DEFAULT, {}, {"Name": "b", "On": True}, ["a is replaced by b"]),
    "the same": (WITH_DEFAULT, None, {"Name": "a"}, []),
    "a function": (
        PLAIN,
        {"Name": {"Ref": "A"}, "Kept": "a"},
        {"Name": COMPUTED, "Kept": "a"},
        ["what depends on"],
    ),
    "no parameters": (None, {"Name": "a"}, {"Name": "b"}, []),
}


@pytest.mark.parametrize("case", PASSED)
def test_a_nested_stack_has_the_parameters_of_its_parent(case: str, tmp_path: Path) -> None:
    """Literal values are known; what depends on others may change."""
    declared, *sides, expected = PASSED[case]
    named = {**API, "Properties": {"RepositoryName": {"Ref": "Name"}}}
    folders = []
    for name, given in zip(("base", "head"), sides, strict=True):
        template = "Inner.nested.template.json"
        outer = {
            "Type": "AWS::CloudFormation::Stack",
            "Properties": {"TemplateURL": template, **({"Parameters": given} if given else {})},
        }
        folder = assembly(tmp_path / name, {"file": "Outer", "resources": {"Inner": outer}})
        body = {"Resources": {"Api": named}, **({"Parameters": declared} if declared else {})}
        (folder / template).write_text(json.dumps(body), encoding="utf-8")
        folders.append(folder)
    changes = review(*load_sides(*folders)).changes

    summaries = [change.summary for change in changes if change.severity > Severity.NOTE]
    assert len(expected) == len(summaries)
    assert all(text in summary for text, summary in zip(expected, summaries, strict=True))


def test_two_nested_stacks_of_one_template_have_unknown_parameters(tmp_path: Path) -> None:
    """They are one template, unless their parents pass the same."""
    outer = {
        name: {
            "Type": "AWS::CloudFormation::Stack",
            "Properties": {
                "TemplateURL": "Inner.nested.template.json",
                "Parameters": {"Name": name},
            },
        }
        for name in ("A", "B")
    }
    folder = assembly(tmp_path / "base", {"file": "Outer", "resources": outer})
    body = {"Resources": {"Api": API}, "Parameters": {"Name": {"Type": "String"}}}
    (folder / "Inner.nested.template.json").write_text(json.dumps(body), encoding="utf-8")

    base, _ = load_sides(folder, folder)
    assert [{}] * len(base.stacks) == [stack.parameters for stack in base.stacks]


def test_snapshots_are_read_as_templates(tmp_path: Path) -> None:
    """A snapshot holds policies as JSON; a template holds texts."""
    lifecycle = json.loads(API["Properties"]["LifecyclePolicy"]["LifecyclePolicyText"])
    for name, mutability in (("base", "IMMUTABLE"), ("head", "MUTABLE")):
        readable = repository(
            RepositoryName="payments/api",
            ImageTagMutability=mutability,
            LifecyclePolicy={"LifecyclePolicyText": lifecycle},
        )
        template = creation_template(
            LifecyclePolicy=lifecycle, RepositoryPolicy={"Statement": [], "Version": "2012-10-17"}
        )
        odd = {"Type": "AWS::ECR::Repository", "Properties": {"LifecyclePolicy": None}}
        file = tmp_path / name / "__snapshots__" / "test_template[Prod-Payments].template.json"
        file.parent.mkdir(parents=True)
        body = {"Resources": {"Api": readable, "Template": template, "Odd": odd, "None": None}}
        file.write_text(json.dumps(body), encoding="utf-8")
    base, head = load_sides(tmp_path / "base", tmp_path / "head")
    [stack] = head.stacks
    changes = review(base, head).changes

    assert {"Prod-Payments"} == {change.stack for change in changes}
    for resource, names in (
        ("Api", ("LifecyclePolicy", "LifecyclePolicyText")),
        ("Template", ("LifecyclePolicy",)),
        ("Template", ("RepositoryPolicy",)),
    ):
        assert isinstance(stack.resources[resource].text(*names), str)


def test_snapshots_of_this_project_can_be_reviewed() -> None:
    """Compared with themselves they do not differ."""
    folder = Path("tests/app/__snapshots__")

    assert () == review(*load_sides(folder, folder)).changes


def test_folder_without_templates_is_rejected(tmp_path: Path) -> None:
    """The message names the folder."""
    with pytest.raises(CheckError, match=f"{tmp_path} holds no template"):
        load_sides(tmp_path, tmp_path)


def nested_in_folder(folder: Path, logical_id: str) -> Path:
    """Write a stack and its nested stack to a folder that is no assembly."""
    folder.mkdir()
    metadata = {"aws:asset:path": "a.nested.template.json", "aws:asset:property": "TemplateURL"}
    nested = {"Type": "AWS::CloudFormation::Stack", "Metadata": metadata}
    for name, resources in (("z", {logical_id: nested}), ("a.nested", {"Api": API})):
        text = json.dumps({"Resources": resources})
        (folder / f"{name}.template.json").write_text(text, encoding="utf-8")
    return folder


def test_a_nested_stack_with_another_logical_id_is_another_stack(tmp_path: Path) -> None:
    """CloudFormation creates the new one first, although the template is the same file."""
    base = nested_in_folder(tmp_path / "base", "Old")
    head = nested_in_folder(tmp_path / "head", "New")
    [change] = [
        change for change in review(*load_sides(base, head)).changes if change.resource == "Api"
    ]

    assert ("replaced", "error", "z/a in New") == (change.kind, change.severity, change.stack)
    assert [] == list(review(*load_sides(base, base)).changes)
