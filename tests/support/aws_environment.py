"""The environment of a client of AWS that talks to a server of the test, and to nothing else."""

import os

import pytest


def aws_environment(monkeypatch: pytest.MonkeyPatch, url: str, **changes: str) -> None:
    """Set the variables of AWS's clients; those of the machine, its files and proxies do not count.

    Args:
        monkeypatch: What undoes it.
        url: The server.
        changes: Other values of variables: ``AWS_REGION="eu-west-1"``.
    """
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    settings = {
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "key",
        "AWS_SECRET_ACCESS_KEY": "secret",
        "AWS_REGION": "eu-central-1",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
        "NO_PROXY": "127.0.0.1",
        "no_proxy": "127.0.0.1",
        **changes,
    }
    for name, value in settings.items():
        monkeypatch.setenv(name, value)
