"""The scripts of `ci/`, by themselves and as GitLab runs them."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml

from tests.support.code_host import (
    GITHUB_BOT,
    GITLAB_BOT,
    LONGEST,
    MARKER,
    READ_ONLY,
    TOKEN,
    CodeHost,
    talked_about,
)
from tests.support.constructs import ROOT
from tests.support.github_runner import BARE, BASH, git

GITLAB = ROOT / "examples" / "ci" / "gitlab-ci.yml"
SH = ("sh",)


@pytest.fixture
def host() -> Iterator[CodeHost]:
    """Return a code host whose pull request 7 has been talked about."""
    with talked_about() as host:
        yield host


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
