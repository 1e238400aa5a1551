"""``ecr-constructs check`` with a configuration and a baseline."""

import json
from pathlib import Path
from typing import Any

import pytest

from ecr_constructs.checks import Config, Template, report
from ecr_constructs.checks.baseline import Baseline, BaselineError
from tests.cli.conftest import Run, write
from tests.support.rule_examples.build import repository

MOVING = repository(ImageTagMutability="MUTABLE")
UNSCANNED = repository(ImageScanningConfiguration={"ScanOnPush": False})
BODY = {"Resources": {"Web": MOVING, "Api": UNSCANNED}}
JSON = ("--format", "json")
WRITE = ("--write-baseline", "b.json")
READ = ("--baseline", "b.json")


def found(result: Any) -> list[tuple[str, str]]:
    return [(item["rule"], item["resource"]) for item in result.json["findings"]]


OPTIONS: dict[str, tuple[str, set[str]]] = {
    "nothing": ("", {"ECR012", "ECR013"}),
    "ignored": ("--ignore ECR013", {"ECR012"}),
    "ignored with commas": ("--ignore ECR013,ECR012", set()),
    "ignored twice": ("--ignore ECR013 --ignore ECR01", set()),
    "selected": ("--select ECR013", {"ECR013"}),
    "selected in addition": ("--select default,ECR801", {"ECR012", "ECR013", "ECR801"}),
    "a pack": ("--select security-hub", {"ECR012", "ECR013", "ECR801"}),
    "a pack with less": ("--select security-hub --ignore ECR801", {"ECR012", "ECR013"}),
}


@pytest.mark.parametrize(("options", "expected"), OPTIONS.values(), ids=OPTIONS)
def test_rules_are_selected(run: Run, options: str, expected: set[str]) -> None:
    """Without a file."""
    result = run("check", write("t.json", BODY), *options.split(), *JSON)
    assert (0, expected) == (result.status, {rule for rule, _ in found(result)})


def test_the_command_line_takes_precedence(run: Run) -> None:
    """What it selects replaces the selection of the file; what it ignores is added."""
    write("ecr-constructs.toml", 'select = ["ECR012"]\nfail-on = "warning"\n')
    write("other.toml", 'ignore = ["ECR012"]\n')
    write("t.json", BODY)

    def rules(*options: str) -> tuple[int, list[str]]:
        result = run("check", "t.json", *options, *JSON)
        return result.status, [rule for rule, _ in found(result)]

    assert (1, ["ECR012"]) == rules()
    assert (0, ["ECR012"]) == rules("--fail-on", "error")
    assert (0, ["ECR012"]) == rules("--fail-on", "never")
    assert (1, ["ECR013"]) == rules("--select", "ECR013")
    assert (0, []) == rules("--ignore", "ECR012")
    assert (0, ["ECR013"]) == rules("--config", "other.toml")
    assert (0, ["ECR013", "ECR012"]) == rules("--no-config")


def test_nothing_fails(run: Run) -> None:
    """An error is printed, and the status is 0."""
    write("t.json", {"Resources": {"Api": repository(RepositoryName="a_-b")}})

    result = run("check", "t.json", "--fail-on", "never", *JSON)
    assert (0, [("ECR002", "Api")]) == (result.status, found(result))
    write("ecr-constructs.toml", 'fail-on = "never"')
    assert 0 == run("check", "t.json").status


@pytest.mark.parametrize("form", ["text", "json", "markdown", "github", "gitlab", "sarif"])
def test_a_note(run: Run, form: str) -> None:
    """A severity that no rule has by itself."""
    write("ecr-constructs.toml", '[severity]\nECR012 = "note"\n')
    result = run("check", write("t.json", BODY), "--fail-on", "note", "--format", form)

    words = {"github": "::notice", "gitlab": '"info"', "text": "1 note", "markdown": "1 note"}
    assert (1, True) == (result.status, words.get(form, '"note"') in result.out)


# --- the baseline -------------------------------------------------------------------------------


def test_old_findings_are_accepted(run: Run) -> None:
    """Whatever moves in the file; new ones are reported."""
    write("t.json", BODY)
    assert (0, []) == (run("check", "t.json", *WRITE).status, list(Path.cwd().glob(".*")))

    moved = {"Resources": {"Old": repository(), **BODY["Resources"]}}
    accepted = run("check", write("t.json", moved), *READ, "--fail-on", "warning", *JSON)
    assert (0, [], 2) == (
        accepted.status,
        found(accepted),
        len(accepted.json["baseline"]["accepted"]),
    )
    new = {"Resources": {**BODY["Resources"], "New": MOVING}}
    result = run("check", write("t.json", new), *READ, "--fail-on", "warning", *JSON)
    assert (1, [("ECR012", "New")], []) == (
        result.status,
        found(result),
        result.json["baseline"]["stale"],
    )


@pytest.mark.parametrize("form", ["text", "markdown", "github", "sarif", "gitlab"])
def test_formats_of_a_baseline(run: Run, form: str) -> None:
    """Accepted findings are counted, or marked; stale entries are named."""
    write("t.json", BODY)
    run("check", "t.json", *WRITE)
    write("t.json", {"Resources": {"Web": MOVING}})
    out = run("check", "t.json", *READ, "--format", form).out

    if form == "sarif":
        [result] = json.loads(out)["runs"][0]["results"]
        assert ["external"] == [item["kind"] for item in result["suppressions"]]
    elif form == "gitlab":
        assert [] == json.loads(out)
    else:
        assert ("1 in the baseline", True) == ("1 in the baseline", "ECR013: Api" in out)
        assert "1 in the baseline" in out


