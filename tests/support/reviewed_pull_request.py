"""A repository whose branch opens it to everybody, and the workflows that review the branch."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.support.code_host import CodeHost, PullRequest, talked_about
from tests.support.constructs import ROOT
from tests.support.github_runner import git

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


def document(path: Path) -> dict[Any, Any]:
    """Return a document of YAML."""
    return dict(yaml.safe_load(path.read_text(encoding="utf-8")))
