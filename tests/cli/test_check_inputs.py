"""What ``ecr-constructs check`` reads, and that one bad path hides nothing."""

import io
import json
import os
import sys
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.cli.conftest import ARCHIVE, Run, write
from tests.support.rule_examples.build import policy_text, repository

MOVING = repository(ImageTagMutability="MUTABLE")
BODY = {"Resources": {"Web": MOVING}}
JSON = ("--format", "json")


def found(result: Any) -> list[tuple[str, str]]:
    return [(item["template"], item["rule"]) for item in result.json["findings"]]


def test_a_template_from_standard_input(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """As ``-``; its name says where it comes from, and other templates can stand next to it."""
    write("t.json", BODY)
    piped = io.TextIOWrapper(io.BytesIO(json.dumps(BODY).encode()))
    monkeypatch.setattr(sys, "stdin", piped)

    assert [("t.json", "ECR012"), ("<stdin>", "ECR012")] == found(
        run("check", "t.json", "-", *JSON)
    )


def test_yaml_from_standard_input(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Lines are those of the text."""
    text = "Resources:\n  Api:\n    Type: AWS::ECR::Repository\n"
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(text.encode())))

    lines = {item["line"] for item in run("check", "-", *JSON).json["findings"]}
    assert {2} == lines


@pytest.mark.parametrize("content", [json.dumps(BODY), policy_text(ARCHIVE)], ids=["t", "policy"])
def test_a_pipe_is_read_once(run: Run, content: str) -> None:
    """As of ``<(command)`` in a shell, which holds a template or a policy."""
    os.mkfifo("pipe")
    writer = Thread(target=Path("pipe").write_text, args=[content])
    writer.start()
    result = run("check", "pipe", *JSON)
    writer.join()

    assert (0, 1) == (result.status, len(result.json["findings"]))


def test_a_pattern_is_expanded(run: Run) -> None:
    """As a shell would, in order; a name that exists is a name."""
    for name in ("b.json", "a.json", "deep/c.json", "[x].json"):
        write(name, BODY)
    write("package.json", {"name": "x"})

    assert ["[x].json", "a.json", "b.json"] == [
        name for name, _ in found(run("check", "*.json", *JSON))
    ]
    assert ["deep/c.json"] == [name for name, _ in found(run("check", "**/c.json", *JSON))]
    assert ["[x].json"] == [name for name, _ in found(run("check", "[x].json", *JSON))]


BAD: dict[str, tuple[str, list[str]]] = {
    "no file": ("none.yaml", ["file-unreadable"]),
    "two": ("none.yaml broken.json", ["file-unreadable", "template-not-json"]),
    "no template": ("images.json", ["file-kind-unknown"]),
    "an empty folder": ("empty", ["template-missing"]),
    "a folder of broken ones": ("broken", ["template-not-yaml"]),
    "a pattern": ("x*.json", ["glob-unmatched"]),
}


@pytest.mark.parametrize(("names", "codes"), BAD.values(), ids=BAD)
@pytest.mark.parametrize("is_first", [True, False], ids=["first", "last"])
def test_one_bad_path_hides_nothing(run: Run, names: str, codes: list[str], is_first: bool) -> None:
    """The findings of the others are printed; the line on standard error names the bad paths."""
    write("t.json", BODY)
    write("broken.json", "{")
    write("broken/a.yaml", "Type: AWS::ECR::Repository: 1")
    Path("empty").mkdir()
    paths = [*names.split(), "t.json"] if is_first else ["t.json", *names.split()]
    result = run("check", *paths, *JSON)

    assert (2, codes) == (result.status, result.codes)
    assert [("t.json", "ECR012")] == found(result)


def test_standard_input_that_is_not_text(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """It hides nothing either."""
    write("t.json", BODY)
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"\xff\xfe\xff")))
    result = run("check", "-", "t.json", *JSON)

    assert (["file-encoding"], 1) == (result.codes, len(found(result)))


@pytest.mark.parametrize("form", ["text", "json", "markdown", "github", "gitlab", "sarif"])
def test_what_is_not_read_is_listed(run: Run, form: str) -> None:
    """In every format, whatever else is found."""
    write("stacks/t.json", {"Resources": {"Web": repository()}})
    write("stacks/part.json", {"Web": MOVING})
    result = run("check", "stacks", "--format", form)

    assert (0, True) == (result.status, "file-not-template" in result.out)
    if form == "json":
        [item] = result.json["notRead"]
        assert {
            "code": "file-not-template",
            "template": "stacks/part.json",
            "resource": "",
            "path": "",
            "line": None,
        }.items() <= item.items()
    elif form in ("text", "markdown", "github"):
        assert "1 not read" in result.out


@pytest.mark.parametrize("form", ["text", "json", "markdown", "github", "gitlab", "sarif"])
def test_findings_are_on_the_line_of_the_app(run: Run, form: str) -> None:
    """In SARIF, the template is a related location."""
    stack = [{"type": "aws:cdk:creationStack", "data": ["f (app.py:7)"]}]
    entries = [*stack, {"type": "aws:cdk:logicalId", "data": "Web"}]
    write("app.py", "")
    write("cdk.out/S.metadata.json", {"/S/Web": entries})
    out = run("check", write("cdk.out/S.template.json", BODY), "--format", form).out

    if form == "json":
        [finding] = json.loads(out)["findings"]
        assert {"file": "app.py", "line": 7} == finding["source"]
        assert "cdk.out/S.template.json" == finding["template"]
    elif form == "sarif":
        [result] = json.loads(out)["runs"][0]["results"]
        places = [result[key][0]["physicalLocation"] for key in ("locations", "relatedLocations")]
        assert ["app.py", "cdk.out/S.template.json"] == [
            place["artifactLocation"]["uri"] for place in places
        ]
        assert 7 == places[0]["region"]["startLine"]
    elif form == "gitlab":
        [issue] = json.loads(out)
        assert {"path": "app.py", "lines": {"begin": 7}} == issue["location"]
    else:
        assert ("app.py,line=7" if form == "github" else "app.py:7") in out


STACK_KEYS: dict[str, Any] = {"Parameters": {}, "Rules": {}}
VERSIONED = {"version": "55.0.0", "artifacts": {}}


@pytest.mark.parametrize("content", [{}, STACK_KEYS], ids=["{}", "parameters"])
@pytest.mark.parametrize("path", ["cdk.out", "cdk.out/S.template.json", "cdk.out/*.template.json"])
def test_a_stack_of_cdk_without_resources(run: Run, path: str, content: Any) -> None:
    """CDK writes an empty stack without Resources, which is no error."""
    stack = {"type": "aws:cloudformation:stack", "properties": {"templateFile": "S.template.json"}}
    write("cdk.out/manifest.json", {**VERSIONED, "artifacts": {"S": stack}})
    write("cdk.out/S.template.json", content)

    result = run("check", path, *JSON)
    assert (0, []) == (result.status, result.json["findings"])


def test_an_app_without_stacks(run: Run) -> None:
    """Nothing to check is said, and is no error."""
    write("cdk.out/manifest.json", VERSIONED)

    assert (0, []) == (
        run("check", "cdk.out").status,
        run("check", "cdk.out", *JSON).json["findings"],
    )
    assert "0 templates" in run("check", "cdk.out").out


OTHER_MANIFESTS: dict[str, Any] = {
    "of a browser extension": {"version": "1.0", "name": "x", "manifest_version": 3},
    "a list": [],
    "without a version": {"artifacts": {}},
}


@pytest.mark.parametrize("manifest", OTHER_MANIFESTS.values(), ids=OTHER_MANIFESTS)
def test_another_manifest_is_not_an_app_without_stacks(run: Run, manifest: Any) -> None:
    """A folder in which nothing was checked is not reported as checked."""
    write("web/manifest.json", manifest)
    write("web/a.template.json", {})

    for path in ("web", "web/a.template.json"):
        assert 2 == run("check", path).status
