"""The words of each output format, and the files that ``--output`` writes."""

import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from syrupy.assertion import SnapshotAssertion

import ecr_constructs
from ecr_constructs.cli.main import main
from tests.cli.test_cli_lifecycle import ARCHIVE, DETAILS, KEEP_ONE, PREVIEW, UNTAGGED
from tests.support.rule_examples.access import open_to
from tests.support.rule_examples.build import repository

MOVING = repository(ImageTagMutability="MUTABLE", RepositoryName="web")
SUPPRESS = {"ecr-constructs": {"suppress": [{"rule": "ECR012", "reason": "A cache: 100%, so"}]}}
CHECK = ("check", "head/Prod.template.json")
REVIEW = ("review", "--base", "base", "--head", "head")
COMMANDS: dict[str, list[tuple[str, ...]]] = {
    "text": [
        CHECK,
        REVIEW,
        ("lifecycle", *PREVIEW),
        ("lifecycle", "check", "--policy", "archive.json"),
        ("review", "--base", "base", "--head", "base"),
    ],
    "json": [
        CHECK,
        REVIEW,
        ("lifecycle", *PREVIEW),
        (*["lifecycle", "check", "--policy", "archive.json"],),
    ],
    "markdown": [CHECK, REVIEW, ("lifecycle", *PREVIEW, "--against", "archive.json")],
    "github": [CHECK, REVIEW],
    "gitlab": [CHECK],
    "sarif": [CHECK],
}


def write(name: str, content: Any) -> None:
    path = Path(name)
    path.parent.mkdir(exist_ok=True)
    path.write_text(json.dumps(content, indent=1), encoding="utf-8")


@pytest.fixture(autouse=True)
def _folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    accepted = {**repository(ImageTagMutability="MUTABLE"), "Metadata": SUPPRESS}
    api = open_to("ecr:BatchGetImage", Principal="*")["Api"]
    write("base/Prod.template.json", {"Resources": {"Web": MOVING}})
    write("head/Prod.template.json", {"Resources": {"Api": api, "Cache": accepted}})
    write("policy.json", {"rules": [KEEP_ONE, UNTAGGED]})
    write("archive.json", {"rules": [KEEP_ONE, ARCHIVE]})
    write("images.json", {"imageDetails": DETAILS})


@pytest.mark.parametrize("form", COMMANDS)
def test_words(form: str, capsys: pytest.CaptureFixture[str], snapshot: SnapshotAssertion) -> None:
    """Each command prints these words in each format."""
    printed = []
    for command in COMMANDS[form]:
        main([*command, "--format", form])
        out = capsys.readouterr().out
        if form == "sarif":
            # The rest repeats the rules.
            out = json.dumps(json.loads(out)["runs"][0]["results"], indent=1)
        printed.append(f"$ {' '.join(command)}\n{out}")
    assert snapshot == "\n".join(printed)


