"""The command as a process: what it loads, and how it ends when somebody interrupts it."""

import runpy
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import ecr_constructs
from tests.cli.conftest import PREVIEW, ROOT, Run, detail, images
from tests.support import processes

LOADED = """
import sys
from ecr_constructs.cli.main import main
try:
    main(sys.argv[1:])
except SystemExit as stop:
    assert not stop.code
print("\\n".join(sys.modules), file=sys.stderr)
"""
HEAVY = {"aws_cdk", "boto3", "botocore", "constructs", "jsii", "pydantic", "rich", "yaml"}


def absolute(folder: Path) -> list[str]:
    """Return the arguments of a preview from any folder."""
    return [str(folder / word) if word.endswith(".json") else word for word in PREVIEW]


def loaded(*arguments: str) -> set[str]:
    """Return the modules that a command loads."""
    command = [sys.executable, "-c", LOADED, *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT)
    return set(done.stderr.splitlines())


def test_a_preview_loads_nothing_heavy(folder: Path) -> None:
    """No Node, no CDK, no boto3, no rich: the command is there at once."""
    assert set() == loaded(*absolute(folder)) & HEAVY


@pytest.mark.parametrize("option", ["--version", "--help"])
def test_the_version_needs_no_command(option: str) -> None:
    """No model, no rules: only the parser."""
    ours = {name for name in loaded(option) if name.startswith("ecr_constructs")}

    assert {"ecr_constructs", "ecr_constructs.cli", "ecr_constructs.cli.main"} == ours


def test_version(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    """The version of the installed package; unknown in a checkout that is not installed."""
    assert (0, f"ecr-constructs {ecr_constructs.__version__}\n", "") == run("--version")
    assert ecr_constructs.__version__[0].isdigit()

    monkeypatch.setattr("sys.path", [])
    assert "unknown" == ecr_constructs.__version__


def test_the_module_is_the_command(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """``python -m ecr_constructs``; imported, it does nothing."""
    monkeypatch.setattr(sys, "argv", ["ecr-constructs", "lifecycle", "check"])
    runpy.run_module("ecr_constructs", run_name="ecr_constructs.__main__")
    assert "" == capsys.readouterr().err
    ended: list[int] = []
    monkeypatch.setattr("os._exit", ended.append)
    runpy.run_module("ecr_constructs", run_name="__main__")

    assert [2] == ended
    assert capsys.readouterr().err.startswith("ecr-constructs lifecycle check: ")


def test_a_process_ends_with_the_status_of_its_command(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Everything is written before the process ends."""
    command = [sys.executable, "-m", "ecr_constructs", *absolute(folder)]
    done = processes.run(command, ROOT)
    monkeypatch.setattr(sys, "argv", ["ecr-constructs", *absolute(folder)])
    ended: list[int] = []
    monkeypatch.setattr("os._exit", ended.append)
    runpy.run_module("ecr_constructs", run_name="__main__")

    assert [done.returncode] == ended
    assert done.stdout.endswith("\n")


def test_a_reader_that_has_seen_enough(folder: Path) -> None:
    """Such as ``head``: no traceback."""
    images(*(detail(str(number), number) for number in range(2000)))
    command = [sys.executable, "-m", "ecr_constructs", *absolute(folder)]
    pipeline = ["/bin/sh", "-c", f"{shlex.join(command)} --format json | head -1"]

    assert "{\n" == processes.run(pipeline, ROOT).stdout


@pytest.mark.parametrize(("error", "status"), [(KeyboardInterrupt, 130), (BrokenPipeError, 2)])
def test_an_interruption_is_no_traceback(
    run: Run, monkeypatch: pytest.MonkeyPatch, error: type[BaseException], status: int
) -> None:
    """Ctrl-C has the status of a shell; a broken pipe is put away, as Python complains at exit."""
    moved: list[tuple[int, int]] = []

    def interrupt(*_: Any) -> None:
        raise error

    monkeypatch.setattr("ecr_constructs.cli.lifecycle.read_policy", interrupt)
    monkeypatch.setattr("os.dup2", lambda *descriptors: moved.append(descriptors))
    monkeypatch.setattr(sys.stdout, "fileno", lambda: 1)

    assert (status, "", "") == run("lifecycle", "check", "--policy", "policy.json")
    assert [1] * (error is BrokenPipeError) == [target for _, target in moved]
