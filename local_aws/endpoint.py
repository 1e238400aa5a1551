"""A running embedded AWS, seen from outside: its address, and the clients that talk to it."""

from __future__ import annotations

import ipaddress
import json
import os
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore.config import Config

from ecr_constructs.model.partitions import registry_host
from local_aws import LocalAwsError, paths
from local_aws.child import child
from local_aws.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

START = "python -m local_aws start"
SHOWN_LINES = 15
# What --trust requires to be named: the policy of the role that CloudFormation assumes.
_POLICY = "arn:aws:iam::aws:policy/AdministratorAccess"
_NO_FILE: dict[str, tuple[Any, ...]] = {
    "profile": (None, [], None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


def require_loopback(endpoint_url: str) -> str:
    """Return an endpoint, which must be on this laptop.

    Call it with every address that comes from the environment: what is made for the embedded AWS
    must never reach a real one.
    """
    host = urlsplit(endpoint_url).hostname or ""
    try:
        local = host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        local = False
    if not local:
        msg = (
            f"The endpoint {endpoint_url!r} is not on this laptop. Only a loopback address is "
            "used, such as http://127.0.0.1:4566. Run: unset AWS_ENDPOINT_URL"
        )
        raise LocalAwsError(msg)
    return endpoint_url


class Endpoint:
    """A running embedded AWS, at an address on loopback.

    Every account and every Region exists in it. The caller's account is the access key id.
    """

    def __init__(self, endpoint_url: str) -> None:
        """Keep the address; nothing is asked of it yet."""
        self.endpoint_url = require_loopback(endpoint_url)
        self._session = boto3.Session(botocore_session=botocore.session.Session(_NO_FILE))
        self._clients: dict[tuple[str, str, str], Any] = {}

    def settings(self, *, account: str, region: str) -> dict[str, str]:
        """Return the variables that point the CDK CLI, the AWS CLI and boto3 at this endpoint."""
        return {
            "AWS_ENDPOINT_URL": self.endpoint_url,
            "AWS_ACCESS_KEY_ID": account,
            "AWS_SECRET_ACCESS_KEY": "local",
            "AWS_REGION": region,
            "AWS_DEFAULT_REGION": region,
            # Nothing of the user's own: no profile, no role of this machine.
            "AWS_CONFIG_FILE": os.devnull,
            "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
            "AWS_EC2_METADATA_DISABLED": "true",
            "NO_PROXY": "127.0.0.1,localhost",
            "CDK_HOME": str(paths.CDK_HOME),
            "CDK_DISABLE_CLI_TELEMETRY": "true",
            "CDK_DISABLE_VERSION_CHECK": "1",
        }

    def env(self, *, account: str, region: str) -> dict[str, str]:
        """Return the environment of a child process, with this project's scripts on its PATH."""
        inherited = {name: value for name, value in os.environ.items() if name[:4] != "AWS_"}
        path = f"{paths.DEVELOPMENT_BIN}:{paths.NODE_BIN}:{inherited.get('PATH', os.defpath)}"
        return inherited | self.settings(account=account, region=region) | {"PATH": path}

    def client(self, service: str, *, account: str, region: str) -> Any:
        """Return a boto3 client; the same one for the same arguments.

        It calls as the root of `account`, or as the role whose session has that access key id:
        the endpoint knows its callers by nothing else.
        """
        key = (service, account, region)
        if key not in self._clients:
            self._clients[key] = self._session.client(
                service,
                region_name=region,
                endpoint_url=self.endpoint_url,
                aws_access_key_id=account,
                aws_secret_access_key="local",  # noqa: S106 - the endpoint takes any
                config=Config(proxies={}, retries={"max_attempts": 0}),
            )
        return self._clients[key]

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
    shown = paths.STATE_FILE.relative_to(paths.PROJECT)
    try:
        state = json.loads(paths.STATE_FILE.read_text())
        pid, endpoint = int(state["pid"]), Endpoint(state["endpointUrl"])
        os.kill(pid, 0)
    except FileNotFoundError:
        msg = f"No embedded AWS runs for this project. Run: {START}"
    except (ValueError, KeyError, TypeError):
        msg = f"{shown} is damaged. Delete it and run: {START}"
    except (ProcessLookupError, PermissionError):
        # By now the number may be that of another user's process.
        msg = f"{shown} names process {pid}, which is gone. Run: {START}"
    else:
        return endpoint
    raise LocalAwsError(msg)
