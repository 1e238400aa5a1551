"""A running embedded AWS, seen from outside: its address, and the clients that talk to it."""

from __future__ import annotations

import ipaddress
import os
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import boto3
import botocore.session
from botocore.config import Config

from ecr_constructs.model.partitions import registry_host
from local_aws import bootstrap, paths
from local_aws.errors import LocalAwsError
from local_aws.registry import Registry

if TYPE_CHECKING:
    from collections.abc import Iterable

_NO_FILE: dict[str, tuple[Any, ...]] = {
    "profile": (None, [], None, None),
    "config_file": (None, None, os.devnull, None),
    "credentials_file": (None, None, os.devnull, None),
}


def require_loopback(endpoint_url: str) -> str:
    """Return an endpoint that is on this laptop.

    Call it with every address that comes from the environment: what is made for the embedded AWS
    must never reach a real one.

    Raises:
        LocalAwsError: The host is not a loopback address.
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
    """A running embedded AWS.

    Every account and every Region exists in it. The caller's account is the access key id.

    Args:
        endpoint_url: Its address, on loopback.

    Raises:
        LocalAwsError: The address is not on loopback.
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
        """Return a whole environment for a child process, with this project's scripts on its PATH.

        Args:
            account: Twelve digits; the child is the root of this account.
            region: The Region it calls by default.
        """
        inherited = {name: value for name, value in os.environ.items() if name[:4] != "AWS_"}
        path = f"{paths.DEVELOPMENT_BIN}:{paths.NODE_BIN}:{inherited.get('PATH', os.defpath)}"
        return inherited | self.settings(account=account, region=region) | {"PATH": path}

    def client(self, service: str, *, account: str, region: str) -> Any:
        """Return a boto3 client; the same one for the same arguments.

        Args:
            service: Its name in boto3.
            account: Twelve digits: it calls as the root of this account. Or the access key id of
                a role's session: the endpoint knows its callers by nothing else.
            region: The Region it calls.
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
        """Log an OCI client in to the registry of an account and Region.

        Args:
            account: The registry's account.
            region: Its Region.
            caller: Who logs in, an account or an access key id. Default: the registry's account.

        Raises:
            ClientError: The caller may not log in.
        """
        ecr = self.client("ecr", account=caller or account, region=region)
        return Registry.login(ecr, name=registry_host(account, region))

    def bootstrap(
        self, environments: Iterable[tuple[str, str]], *, trust: str | None = None
    ) -> None:
        """Run `cdk bootstrap` for each account and Region.

        Args:
            environments: Pairs of account and Region.
            trust: The account that deploys to all of them; by default each deploys to itself.

        Raises:
            LocalAwsError: The CDK CLI is missing, or failed: with the end of what it printed.
        """
        bootstrap.run(self.env, list(environments), trust)
