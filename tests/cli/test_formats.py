"""The words of each output format, and the files that ``--output`` writes."""

import json
import os
import shlex
from pathlib import Path

import pytest
from syrupy.assertion import SnapshotAssertion

import ecr_constructs
from tests.cli.conftest import ARCHIVE, KEEP_ONE, PREVIEW, Run, write
from tests.cli.test_errors import ENVIRONMENTS, ERRORS, faulty_files
from tests.support.rule_examples.build import repository
from tests.support.rule_examples.statements import open_to

MOVING = repository(ImageTagMutability="MUTABLE", RepositoryName="web")
SUPPRESS = {"ecr-constructs": {"suppress": [{"rule": "ECR012", "reason": "A cache: 100%, so"}]}}
CHECK = ("check", "head/Prod.template.json")
POLICY = ("check", "archive.json")
REVIEW = ("review", "--base", "base", "--head", "head")
COMMANDS: dict[str, list[tuple[str, ...]]] = {
    "text": [
        CHECK,
        REVIEW,
        PREVIEW,
        ("lifecycle", "check", "--policy", "archive.json"),
        ("review", "--base", "base", "--head", "base"),
    ],
    "json": [CHECK, REVIEW, PREVIEW, ("lifecycle", "check", "--policy", "archive.json")],
    "markdown": [CHECK, REVIEW, (*PREVIEW, "--against", "archive.json"), POLICY],
    "github": [CHECK, REVIEW, POLICY],
    "gitlab": [CHECK, POLICY],
    "sarif": [CHECK],
}


@pytest.fixture(autouse=True)
def _files() -> None:
    accepted = {**repository(ImageTagMutability="MUTABLE"), "Metadata": SUPPRESS}
    api = open_to("ecr:BatchGetImage", Principal="*")["Api"]
    write("base/Prod.template.json", {"Resources": {"Web": MOVING}})
    write("head/Prod.template.json", {"Resources": {"Api": api, "Cache": accepted}})
    write("archive.json", {"rules": [KEEP_ONE, ARCHIVE]})


@pytest.mark.parametrize("form", COMMANDS)
def test_words(form: str, run: Run, snapshot: SnapshotAssertion) -> None:
    """Each command prints these words in each format."""
    printed = []
    for command in COMMANDS[form]:
        out = run(*command, "--format", form).out
        if form == "sarif":
            # The rest repeats the rules.
            out = json.dumps(json.loads(out)["runs"][0]["results"], indent=1)
        out = out.replace(f"ecr-constructs {ecr_constructs.__version__}\n", "ecr-constructs\n")
        printed.append(f"$ {' '.join(command)}\n{out}")
    assert snapshot == "\n".join(printed)


def test_words_of_errors(folder: Path, run: Run, snapshot: SnapshotAssertion) -> None:
    """One line says what happened and what to do; argparse's words depend on Python's version."""
    faulty_files(folder)
    commands = [command for command, code in ERRORS.items() if code != "arguments-invalid"]
    for name, (text, target, _) in ENVIRONMENTS.items():
        file = write(f"{name.replace(' ', '-')}.yaml", text)
        commands.append(f"push-commands {target} --environment {file}")
    lines = [f"$ {command}\n{run(*shlex.split(command)).err}" for command in commands]

    assert snapshot == "\n".join(lines)


@pytest.mark.parametrize("command", [CHECK, REVIEW, PREVIEW], ids=" ".join)
def test_output_files(command: tuple[str, ...], run: Run) -> None:
    """Each file holds what --format prints; --format still decides what is printed."""
    outputs = ("--output", "markdown=a.md", "--output", "json=b.json", "--output=text=c.txt")
    printed = {"text": run(*command, *outputs).out}
    for form in ("markdown", "json"):
        printed[form] = run(*command, "--format", form).out

    files = {"text": "c.txt", "markdown": "a.md", "json": "b.json"}
    assert printed == {form: Path(file).read_text("utf-8") for form, file in files.items()}
    assert not list(Path.cwd().glob(".*"))


def test_output_to_a_device(run: Run) -> None:
    """What is not a regular file is written to, and stays what it is."""
    assert 1 == run(*CHECK, "--output", f"json={os.devnull}").status
    assert not Path(os.devnull).is_file()


def test_a_fingerprint_is_stable(run: Run) -> None:
    """It is unique, and does not change with the line."""

    def fingerprints() -> list[str]:
        return [issue["fingerprint"] for issue in run(*CHECK, "--format", "gitlab").json]

    before = fingerprints()
    path = Path("head/Prod.template.json")
    path.write_text("\n\n" + path.read_text(encoding="utf-8"), encoding="utf-8")

    assert before == fingerprints()
    assert len(before) == len(set(before)) > 0
