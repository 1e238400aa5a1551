"""Reading templates of every kind, and rejecting other files."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.checks import CheckError, check, load
from tests.support.rule_examples.build import api

SHORT = """\
Parameters: {Name: {Type: String}}
Conditions:
  Mutable: !Equals [!Ref Name, x]
Resources:
  Api:
    Type: AWS::ECR::Repository
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties: &shared
      RepositoryName: !Sub "${Name}/api"
      ImageTagMutability: !If [Mutable, MUTABLE, IMMUTABLE]
      ImageScanningConfiguration: {ScanOnPush: true}
      LifecyclePolicy: {LifecyclePolicyText: !Ref Name}
      RepositoryPolicyText:
        Version: 2012-10-17
        Statement:
          - Effect: Allow
            Principal: !GetAtt Role.Arn
            Action: ecr:BatchGetImage
      Tags:
        - {Key: team, Value: !Select [0, [payments]]}
        - Key: since
          Value: !Join ["-", [a, b]]
  Worker:
    Type: AWS::ECR::Repository
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Condition: Mutable
    Properties:
      <<: *shared
      RepositoryName: Worker
  Role:
    Type: AWS::IAM::Role
"""
STACK = "aws:cloudformation:stack"


def write(path: Path, content: Any) -> Path:
    """Write text, bytes, or a value as JSON."""
    path.parent.mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else ""
    if not isinstance(content, str | bytes):
        text = json.dumps(content, indent=1)
    path.write_bytes(content if isinstance(content, bytes) else text.encode())
    return path


def body(name: str = "a/b") -> dict[str, Any]:
    return {"Resources": api(RepositoryName=name)}


def artifact(file: str, environment: str = "aws://111122223333/eu-west-1") -> dict[str, Any]:
    properties = {"templateFile": file}
    return {"type": STACK, "environment": environment, "properties": properties}


def child(url: str, kind: str = "AWS::CloudFormation::Stack", key: str = "TemplateURL") -> Any:
    return {"Type": kind, "Properties": {key: url}}


def loaded(*paths: Path) -> list[str]:
    """Return the names of the files of the templates."""
    return [template.path.name for template in load(paths) if template.path]


def test_yaml_with_short_intrinsics(tmp_path: Path) -> None:
    """The short forms are read, and a finding has its line."""
    [template] = load([write(tmp_path / "shop.yaml", SHORT)])
    findings = check([template])

    assert [("ECR002", "Worker", 31)] == [(f.rule, f.resource, f.line) for f in findings]
    assert str(tmp_path / "shop.yaml") == findings[0].file


def test_json_with_lines(tmp_path: Path) -> None:
    """A finding in JSON has its line, or that of what is around it."""
    path = write(tmp_path / "shop.json", body("A/B"))
    [finding] = check(load([path]))

    assert (
        '"RepositoryName": "A/B"' in path.read_text("utf-8").splitlines()[(finding.line or 0) - 1]
    )


def test_lines_of_what_is_missing(tmp_path: Path) -> None:
    """What is missing is marked where it should be."""
    api = {"Type": "AWS::ECR::Repository", "Tags": [{"a": [1, [], {}]}, "b"], "Properties": {}}
    findings = check(load([write(tmp_path / "t.json", {"Resources": {"Api": api}})]))

    assert {"ECR012": 15, "ECR016": 3} == {
        item.rule: item.line for item in findings if item.rule in ("ECR012", "ECR016")
    }


def test_a_cloud_assembly(tmp_path: Path) -> None:
    """Stages and nested stacks are read, each with its environment; nothing is read twice."""
    nested = "Child.nested.template.json"
    asset = {"aws:asset:path": nested, "aws:asset:property": "TemplateURL"}
    stack = {"Type": "AWS::CloudFormation::Stack", "Metadata": asset}
    sources = [{"path": nested}, {"path": "asset.zip"}, None]
    artifacts = {
        "Prod": {"type": "cdk:cloud-assembly", "properties": {"directoryName": "prod"}},
        "Any": artifact("Any.template.json", "aws://unknown-account/unknown-region"),
        "Tree": {"type": "cdk:tree"},
        "Odd": 5,
    }
    files = {
        "manifest.json": {"artifacts": artifacts},
        "Any.template.json": body(),
        "prod/manifest.json": {"artifacts": {"S": artifact("S.template.json")}},
        "prod/S.template.json": {"Resources": {"Child": stack}},
        "prod/S.assets.json": {
            "files": {str(number): {"source": source} for number, source in enumerate(sources)}
        },
        f"prod/{nested}": body("NESTED"),
    }
    for name, content in files.items():
        write(tmp_path / name, content)
    templates = load([tmp_path, tmp_path / "Any.template.json"])

    assert [
        ("S.template.json", "111122223333", "eu-west-1"),
        (nested, "111122223333", "eu-west-1"),
        ("Any.template.json", None, None),
    ] == [(Path(item.name).name, item.account, item.region) for item in templates]
    assert ["ECR002"] == [finding.rule for finding in check(templates)]


def test_nested_stacks_of_plain_templates(tmp_path: Path) -> None:
    """A local TemplateURL, or a Location of SAM, is followed, but never in a circle."""
    sam = child("child.json", "AWS::Serverless::Application", "Location")
    write(tmp_path / "child.json", {"Resources": {"Back": child("main.json")}})
    content = {"Resources": {"Child": sam, "Away": child("https://a/b")}}

    assert ["main.json", "child.json"] == loaded(write(tmp_path / "main.json", content))


def test_nested_stacks_of_a_folder(tmp_path: Path) -> None:
    """They come after their root stacks; templates that contain each other are roots."""
    for name, nested in (("a", "b"), ("b", "a"), ("c", "none"), ("z", "c"), ("d", "d")):
        write(tmp_path / f"{name}.json", {"Resources": {"Child": child(f"{nested}.json")}})
    roots = [
        (Path(item.name).stem, item.root.stem if item.root else None) for item in load([tmp_path])
    ]

    assert [("a", None), ("b", None), ("d", None), ("z", None), ("c", "z")] == roots


SECOND = """\
Resources:
  Api: {Type: AWS::ECR::Repository}
  Jobs: {Type: AWS::SQS::Queue, Type: AWS::SQS::Queue}
  Api:
    Type: AWS::ECR::Repository
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      Tags: []
      RepositoryName: Payments/API
      Tags:
        - {Key: team, Key: owner, Value: a}
