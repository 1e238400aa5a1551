"""Environment variables that lead to the embedded AWS and to nowhere else.

It imports the standard library only: whatever fails in a command that is made for `eval`, this
still works, and the shell is closed.
"""

from __future__ import annotations

import os
import re
import shlex
from typing import TYPE_CHECKING

from local_aws import paths

if TYPE_CHECKING:
    from collections.abc import Mapping

NOWHERE = "http://127.0.0.1:9"
"""An endpoint at which nothing answers: port 9 discards."""

NO_SECRET = "no-embedded-aws-runs"  # noqa: S105 - it opens nothing
ACCOUNT = "111122223333"
REGION = "us-east-1"
_LOOPBACK = ("127.0.0.1", "localhost", "::1")
# The CDK CLI reads each of its options from CDK_<OPTION>, --profile, --proxy and --role-arn too.
# These neither choose an account nor a connection.
_CDK_APP = {"CDK_APP", "CDK_OUTPUT"}
_HARMLESS_CDK = _CDK_APP | {
    *("CDK_HOME", "CDK_DISABLE_CLI_TELEMETRY", "CDK_DISABLE_VERSION_CHECK"),
    *("CDK_VALIDATION", "CDK_NOTICES", "CDK_DEBUG", "CDK_VERBOSE", "CDK_CI", "CDK_DOCKER"),
    *("CDK_CONCURRENCY", "CDK_PROGRESS", "CDK_REQUIRE_APPROVAL", "CDK_QUIET", "CDK_STRICT"),
}
# Each shell that starts reads these files, which may export credentials.
_SHELL_FILES = {"BASH_ENV", "ENV", "ZDOTDIR"}
# Logins to registries, instead of those in the home folder.
_REGISTRY_LOGINS = {
    *("DOCKER_CONFIG", "DOCKER_AUTH_CONFIG", "REGISTRY_AUTH_FILE", "HELM_REGISTRY_CONFIG"),
}
# A function of bash that is exported, which may stand in for a command such as cdk.
_EXPORTED_FUNCTION = "BASH_FUNC_"
# A shell could not unset any other name, and no AWS SDK reads it.
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def settings(endpoint_url: str, secret: str, *, account: str, region: str) -> dict[str, str]:
    """Return the variables that point the CDK CLI, the AWS CLI and boto3 at an endpoint.

    Args:
        endpoint_url: Where the embedded AWS listens.
        secret: What it accepts requests by; SDKs send it as the session token.
        account: Twelve digits; the caller is the root user of this account.
        region: The Region of clients that are not asked for another.
    """
    no_proxy = ",".join(_without_proxy())
    return {
        "AWS_ENDPOINT_URL": endpoint_url,
        "AWS_ACCESS_KEY_ID": account,
        "AWS_SECRET_ACCESS_KEY": "local",
        "AWS_SESSION_TOKEN": secret,
        "AWS_REGION": region,
        "AWS_DEFAULT_REGION": region,
        # Nothing of the user's own: no profile, no role of this machine.
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        # curl, urllib and Node read the lower case first, others the upper.
        "NO_PROXY": no_proxy,
        "no_proxy": no_proxy,
        "CDK_HOME": str(paths.CDK_HOME),
        "CDK_DISABLE_CLI_TELEMETRY": "true",
        "CDK_DISABLE_VERSION_CHECK": "1",
    }


def _without_proxy() -> list[str]:
    """Return the user's own list, then the names of this laptop."""
    listed = os.environ.get("no_proxy") or os.environ.get("NO_PROXY") or ""
    own = [entry.strip() for entry in listed.split(",")]
    return list(dict.fromkeys([*filter(None, own), *_LOOPBACK]))


def chooses_an_account(name: str) -> bool:
    """Whether a variable may lead an AWS client to an account, an endpoint or a proxy.

    Also through a file that a shell reads when it starts, or a login of a registry's client.
    """
    upper = name.upper()
    return (
        name in _SHELL_FILES | _REGISTRY_LOGINS
        or name.startswith(_EXPORTED_FUNCTION)
        or upper.startswith(("AWS_", "BOTO_"))
        or upper.endswith("_PROXY")
        or (upper.startswith("CDK_") and upper not in _HARMLESS_CDK)
    )


def remove_users_settings() -> None:
    """Remove from this process, and from what it starts, all that leads to the user's accounts."""
    for name in [*filter(chooses_an_account, os.environ)]:
        del os.environ[name]


def of_child(
    endpoint_url: str, secret: str, *, account: str, region: str, users_app: bool = False
) -> dict[str, str]:
    """Return the environment of a child process, with this project's scripts on its PATH.

    Its home folder is one of this project's: `~/.aws`, `~/.cdk.json` and `~/.docker` of the user
    are not read, and what it caches is not left in `~/.cache`.

    Args:
        endpoint_url: As of `settings`.
        secret: As of `settings`.
        account: As of `settings`.
        region: As of `settings`.
        users_app: Whether CDK_APP and CDK_OUTPUT are kept: only for a command of the user's.
    """
    removed = set[str]() if users_app else _CDK_APP
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not (chooses_an_account(name) or name.startswith("XDG_") or name in removed)
    }
    paths.HOME.mkdir(parents=True, exist_ok=True)
    own = inherited.get("PATH") or os.defpath
    # The user's own AWS CLI comes before the one that is installed with the embedded AWS.
    path = [paths.DEVELOPMENT_BIN, paths.NODE_BIN, own, paths.AWS_CLI.parent]
    return {
        **inherited,
        **settings(endpoint_url, secret, account=account, region=region),
        "HOME": str(paths.HOME),
        "PATH": os.pathsep.join(map(str, path)),
    }


def shell_lines(variables: Mapping[str, str]) -> list[str]:
    """Return the lines of a POSIX shell that set variables, and unset what would compete."""
    unset = sorted(
        name
        for name in os.environ
        if chooses_an_account(name) and name not in variables and _NAME.fullmatch(name)
    )
    return [
        *([f"unset {' '.join(unset)}"] if unset else []),
        *(f"export {name}={shlex.quote(value)}" for name, value in variables.items()),
        f'export PATH={shlex.quote(f"{paths.DEVELOPMENT_BIN}:{paths.NODE_BIN}")}:"$PATH"',
    ]


def closed_shell_lines() -> list[str]:
    """Return lines after which no AWS client of the shell reaches anything, and that fail.

    Without them `eval "$(…)"` would succeed when the command inside fails, and what follows would
    run with the user's own credentials.
    """
    variables = settings(NOWHERE, NO_SECRET, account="0" * 12, region=REGION)
    return [*shell_lines(variables), "false"]
