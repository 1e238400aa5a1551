"""The README's commands, run as they are written."""

import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from local_aws import paths
from local_aws.endpoint import Endpoint
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
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Path, Endpoint]]:
    """A checkout of the test's own, with the embedded AWS running in it."""
    project = make_project(tmp_path_factory.mktemp("readme"))
    with subprocess.Popen(START, cwd=project.root, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout
            address = re.search(r"http://[0-9.]+:[0-9]+", server.stdout.readline())
            assert address
            yield project.root, Endpoint(address[0])
            server.send_signal(signal.SIGINT)
            assert server.wait(timeout=30) == 0
        finally:
            server.kill()


def test_deploy(checkout: tuple[Path, Endpoint]) -> None:
    """Deployed, compared, destroyed, by the README's own words; what holds images stays."""
    root, aws = checkout
    # The file does not change after the first command that runs the app: later ones read cdk.out.
    first, deployed, later = _commands("As an app").partition("cdk diff ")

    script = f"{first}export CDK_APP=cdk.out\n{deployed}{later}"
    env = {"PATH": "/usr/bin:/bin", "CDK_VALIDATION": "false", "CDK_NOTICES": "false"}
    done = run(["/bin/sh", "-e", "-c", script], root, env)

    assert done.returncode == 0, done.stdout
    assert "Number of stacks with differences: 0" in done.stdout
    assert "(prod-ecr-payments): destroyed" in done.stdout
    ecr = aws.client("ecr", account=ACCOUNT, region=REGION)
    names = {
        repository["repositoryName"] for repository in ecr.describe_repositories()["repositories"]
    }
    assert {"payments/api", "platform/base-python", "storefront/web"} < names
