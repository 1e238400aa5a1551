"""`ci/synthesize.sh` by itself, and the job of the example as GitLab runs it."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.support.code_host import GITLAB_BOT, MARKER, TOKEN, CodeHost, talked_about
from tests.support.constructs import ROOT
from tests.support.github_runner import BASH, git, tools

GITLAB = ROOT / "examples" / "ci" / "gitlab-ci.yml"
SH = ("sh",)


@pytest.fixture
def host() -> Iterator[CodeHost]:
    """Return a code host whose pull request 7 has been talked about."""
    with talked_about() as host:
        yield host


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
        "PATH": tools(folder.parent / "tools"),
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


def test_an_app_may_be_new(growing: Path) -> None:
    """The base is then a template without resources; a second run does the same."""
    for _ in range(2):
        assert 0 == synthesized(growing).returncode
        [base] = (growing / ".ecr-constructs" / "base").iterdir()
        assert {"Resources": {}} == json.loads(base.read_text(encoding="utf-8"))
        assert (growing / "cdk.out" / "Prod.template.json").is_file()


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
    }
    script = "\n".join(example["script"])

    first = run_in(growing, *BASH, "-c", script, **given)
    assert 0 == first.returncode, first.stderr
    [note] = host.by(GITLAB_BOT)
    assert f"{MARKER}\n- **Finding**: ECR012" in note.body

    findings = json.loads((out / "code-quality.json").read_text(encoding="utf-8"))
    assert {"cdk.out/Prod.template.json"} == {finding["location"]["path"] for finding in findings}
    assert {"critical", "minor"} >= {finding["severity"] for finding in findings}
    assert len(findings) == len({finding["fingerprint"] for finding in findings})
    assert {"ECR012", "ECR016"} <= {finding["check_name"] for finding in findings}
    for path in example["artifacts"]["paths"]:
        assert (growing / path).is_file()

    again = run_in(growing, *BASH, "-c", script, **given, BASE="")
    assert "updated the comment" in again.stderr
    assert [note] == host.by(GITLAB_BOT)

    fork = run_in(growing, *BASH, "-c", script, **{**given, "ECR_REVIEW_TOKEN": ""})
    assert 0 == fork.returncode
    assert "there is no GITLAB_TOKEN, as in a fork" in fork.stderr