@pytest.mark.parametrize("command", [CHECK, REVIEW, ("lifecycle", *PREVIEW)], ids=" ".join)
def test_output_files(command: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    """Each file holds what --format prints; --format still decides what is printed."""
    outputs = ("--output", "markdown=a.md", "--output", "json=b.json", "--output=text=c.txt")
    main([*command, *outputs])
    printed = {"text": capsys.readouterr().out}
    for form in ("markdown", "json"):
        main([*command, "--format", form])
        printed[form] = capsys.readouterr().out

    files = {"text": "c.txt", "markdown": "a.md", "json": "b.json"}
    assert printed == {form: Path(file).read_text("utf-8") for form, file in files.items()}
    assert not list(Path.cwd().glob(".*"))


def test_a_failed_write_leaves_the_old_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No reader ever sees half a report; the error is one line."""
    Path("a.json").write_text("old", encoding="utf-8")

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", full)

    assert 2 == main([*CHECK, "--output", "json=a.json"])
    assert "ecr-constructs check: cannot write a.json: No space left on device\n" == (
        capsys.readouterr().err
    )
    assert "old" == Path("a.json").read_text(encoding="utf-8")
    assert not list(Path.cwd().glob(".*"))


def test_output_to_a_device() -> None:
    """What is not a regular file is written to, and stays what it is."""
    assert 1 == main([*CHECK, "--output", f"json={os.devnull}"])
    assert not Path(os.devnull).is_file()


@pytest.mark.parametrize("value", ["json", "json=", "xml=a.xml"])
def test_output_needs_a_format_and_a_file(value: str, capsys: pytest.CaptureFixture[str]) -> None:
    """The error names the formats."""
    with pytest.raises(SystemExit, match="2"):
        main([*CHECK, "--output", value])
    assert "write FORMAT=FILE, where FORMAT is one of text, json" in capsys.readouterr().err


def test_a_fingerprint_is_stable(capsys: pytest.CaptureFixture[str]) -> None:
    """It is unique, and does not change with the line."""

    def fingerprints() -> list[str]:
        main([*CHECK, "--format", "gitlab"])
        return [issue["fingerprint"] for issue in json.loads(capsys.readouterr().out)]

    before = fingerprints()
    path = Path("head/Prod.template.json")
    path.write_text("\n\n" + path.read_text(encoding="utf-8"), encoding="utf-8")

    assert before == fingerprints()
    assert len(before) == len(set(before)) > 0


# --- the command itself ---


def test_version(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """The version of the installed package; unknown in a checkout that is not installed."""
    with pytest.raises(SystemExit, match="0"):
        main(["--version"])
    assert f"ecr-constructs {ecr_constructs.__version__}\n" == capsys.readouterr().out
    assert ecr_constructs.__version__[0].isdigit()

    monkeypatch.setattr("sys.path", [])
    assert "unknown" == ecr_constructs.__version__


@pytest.mark.parametrize(
    "command",
    [("check", "--form", "json"), ("--vers",), ("lifecycle", "check", "--pol", "policy.json")],
)
def test_options_are_not_abbreviated(
    command: tuple[str, ...], capsys: pytest.CaptureFixture[str]
) -> None:
    """An abbreviation would break when another option is added."""
    with pytest.raises(SystemExit, match="2"):
        main(command)
    assert 1 == capsys.readouterr().err.count("\n")


# --- one reader of policies ---


@pytest.fixture
def both(capsys: pytest.CaptureFixture[str]) -> Callable[[str], tuple[set[str], set[str]]]:
    """Returns the lifecycle findings of ``check`` and of ``lifecycle check`` in a template."""

    def findings(file: str) -> tuple[set[str], set[str]]:
        main(["check", file, "--format", "json"])
        rules = {finding["rule"] for finding in json.loads(capsys.readouterr().out)["findings"]}
        main(["lifecycle", "check", "--template", file, "--format", "json"])
        lint = {finding["id"] for finding in json.loads(capsys.readouterr().out)["findings"]}
        return {rule for rule in rules if rule in ("ECR101", "ECR114", "ECR116")}, lint

    return findings


def policy_template(name: str, text: str) -> dict[str, Any]:
    properties = {"RepositoryName": name, "LifecyclePolicy": {"LifecyclePolicyText": text}}
    cache = {"EcrRepositoryPrefix": "hub", "UpstreamRegistryUrl": "public.ecr.aws"}
    return {
        "Resources": {
            "Api": {"Type": "AWS::ECR::Repository", "Properties": properties},
            "Cache": {"Type": "AWS::ECR::PullThroughCacheRule", "Properties": cache},
        }
    }


RAW = json.dumps({"rules": [UNTAGGED]})


@pytest.mark.parametrize(
    ("name", "text", "expected"),
    [
        ("hub/api", RAW, ({"ECR114"}, {"LC006"})),
        ("hub", RAW, (set(), set())),
        ("api", json.dumps({"rules": [ARCHIVE]}), ({"ECR116"}, {"LC008"})),
        ("api", RAW + " " * (30_720 - len(RAW)), (set(), set())),
        ("api", RAW + " " * (30_721 - len(RAW)), ({"ECR101"}, {"LC000"})),
        ("api", "rules:", ({"ECR101"}, {"LC000"})),
    ],
    ids=["below a cache", "a cache's prefix", "pulls", "as long as may be", "too long", "not JSON"],
)
@pytest.mark.parametrize("suffix", ["json", "yaml"])
def test_both_commands_agree(
    both: Callable[[str], Any], name: str, text: str, expected: Any, suffix: str
) -> None:
    """`check` and `lifecycle check --template` have the same opinion, on JSON and YAML."""
    body = policy_template(name, text)
    if suffix == "json":
        write("t.json", body)
    else:
        properties = body["Resources"].pop("Api")["Properties"]
        api = f"Type: AWS::ECR::Repository\n    Properties: {json.dumps(properties)}"
        cache = json.dumps(body["Resources"]["Cache"])
        lines = f"Resources:\n  Api:\n    {api}\n  Cache: {cache}\n"
        Path("t.yaml").write_text(lines, encoding="utf-8")

    assert expected == both(f"t.{suffix}")


def test_policies_of_a_cloud_assembly(capsys: pytest.CaptureFixture[str]) -> None:
    """Equal policies of several templates are one; different ones are an error."""
    for stage in ("Dev", "Prod"):
        write(f"app/{stage}.template.json", policy_template("api", RAW))
    assert 0 == main(["lifecycle", "check", "--template", "app"])

    write("app/Dev.template.json", policy_template("api", json.dumps({"rules": [ARCHIVE]})))
    capsys.readouterr()
    assert 2 == main(["lifecycle", "check", "--template", "app"])
    assert "app defines api with different policies: name one of app/Dev" in (
        capsys.readouterr().err
    )


@pytest.mark.parametrize("text", ["Resources: [", "{"])
def test_a_broken_yaml_template(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What is neither a policy nor a template is an error with its place."""
    Path("t.yaml").write_text(text, encoding="utf-8")

    status = main(["lifecycle", "check", "--template", "t.yaml"])
    assert (2 if text.startswith("R") else 1) == status
    printed = capsys.readouterr()
    assert "not YAML" in printed.err or "not JSON" in printed.out


def test_a_function_in_a_policy_is_resolved(capsys: pytest.CaptureFixture[str]) -> None:
    """As `check` does."""
    body = policy_template("api", RAW)
    policy = body["Resources"]["Api"]["Properties"]["LifecyclePolicy"]
    policy["LifecyclePolicyText"] = {"Fn::Join": ["", [RAW[:9], RAW[9:]]]}
    write("t.json", body)

    assert 0 == main(["lifecycle", "check", "--template", "t.json"])
    assert "delete untagged images 7 days after their push" in capsys.readouterr().out
