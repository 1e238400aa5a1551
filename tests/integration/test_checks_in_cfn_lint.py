"""The rules in the cfn-lint of a user, and the hooks for pre-commit."""

from __future__ import annotations

import os
import re
import shlex
import subprocess
from typing import TYPE_CHECKING, Any

import pytest
import yaml

from local_aws import paths

if TYPE_CHECKING:
    from pathlib import Path

HOOKS = paths.PROJECT / ".pre-commit-hooks.yaml"

TEMPLATE = """\
Resources:
  Api:
    Type: AWS::ECR::Repository
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      RepositoryName: !Sub "Payments/API"
"""


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command of this environment in a folder."""
    program = [str(paths.DEVELOPMENT_BIN / command[0])]
    if command[0] == "ecr-constructs":
        program = [str(paths.DEVELOPMENT_BIN / "python"), "-m", "ecr_constructs"]
    return subprocess.run(
        [*program, *command[1:]],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(paths.PROJECT)},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture
def template(tmp_path: Path) -> str:
    """The name of a template with a fault on its seventh line."""
    (tmp_path / "shop.template.yaml").write_text(TEMPLATE, encoding="utf-8")
    return "shop.template.yaml"


def test_cfn_lint_takes_them_from_its_file(tmp_path: Path, template: str) -> None:
    """An editor that starts cfn-lint without options has them from .cfnlintrc."""
    configuration = {
        "append_rules": ["ecr_constructs.checks.cfnlint"],
        "ignore_checks": ["ECR0"],
    }
    (tmp_path / ".cfnlintrc").write_text(yaml.safe_dump(configuration), encoding="utf-8")
    done = run(tmp_path, "cfn-lint", template)

    assert "ECR102" in done.stdout
    assert "ECR002" not in done.stdout


def hooks() -> list[dict[str, Any]]:
    """Return the hooks that we offer."""
    entries: list[dict[str, Any]] = yaml.safe_load(HOOKS.read_text(encoding="utf-8"))
    return entries


def test_pre_commit_takes_the_hooks(tmp_path: Path) -> None:
    """They have all that pre-commit asks of a hook."""
    done = run(tmp_path, "pre-commit", "validate-manifest", str(HOOKS))

    assert (0, "") == (done.returncode, done.stdout + done.stderr)


# cfn-lint exits with a bit for errors and one for warnings.
SAID = {
    "ecr-constructs-check": (1, "shop.template.yaml:7: error ECR002: Api.Properties."),
    "ecr-constructs-cfn-lint": (6, "shop.template.yaml:7:7\n"),
}


@pytest.mark.parametrize("hook", hooks(), ids=lambda hook: str(hook["id"]))
def test_a_hook_finds_a_fault(hook: dict[str, Any], tmp_path: Path, template: str) -> None:
    """What pre-commit would run, and what the guide names, fails, and says why and where."""
    assert re.search(hook["files"], template)
    done = run(tmp_path, *shlex.split(hook["entry"]), template)
    status, location = SAID[hook["id"]]

    assert status == done.returncode, done.stderr
    assert "ECR002" in done.stdout
    assert location in done.stdout
