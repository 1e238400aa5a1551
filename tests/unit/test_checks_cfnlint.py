"""The checks as rules of cfn-lint: the same findings, on the same lines."""

import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from cfnlint.api import ManualArgs, lint
from cfnlint.config import ConfigMixIn
from cfnlint.rules import Rules
from cfnlint.runner import run_template_by_file_path

from ecr_constructs.checks import RULES, check, load
from ecr_constructs.checks import cfnlint as ours

MODULE = "ecr_constructs.checks.cfnlint"
NAME, TWICE, RETAINED = "ECR002", "ECR003", "ECR016"

YAML = """\
AWSTemplateFormatVersion: "2010-09-09"
Parameters:
  Account: {Type: String}
Resources:
  Api:
    Type: AWS::ECR::Repository
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      RepositoryName: Payments/API
      RepositoryPolicyText:
        Version: "2012-10-17"
        Statement:
          - Effect: Allow
            Principal:
              AWS: !Sub "arn:aws:iam::${Account}:root"
            Action: ecr:Pull
  Web:
    Type: AWS::ECR::Repository
    Properties: {RepositoryName: storefront/web}
"""


# Its own rules take seconds to load; the tests of its command run those too.
OURS = Rules.create_from_module(MODULE)


def linted(path: Path, **options: Any) -> list[Any]:
    """Return what cfn-lint finds in a file by our rules."""
    config = ConfigMixIn(["--template", str(path)], regions=["eu-central-1"], **options)
    return [
        our
        for our in run_template_by_file_path(str(path), config, OURS, ignore_bad_template=False)
        if our.rule.id in RULES
    ]


def places(matches: list[Any]) -> Counter[tuple[str, int]]:
    """Return each rule with the line of its finding."""
    return Counter((match.rule.id, match.linenumber) for match in matches)


def ids(path: Path, **options: Any) -> set[str]:
    """Return the rules of what cfn-lint finds."""
    return {match.rule.id for match in linted(path, **options)}


def checked(path: Path) -> Counter[tuple[str, int]]:
    """Return what the checks find in a file by themselves."""
    return Counter((item.rule, item.line or 0) for item in check(load([path])))


def named(name: str = "Payments/API", **attributes: Any) -> dict[str, Any]:
    """Return a repository without other properties than its name."""
    retained = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    properties = {"Properties": {"RepositoryName": name}}
    return {"Api": {"Type": "AWS::ECR::Repository", **retained, **properties, **attributes}}


def write(path: Path, resources: dict[str, Any] | None = None, **sections: Any) -> Path:
    """Write a template. Default: one with a repository whose name is not valid."""
    path.parent.mkdir(parents=True, exist_ok=True)
    body = {**sections, "Resources": named() if resources is None else resources}
    path.write_text(json.dumps(body, indent=2), encoding="utf-8")
    return path


def assembly(folder: Path, artifacts: dict[str, Any]) -> None:
    """Write the manifest of a cloud assembly."""
    folder.mkdir(parents=True, exist_ok=True)
    manifest = json.dumps({"version": "55.0.0", "artifacts": artifacts})
    (folder / "manifest.json").write_text(manifest, encoding="utf-8")


