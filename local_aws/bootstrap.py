"""The real `cdk bootstrap`, for several accounts and Regions."""

from __future__ import annotations

import subprocess
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Protocol

from local_aws import paths
from local_aws.errors import LocalAwsError

if TYPE_CHECKING:
    from collections.abc import Sequence

SHOWN_LINES = 15
# What --trust requires to be said: the policy of the role that CloudFormation assumes.
_POLICY = "arn:aws:iam::aws:policy/AdministratorAccess"


class _Env(Protocol):
    def __call__(self, *, account: str, region: str) -> dict[str, str]: ...


def run(env: _Env, environments: Sequence[tuple[str, str]], trust: str | None) -> None:
    """Bootstrap every environment: one CLI an account, all its Regions at once.

    Args:
        env: Makes the environment of the CLI.
        environments: Pairs of account and Region.
        trust: The account that may deploy to all of them.

    Raises:
        LocalAwsError: A tool is missing, or the CLI failed.
    """
    paths.required(paths.NODE, paths.CDK)
    regions: dict[str, list[str]] = {}
    for account, region in environments:
        regions.setdefault(account, []).append(region)

    def bootstrap(account: str) -> None:
        command = [str(paths.CDK), "bootstrap", "--no-notices"]
        if trust and trust != account:
            command += ["--trust", trust, "--cloudformation-execution-policies", _POLICY]
        command += [f"aws://{account}/{region}" for region in regions[account]]
        done = subprocess.run(  # noqa: S603 - the command is ours
            command,
            # Elsewhere than in the project, whose cdk.json would have the app synthesized.
            cwd=paths.NODE_BIN,
            env=env(account=account, region=regions[account][0]),
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            check=False,
        )
        if done.returncode:
            tail = "\n".join(done.stdout.splitlines()[-SHOWN_LINES:])
            msg = f"cdk bootstrap failed for account {account}:\n{tail}"
            raise LocalAwsError(msg)

    with ThreadPoolExecutor() as pool:
        list(pool.map(bootstrap, regions))
