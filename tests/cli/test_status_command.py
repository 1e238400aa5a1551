"""``ecr-constructs status``: exit statuses, formats and errors."""

import json
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import jsonschema
import pytest
import yaml

from ecr_constructs.cli.main import parser
from ecr_constructs.snapshot.document import Snapshot
from ecr_constructs.snapshot.files import lines_of
from tests.cli.conftest import Run
from tests.support.constructs import ROOT
from tests.support.snapshots import denied, replaced, repository, snapshot
from tests.support.status_examples import RESOURCES, deployed, live

MUTABLE = {"imageTagMutability": "MUTABLE"}
FORMATS = ("text", "json", "markdown", "sarif")


def write(folder: Path, content: Snapshot, name: str = "snapshot.jsonl") -> str:
    """Write a snapshot, and return its path."""
    path = folder / name
    path.write_text("".join(lines_of(content)), encoding="utf-8")
    return str(path)


@pytest.fixture
def templates(tmp_path: Path) -> str:
    """Return a folder with the template of the stack."""
    folder = tmp_path / "templates"
    folder.mkdir()
    (folder / "prod.json").write_text(json.dumps({"Resources": RESOURCES}), encoding="utf-8")
    return str(folder)


Case = tuple[Any, Sequence[str], int]
STATUSES: Sequence[Case] = [
    (live(), (), 0),
    (live(api=MUTABLE), (), 1),
    (live(api=MUTABLE), ("--fail-on", "error"), 0),
    (live(api=MUTABLE), ("--fail-on", "warning"), 1),
    (live(api=MUTABLE), ("--fail-on", "not-known"), 0),
    (live(api=MUTABLE), ("--fail-on", "never"), 0),
    (live(api={"tags": {}}), ("--fail-on", "warning"), 0),
    (replaced(live(), "GetRepositoryPolicy", denied), (), 1),
    (replaced(live(), "GetRepositoryPolicy", denied), ("--fail-on", "note"), 0),
    (replaced(live(), "GetRepositoryPolicy", denied), ("--fail-on", "not-known"), 1),
]


@pytest.mark.parametrize("case", STATUSES)
def test_exit_statuses(run: Run, tmp_path: Path, templates: str, case: Case) -> None:
    """By default, a difference fails, and what is not known does."""
    records, options, expected = case
    path = write(tmp_path, snapshot(records))
    result = run("status", "--snapshot", path, "--templates", templates, "--no-config", *options)
    assert (expected, "") == (result.status, result.err)


def test_all_formats_say_what_differs_and_what_is_not_known(
    run: Run, tmp_path: Path, templates: str
) -> None:
    """A severity, a setting, who wins, and why something is not known."""
    records = replaced(live(repository("old/api"), api=MUTABLE), "GetRegistryPolicy", denied)
    path = write(tmp_path, snapshot([*records, deployed()]))
    for form in FORMATS:
        result = run(
            *("status", "--snapshot", path, "--templates", templates, "--no-config"),
            *("--format", form),
        )
        assert 1 == result.status
        for text in ("payments/api", "old/api", "tag-mutability", "GetRegistryPolicy", "ECR012"):
            assert text in result.out, (form, text)
        assert "AccessDeniedException" in result.out


def test_json(run: Run, tmp_path: Path, templates: str) -> None:
    """The keys are a contract; the value of a setting is on both sides."""
    path = write(tmp_path, snapshot(replaced(live(api=MUTABLE), "GetRegistryPolicy", denied)))
    document = run(
        *("status", "--snapshot", path, "--templates", templates, "--no-config"),
        *("--format", "json"),
    ).json
    [difference] = document["differences"]
    assert ("MUTABLE", "IMMUTABLE") == (difference["live"], difference["declared"])
    assert ("payments/api", "tag-mutability") == (difference["repository"], difference["setting"])
    assert "not-known" == difference["deployment"]["winner"]
    [unknown] = document["notCompared"]
    assert "GetRegistryPolicy" == unknown["reason"]["operation"]
    assert {"source", "operation", "subject", "reason"} == set(document["notKnown"][0])
    assert 1 == document["summary"]["different"] == document["summary"]["notCompared"]


