"""The real `cdk bootstrap`, for several accounts and Regions."""

from __future__ import annotations

from contextlib import ExitStack
from typing import TYPE_CHECKING, Protocol

from local_aws import paths
from local_aws.child import child
from local_aws.errors import LocalAwsError

if TYPE_CHECKING:
    from collections.abc import Sequence

SHOWN_LINES = 15
# What --trust requires to be said: the policy of the role that CloudFormation assumes.
_POLICY = "arn:aws:iam::aws:policy/AdministratorAccess"


class _Env(Protocol):
    def __call__(self, *, account: str, region: str) -> dict[str, str]: ...


def run(env: _Env, environments: Sequence[tuple[str, str]], trust: str | None) -> None:
    """Bootstrap every environment: one CLI an account, all accounts at once.

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

    with ExitStack() as children:
        started = {
            account: children.enter_context(
                child(
                    _command(account, regions[account], trust),
                    # Elsewhere than in the project, whose cdk.json would have the app synthesized.
                    cwd=paths.NODE_BIN,
                    env=env(account=account, region=regions[account][0]),
                )
            )
            for account in regions
        }
        for account, process in started.items():
            output, _ = process.communicate()
            if process.returncode:
                tail = "\n".join(output.splitlines()[-SHOWN_LINES:])
                msg = f"cdk bootstrap failed for account {account}:\n{tail}"
                raise LocalAwsError(msg)


def _command(account: str, regions: Sequence[str], trust: str | None) -> list[str]:
    command = [str(paths.CDK), "bootstrap", "--no-notices"]
    if trust and trust != account:
        command += ["--trust", trust, "--cloudformation-execution-policies", _POLICY]
    return command + [f"aws://{account}/{region}" for region in regions]
