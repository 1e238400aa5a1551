"""Findings of the reference app are on the line of the environment file."""

from pathlib import Path

import aws_cdk as cdk
import pytest

from ecr_constructs.checks import load, report
from ecr_constructs.environment.loading import load_environment
from stacks.repositories_stack import RepositoriesStack

FILE = """\
account: "111122223333"
region: eu-central-1
profile: development
teams:
  shop:
    repositories:
      - shop/web
      - name: shop/api
        scan_on_push: false
"""


def test_a_finding_is_on_the_line_of_the_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The name or the first key of its entry."""
    monkeypatch.setenv("JSII_HOST_STACK_TRACES", "1")
    monkeypatch.chdir(tmp_path)
    Path("environments").mkdir()
    path = Path("environments/dev.yaml")
    path.write_text(FILE, encoding="utf-8")
    [repositories] = load_environment(path).teams.values()
    app = cdk.App(outdir=str(tmp_path / "cdk.out"))
    RepositoriesStack(app, "Shop", repositories=repositories, key=None)
    app.synth()

    located = {item.source for item in report(load(["cdk.out"])).findings if item.rule == "ECR013"}
    assert [("environments/dev.yaml", 8)] == [(item.file, item.line) for item in located if item]
