"""The checks where users meet them: `python app.py`, the CDK CLI, cfn-lint, and pre-commit."""

import os
import re
import shlex
import sys
from collections.abc import Callable
from contextlib import chdir
from operator import itemgetter
from pathlib import Path
from typing import Any

import cfnlint.runner
import pytest
import yaml

from ecr_constructs.cli.main import main as ecr_constructs
from local_aws import paths
from tests.support.processes import run

Lint = Callable[..., tuple[int, str]]

APP = """
import aws_cdk as cdk
from aws_cdk import aws_ecr as ecr
from ecr_constructs import EcrChecks

app = cdk.App()
cdk.Validations.of(app).add_plugins(EcrChecks())
prod = cdk.Stage(app, "Prod")
stack = cdk.Stack(prod, "Shop")
ecr.CfnRepository(cdk.NestedStack(stack, "Backend"), "Images", repository_name="{name}")
app.synth()
"""
PYTHON = str(paths.DEVELOPMENT_BIN / "python")
COMMANDS = {
    "python app.py": (PYTHON, "app.py"),
    "cdk synth": (
        *(str(paths.CDK), "synth", "--quiet", "**", "--no-notices", "--no-color"),
        *("--app", f"{PYTHON} app.py"),
    ),
}
HOOKS = paths.PROJECT / ".pre-commit-hooks.yaml"
FILE = "shop.template.yaml"
TEMPLATE = """\
Resources:
  Api:
    Type: AWS::ECR::Repository
    DeletionPolicy: Retain
    UpdateReplacePolicy: Retain
    Properties:
      RepositoryName: !Sub "Payments/API"
"""


# Not of a test: CDK behaves otherwise in one.
ENVIRONMENT = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST")}
ENVIRONMENT["PYTHONPATH"] = str(paths.PROJECT)


@pytest.mark.parametrize("command", COMMANDS.values(), ids=COMMANDS)
@pytest.mark.parametrize(
    ("name", "status", "shown"),
    [("Shop/Web", 1, ["ECR002", "Prod/Shop/Backend/Images (Images)"]), ("shop/web", 0, ["ECR016"])],
    ids=["an error", "a warning"],
)
def test_an_error_fails_the_synthesis_of_an_app(
    tmp_path: Path, command: tuple[str, ...], name: str, status: int, shown: list[str]
) -> None:
    """The error names the construct; a warning is shown, and fails nothing."""
    (tmp_path / "app.py").write_text(APP.format(name=name), encoding="utf-8")
    done = run(command, tmp_path, ENVIRONMENT)

    assert (status, []) == (done.returncode, [text for text in shown if text not in done.stdout])


@pytest.fixture
def template(tmp_path: Path) -> Path:
    """The folder of a template with an error on its seventh line."""
    (tmp_path / FILE).write_text(TEMPLATE, encoding="utf-8")
    return tmp_path


@pytest.fixture
def cfn_lint(
    template: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Lint:
    """Run cfn-lint beside the template; in this process, since it takes seconds to import."""

    def run_here(*arguments: str) -> tuple[int, str]:
        monkeypatch.chdir(template)
        monkeypatch.setattr(sys, "argv", ["cfn-lint", *arguments])
        with pytest.raises(SystemExit) as end:
            cfnlint.runner.main()
        return int(end.value.code or 0), capsys.readouterr().out

    return run_here


def test_cfn_lint_takes_the_rules_from_its_file(template: Path, cfn_lint: Lint) -> None:
    """An editor that starts cfn-lint without options has them from .cfnlintrc."""
    configuration = {"append_rules": ["ecr_constructs.checks.cfnlint"], "ignore_checks": ["ECR0"]}
    (template / ".cfnlintrc").write_text(yaml.safe_dump(configuration), encoding="utf-8")
    _, output = cfn_lint(FILE)

    assert (True, False) == ("ECR102" in output, "ECR002" in output)


def test_pre_commit_accepts_the_hooks(tmp_path: Path) -> None:
    """They have all that pre-commit asks of a hook."""
    command = [paths.DEVELOPMENT_BIN / "pre-commit", "validate-manifest", HOOKS]
    done = run(command, tmp_path, ENVIRONMENT)

    assert (0, "") == (done.returncode, done.stdout)


# cfn-lint exits with a bit for errors and one for warnings.
FOUND = {
    "ecr-constructs-check": (1, f"{FILE}:7: error ECR002: Api.Properties."),
    "ecr-constructs-cfn-lint": (6, f"{FILE}:7:7\n"),
}


@pytest.mark.parametrize("hook", yaml.safe_load(HOOKS.read_text("utf-8")), ids=itemgetter("id"))
def test_a_hook_finds_an_error(
    hook: dict[str, Any], template: Path, cfn_lint: Lint, capsys: pytest.CaptureFixture[str]
) -> None:
    """What pre-commit would run, and what the guide names, fails with rule and location."""
    assert re.search(hook["files"], FILE)
    program, *arguments = shlex.split(hook["entry"])
    if program == "cfn-lint":
        status, output = cfn_lint(*arguments, FILE)
    else:
        assert "ecr-constructs" == program
        with chdir(template):
            status, output = ecr_constructs([*arguments, FILE]), capsys.readouterr().out
    expected, location = FOUND[hook["id"]]

    assert (expected, True) == (status, "ECR002" in output), output
    assert location in output