Outputs: {}
Outputs: {}
"""
SECOND_JSON = """\
{"Resources": {
  "Api": {"Type": "AWS::ECR::Repository"},
  "Jobs": {"Type": "AWS::SQS::Queue", "Type": "AWS::SQS::Queue"},
  "Api": {
    "Type": "AWS::ECR::Repository",
    "DeletionPolicy": "Retain",
    "UpdateReplacePolicy": "Retain",
    "Properties": {
      "Tags": [],
      "RepositoryName": "Payments/API",
      "Tags": [
        {"Key": "team", "Key": "owner", "Value": "a"}]}}},
"Outputs": {},
"Outputs": {}}
"""


@pytest.mark.parametrize(
    ("name", "content"), [("t.yaml", SECOND), ("t.json", SECOND_JSON)], ids=["YAML", "JSON"]
)
def test_a_duplicate_key(tmp_path: Path, name: str, content: str) -> None:
    """The last one counts, and duplicates are reported, except in resources of other services."""
    findings = check(load([write(tmp_path / name, content)]))

    assert [
        ("Outputs", 14),
        ("Resources.Api", 4),
        ("Resources.Api.Properties.Tags", 11),
        ("Resources.Api.Properties.Tags[0].Key", 12),
    ] == [(item.where, item.line) for item in findings if item.rule == "ECR604"]
    assert [10] == [item.line for item in findings if item.rule == "ECR002"]


def test_a_merged_key_can_be_overridden(tmp_path: Path) -> None:
    """An own key overrides a merged one without being a duplicate, also in aliased nodes."""
    content = """\
Sound: &sound {DeletionPolicy: Retain, UpdateReplacePolicy: Retain, Type: AWS::ECR::Repository}
Resources:
  Api: &api
    <<: *sound
    DeletionPolicy: RetainExceptOnCreate
  Web: *api
