"""How `python -m local_aws demo` ends when something is wrong, or with Ctrl-C."""

import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from local_aws import paths
from tests.support.demo_project import Project, make_project


@pytest.fixture
def project(tmp_path: Path) -> Project:
    return make_project(tmp_path)


def wait_for(words: str, process: subprocess.Popen[str]) -> None:
    """Read the output of the demo up to these words."""
    assert process.stdout
    while words not in (line := process.stdout.readline()):
        assert line, process.communicate()


def test_ctrl_c_ends_it_in_order(project: Project) -> None:
    """While the app is synthesized: one line, exit code 130, no process and no file left."""
    project.replace_cli(f'[ "$1" = bootstrap ] || exec {paths.CDK} "$@"')
    with project.started() as process:
        wait_for("Synthesizing", process)
        deadline = time.monotonic() + 5
        while "app.py" not in str(project.left()) and time.monotonic() < deadline:
            time.sleep(0.05)
        os.killpg(process.pid, signal.SIGINT)
        _, errors = process.communicate(timeout=30)

    assert process.returncode == 130
    assert errors.count("\n") == 2
    assert project.left() == []


def test_it_is_kept_until_ctrl_c(project: Project) -> None:
    """With --keep the story ends with how to talk to it; Ctrl-C is then its regular end."""
    project.replace_cli("exit 0")
    with project.started("--keep") as process:
        wait_for(".venv/bin/python -m local_aws run --account 111122223333", process)
        wait_for("Ctrl-C stops it.", process)
        env = [sys.executable, "-m", "local_aws", "env"]
        exports = subprocess.run(env, cwd=project.root, capture_output=True, text=True, check=True)
        os.killpg(process.pid, signal.SIGINT)
        output, errors = process.communicate(timeout=30)

    assert "export AWS_ENDPOINT_URL=http://127.0.0.1:" in exports.stdout
    assert (process.returncode, errors) == (0, "")
    assert "✓" in output.splitlines()[-1]
    assert subprocess.run(env, cwd=project.root, capture_output=True, check=False).returncode == 2
    assert project.left() == []


def misspell(project: Project) -> None:
    """Give an environment a profile that does not exist, on line 8."""
    file = project.root / "environments" / "prod.yaml"
    file.write_text(file.read_text().replace("profile: production", "profile: produktion"))


FAILS = '[ "$1" = bootstrap ] || { echo "❌  the reason"; exit 1; }'
# What is wrong, and what the last line of standard error then says.
ENDINGS: dict[str, tuple[Callable[[Project], None], str]] = {
    "no server": (
        lambda project: (project.root / ".venv-local-aws").unlink(),
        r"local_aws: \.venv-local-aws/bin/python .*make install",
    ),
    "no CDK CLI": (
        lambda project: (project.root / "node_modules").unlink(),
        r"local_aws: node_modules/\.bin/cdk .*make install",
    ),
    "a wrong file": (misspell, "local_aws: environments/prod.yaml:8: profile: .*"),
    "a failed deployment": (lambda project: project.replace_cli(FAILS), "❌  the reason"),
}


@pytest.mark.parametrize(("break_it", "expected"), ENDINGS.values(), ids=ENDINGS)
def test_what_is_wrong_is_named(
    project: Project, break_it: Callable[[Project], None], expected: str
) -> None:
    """A line, for a failed deployment after the last lines of its output; nothing is left."""
    break_it(project)
    done = project.run()

    assert (done.returncode, project.left()) == (2, [])
    assert re.fullmatch(expected, done.stderr.splitlines()[-1])
    assert done.stderr.count("\n") == (2 if "reason" in expected else 1)
