"""Reviews in CI: the workflows for GitHub, as they stand.

The code of a pull request is foreign: it may do what it wants in the job that synthesizes it, and
must not find a secret there, nor change what it is compared with.
"""

import json
import shutil
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests.support.code_host import GITHUB_BOT, MARKER, READ_ONLY, TOKEN, CodeHost, PullRequest
from tests.support.constructs import ROOT
from tests.support.github_runner import AWS_SECRET, NO_ROLE, Job, Repository, git
from tests.support.reviewed_pull_request import (
    BRANCH,
    REVIEW,
    SYNTHESIS,
    commit,
    opened,
    template,
)


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
