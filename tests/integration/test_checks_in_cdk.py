"""The checks where a user of CDK meets them: `python app.py`, and the real CDK CLI."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from local_aws import paths

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    Door = Callable[[Path, str], subprocess.CompletedProcess[str]]

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
FAULT = "the name 'Shop/Web' may hold only"
PLACE = "Prod/Shop/Backend/Images (Images)"


def run(folder: Path, *command: str) -> subprocess.CompletedProcess[str]:
    """Run a command in a folder, as no part of a test: CDK behaves otherwise in one."""
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith("PYTEST")
    }
    return subprocess.run(
        command,
        cwd=folder,
        env={**environment, "PYTHONPATH": str(paths.PROJECT)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )


def python(folder: Path, name: str) -> subprocess.CompletedProcess[str]:
    """Run an app with a repository of this name."""
    (folder / "app.py").write_text(APP.format(name=name), encoding="utf-8")
    return run(folder, str(paths.DEVELOPMENT_BIN / "python"), "app.py")


def synth(folder: Path, name: str) -> subprocess.CompletedProcess[str]:
    """Synthesize an app with a repository of this name through the CLI."""
    (folder / "app.py").write_text(APP.format(name=name), encoding="utf-8")
    app = f"{paths.DEVELOPMENT_BIN / 'python'} app.py"
    command = (str(paths.CDK), "synth", "--quiet", "**", "--app", app)
    return run(folder, *command, "--no-notices", "--no-color")


@pytest.mark.parametrize("door", [python, synth])
def test_a_fault_is_an_exit_status(door: Door, tmp_path: Path) -> None:
    """It is 1, and the error names the location."""
    done = door(tmp_path, "Shop/Web")

    assert (1, True, True) == (done.returncode, FAULT in done.stdout, PLACE in done.stdout)


@pytest.mark.parametrize("door", [python, synth])
def test_a_warning_is_none(door: Door, tmp_path: Path) -> None:
    """It is shown: this repository goes with its stack."""
    done = door(tmp_path, "shop/web")

    assert (0, True) == (done.returncode, "WARNING DeletionPolicy" in done.stdout)
