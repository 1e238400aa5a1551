"""One run of the real CDK CLI, told stack by stack."""

from __future__ import annotations

import re
import shlex
from typing import TYPE_CHECKING

from local_aws import paths
from local_aws.child import child
from local_aws.errors import LocalAwsError

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from ecr_constructs.environment.resolution import ResolvedEnvironment
    from local_aws.demo.screen import Screen, Step
    from local_aws.endpoint import Endpoint

_SHOWN_LINES = 20
# What the CLI says of a stack: that it begins, and that it is there.
_BEGINS = re.compile(r"(\S+) \(\S+\): deploying\.\.\. \[\d+/(\d+)\]")
_DONE = re.compile(r"\s*✅\s+(\S+) \((\S+)\)")
_SYNTHESIZED = "Synthesis time"


def deploy(
    aws: Endpoint,
    screen: Screen,
    environments: Sequence[ResolvedEnvironment],
    patterns: Sequence[str],
    folder: Path,
) -> None:
    """Deploy with the CLI, as the user would.

    Args:
        aws: Where to.
        screen: Where to tell it.
        environments: What is deployed; the account of the first deploys to all of them.
        patterns: Which stacks, as the CLI selects them.
        folder: Where the CLI writes; none of it goes into the checkout.

    Raises:
        LocalAwsError: The CLI failed: with the end of what it printed.
    """
    first = environments[0]
    arguments = [
        "deploy",
        *patterns,
        "--require-approval=never",
        "--concurrency=4",
        "--no-notices",
        f"--output={folder / 'cdk.out'}",
    ]
    env = aws.env(account=first.account, region=first.region) | {
        # It costs six seconds here, and these environments pass it in the tests.
        "CDK_VALIDATION": "false",
        "NO_COLOR": "1",
    }
    screen.command(f"CDK_VALIDATION=false cdk {shlex.join(arguments)}")
    log: list[str] = []
    with (
        screen.step("Synthesizing with `python app.py`") as step,
        child([str(paths.CDK), *arguments], cwd=paths.PROJECT, env=env) as process,
    ):
        deployed = 0
        for line in process.stdout or ():
            log.append(line)
            deployed += _tell(line.rstrip(), screen, step)
        if process.wait():
            tail = "".join(log[-_SHOWN_LINES:]).rstrip()
            msg = f"cdk deploy failed. The end of what it printed:\n{tail}"
            raise LocalAwsError(msg)
        step.done(f"{deployed} stacks deployed")


def _tell(line: str, screen: Screen, step: Step) -> bool:
    """Tell what a line of the CLI's says; return whether a stack is there."""
    if _SYNTHESIZED in line:
        step.now("Publishing the templates")
    elif begins := _BEGINS.search(line):
        step.now(f"Deploying {begins[1]} and others of {begins[2]} stacks")
    elif done := _DONE.match(line):
        screen.good(f"{done[1]:<46} stack {done[2]}")
        return True
    return False
