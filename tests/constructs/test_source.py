"""Findings of a CDK app are on the line that creates the resource."""

import inspect
import json
from pathlib import Path
from typing import Any

import aws_cdk as cdk
import pytest
from aws_cdk import aws_ecr as ecr

from ecr_constructs import Repository
from ecr_constructs.checks import Finding, load, report
from ecr_constructs.constructs.source import record_source

HERE = Path(__file__)


@pytest.fixture
def app(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> cdk.App:
    """An app that is synthesized with the frames of its code, as by ``cdk synth --debug``."""
    monkeypatch.setenv("JSII_HOST_STACK_TRACES", "1")
    return cdk.App(outdir=str(tmp_path / "cdk.out"))


def line() -> int:
    """Return the line of the caller."""
    frame = inspect.currentframe()
    assert frame is not None
    assert frame.f_back is not None
    return frame.f_back.f_lineno


def findings(app: cdk.App) -> list[Finding]:
    app.synth()
    return list(report(load([app.outdir])).findings)


def sources(app: cdk.App) -> set[tuple[str, int] | None]:
    """Return the file and the line of each finding."""
    located = {item.source for item in findings(app)}
    return {None if item is None else (Path(item.file).name, item.line) for item in located}


def test_a_repository_is_where_the_app_creates_it(
    app: cdk.App, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Not in this library; relative to the current folder; nested stacks as well."""
    stack = cdk.Stack(app, "Stack")
    Repository(stack, "Api", scan_on_push=False)
    first = line() - 1
    Repository(cdk.NestedStack(stack, "Nested"), "Web", scan_on_push=False)
    monkeypatch.chdir(HERE.parent)

    located = {item.source for item in findings(app)}
    assert {(HERE.name, first), (HERE.name, first + 2)} == {
        item and (item.file, item.line) for item in located
    }


def test_resources_of_cdk_are_located_too(app: cdk.App) -> None:
    """CDK writes the frames of its own constructs; those of its packages do not count."""
    ecr.Repository(cdk.Stack(app, "Stack"), "Api")

    assert {(HERE.name, line() - 2)} == sources(app)


def test_one_logical_id_of_two_stacks_is_not_located(app: cdk.App) -> None:
    """A stack and its nested stack share the metadata file."""
    stack = cdk.Stack(app, "Stack")
    for scope in (stack, cdk.NestedStack(stack, "Nested")):
        ecr.CfnRepository(scope, "Api")

    assert {None} == sources(app)


def test_a_file_declares_a_resource(app: cdk.App, tmp_path: Path) -> None:
    """Instead of the code that reads the file; it is relative to the folder of the app."""
    (tmp_path / "settings.yaml").write_text("repositories: []\n", encoding="utf-8")
    stack = cdk.Stack(app, "Stack")
    record_source(Repository(stack, "Api", scan_on_push=False), "settings.yaml", 5)
    record_source(ecr.CfnRepository(stack, "Web"), "settings.yaml", 9)

    assert {("settings.yaml", 5), ("settings.yaml", 9)} == sources(app)


def test_nothing_is_recorded_by_default(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Frames cost time; the template is the same with them."""

    def template(folder: str) -> tuple[str, set[Any]]:
        app = cdk.App(outdir=str(tmp_path / folder))
        repository = Repository(cdk.Stack(app, "Stack"), "Api", scan_on_push=False)
        record_source(repository, "settings.yaml", 5)
        located = sources(app)
        return (tmp_path / folder / "Stack.template.json").read_text("utf-8"), located

    monkeypatch.delenv("JSII_HOST_STACK_TRACES", raising=False)
    plain, located = template("plain")
    assert {None} == located
    monkeypatch.setenv("JSII_HOST_STACK_TRACES", "true")
    assert plain == template("traced")[0]


def test_suppressed_findings_are_located(app: cdk.App) -> None:
    """With their reason."""
    api = Repository(cdk.Stack(app, "Stack"), "Api", scan_on_push=False)
    start = line() - 1
    acknowledgment = cdk.Acknowledgment(id="EcrChecks::ECR013", reason="A cache.")
    cdk.Validations.of(api).acknowledge(acknowledgment)
    app.synth()

    [item] = report(load([app.outdir])).suppressed
    assert item.finding.source is not None
    assert (HERE.name, start) == (Path(item.finding.source.file).name, item.finding.source.line)


# Metadata of a construct, and whether it names a line of this file.
ENTRIES: dict[str, tuple[Any, bool]] = {
    "a trace of an older CDK": (
        [{"type": "aws:cdk:logicalId", "data": "A", "trace": ["HERE"]}],
        True,
    ),
    "a column": ([{"type": "aws:cdk:creationStack", "data": ["new A (FILE:7:12)"]}], True),
    "no name": ([{"type": "aws:cdk:creationStack", "data": ["(FILE:7)"]}], True),
    "frames of libraries": (
        [
            {
                "type": "aws:cdk:creationStack",
                "data": ["f (a/node_modules/b.js:1)", "node: (x)", "HERE"],
            }
        ],
        True,
    ),
    "a file that is gone": ([{"type": "aws:cdk:creationStack", "data": ["f (gone.py:1)"]}], False),
    "no frame": ([{"type": "aws:cdk:creationStack", "data": ["none", "(no user code)"]}], False),
    "a null character": ([{"type": "aws:cdk:creationStack", "data": ["f (a\0b.py:1)"]}], False),
    "not text": ([{"type": "aws:cdk:creationStack", "data": [5, None]}], False),
    "not a list": ([{"type": "aws:cdk:creationStack", "data": "HERE"}], False),
    "other entries": ([5, {"type": "aws:cdk:info", "data": "x"}], False),
}


@pytest.mark.parametrize(("entries", "is_located"), ENTRIES.values(), ids=ENTRIES)
def test_metadata_of_any_kind(tmp_path: Path, entries: Any, is_located: bool) -> None:
    """What is not a frame of an existing file is passed over."""
    own = (
        []
        if entries[0] != 5 and "trace" in entries[0]
        else [{"type": "aws:cdk:logicalId", "data": "A"}]
    )
    anything = [{"type": "aws:cdk:creationStack", "data": ["f (x.py:1)"]}]
    text = json.dumps({"/S/A": [*entries, *own], "/S/B": anything, "/S/C": 5})
    text = text.replace("HERE", "f (FILE:7)").replace("FILE", str(HERE))
    (tmp_path / "S.metadata.json").write_text(text, encoding="utf-8")
    body = {"Resources": {"A": {"Type": "AWS::ECR::Repository"}}}
    (tmp_path / "S.template.json").write_text(json.dumps(body), encoding="utf-8")

    located = {
        item.source and item.source.line
        for item in report(load([tmp_path / "S.template.json"])).findings
    }
    assert {7 if is_located else None} == located


def test_metadata_that_is_no_object(tmp_path: Path) -> None:
    """It has no locations."""
    (tmp_path / "S.metadata.json").write_text('["f (x.py:1)"]', encoding="utf-8")
    body = {"Resources": {"A": {"Type": "AWS::ECR::Repository"}}}
    (tmp_path / "S.template.json").write_text(json.dumps(body), encoding="utf-8")

    assert {None} == {item.source for item in report(load([tmp_path / "S.template.json"])).findings}