def test_sarif_is_valid(run: Run, tmp_path: Path, templates: str) -> None:
    """Each result has a rule and a place, with or without a file."""
    schema = json.loads(
        (ROOT / "tests/support/data/sarif-2.1.0-part.schema.json").read_text("utf-8")
    )
    extra = snapshot(live(repository("old/api"), api=MUTABLE))
    path = write(tmp_path, extra)
    log = run(
        *("status", "--snapshot", path, "--templates", templates, "--no-config"),
        *("--format", "sarif"),
    ).json
    [sarif] = log["runs"]
    # The schema in the tests has neither of these.
    [invocation] = sarif.pop("invocations")
    assert invocation["toolExecutionNotifications"]
    prints = [
        result.pop("partialFingerprints", {"rule": result["ruleId"]}) for result in sarif["results"]
    ]
    assert all(prints)
    jsonschema.validate(log, schema)
    names = {rule["id"] for rule in sarif["tool"]["driver"]["rules"]}
    assert {result["ruleId"] for result in sarif["results"]} <= names


def test_reports_without_a_deployment_and_without_anything_unknown(
    run: Run, tmp_path: Path, templates: str
) -> None:
    """A cache that cannot log in concerns no deployment."""
    path = write(tmp_path, snapshot(live(invalid={"hub": "401"})))
    arguments = ("status", "--snapshot", path, "--templates", templates, "--no-config")
    assert "401" in run(*arguments).out
    assert "401" in run(*arguments, "--format", "markdown").out
    clean = write(tmp_path, snapshot(live()), "clean.jsonl")
    same = ("status", "--snapshot", clean, "--templates", templates, "--no-config")
    assert "no difference" in run(*same, "--format", "markdown").out
    [sarif] = run(*arguments, "--format", "sarif").json["runs"]
    assert "invocations" not in sarif


def test_without_templates(run: Run, tmp_path: Path) -> None:
    """The rules judge what is live, and the report says that nothing was compared."""
    path = write(tmp_path, snapshot(live(api=MUTABLE)))
    result = run("status", "--snapshot", path, "--no-config", "--format", "json")
    assert not result.json["summary"]["compared"]
    assert "no templates" in run("status", "--snapshot", path, "--no-config").out
    assert 1 == result.status


def test_several_registries_and_an_interrupted_snapshot(
    run: Run, tmp_path: Path, templates: str
) -> None:
    """Each line names its registry."""
    folder = tmp_path / "snapshots"
    folder.mkdir()
    write(folder, snapshot(live(api=MUTABLE)), "one.jsonl")
    write(folder, snapshot(live(), account="999999999999", finished=None), "two.jsonl")
    result = run(*("status", "--snapshot", str(folder), "--templates", templates, "--no-config"))
    assert "interrupted" in result.out
    assert "environment" in result.out


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        (("--snapshot", ""), "argument-empty"),
        (("--snapshot", "missing.jsonl"), "snapshot-unreadable"),
        (("--snapshot", "x", "--region", "eu-west-1"), "argument-without-live"),
        (("--snapshot", "x", "--profile", "p"), "argument-without-live"),
        (("--snapshot", "x", "--live"), "arguments-invalid"),
        ((), "arguments-invalid"),
    ],
)
def test_errors(run: Run, arguments: Sequence[str], code: str) -> None:
    """One line, and nothing is written."""
    result = run("status", *arguments)
    assert (2, "", [code]) == (result.status, result.out, result.codes)


def test_the_workflow_calls_the_command_as_it_is() -> None:
    """Its scripts have options that the commands take, and only the role reads AWS."""
    workflow = yaml.safe_load((ROOT / "examples/ci/github-status.yml").read_text("utf-8"))
    steps = [step for job in workflow["jobs"].values() for step in job["steps"]]
    scripts = [step["run"] for step in steps if "ecr-constructs " in step.get("run", "")]
    calls = [shlex.split(script.partition("||")[0])[1:] for script in scripts]
    assert ["snapshot", "status"] == [call[0] for call in calls]
    for call in calls:
        assert callable(parser(call[0]).parse_args(call).run)


def test_templates_that_are_missing(run: Run, tmp_path: Path) -> None:
    """An empty folder declares nothing, which is probably a mistake."""
    path = write(tmp_path, snapshot(live()))
    (tmp_path / "empty").mkdir()
    result = run("status", "--snapshot", path, "--templates", str(tmp_path / "empty"))
    assert (2, ["template-missing"]) == (result.status, result.codes)
