"""Every reader, with files that are broken at random: an answer, or one line and status 2."""

import json
import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from ecr_constructs.environment.loading import load_environment
from ecr_constructs.environment.source import EnvironmentFileError, FileDiagnostic
from tests.cli.conftest import AT, DETAILS, KEEP_ONE, Run, write
from tests.support.broken import broken_documents, broken_texts
from tests.support.rule_examples.build import repository

STATEMENT = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": ["ecr:*"], "Condition": {}}
TEMPLATE = {
    "Parameters": {"P": {"Type": "String", "Default": "a", "AllowedPattern": "a+"}},
    "Conditions": {"C": {"Fn::Equals": [{"Ref": "P"}, "a"]}},
    "Resources": {
        "A": repository(
            KEEP_ONE,
            RepositoryName={"Fn::Sub": "${P}/api"},
            RepositoryPolicyText={"Statement": [STATEMENT]},
            Tags=[{"Key": "a", "Value": {"Fn::If": ["C", "b", {"Ref": "AWS::NoValue"}]}}],
        ),
        "R": {
            "Type": "AWS::ECR::ReplicationConfiguration",
            "Properties": {
                "ReplicationConfiguration": {
                    "Rules": [
                        {"Destinations": [{"Region": "eu-west-1", "RegistryId": "111122223333"}]}
                    ]
                }
            },
        },
    },
    "Outputs": {"O": {"Value": {"Fn::GetAtt": ["A", "Arn"]}, "Export": {"Name": "x"}}},
}
YAML = """
Resources:
  A:
    Type: AWS::ECR::Repository
    Properties: {RepositoryName: !Sub "${AWS::StackName}-a", Tags: [{Key: a, Value: b}]}
"""
ENVIRONMENT = """
account: "111122223333"
region: eu-central-1
profile: development
teams: {shop: {repositories: [shop/web, {name: shop/api, tag_mutability: mutable}]}}
"""
CONFIGURATION = """
select = ["default"]
fail-on = "error"
[parameters]
P = "b"
[[overrides]]
paths = ["a/**"]
ignore = ["ECR012"]
reason = "x"
"""
STACK = {"templateFile": "S.template.json", "stackName": "S", "tags": {"a": "b"}}
MANIFEST = {
    "artifacts": {
        "S": {
            "type": "aws:cloudformation:stack",
            "environment": "aws://111122223333/eu-west-1",
            "displayName": "S",
            "properties": STACK,
        },
        "N": {"type": "cdk:cloud-assembly", "properties": {"directoryName": "."}},
    }
}
METADATA = {
    "/S/A": [
        {"type": "aws:cdk:logicalId", "data": "A", "trace": ["f (a.py:1:2)"]},
        {"type": "aws:cdk:acknowledged-rules", "data": {"EcrChecks::ECR012": "reason"}},
        {"type": "aws:cdk:templateFile", "data": "S.template.json"},
    ]
}
CONSTRUCT = {
    "constructPath": "S/A",
    "cloudFormationResource": {"templatePath": "S.template.json", "logicalId": "A"},
}
REPORT = {
    "pluginReports": [
        {
            "pluginName": "EcrChecks",
            "suppressedViolations": [
                {"ruleName": "ECR012", "reason": "x", "violatingConstructs": [CONSTRUCT]}
            ],
        }
    ]
}
BASELINE = {
    "version": 1,
    "findings": [{"rule": "ECR012", "template": "t.json", "resource": "A", "path": "", "count": 2}],
}
MANIFESTS = {
    "images": [
        {
            "imageId": {"imageDigest": f"sha256:{'a' * 64}"},
            "imageManifest": json.dumps({"manifests": [{"digest": "d"}], "layers": []}),
        }
    ]
}
INVENTORY = {"imageDetails": [{**item, "repositoryName": "a/api"} for item in DETAILS]}
POLICY = {"rules": [KEEP_ONE]}
PREVIEW = f"lifecycle preview --policy p.json --images i.json {' '.join(AT)}"
REVIEW = "review --base app --head other"

# At night 300 of each, and random ones: a run of all commands takes a tenth of a second. By day
# half as many as of other tests.
EXAMPLES = settings(
    max_examples=min(300, max(5, settings().max_examples // 2)),
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)

# Each file, what is valid in it, and the commands that read it.
READERS: dict[str, tuple[Any, list[str]]] = {
    "t.json": (TEMPLATE, ["check t.json --select all", "lifecycle check --template t.json"]),
    "t.yaml": (
        YAML,
        ["check t.yaml", "check . --format github", "lifecycle check --policy t.yaml"],
    ),
    "p.json": (POLICY, ["check p.json --format markdown", PREVIEW]),
    "i.json": (INVENTORY, [PREVIEW, "check p.json --images i.json"]),
    "m.json": (MANIFESTS, [f"{PREVIEW} --manifests m.json"]),
    "c.toml": (CONFIGURATION, ["check t.json --config c.toml"]),
    "b.json": (BASELINE, ["check t.json --baseline b.json"]),
    "e.yaml": (ENVIRONMENT, ["push-commands shop/web --environment e.yaml"]),
    "app/manifest.json": (MANIFEST, ["check app", REVIEW]),
    "app/S.template.json": (TEMPLATE, ["check app", REVIEW, "review --base other --head app"]),
    "app/S.metadata.json": (METADATA, ["check app"]),
    "app/validation-report.json": (REPORT, ["check app"]),
    "images/eu-west-1/a.json": (INVENTORY, [f"{REVIEW} --images images {' '.join(AT)}"]),
}


@pytest.mark.parametrize("name", READERS)
@given(data=st.data())
@EXAMPLES
def test_broken_files(run: Run, folder: Path, name: str, data: st.DataObject) -> None:
    """Nothing is printed as itself that has an effect, and no error is one of ours."""
    valid, commands = READERS[name]
    (folder / "images" / "eu-west-1").mkdir(parents=True, exist_ok=True)
    for file, (content, _) in READERS.items():
        write(file, content)
    write("other/S.template.json", TEMPLATE)
    write("other/manifest.json", MANIFEST)
    text = valid if isinstance(valid, str) else json.dumps(valid)
    strategy = broken_texts(text)
    if not isinstance(valid, str):
        strategy |= broken_documents(valid)
    Path(name).write_bytes(data.draw(strategy))

    for command in commands:
        result = run(*command.split())
        assert result.status in (0, 1, 2), result.err
        assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]", result.out + result.err)
        if result.status == 2:
            assert result.codes


@given(data=broken_texts(ENVIRONMENT))
@EXAMPLES
def test_broken_environment_files(folder: Path, data: bytes) -> None:
    """The app reads the whole of a file: it is valid, or each problem is a line."""
    file = folder / "dev.yaml"
    file.write_bytes(data)
    problems: list[FileDiagnostic] = []
    try:
        load_environment(file)
    except EnvironmentFileError as error:
        problems += error.diagnostics

    assert all(str(problem).isprintable() for problem in problems)
