"""The pipeline of GitLab reviews a merge request as the workflows of GitHub do."""

import json
from pathlib import Path

from tests.support.code_host import GITLAB_BOT, MARKER, TOKEN, CodeHost
from tests.support.github_runner import AWS_SECRET, git
from tests.support.gitlab_runner import Done, Pipeline
from tests.support.reviewed_pull_request import GITLAB, document


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
