"""``ecr-constructs review``: what it reads, how it ends, and its JSON."""

import json
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.cli.main import main
from ecr_constructs.review.change import KINDS
from tests.support.rule_examples.build import repository, rule

API = repository(RepositoryName="payments/api")
KEYED = {"EncryptionType": "KMS", "KmsKey": {"Fn::GetAtt": ["Key", "Arn"]}}
SIDES = ("review", "--base", "base", "--head", "head")


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write("base", {"Api": API, "Web": repository(RepositoryName="web")})
    write("head", {"Api": API})


def write(side: str, resources: dict[str, Any]) -> None:
    folder = Path(side)
    folder.mkdir(exist_ok=True)
    text = json.dumps({"Resources": resources})
    (folder / "Prod.template.json").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("fail_on", "status"),
    [
        ([], 0),
        (["error"], 0),
        (["warning"], 1),
        (["note"], 1),
        (["removed"], 1),
        (["replaced"], 0),
        (["replaced", "removed"], 1),
        (["never"], 0),
        (["never", "removed"], 1),
    ],
    ids=lambda value: " ".join(value) or "nothing" if isinstance(value, list) else str(value),
)
def test_the_exit_status(fail_on: list[str], status: int) -> None:
    """1 if there is a change of a kind, or as severe as a severity, that was named."""
    assert status == main([*SIDES, *(f"--fail-on={item}" for item in fail_on)])


def test_images_are_judged_at_an_instant(capsys: pytest.CaptureFixture[str]) -> None:
    """The images of a folder that the change deletes are named."""
    details = {
        "repositoryName": "web",
        "registryId": "111122223333",
        "imageDigest": f"sha256:{'a' * 64}",
        "imagePushedAt": "2026-11-01T00:00:00+00:00",
        "imageSizeInBytes": 1,
    }
    Path("images").mkdir()
    Path("images/web.json").write_text(json.dumps({"imageDetails": [details]}), encoding="utf-8")
    write("base", {"Web": repository(rule(1, tagStatus="untagged", days=90), RepositoryName="web")})
    write("head", {"Web": repository(rule(1, tagStatus="untagged", days=14), RepositoryName="web")})
    given = [*SIDES, "--images", "images", "--now"]

    assert 0 == main([*given, "2026-11-02T00:00:00Z"])
    assert "will be deleted" not in capsys.readouterr().out
    assert 1 == main([*given, "2026-11-24T00:00:00Z"])
    assert "web: 1 image will be deleted" in capsys.readouterr().out


def test_errors_are_failures_unless_told_otherwise() -> None:
    """Without --fail-on, what loses images or opens access is a failure."""
    write("head", {"Api": repository(RepositoryName="payments/new")})

    assert 1 == main([*SIDES])
    assert 0 == main([*SIDES, "--fail-on", "access-widened"])
    assert 0 == main([*SIDES, "--fail-on", "never"])


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--base", "none", "--head", "head"], "cannot read none: No such file or directory"),
        (["--base", "base", "--head", "."], "bad.template.json: not JSON: Expecting property name"),
        (["--base", "base"], "the following arguments are required: --head"),
        ([*SIDES[1:], "--fail-on", "all"], "argument --fail-on: invalid choice: 'all'"),
        ([*SIDES[1:], "--images", "none"], "none holds no inventory; write there what"),
        ([*SIDES[1:], "--now", "noon"], "argument --now: "),
    ],
    ids=["no folder", "no template", "one side", "no kind", "no images", "no time"],
)
def test_mistakes_are_one_line(
    arguments: list[str], said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Wrong usage, or what cannot be read, ends with status 2 and one line."""
    Path("bad.template.json").write_text("{", encoding="utf-8")
    try:
        status: Any = main(["review", *arguments])
    except SystemExit as error:
        status = error.code

    assert 2 == status
    line, nothing = capsys.readouterr().err.split("\n")
    assert line.startswith("ecr-constructs review: ")
    assert said in line
    assert "" == nothing


@pytest.mark.parametrize("form", ["text", "github"])
def test_no_change(form: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Of two sides that are the same, nothing else is said."""
    assert 0 == main(["review", "--base", "base", "--head", "base", "--format", form])
    assert "No change.\n" == capsys.readouterr().out


def test_json(capsys: pytest.CaptureFixture[str]) -> None:
    """JSON has every change with all that is known of it, and how many there are."""
    write("base", {"Api": API})
    write("head", {"Api": repository(**API["Properties"], EncryptionConfiguration=KEYED)})
    main([*SIDES, "--format", "json"])
    document = json.loads(capsys.readouterr().out)

    [change] = [item for item in document["changes"] if item["kind"] == "replaced"]
    assert "payments/api is replaced (EncryptionConfiguration): its images are" in change["summary"]
    assert {
        "kind": "replaced",
        "severity": "error",
        "stack": "Prod",
        "resource": "Api",
        "repository": "payments/api",
        "before": {"EncryptionConfiguration": None},
        "after": {"EncryptionConfiguration": KEYED | {"KmsKey": "${unknown}"}},
        "properties": ["EncryptionConfiguration"],
    }.items() <= change.items()
    findings = len(document["changes"]) - 1
    assert {
        "severities": {"error": 1 + findings, "warning": 0, "note": 0},
        "kinds": {**dict.fromkeys(KINDS, 0), "replaced": 1, "finding": findings},
        "findings": {"new": findings, "known": 0, "gone": 0},
    } == document["summary"]
    assert 2 == len(change["details"])


def test_json_of_no_change(capsys: pytest.CaptureFixture[str]) -> None:
    """The keys are there, whatever is said."""
    main(["review", "--base", "base", "--head", "base", "--format", "json"])
    document = json.loads(capsys.readouterr().out)

    assert [] == document["changes"]
    assert ["severities", "kinds", "findings"] == list(document["summary"])