def stale(run: Run, *paths: str) -> list[tuple[str, str]]:
    entries = run("check", *paths, *READ, *JSON).json["baseline"]["stale"]
    return [(entry["rule"], entry["template"]) for entry in entries]


def test_an_entry_without_a_finding_is_stale(run: Run) -> None:
    """Only of templates that were checked, or are gone, and of rules that ran."""
    for name in ("a/t.json", "b/t.json", "b/u.json"):
        write(name, {"Resources": {"Web": MOVING}})
    run("check", "a", "b", *WRITE)
    assert [] == stale(run, "a", "b")

    write("a/t.json", {"Resources": {"Web": repository()}})
    Path("b/u.json").unlink()
    assert [("ECR012", "a/t.json")] == stale(run, "a")
    assert [("ECR012", "b/u.json")] == stale(run, "b")
    assert [] == [*run("check", "a", "--ignore", "ECR012", *READ, *JSON).json["baseline"]["stale"]]
    assert 0 == run("check", "a", *READ, "--fail-on", "note").status


def test_writing_again_keeps_the_entries_of_other_templates(run: Run) -> None:
    """Entries of checked templates, and of those that are gone, are replaced."""
    for name in ("a/t.json", "b/t.json", "b/u.json"):
        write(name, {"Resources": {"Web": MOVING}})
    run("check", "a", "b", *WRITE)
    write("a/t.json", {"Resources": {"Web": UNSCANNED}})
    Path("b/u.json").unlink()
    run("check", "a", *WRITE)

    entries = json.loads(Path("b.json").read_text("utf-8"))["findings"]
    assert [("ECR012", "b/t.json"), ("ECR012", "b/u.json"), ("ECR013", "a/t.json")] == [
        (entry["rule"], entry["template"]) for entry in entries
    ]
    run("check", "b", *WRITE)
    assert 2 == len(json.loads(Path("b.json").read_text("utf-8"))["findings"])


def test_an_empty_baseline(run: Run) -> None:
    """It accepts nothing."""
    write("t.json", {"Resources": {"Web": repository()}})
    run("check", "t.json", *WRITE)

    assert {"version": 1, "findings": []} == json.loads(Path("b.json").read_text("utf-8"))
    assert 1 == run("check", write("t.json", BODY), *READ, "--fail-on", "warning").status


def test_the_baseline_of_the_configuration(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its path is relative to that file, and so are the templates, from whatever folder."""
    write("ecr-constructs.toml", 'baseline = "b.json"\n')
    write("stacks/t.json", BODY)
    assert ["baseline-missing"] == run("check", "stacks").codes
    assert 0 == run("check", "stacks", *WRITE).status
    monkeypatch.chdir("stacks")

    assert [] == found(run("check", "t.json", *JSON))
    assert [] == found(run("check", str(Path("t.json").absolute()), *JSON))


def test_nothing_is_written_if_a_path_cannot_be_read(run: Run) -> None:
    """The baseline would lack its findings."""
    result = run("check", write("t.json", BODY), "none.json", *WRITE)

    assert (2, ["file-unreadable"], False) == (
        result.status,
        result.codes,
        Path("b.json").exists(),
    )


def test_equal_findings_are_counted() -> None:
    """One more than the baseline has is new, and which one it is is unknown."""
    statement = {"Effect": "Allow", "Principal": "*", "Action": ["ecr:Foo", "ecr:Bar"]}
    policy = {"RepositoryPolicyText": {"Version": "2012-10-17", "Statement": [statement]}}
    template = Template("t", {"Resources": {"Api": repository(**policy)}})
    first = report([template])
    rules = Config().select
    counts = [(finding.rule, finding.where) for finding in first.findings]
    assert len(counts) > len(set(counts))

    whole = Baseline(Path("b.json"), {}).updated(first, [template])
    assert () == whole.compared(first, [template], rules).findings
    fewer = Baseline(whole.file, dict.fromkeys(whole.counts, 1))
    compared = fewer.compared(first, [template], rules)
    assert {key for key in counts if counts.count(key) > 1} == {
        (finding.rule, finding.where) for finding in compared.findings
    }
    more = Baseline(whole.file, {key: count + 1 for key, count in whole.counts.items()})
    assert len(whole.counts) == len(more.compared(first, [template], rules).stale)
    assert '"count": 2' in whole.to_json()


ENTRY = {"rule": "ECR012", "template": "t.json", "resource": "Web", "path": ""}
NOT_BASELINES: dict[str, Any] = {
    "not JSON": "{",
    "a list": [],
    "another version": {"version": 2, "findings": []},
    "no findings": {"version": 1},
    "text": {"version": 1, "findings": ["ECR012"]},
    "a missing key": {"version": 1, "findings": [{"rule": "ECR012"}]},
    "another key": {"version": 1, "findings": [{**ENTRY, "line": 5}]},
    "a number": {"version": 1, "findings": [{**ENTRY, "path": 5}]},
    "no count": {"version": 1, "findings": [{**ENTRY, "count": 0}]},
    "true": {"version": 1, "findings": [{**ENTRY, "count": True}]},
    "a long number": f'{{"version": {"9" * 5_000}}}',
}


@pytest.mark.parametrize("content", NOT_BASELINES.values(), ids=NOT_BASELINES)
def test_what_is_no_baseline(folder: Path, content: Any) -> None:
    """A part of it is not used."""
    with pytest.raises(BaselineError) as caught:
        Baseline.read(folder / write("b.json", content))
    assert ["baseline-invalid"] == [item.code for item in caught.value.diagnostics]
