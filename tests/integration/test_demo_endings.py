"""How the demo ends when it does not end by itself."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from tests.support.demo_project import Project, make_project

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = [pytest.mark.integration]


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path)


def wait_for(words: str, process: subprocess.Popen[str]) -> None:
    """Read the output of the demo up to these words."""
    assert process.stdout
    while words not in (line := process.stdout.readline()):
        assert line, process.communicate()


@pytest.mark.parametrize(("words", "command"), [("Synthesizing", "app.py")])
def test_ctrl_c_ends_it_in_order(project: Project, words: str, command: str) -> None:
    """At any moment: one line, exit code 130, no process and no file left."""
    with project.started() as process:
        wait_for(words, process)
        deadline = time.monotonic() + 5
        while command not in str(project.left()) and time.monotonic() < deadline:
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=30)

    assert process.returncode == 130
    assert errors == "\nInterrupted: everything is stopped, and nothing of it is left.\n"
    assert project.left() == []


def test_it_is_kept_until_ctrl_c(project: Project) -> None:
    """With --keep the story ends with how to talk to it; Ctrl-C is then its regular end."""
    project.replace_cli("exit 0")
    with project.started("--keep") as process:
        wait_for('eval "$(python -m local_aws env --account 111122223333', process)
        wait_for("Ctrl-C stops it.", process)
        env = [sys.executable, "-m", "local_aws", "env"]
        exports = subprocess.run(env, cwd=project.root, capture_output=True, text=True, check=True)
        os.killpg(process.pid, signal.SIGINT)
        output, errors = process.communicate(timeout=30)

    assert "export AWS_ENDPOINT_URL=http://127.0.0.1:" in exports.stdout
    assert (process.returncode, errors) == (0, "")
    assert output.endswith("✓ The embedded AWS has stopped, and nothing of it is left.\n")
    assert subprocess.run(env, cwd=project.root, capture_output=True, check=False).returncode == 2
    assert project.left() == []


def test_a_port_in_use_is_named(project: Project) -> None:
    """Before anything starts."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        done = project.run("--port", str(port))

    assert done.returncode == 2
    assert done.stderr.startswith(f"local_aws: Port {port} of 127.0.0.1 cannot be used")
    assert done.stderr.endswith("Give another with --port.\n")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("tool", [".venv-local-aws/bin/python", "node_modules/.bin/cdk"])
def test_a_missing_tool_is_named(project: Project, tool: str) -> None:
    """It says which, and how to install it."""
    (project.root / tool.partition("/")[0]).unlink()
    done = project.run()

    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"local_aws: {tool} is missing. Run: make install\n"


def test_a_wrong_environment_file_is_explained(project: Project) -> None:
    """File, line and key: as the app itself does."""
    file = project.root / "environments" / "prod.yaml"
    file.write_text(file.read_text().replace("profile: production", "profile: produktion"))
    done = project.run()

    assert done.returncode == 2
    assert done.stderr == (
        "local_aws: environments/prod.yaml:8: profile: must be 'development', 'staging' or "
        "'production', got 'produktion'\n"
    )
    assert project.left() == []


def test_a_failed_deployment_shows_why(project: Project) -> None:
    """The end of what the CLI printed, and nothing is left either."""
    project.replace_cli('[ "$1" = bootstrap ] || { echo "❌  the reason"; exit 1; }')
    done = project.run()

    assert done.returncode == 2
    assert done.stderr.splitlines() == [
        "local_aws: cdk deploy failed. The end of its output:",
        "❌  the reason",
    ]
    assert project.left() == []
