"""A running embedded AWS, seen from outside: its address, and the clients that talk to it."""

from __future__ import annotations

import json
import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import boto3
import botocore.session
from botocore.config import Config

from ecr_constructs.model.partitions import registry_host
from local_aws import LocalAwsError, environment, paths
from local_aws.child import child
from local_aws.gate import SECRET_HEADER
from local_aws.loopback import require_loopback
from local_aws.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

START = "python -m local_aws start"
SHOWN_LINES = 15
# A pid is a C int.
_PIDS = 2**31
_SHOWN = paths.STATE_FILE.relative_to(paths.PROJECT)
# What --trust requires to be named: the policy of the role that CloudFormation assumes.
_POLICY = "arn:aws:iam::aws:policy/AdministratorAccess"
_NO_FILE: dict[str, tuple[Any, ...]] = {
    "profile": (None, [], None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


class Endpoint:
    """A running embedded AWS, at an address on loopback.

    Every account and every Region exists in it. The caller's account is the access key id.

    Args:
        endpoint_url: The address.
        secret: What it lets requests in by; it is random for each start.
    """

    def __init__(self, endpoint_url: str, *, secret: str = environment.NO_SECRET) -> None:
        """Keep the address; nothing is asked of it yet."""
        self.endpoint_url = require_loopback(endpoint_url)
        self.secret = secret
        self._session = boto3.Session(botocore_session=botocore.session.Session(_NO_FILE))
        self._clients: dict[tuple[str, str, str], Any] = {}

    def settings(self, *, account: str, region: str) -> dict[str, str]:
        """Return the variables that point the CDK CLI, the AWS CLI and boto3 at this endpoint."""
        return environment.settings(self.endpoint_url, self.secret, account=account, region=region)

    def env(self, *, account: str, region: str, users_app: bool = False) -> dict[str, str]:
        """Return the environment of a child process; see `environment.of_child`."""
        return environment.of_child(
            self.endpoint_url, self.secret, account=account, region=region, users_app=users_app
        )

    def client(self, service: str, *, account: str, region: str) -> Any:
        """Return a boto3 client; the same one for the same arguments.

        It calls as the root of `account`, or as the role whose session has that access key id:
        the endpoint knows its callers by nothing else.
        """
        key = (service, account, region)
        if key not in self._clients:
            client = self._clients[key] = self._session.client(
                service,
                region_name=region,
                endpoint_url=self.endpoint_url,
                aws_access_key_id=account,
                aws_secret_access_key="local",  # noqa: S106 - the endpoint takes any
                aws_session_token=self.secret,
                config=Config(
                    proxies={},
                    retries={"max_attempts": 0},
                    use_fips_endpoint=False,
                    use_dualstack_endpoint=False,
                ),
            )
            # Such a call is not signed, and so has no session token.
            client.meta.events.register("before-call.sts.AssumeRoleWithWebIdentity", self._knock)
        return self._clients[key]

    def _knock(self, params: dict[str, Any], **_: object) -> None:
        params["headers"][SECRET_HEADER] = self.secret

    def registry(self, account: str, region: str, *, caller: str | None = None) -> Registry:
        """Log an OCI client in to the registry of an account and Region, by default as its root."""
        ecr = self.client("ecr", account=caller or account, region=region)
        return Registry.login(ecr, name=registry_host(account, region))

    def bootstrap(
        self, environments: Iterable[tuple[str, str]], *, trust: str | None = None
    ) -> None:
        """Run `cdk bootstrap` for pairs of account and Region: one CLI an account, all at once.

        `trust` is the account that deploys to all of them; by default each deploys to itself.
        """
        paths.required(paths.NODE, paths.CDK)
        regions: dict[str, list[str]] = {}
        for account, region in environments:
            regions.setdefault(account, []).append(region)
        with ExitStack() as children:
            started = {
                account: children.enter_context(
                    child(
                        _bootstrap_command(account, regions[account], trust),
                        # Not in the project, whose cdk.json would have the app synthesized.
                        cwd=paths.NODE_BIN,
                        env=self.env(account=account, region=regions[account][0]),
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


def _bootstrap_command(account: str, regions: Sequence[str], trust: str | None) -> list[str]:
    command = [str(paths.CDK), "bootstrap", "--no-notices"]
    if trust and trust != account:
        command += ["--trust", trust, "--cloudformation-execution-policies", _POLICY]
    return command + [f"aws://{account}/{region}" for region in regions]


def find() -> Endpoint:
    """Return the server that runs for this project, found from another terminal."""
    try:
        state = json.loads(paths.STATE_FILE.read_bytes())
        pid, url, secret = state["pid"], state["endpointUrl"], state["secret"]
        is_valid = type(pid) is int and 0 < pid < _PIDS and secret.isascii()
        endpoint = Endpoint(url if is_valid else "", secret=secret)
    except FileNotFoundError:
        msg = f"No embedded AWS runs for this project. Run: {START}"
    except OSError as error:
        msg = f"{_SHOWN} cannot be read ({error.strerror}). Delete it and run: {START}"
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, LocalAwsError):
        msg = f"{_SHOWN} is damaged. Delete it and run: {START}"
    else:
        if _runs(pid):
            return endpoint
        msg = f"{_SHOWN} names process {pid}, which is gone. Run: {START}"
    raise LocalAwsError(msg)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except OSError:
        # By now the number may be that of another user's process.
        return False
    return True
