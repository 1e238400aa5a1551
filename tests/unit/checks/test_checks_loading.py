"""Reading templates of every kind, and rejecting other files."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.checks import CheckError, check, load
from tests.support.rule_examples.build import repository

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
    path.parent.mkdir(parents=True, exist_ok=True)
    text = content if isinstance(content, str) else json.dumps(content, indent=1)
    path.write_text(text, encoding="utf-8")
    return path


def body(name: str = "a/b") -> dict[str, Any]:
    return {"Resources": {"Api": repository(RepositoryName=name)}}


def artifact(file: str, environment: str = "aws://111122223333/eu-west-1") -> dict[str, Any]:
    properties = {"templateFile": file}
    return {"type": STACK, "environment": environment, "properties": properties}


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

    text = path.read_text(encoding="utf-8").splitlines()
    assert finding.line is not None
    assert '"RepositoryName": "A/B"' in text[finding.line - 1]


def test_lines_of_what_is_missing(tmp_path: Path) -> None:
    """What is missing is marked where it should be."""
    api = {"Type": "AWS::ECR::Repository", "Tags": [{"a": [1, [], {}]}, "b"], "Properties": {}}
    findings = check(load([write(tmp_path / "t.json", {"Resources": {"Api": api}})]))

    assert {"ECR012": 15, "ECR016": 3} == {
        item.rule: item.line for item in findings if item.rule in ("ECR012", "ECR016")
    }


def test_a_cloud_assembly(tmp_path: Path) -> None:
    """Stages and nested stacks are read, each with its environment; nothing is read twice."""
    nested = {"Resources": {"Api": repository(RepositoryName="NESTED")}}
    stack = {
        "Resources": {
            "Child": {
                "Type": "AWS::CloudFormation::Stack",
                "Metadata": {
                    "aws:asset:path": "Child.nested.template.json",
                    "aws:asset:property": "TemplateURL",
                },
            }
        }
    }
    write(
        tmp_path / "manifest.json",
        {
            "artifacts": {
                "Prod": {"type": "cdk:cloud-assembly", "properties": {"directoryName": "prod"}},
                "Any": artifact("Any.template.json", "aws://unknown-account/unknown-region"),
                "Tree": {"type": "cdk:tree"},
                "Odd": 5,
            }
        },
    )
    write(tmp_path / "Any.template.json", body())
    write(tmp_path / "prod" / "manifest.json", {"artifacts": {"S": artifact("S.template.json")}})
    write(tmp_path / "prod" / "S.template.json", stack)
    write(
        tmp_path / "prod" / "S.assets.json",
        {
            "files": {
                "1": {"source": {"path": "Child.nested.template.json"}},
                "2": {"source": {"path": "asset.zip"}},
                "3": {"source": None},
            }
        },
    )
    write(tmp_path / "prod" / "Child.nested.template.json", nested)
    templates = load([tmp_path, tmp_path / "Any.template.json"])

    assert [
        ("S.template.json", "111122223333", "eu-west-1"),
        ("Child.nested.template.json", "111122223333", "eu-west-1"),
        ("Any.template.json", None, None),
    ] == [
        (template.path.name, template.account, template.region)
        for template in templates
        if template.path
    ]
    assert ["ECR002"] == [template.rule for template in check(templates)]


def test_nested_stacks_of_plain_templates(tmp_path: Path) -> None:
    """A local TemplateURL, or a Location of SAM, is followed, but never in a circle."""
    child = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "main.json"}}
    sam = {"Type": "AWS::Serverless::Application", "Properties": {"Location": "child.json"}}
    away = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "https://a/b"}}
    write(tmp_path / "child.json", {"Resources": {"Back": child}})
    main = write(tmp_path / "main.json", {"Resources": {"Child": sam, "Away": away}})

    names = [item.path.name for item in load([main]) if item.path]
    assert ["main.json", "child.json"] == names


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
    child = {"Type": "AWS::CloudFormation::Stack", "Properties": {"TemplateURL": "child.json"}}
    write(tmp_path / "child.json", content)
    other = write(tmp_path / "other.json", content)
    main = {**content, "Resources": {"Policy": policy, "Child": child}}
    findings = check(load([write(tmp_path / "main.json", main), other]))

    assert [("ECR301", str(tmp_path / "child.json"))] == [(f.rule, f.template) for f in findings]
    assert str(tmp_path / "main.json") in findings[0].message


def test_a_folder_of_templates(tmp_path: Path) -> None:
    """Templates are found in a folder; other files in it are left alone."""
    write(tmp_path / "a" / "shop.yml", SHORT)
    write(tmp_path / "tsconfig.json", "{ // a comment\n}")
    write(tmp_path / "package.json", {"name": "x"})
    write(tmp_path / "notes.txt", "x")

    assert ["shop.yml"] == [item.path.name for item in load([tmp_path]) if item.path]


def test_utf_16(tmp_path: Path) -> None:
    """What PowerShell redirects is read."""
    path = tmp_path / "t.json"
    path.write_text(json.dumps(body()), encoding="utf-16")

    assert [] == check(load([path]))


def test_sam(tmp_path: Path) -> None:
    """What a transform will add may be referred to, and its functions are unknown."""
    api = repository(RepositoryName={"Fn::Transform": {"Name": "x"}}, Tags={"Ref": "FromSam"})
    content = {"Transform": "AWS::Serverless-2016-10-31", "Resources": {"Api": api}}

    assert [] == check(load([write(tmp_path / "template.json", content)]))


def test_loops_of_language_extensions(tmp_path: Path) -> None:
    """Fn::ForEach is skipped."""
    loop = {"Fn::ForEach::All": ["N", ["a"], {"Repo${N}": {"Type": "AWS::ECR::Repository"}}]}
    api = repository(Tags=[{"Key": "a", "Value": {"Ref": "Repoa"}}])
    content = {"Resources": {**loop, "Api": api}}

    assert [] == check(load([write(tmp_path / "template.json", content)]))


NOT_TEMPLATES = {
    "broken JSON": ("t.json", '{"Resources": {', "JSON"),
    "a list": ("t.json", "[]", "Resources"),
    "no resources": ("t.json", '{"Resources": []}', "Resources"),
    "deep JSON": ("t.json", "[" * 100_000, "nested"),
    "broken YAML": ("t.yaml", "a: [", "YAML"),
    "unfinished text": ("t.yaml", 'a: "b', "YAML"),
    "empty": ("t.yaml", "", "Resources"),
    "deep YAML": ("t.yaml", "[" * 100_000 + "]" * 100_000, "nested"),
    "endless YAML": (
        "t.yaml",
        "a: &a [x, x, x, x, x, x, x, x, x, x]\n"
        + "".join(
            f"{b}: &{b} [{', '.join([f'*{a}'] * 10)}]\n"
            for a, b in zip("abcdef", "bcdefg", strict=True)
        ),
        "too large",
    ),
    "unknown scalar": ("t.yaml", "a: 0x", "Resources"),
}


@pytest.mark.parametrize(("name", "content", "word"), NOT_TEMPLATES.values(), ids=NOT_TEMPLATES)
def test_what_is_no_template(tmp_path: Path, name: str, content: str, word: str) -> None:
    """A named file that is not a template is rejected in one line, with its path."""
    path = write(tmp_path / name, content)

    with pytest.raises(CheckError) as caught:
        load([path])
    assert str(caught.value).startswith(f"{path}: ")
    assert word in str(caught.value)
    assert 1 == len(str(caught.value).splitlines())


STAGE = {"type": "cdk:cloud-assembly", "properties": {"directoryName": "gone"}}
UNREADABLE: dict[str, tuple[dict[str, Any], str, str]] = {
    "not UTF-8": ({"t.json": b'{"a": "\xff"}'}, "t.json", r"t\.json: .*byte 7"),
    "a missing file": ({}, "none.json", r"none\.json: No such file"),
    "an empty folder": ({}, "", "no template"),
    "an empty assembly": ({"manifest.json": {"artifacts": []}}, "", "no template"),
    "a broken manifest": ({"manifest.json": "{"}, "", r"manifest\.json is not JSON"),
    "a missing stage": (
        {"manifest.json": {"artifacts": {"Stage": STAGE}}},
        "",
        r"gone.manifest\.json: No such file",
    ),
    "a broken template in a folder": ({"a.template.json": "{"}, "", r"a\.template\.json: not JSON"),
}


@pytest.mark.parametrize(("files", "path", "pattern"), UNREADABLE.values(), ids=UNREADABLE)
def test_what_cannot_be_read(
    tmp_path: Path, files: dict[str, Any], path: str, pattern: str
) -> None:
    """The error names the file."""
    for name, content in files.items():
        if isinstance(content, bytes):
            (tmp_path / name).write_bytes(content)
        else:
            write(tmp_path / name, content)

    with pytest.raises(CheckError, match=pattern):
        load([tmp_path / path])


def test_yaml_needs_pyyaml(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without PyYAML the error names the extra to install; JSON does not need it."""
    monkeypatch.setitem(sys.modules, "yaml", None)

    assert load([write(tmp_path / "t.json", body())])
    with pytest.raises(CheckError, match=r"PyYAML: pip install"):
        load([write(tmp_path / "t.yaml", SHORT)])
