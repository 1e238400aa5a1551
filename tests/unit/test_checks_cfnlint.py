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

MODULE = "ecr_constructs.checks.cfnlint"
NAME, TWICE, RETAINED, UNREASONED = "ECR002", "ECR003", "ECR016", "ECR901"

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


def checked(path: Path) -> Counter[tuple[str, int]]:
    """Return what the checks find in a file by themselves."""
    return Counter((item.rule, item.line or 0) for item in check(load([path])))


def repository(**properties: Any) -> dict[str, Any]:
    """Return a repository that is retained."""
    retained = {"DeletionPolicy": "Retain", "UpdateReplacePolicy": "Retain"}
    return {"Type": "AWS::ECR::Repository", **retained, "Properties": properties}


def write(path: Path, resources: dict[str, Any], **sections: Any) -> Path:
    """Write a template."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**sections, "Resources": resources}, indent=2), encoding="utf-8")
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
    return write(tmp_path / "template.json", {"Api": repository(RepositoryName="Payments/API")})


def test_every_rule_is_one_of_cfn_lint() -> None:
    """It has the id, the severity, the requirement, the reason for it and its source."""
    assert {
        value.id: (value.severity, value.summary, value.why, value.source)
        for value in RULES.values()
    } == {
        value.id: (value.severity, value.shortdesc, value.description, value.source_url)
        for value in OURS.data.values()
    }


def test_yaml_has_lines(tmp_path: Path) -> None:
    """A finding is on the line of the key, also below a short intrinsic."""
    path = tmp_path / "template.yaml"
    path.write_text(YAML, encoding="utf-8")
    findings = places(linted(path))

    assert findings[NAME, 10] == findings["ECR204", 17] == findings[RETAINED, 18] == 1
    assert checked(path) == findings


def test_json_has_lines(path: Path) -> None:
    """The same of JSON."""
    findings = places(linted(path))

    assert 1 == findings[NAME, 8]
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
        pytest.param(
            {"ecr-constructs": {"suppress": [{"rule": NAME, "reason": "It is."}]}}, id="ours"
        ),
        pytest.param({"cfn-lint": {"config": {"ignore_checks": [NAME]}}}, id="theirs"),
    ],
)
@pytest.mark.parametrize("on", ["resource", "template"])
def test_metadata_suppresses(tmp_path: Path, metadata: dict[str, Any], on: str) -> None:
    """On a resource or on the template, in our words or in those of cfn-lint."""
    api = repository(RepositoryName="Payments/API")
    sections = {"Metadata": metadata} if on == "template" else {}
    if on == "resource":
        api["Metadata"] = metadata
    path = write(tmp_path / "template.json", {"Api": api}, **sections)

    assert NAME not in {item.rule.id for item in linted(path)}


def test_cfn_lint_may_ignore_a_rule(path: Path) -> None:
    """Its option and its configuration file know our ids."""
    assert NAME not in {item.rule.id for item in linted(path, ignore_checks=[NAME])}


def test_an_assembly_is_judged_together(tmp_path: Path) -> None:
    """What a stack of a stage does to another is found in the template that does it."""
    twice = {"Api": repository(RepositoryName="payments/api")}
    first = write(tmp_path / "First.template.json", twice)
    second = write(tmp_path / "assembly-Prod" / "Second.template.json", twice)
    stage = {"type": "cdk:cloud-assembly", "properties": {"directoryName": "assembly-Prod"}}
    assembly(tmp_path, {"First": stack(first), "Prod": stage})
    assembly(second.parent, {"Second": stack(second)})

    assert [0, 1] == [
        sum(item.rule.id == TWICE for item in linted(path)) for path in (first, second)
    ]


def test_a_template_beside_an_assembly_is_judged_alone(tmp_path: Path) -> None:
    """It belongs to no stack of the assembly."""
    twice = {"Api": repository(RepositoryName="payments/api")}
    assembly(tmp_path, {"First": stack(write(tmp_path / "First.template.json", twice))})
    stray = write(tmp_path / "Stray.template.json", twice)

    assert TWICE not in {item.rule.id for item in linted(stray)}


def test_a_broken_assembly_is_no_obstacle(tmp_path: Path, path: Path) -> None:
    """Then each template is judged alone."""
    (tmp_path / "manifest.json").write_text("{", encoding="utf-8")

    assert NAME in {item.rule.id for item in linted(path)}
