"""Stacks as a whole: which are the same, which leave, their settings and exports."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml

from ecr_constructs.cloudformation.errors import CheckError
from ecr_constructs.cloudformation.resource_types import REPLICATION, SCANNING
from ecr_constructs.review import Change, load_sides, review
from tests.support.compared import API, UNKEPT
from tests.support.rule_examples.build import get_att, repository, resource

HERE, THERE = "aws://111122223333/eu-central-1", "aws://111122223333/eu-west-1"
AGNOSTIC = "aws://unknown-account/unknown-region"
KMS = {"EncryptionType": "KMS", "KmsKey": "arn:aws:kms:eu-central-1:111122223333:key/1-2"}
ENCRYPTED = repository(RepositoryName="payments/api", EncryptionConfiguration=KMS)
EMPTIED = repository(RepositoryName="payments/api", EmptyOnDelete=True, **UNKEPT)
FAILS = ("replaced", "error", ("deployment-fails", "certain"))
LEFT = ("removed", "warning", ("stays-deployed",))


def stack(
    resources: Mapping[str, Any] | None = None,
    environment: str = HERE,
    *,
    sections: Mapping[str, Any] | None = None,
    **properties: Any,
) -> dict[str, Any]:
    """Return a stack of a cloud assembly: its template and what the manifest says of it."""
    body = {**({} if resources is None else {"Resources": resources}), **(sections or {})}
    return {"body": body, "environment": environment, "properties": properties}


def assembly(folder: Path, *, stage: str = "", **stacks: Any) -> Path:
    """Write a cloud assembly of stacks by artifact id; of a stage, if it is named."""
    inner = folder / f"assembly-{stage}" if stage else folder
    inner.mkdir(parents=True)
    artifacts = {}
    for name, given in stacks.items():
        path = inner / f"{name}.template.json"
        path.write_text(json.dumps(given["body"]), encoding="utf-8")
        artifacts[name] = {
            "type": "aws:cloudformation:stack",
            "environment": given["environment"],
            "displayName": "/".join(filter(None, (stage, name))),
            "properties": {"templateFile": path.name, **given["properties"]},
        }
    _manifest(inner, artifacts)
    if stage:
        nested = {"type": "cdk:cloud-assembly", "properties": {"directoryName": inner.name}}
        _manifest(folder, {inner.name: nested})
    return folder


def _manifest(folder: Path, artifacts: Mapping[str, Any]) -> None:
    content = json.dumps({"version": "55.0.0", "artifacts": artifacts})
    (folder / "manifest.json").write_text(content, encoding="utf-8")


def templates(folder: Path, **files: Any) -> Path:
    """Write a folder of templates by file name: JSON, or YAML if the name says so."""
    folder.mkdir(parents=True)
    for name, resources in files.items():
        path = folder / name.replace("__", ".")
        body = {"Resources": resources}
        text = yaml.safe_dump(body) if "yaml" in name else json.dumps(body)
        path.write_text(text, encoding="utf-8")
    return folder


def changes_between(base: Path, head: Path) -> list[tuple[Any, ...]]:
    """Return kind, severity and codes of each change."""
    return [_key(change) for change in review(*load_sides(base, head)).changes]


def _key(change: Change) -> tuple[Any, ...]:
    return change.kind, str(change.severity), change.codes


A, B = {"Api": API}, {"Api": ENCRYPTED}
# Both sides, in which a stack is the same, and its changes.
SAME: dict[str, tuple[Any, Any, list[Any]]] = {
    "an environment made explicit": (
        {"prod": stack(A, AGNOSTIC)},
        {"prod": stack(A)},
        [],
    ),
    "and a replacement": ({"prod": stack(A, AGNOSTIC)}, {"prod": stack(B)}, [FAILS]),
    "a Region made explicit": (
        {"prod": stack(A, "aws://111122223333/unknown-region")},
        {"prod": stack(A)},
        [],
    ),
    "an environment that is no longer explicit": (
        {"prod": stack(A)},
        {"prod": stack(B, AGNOSTIC)},
        [FAILS],
    ),
    "another environment": (
        {"prod": stack(A)},
        {"prod": stack(A, THERE)},
        [LEFT, ("other", "note", ("new",))],
    ),
    # The closest match first.
    "one of two environments": (
        {"prod": stack(A)},
        {"first": stack(A, THERE, stackName="prod"), "second": stack(A, stackName="prod")},
        [("other", "note", ("new",))],
    ),
    "a name that the manifest leaves out": (
        {"prod": stack(A)},
        {"Other123": stack(A, stackName="prod")},
        [],
    ),
    "a stack that gets another name": (
        {"Id": stack(A, stackName="old")},
        {"Id": stack({"Other": repository(RepositoryName="other")}, stackName="new")},
        [LEFT, ("other", "note", ("new",))],
    ),
    "an emptied stack": (
        {"prod": stack({"Api": EMPTIED})},
        {"prod": stack()},
        [("removed", "error", ("images-deleted",))],
    ),
    "an app without stacks": ({"prod": stack(A)}, {}, [LEFT]),
    "the first stack of an app": ({}, {"prod": stack(A)}, [("other", "note", ("new",))]),
    "settings that leave with their stack": (
        {
            "reg": stack(
                {
                    "Rep": resource(REPLICATION, {}),
                    "Scan": resource(SCANNING, {"ScanType": "BASIC", "Rules": []}),
                }
            )
        },
        {},
        [LEFT],
    ),
}


@pytest.mark.parametrize("case", SAME)
def test_stacks_of_assemblies_are_matched(case: str, tmp_path: Path) -> None:
    """By name; an unknown account or Region matches any."""
    before, after, expected = SAME[case]
    base, head = assembly(tmp_path / "base", **before), assembly(tmp_path / "head", **after)

    changes = [change for change in changes_between(base, head) if change[0] != "finding"]

    assert expected == changes


def test_stage_that_keeps_the_name_of_its_stack_is_no_move(tmp_path: Path) -> None:
    """As in CDK Pipelines: CloudFormation has no stages."""
    base = assembly(tmp_path / "base", Pay=stack(A))
    head = assembly(tmp_path / "head", stage="Prod", ProdPay123=stack(A, stackName="Pay"))

    assert [] == changes_between(base, head)


FILES: dict[str, tuple[dict[str, Any], dict[str, Any], list[Any]]] = {
    "YAML to JSON": ({"t__yaml": A}, {"t__template__json": A}, []),
    "YAML to JSON, with a change": ({"t__yaml": A}, {"t__json": B}, [FAILS]),
    "another file": (
        {"t__yaml": A},
        {"u__yaml": {"Other": repository(RepositoryName="other")}},
        [LEFT, ("other", "note", ("new",))],
    ),
}


@pytest.mark.parametrize("case", FILES)
def test_files_are_matched_by_name(case: str, tmp_path: Path) -> None:
    """JSON and YAML of one template are one."""
    before, after, expected = FILES[case]
    base, head = templates(tmp_path / "base", **before), templates(tmp_path / "head", **after)

    assert expected == changes_between(base, head)


@pytest.mark.parametrize("name", ["prod__template__json", "prod__yaml", "Prod__json"])
def test_deployed_template_is_compared_with_an_assembly(name: str, tmp_path: Path) -> None:
    """The file is named like the stack, or like its template in the assembly."""
    base = templates(tmp_path / "base", **{name: A})
    head = assembly(tmp_path / "head", Prod=stack(B, stackName="prod"))

    assert [FAILS] == changes_between(base, head)


def test_titles_never_show_unknown_places(tmp_path: Path) -> None:
    """Two files with the same name differ by their folders."""
    for folder in ("a", "b"):
        templates(tmp_path / "base" / folder, t__json=A)
        templates(tmp_path / "head" / folder, t__json=B)
    changes = review(*load_sides(tmp_path / "base", tmp_path / "head")).changes

    assert {"t in a/t.json", "t in b/t.json"} == {change.stack for change in changes}


def test_stack_without_template_in_an_assembly_is_unreadable(tmp_path: Path) -> None:
    """Only sections of a template make an empty stack."""
    base = assembly(tmp_path / "base", prod=stack(sections={"Hello": 1}))

    with pytest.raises(CheckError) as raised:
        load_sides(base, base)

    assert "template-resources" == raised.value.code


def nesting(folder: Path, nested: Mapping[str, Any] | None, **roots: Any) -> Path:
    """Write an assembly whose stack has a nested stack, or has it no longer."""
    assets: dict[str, Any] = {}
    assembly(folder, **roots)
    if nested is not None:
        name = "ParentInner1A2B.nested.template.json"
        (folder / name).write_text(json.dumps({"Resources": nested}), encoding="utf-8")
        assets["1"] = {"source": {"path": name}}
    (folder / "Parent.assets.json").write_text(json.dumps({"files": assets}), encoding="utf-8")
    return folder


def test_nested_stack_is_a_resource_of_its_parent(tmp_path: Path) -> None:
    """CloudFormation deletes it; CDK leaves it only together with its parent."""
    parent = stack({"Topic": resource("AWS::SNS::Topic", {})})
    base = nesting(tmp_path / "base", {"Api": EMPTIED}, Parent=parent)
    head = nesting(tmp_path / "head", None, Parent=parent)
    gone = nesting(tmp_path / "gone", None)

    [removed] = review(*load_sides(base, head)).changes
    assert ("removed", "error", ("images-deleted",)) == _key(removed)
    assert "Parent/ParentInner1A2B" == removed.stack
    assert [LEFT] == changes_between(base, gone)
    assert ["other"] == [
        change[0] for change in changes_between(head, base) if change[0] != "finding"
    ]


NESTED = resource("AWS::CloudFormation::Stack", {})


@pytest.mark.parametrize(
    ("policy", "expected"),
    [
        ("Retain", ("removed", "warning", ("stays-deployed",))),
        ("Delete", ("removed", "error", ("images-deleted",))),
    ],
)
def test_parent_can_retain_a_nested_stack(policy: str, expected: Any, tmp_path: Path) -> None:
    """Then the nested stack stays with all that it has."""
    topic = {"Topic": resource("AWS::SNS::Topic", {})}
    parent = stack({**topic, "Inner": {**NESTED, "DeletionPolicy": policy}})
    base = nesting(tmp_path / "base", {"Api": EMPTIED}, Parent=parent)
    head = nesting(tmp_path / "head", None, Parent=stack(topic))

    assert expected in changes_between(base, head)


def test_move_into_a_nested_stack_fails(tmp_path: Path) -> None:
    """Parent and nested stack are one deployment, which creates first."""
    topic = {"Topic": resource("AWS::SNS::Topic", {})}
    base = nesting(tmp_path / "base", None, Parent=stack({**topic, "Api": EMPTIED}))
    head = nesting(tmp_path / "head", {"Api": EMPTIED}, Parent=stack(topic))

    assert FAILS in changes_between(base, head)


PROTECTED: dict[str, Any] = {"terminationProtection": True}
# Properties of the stack in the manifest on both sides.
SETTINGS: dict[str, tuple[Any, Any, list[Any]]] = {
    "no termination protection": (
        PROTECTED,
        {"terminationProtection": False},
        [("unprotected", "warning", ("termination-protection",))],
    ),
    "termination protection": (
        {},
        PROTECTED,
        [("strengthened", "note", ("termination-protection",))],
    ),
    "tags": (
        {"tags": {"team": "a", "cost": "1"}},
        {"tags": {"team": "b", "cost": "1"}},
        [("other", "note", ("stack-tags",))],
    ),
    "tags that are not a mapping": ({"tags": []}, {}, []),
    "the same": ({**PROTECTED, "tags": {"a": "b"}}, {**PROTECTED, "tags": {"a": "b"}}, []),
}


@pytest.mark.parametrize("case", SETTINGS)
def test_manifest_counts(case: str, tmp_path: Path) -> None:
    """Some settings of a stack are only there."""
    before, after, expected = SETTINGS[case]
    base = assembly(tmp_path / "base", prod=stack(A, **before))
    head = assembly(tmp_path / "head", prod=stack(A, **after))

    assert expected == changes_between(base, head)


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ({"Name": "a"}, {"Name": "b"}, ["a is replaced by b"]),
        ({"Name": "a"}, {"Name": "a", "Other": "b"}, []),
        ([], {"Name": 7}, []),
    ],
)
def test_parameters_of_the_manifest_count(
    old: Any, new: Any, expected: list[str], tmp_path: Path
) -> None:
    """CDK deploys a stack with them; a template does not have them."""
    named = {"Api": repository(RepositoryName={"Ref": "Name"})}
    sections = {"Parameters": {"Name": {"Type": "String"}}}
    base, head = (
        assembly(tmp_path / name, prod=stack(named, sections=sections, parameters=values))
        for name, values in (("base", old), ("head", new))
    )

    summaries = [change.summary for change in review(*load_sides(base, head)).changes]
    assert expected == [summary.partition(":")[0] for summary in summaries]


def test_template_of_a_folder_has_no_known_settings(tmp_path: Path) -> None:
    """What is unknown is not a change."""
    base = templates(tmp_path / "base", prod__json=A)
    head = assembly(tmp_path / "head", prod=stack(A, **PROTECTED, tags={"a": "b"}))

    assert [] == changes_between(base, head)


def exporting(value: Any, **more: Any) -> dict[str, Any]:
    """Return the outputs of a stack."""
    return {"Outputs": {"Uri": {"Value": value, "Export": {"Name": "uri"}, **more}}}


def importing(name: Any = "uri") -> dict[str, Any]:
    """Return a stack that imports an export."""
    value = {"Fn::Sub": ["${A}:latest", {"A": {"Fn::ImportValue": name}}]}
    return stack({"Topic": resource("AWS::SNS::Topic", {"DisplayName": value})})


URI = get_att("Api", "RepositoryUri")
NAMELESS, NAMELESS_ENCRYPTED = repository(), repository(EncryptionConfiguration=KMS)
NEVER = {"Conditions": {"Never": {"Fn::Equals": ["a", "b"]}}}
FAILS_EXPORT = "deployment-fails"
# Both sides, and severity and codes of the change of the export.
EXPORTS: dict[str, tuple[Any, Any, list[tuple[str, str]]]] = {
    "removed": (
        {"a": stack(A, sections=exporting(URI)), "b": importing()},
        {"a": stack(A), "b": importing()},
        [("error", f"{FAILS_EXPORT} certain export-removed")],
    ),
    "removed with its import": (
        {"a": stack(A, sections=exporting(URI)), "b": importing()},
        {"a": stack(A), "b": stack(A)},
        [("warning", f"{FAILS_EXPORT} uncertain export-removed")],
    ),
    "imported by a stack that left": (
        {"a": stack(A, sections=exporting(URI)), "b": importing()},
        {"a": stack(A)},
        [("error", f"{FAILS_EXPORT} certain export-removed")],
    ),
    "changed": (
        {"a": stack(A, sections=exporting("x")), "b": importing()},
        {"a": stack(A, sections=exporting("y")), "b": importing()},
        [("error", f"{FAILS_EXPORT} certain export-changed")],
    ),
    "may change": (
        {"a": stack(A, sections=exporting("x")), "b": importing()},
        {"a": stack(A, sections=exporting({"Ref": "X"})), "b": importing()},
        [("warning", f"{FAILS_EXPORT} uncertain export-changed")],
    ),
    "of a replaced resource": (
        {"a": stack({"Api": NAMELESS}, sections=exporting(URI)), "b": importing()},
        {"a": stack({"Api": NAMELESS_ENCRYPTED}, sections=exporting(URI)), "b": importing()},
        [("error", f"{FAILS_EXPORT} certain export-changed")],
    ),
    "imported by no stack of the app": (
        {"a": stack(A, sections=exporting(URI)), "b": importing("other")},
        {"a": stack(A), "b": importing("other")},
        [("note", "export-removed")],
    ),
    "imported elsewhere": (
        {
            "a": stack(A, sections=exporting(URI)),
            "b": {**importing(), "environment": THERE},
        },
        {"a": stack(A), "b": {**importing(), "environment": THERE}},
        [("note", "export-removed")],
    ),
    "the same": (
        {"a": stack(A, sections=exporting(URI)), "b": importing()},
        {"a": stack(B, sections=exporting(URI)), "b": importing()},
        [],
    ),
    "created by a condition that does not hold": (
        {"a": stack(A, sections=exporting(URI, Condition="Never") | NEVER), "b": importing()},
        {"a": stack(A), "b": importing()},
        [],
    ),
    "created by a condition": (
        {"a": stack(A, sections=exporting(URI, Condition="Perhaps")), "b": importing()},
        {"a": stack(A), "b": importing()},
        [("error", f"{FAILS_EXPORT} certain export-removed")],
    ),
    "no export": (
        {"a": stack(A, sections={"Outputs": {"Uri": {"Value": "a"}, "Odd": None}})},
        {"a": stack(A)},
        [],
    ),
}


@pytest.mark.parametrize("case", EXPORTS)
def test_export_in_use_cannot_change(case: str, tmp_path: Path) -> None:
    """CloudFormation rejects it as long as another stack imports the export."""
    before, after, expected = EXPORTS[case]
    base, head = assembly(tmp_path / "base", **before), assembly(tmp_path / "head", **after)
    changes = review(*load_sides(base, head)).changes

    assert expected == [
        (str(change.severity), " ".join(change.codes))
        for change in changes
        if change.codes and change.codes[-1].startswith("export-")
    ]
