"""``ecr-constructs check``: formats, exit status, mistakes."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from ecr_constructs.checks import RULES
from ecr_constructs.cli.main import main
from tests.support.rule_examples.access import open_to
from tests.support.rule_examples.build import repository

MOVING = repository(ImageTagMutability="MUTABLE")
KNOWN = {"ecr-constructs": {"suppress": [{"rule": "ECR012", "reason": "A cache: 100%, so"}]}}
FAULTY = {"Resources": {"Api": open_to("ecr:BatchGetImage", Principal="*")["Api"], "Web": MOVING}}


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def write(body: Any, name: str = "t.json") -> str:
    Path(name).write_text(json.dumps(body, indent=1), encoding="utf-8")
    return name


def suppressed(name: str = "t.json") -> str:
    return write({"Resources": {"Web": {**MOVING, "Metadata": KNOWN}}}, name)


@pytest.mark.parametrize(
    ("body", "fail_on", "status"),
    [
        (FAULTY, "error", 1),
        ({"Resources": {"Web": MOVING}}, "error", 0),
        ({"Resources": {"Web": MOVING}}, "warning", 1),
        ({"Resources": {"Api": repository()}}, "warning", 0),
    ],
    ids=["an error", "a warning", "a warning that counts", "nothing"],
)
def test_the_exit_status(body: Any, fail_on: str, status: int) -> None:
    """1 if something is as severe as asked, else 0."""
    assert status == main(["check", write(body), "--fail-on", fail_on])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "name a template, a folder of templates or a cloud assembly such as cdk.out"),
        (["none.json"], "cannot read none.json: No such file or directory"),
        (["."], ". holds no template; synthesize first, or name a file"),
        (["--explain", "ECR999"], "unknown rule 'ECR999'; --list shows all rules"),
    ],
    ids=["nothing", "no file", "empty folder", "no rule"],
)
def test_mistakes_are_one_line(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wrong usage, or what cannot be read, ends with status 2 and one line."""
    assert 2 == main(["check", *arguments])
    assert f"ecr-constructs check: {said}\n" == capsys.readouterr().err


def test_the_list_has_every_rule(capsys: pytest.CaptureFixture[str]) -> None:
    """Each rule has a line."""
    assert 0 == main(["check", "--list"])
    assert [*RULES] == [line.split()[0] for line in capsys.readouterr().out.splitlines()]


@pytest.mark.parametrize("rule", RULES)
def test_every_rule_is_explained(rule: str, capsys: pytest.CaptureFixture[str]) -> None:
    """An explanation says why, what to do and where it comes from."""
    assert 0 == main(["check", "--explain", rule.lower()])
    message = capsys.readouterr().out
    assert message.startswith(f"{rule} (")
    assert f"Source: {RULES[rule].source}" in message
    assert "Instead: " in message


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    """JSON has findings and what was suppressed."""
    main(["check", suppressed(), "--format", "json"])
    document = json.loads(capsys.readouterr().out)

    assert [] == document["findings"]
    [expected] = document["suppressed"]
    assert {
        "rule": "ECR012",
        "severity": "warning",
        "template": "t.json",
        "resource": "Web",
        "path": "Properties.ImageTagMutability",
        "line": 8,
        "message": "every tag may be moved",
        "remedy": RULES["ECR012"].remedy,
        "controls": [*RULES["ECR012"].controls],
        "reason": "A cache: 100%, so",
    } == expected


# Of the schema that OASIS publishes, all that it says of the objects that are written.
SARIF = json.loads(
    (Path(__file__).parents[1] / "support" / "data" / "sarif-2.1.0-part.schema.json").read_text(
        "utf-8"
    )
)


def test_sarif(capsys: pytest.CaptureFixture[str]) -> None:
    """SARIF has the shape of the standard, every rule, and suppressions with their reason."""
    main(["check", write(FAULTY), suppressed("./a cache.json"), "--format", "sarif"])
    log = json.loads(capsys.readouterr().out)

    jsonschema.Draft7Validator.check_schema(SARIF)
    jsonschema.validate(log, SARIF, jsonschema.Draft7Validator)
    [run] = log["runs"]
    rules = run["tool"]["driver"]["rules"]
    assert [*RULES] == [rule["id"] for rule in rules]
    for result in run["results"]:
        assert rules[result["ruleIndex"]]["id"] == result["ruleId"]
    *findings, expected = run["results"]
    assert [("ECR206", 21), ("ECR012", 32)] == [
        (item["ruleId"], item["locations"][0]["physicalLocation"]["region"]["startLine"])
        for item in findings
    ]
    assert "A cache: 100%, so" == expected["suppressions"][0]["justification"]
    assert (
        "a%20cache.json" == expected["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    )


def test_sarif_of_an_absolute_path(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """An absolute path becomes a file URI."""
    write(FAULTY)
    main(["check", str(tmp_path / "t.json"), "--format", "sarif"])

    [run] = json.loads(capsys.readouterr().out)["runs"]
    location = run["results"][0]["locations"][0]["physicalLocation"]
    assert (tmp_path / "t.json").as_uri() == location["artifactLocation"]["uri"]


def test_sarif_of_a_checkout(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """What nobody installed, as in CI, has no version."""
    monkeypatch.setattr(sys, "path", [])
    main(["check", write(FAULTY), "--format", "sarif"])

    [run] = json.loads(capsys.readouterr().out)["runs"]
    assert "version" not in run["tool"]["driver"]


LOADED = """
import sys
import ecr_constructs.checks
heavy = {"aws_cdk", "boto3", "cfnlint", "jsii", "pydantic", "yaml"}
print(sorted(heavy & set(sys.modules)))
"""


def test_importing_the_checks_is_light() -> None:
    """Neither CDK nor cfn-lint is loaded, nor PyYAML before it is needed."""
    assert "[]\n" == subprocess.check_output([sys.executable, "-c", LOADED], text=True)
