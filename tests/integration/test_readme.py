"""The README's commands, run as they are written."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_aws import paths
from local_aws.endpoint import Endpoint
from tests.support import hostile
from tests.support.demo_project import make_project
from tests.support.processes import run

ACCOUNT, REGION = "333344445555", "eu-central-1"
# `make local-aws` in the README's other terminal; `make` itself would install first.
START = [sys.executable, "-m", "local_aws", "start"]


def _commands(heading: str) -> str:
    """Return the first console block below a heading of the README."""
    text = (paths.PROJECT / "README.md").read_text(encoding="utf-8")
    block = re.search(r"```console\n(.*?)```", text.partition(f"\n## {heading}\n")[2], re.DOTALL)
    assert block
    return block[1]


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A checkout of the test's own, with the embedded AWS running in it."""
    project = make_project(tmp_path_factory.mktemp("readme"))
    with subprocess.Popen(START, cwd=project.root, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            assert re.search(r"http://[0-9.]+:[0-9]+", server.stdout.readline())
            yield project.root
            server.send_signal(signal.SIGINT)
            assert server.wait(timeout=30) == 0
            assert not (project.root / ".local-aws" / "server.json").exists()
        finally:
            server.kill()


def _variables(here: hostile.Laptop) -> dict[str, str]:
    return {**here.variables, "CDK_VALIDATION": "false", "CDK_NOTICES": "false"}


def test_deploy(checkout: Path, tmp_path: Path) -> None:
    """Deployed, compared, destroyed, by the README's own words; what holds images stays.

    The shell leads to real accounts in every way that a shell can, and nothing reaches them.
    """
    # The file does not change after the first command that runs the app: later ones read cdk.out.
    lines = _commands("As an app").splitlines(keepends=True)
    [diff] = [number for number, line in enumerate(lines) if "cdk diff" in line]
    script = "".join([*lines[:diff], "export CDK_APP=cdk.out\n", *lines[diff:]])
    state = checkout / ".local-aws" / "server.json"
    assert state.stat().st_mode & 0o777 == 0o600
    with hostile.laptop(tmp_path) as here:
        done = run(["/bin/sh", "-e", "-c", script], checkout, _variables(here))
        assert here.heard == []

    assert done.returncode == 0, done.stdout
    assert "Number of stacks with differences: 0" in done.stdout
    assert "(prod-ecr-payments): destroyed" in done.stdout
    running = json.loads(state.read_text())
    aws = Endpoint(running["endpointUrl"], secret=running["secret"])
    ecr = aws.client("ecr", account=ACCOUNT, region=REGION)
    names = {
        repository["repositoryName"] for repository in ecr.describe_repositories()["repositories"]
    }
    assert {"payments/api", "platform/base-python", "storefront/web"} < names


def test_deploy_without_the_embedded_aws(tmp_path: Path) -> None:
    """The same words, pasted although nothing runs: every line fails, and nothing is reached."""
    project = make_project(tmp_path)
    with hostile.laptop(tmp_path / "home") as here:
        # Without -e: a pasted line does not stop the next.
        done = run(["/bin/sh", "-c", _commands("As an app")], project.root, _variables(here))
        assert here.heard == []

    assert done.returncode == 2
    assert done.stdout.count("No embedded AWS runs for this project") == 5