"""
    [template] = load([write(tmp_path / "t.yaml", content)])

    assert [] == template.repeated
    assert "RetainExceptOnCreate" == template.body["Resources"]["Web"]["DeletionPolicy"]


def test_a_nested_stack_is_where_its_parent_is(tmp_path: Path) -> None:
    """Wherever that is, both own the one setting that there is; another stack may be elsewhere."""
    policy = {"Type": "AWS::ECR::RegistryPolicy", "Properties": {"PolicyText": {"Ref": "Given"}}}
    content = {"Parameters": {"Given": {"Type": "String"}}, "Resources": {"Policy": policy}}
    write(tmp_path / "child.json", content)
    other = write(tmp_path / "other.json", content)
    main = {**content, "Resources": {"Policy": policy, "Child": child("child.json")}}
    findings = check(load([write(tmp_path / "main.json", main), other]))

    assert [("ECR301", str(tmp_path / "child.json"))] == [(f.rule, f.template) for f in findings]
    assert str(tmp_path / "main.json") in findings[0].message


def test_a_folder_of_templates(tmp_path: Path) -> None:
    """Templates are found in a folder; other files in it are left alone."""
    write(tmp_path / "a" / "shop.yml", SHORT)
    write(tmp_path / "tsconfig.json", "{ // a comment\n}")
    write(tmp_path / "package.json", {"name": "x"})
    write(tmp_path / "notes.txt", "x")

    assert ["shop.yml"] == loaded(tmp_path)


ACCEPTED: dict[str, Any] = {
    "UTF-16, as PowerShell redirects": json.dumps(body()).encode("utf-16"),
    "references to what a transform adds": {
        "Transform": "AWS::Serverless-2016-10-31",
        "Resources": api(RepositoryName={"Fn::Transform": {"Name": "x"}}, Tags={"Ref": "FromSam"}),
    },
}


@pytest.mark.parametrize("content", ACCEPTED.values(), ids=ACCEPTED)
def test_other_templates_are_read(tmp_path: Path, content: Any) -> None:
    """What is not known is skipped."""
    assert [] == check(load([write(tmp_path / "template.json", content)]))


DEEP = "[" * 100_000
ENDLESS = "a: &a [x, x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"{name}: &{name} [{', '.join([f'*{above}'] * 10)}]\n"
    for above, name in zip("abcdef", "bcdefg", strict=True)
)
STAGE = {"type": "cdk:cloud-assembly", "properties": {"directoryName": "gone"}}
ASSEMBLY = "manifest.json"
STAGED, BROKEN = {ASSEMBLY: {"artifacts": {"Stage": STAGE}}}, {"a.template.json": "{"}
# Files, the loaded path below their folder, the code, and the path of the error if it is another.
REJECTED: dict[str, tuple[Any, ...]] = {
    "broken JSON": ({"t.json": '{"Resources": {'}, "t.json", "template-not-json"),
    "a list": ({"t.json": "[]"}, "t.json", "template-resources"),
    "no resources": ({"t.json": '{"Resources": []}'}, "t.json", "template-resources"),
    "deep JSON": ({"t.json": DEEP}, "t.json", "template-too-large"),
    "broken YAML": ({"t.yaml": "a: ["}, "t.yaml", "template-not-yaml"),
    "unfinished text": ({"t.yaml": 'a: "b'}, "t.yaml", "template-not-yaml"),
    "empty": ({"t.yaml": ""}, "t.yaml", "template-resources"),
    "deep YAML": ({"t.yaml": DEEP + "]" * 100_000}, "t.yaml", "template-too-large"),
    "endless YAML": ({"t.yaml": ENDLESS}, "t.yaml", "template-too-large"),
    "unknown scalar": ({"t.yaml": "a: 0x"}, "t.yaml", "template-resources"),
    "not UTF-8": ({"t.json": b'{"a": "\xff"}'}, "t.json", "file-encoding"),
    "a missing file": ({}, "none.json", "file-unreadable"),
    "an empty folder": ({}, "", "template-missing"),
    "an empty assembly": ({ASSEMBLY: {"artifacts": []}}, "", "template-missing"),
    "a broken manifest": ({ASSEMBLY: "{"}, "", "assembly-not-json", ASSEMBLY),
    "a template outside of the assembly": (
        {ASSEMBLY: {"artifacts": {"S": artifact("../../t.json")}}},
        "",
        "assembly-path-outside",
        ASSEMBLY,
    ),
    "a stack without a template": (
        {ASSEMBLY: {"artifacts": {"S": {**artifact("a"), "properties": {"templateFile": [1]}}}}},
        "",
        "assembly-malformed",
        ASSEMBLY,
    ),
    "a stage without a folder": (
        {ASSEMBLY: {"artifacts": {"Stage": {"type": "cdk:cloud-assembly"}}}},
        "",
        "assembly-malformed",
        ASSEMBLY,
    ),
    "a missing stage": (STAGED, "", "file-unreadable", f"gone/{ASSEMBLY}"),
    "a broken template in a folder": (BROKEN, "", "template-not-json", "a.template.json"),
}


@pytest.mark.parametrize("case", REJECTED.values(), ids=REJECTED)
def test_what_is_no_template(tmp_path: Path, case: tuple[Any, ...]) -> None:
    """What cannot be read is rejected in one line, with a code and the path."""
    files, name, code, *others = case
    for file, content in files.items():
        write(tmp_path / file, content)

    with pytest.raises(CheckError) as caught:
        load([tmp_path / name])
    path = tmp_path / (others or [name])[0]
    assert (code, path) == (caught.value.code, caught.value.path)
    assert str(path) in str(caught.value)
    assert 1 == len(str(caught.value).splitlines())


def test_yaml_needs_pyyaml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without PyYAML the error tells so; JSON does not need it."""
    monkeypatch.setitem(sys.modules, "yaml", None)

    assert load([write(tmp_path / "t.json", body())])
    with pytest.raises(CheckError) as caught:
        load([write(tmp_path / "t.yaml", SHORT)])
    assert "yaml-not-installed" == caught.value.code