def stack(template: Path) -> dict[str, Any]:
    """Return a stack's entry in a manifest."""
    return {
        "type": "aws:cloudformation:stack",
        "environment": "aws://111122223333/eu-central-1",
        "properties": {"templateFile": template.name},
    }


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a template with a repository whose name ECR rejects."""
    return write(tmp_path / "template.json")


# cfn-lint has its own name for notes.
SEVERITIES = {"note": "informational"}


def test_every_rule_is_one_of_cfn_lint() -> None:
    """It has the id, the severity, the requirement, the reason for it and its source."""
    assert {
        rule.id: (
            SEVERITIES.get(rule.severity, rule.severity),
            *(rule.summary, rule.why, rule.source),
        )
        for rule in RULES.values()
    } == {
        value.id: (value.severity, value.shortdesc, value.description, value.source_url)
        for value in OURS.data.values()
    }


@pytest.mark.parametrize(
    ("name", "content", "lines"),
    [
        ("template.yaml", YAML, [(NAME, 10), ("ECR204", 17), (RETAINED, 18)]),
        ("template.json", json.dumps({"Resources": named()}, indent=2), [(NAME, 8)]),
    ],
)
def test_findings_have_lines(
    tmp_path: Path, name: str, content: str, lines: list[tuple[str, int]]
) -> None:
    """A finding is on the line of the key, also below a short intrinsic."""
    path = tmp_path / name
    path.write_text(content, encoding="utf-8")
    findings = places(linted(path))

    assert [1] * len(lines) == [findings[line] for line in lines]
    assert checked(path) == findings


def test_text_has_lines() -> None:
    """A template that is no file, as an editor or a pipe gives it, is judged too."""
    findings = lint(YAML, config=ManualArgs(append_rules=[MODULE]))

    assert 1 == places(findings)[NAME, 10]


def test_a_message_ends_with_the_remedy(path: Path) -> None:
    """cfn-lint shows one text, so it holds both."""
    [findings] = [item for item in linted(path) if item.rule.id == NAME]
    [ours] = [item for item in check(load([path])) if item.rule == NAME]

    assert f"{ours.message}. {ours.remedy}" == findings.message


@pytest.mark.parametrize(
    "metadata",
    [
        {"ecr-constructs": {"suppress": [{"rule": NAME, "reason": "It is."}]}},
        {"cfn-lint": {"config": {"ignore_checks": [NAME]}}},
    ],
    ids=["ours", "theirs"],
)
def test_metadata_suppresses(tmp_path: Path, metadata: dict[str, Any]) -> None:
    """On a resource or on the template, in our words or in those of cfn-lint."""
    on_template = write(tmp_path / "template.json", Metadata=metadata)
    on_resource = write(tmp_path / "resource.json", named(Metadata=metadata))

    assert NAME not in ids(on_template) | ids(on_resource)


def test_cfn_lint_may_ignore_a_rule(path: Path) -> None:
    """Its option and its configuration file know our ids."""
    assert NAME not in ids(path, ignore_checks=[NAME])


def test_an_assembly_is_judged_together(tmp_path: Path) -> None:
    """What a stack of a stage does to another is found in the template that does it."""
    first = write(tmp_path / "First.template.json", named("payments/api"))
    second = write(tmp_path / "assembly-Prod" / "Second.template.json", named("payments/api"))
    stage = {"type": "cdk:cloud-assembly", "properties": {"directoryName": "assembly-Prod"}}
    assembly(tmp_path, {"First": stack(first), "Prod": stage})
    assembly(second.parent, {"Second": stack(second)})

    assert [0, 1] == [
        sum(rule == TWICE for rule, _ in places(linted(path)).elements())
        for path in (first, second)
    ]


def test_a_template_beside_an_assembly_is_judged_alone(tmp_path: Path) -> None:
    """It belongs to no stack of the assembly."""
    first = write(tmp_path / "First.template.json", named("payments/api"))
    assembly(tmp_path, {"First": stack(first)})
    stray = write(tmp_path / "Stray.template.json", named("payments/api"))

    assert TWICE not in ids(stray)


def test_a_broken_assembly_is_no_obstacle(tmp_path: Path, path: Path) -> None:
    """Then each template is judged alone."""
    (tmp_path / "manifest.json").write_text("{", encoding="utf-8")
    path = write(tmp_path / "template.json")

    assert NAME in ids(path)


def test_the_configuration_applies(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """That of the current folder: rules, severities, and what a template cannot say."""
    path = tmp_path / "template.yaml"
    path.write_text(YAML, encoding="utf-8")
    text = f'select = ["default", "ECR801"]\nignore = ["{NAME}"]\nseverity.{RETAINED} = "note"\n'
    (tmp_path / "ecr-constructs.toml").write_text(text, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    ours._config.cache_clear()
    try:
        severities = {match.rule.id: match.rule.severity for match in linted(path)}
    finally:
        ours._config.cache_clear()

    assert NAME not in severities
    assert {RETAINED: "informational", "ECR801": "warning"}.items() <= severities.items()


def test_names_and_values_of_a_template_are_inert(tmp_path: Path) -> None:
    """cfn-lint prints messages as they are: no control characters, no commands of a CI system."""
    bad = "a\x1b[2J\u202e##[error]\n::error::x"
    body = {"Type": "AWS::ECR::Repository", "Properties": {"RepositoryName": bad, bad: bad}}
    template = tmp_path / "t.template.json"
    template.write_text(json.dumps({"Resources": {"Api": body}}), encoding="utf-8")
    messages = [match.message for match in linted(template)]

    assert any("\\x1b[2J" in message for message in messages)
    assert not any("##[" in message or not message.isprintable() for message in messages)
